"""Arrays whose axes are in another order than documented."""

import json
import warnings
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from pyg_hcsf.keypoints import read_keypoints
from pyg_hcsf.keypoints.readers.array_axes import find_axes
from tests.keypoints import keypoint_files as formats
from tests.keypoints.keypoint_files import body, check_people

WALK = formats.some_people(frames=30)  # [T, P, N, 3]
USUAL = ((0, None, 1, 2), (0, 1, 2, 3))


def read(tmp_path, layout='coco17', **arrays):
    path = tmp_path / 'file'
    path.write_bytes(formats.npz(**arrays))
    return read_keypoints(path, layout)


@pytest.mark.parametrize('frames', [12, 17, 30])  # 17 may be joints
@pytest.mark.parametrize('axes', [*permutations(range(3))])
def test_one_person(axes, frames):
    one = WALK[:, 0, :, :2]
    one = np.concatenate([one, one[::-1]])[:frames]
    array = one.transpose(axes)
    found = find_axes(array, "array 'keypoints'")
    np.testing.assert_array_equal(found.move(array)[:, 0], one)


@pytest.mark.parametrize('axes', [*permutations(range(4))])
@pytest.mark.parametrize('people', [1, 4])
def test_several_people(axes, people):
    points = formats.some_people(frames=30, people=people)
    array = points.transpose(axes)
    found = find_axes(array, "array 'keypoints'")
    np.testing.assert_array_equal(found.move(array), points)


@pytest.mark.parametrize('axes', [*permutations(range(4))])
def test_two_people_in_two_dimensions(axes):
    # Two axes of two: the limbs tell x and y from people.
    rng = np.random.default_rng(0)
    points = np.stack([body(30), body(30) + [250, 0, 0]], axis=1)[..., :2]
    points += rng.normal(scale=1.0, size=points.shape)
    array = points.transpose(axes)
    found = find_axes(array, "array 'keypoints'")
    np.testing.assert_array_equal(found.move(array), points)


def test_people_in_changing_order(tmp_path):
    rng = np.random.default_rng(0)
    points = np.stack([frame[rng.permutation(2)] for frame in WALK])
    check_people(read(tmp_path, keypoints=points), WALK)


@pytest.mark.parametrize('third', [2, 3])
def test_reconstruction(tmp_path, third):
    # MHFormer's and others', in Human3.6M's order.
    array = WALK[None, :, 0, :, :third]
    with pytest.warns(UserWarning, match='frames in dimension 1'):
        k = read(tmp_path, 'h36m17', reconstruction=array)
    check_people(k, WALK[:, :1], score=third == 3)


def test_scores_are_moved_too(tmp_path):
    with pytest.warns(UserWarning, match='joints in 1'):
        k = read(
            tmp_path,
            keypoints=WALK[:, 0, :, :2].T,
            scores=WALK[:, 0, :, 2].T,
        )
    check_people(k, WALK[:, :1])


def test_one_image(tmp_path):
    check_people(read(tmp_path, keypoints=WALK[:1]), WALK[:1])
    check_people(read(tmp_path, keypoints=WALK[:1, 0]), WALK[:1, :1])


def test_what_motion_does_not_tell(tmp_path):
    rng = np.random.default_rng(0)
    array = rng.uniform(0, 500, (2, 17, 40, 2))
    with pytest.raises(
        ValueError, match=r"array 'keypoints'.*expected an order"
    ):
        read(tmp_path, keypoints=array)
    still = np.tile(WALK[:1, :1], (1, 2, 1, 1))[:, :, :, :2]
    array = np.broadcast_to(still, (2, 2, 17, 2))  # one person, 2 or 4 times
    with pytest.raises(ValueError, match='save an array'):
        find_axes(rng.uniform(0, 9, (3, 4, 5)), "array 'keypoints'")
    assert find_axes(array, "array 'keypoints'") == USUAL[1]


@pytest.mark.parametrize('axes', [*permutations(range(4))])
def test_two_people_and_two_coordinates(tmp_path, axes):
    # The smaller the second one, the smoother is x of both taken as a point.
    text = Path(__file__).parents[3] / 'examples' / 'walk_coco17.json'
    rows = [entry['keypoints'] for entry in json.loads(text.read_text())]
    first = np.array(rows).reshape(-1, 17, 3)
    second = np.roll(first, 20, axis=0)
    second[:20] = second[20]
    here = first[:, 11:13, :2].mean(axis=(0, 1))
    second[..., :2] = (second[..., :2] - here) * 0.7 + here + [500, 60]
    points = np.stack([first, second], axis=1)[:, :, :, :2]
    points[(np.stack([first, second], axis=1)[..., 2] == 0)] = 0
    path = tmp_path / 'a.npz'
    np.savez(path, keypoints=points.transpose(axes))
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # which axis is which
        k = read_keypoints(path)
    assert [len(t.frames) for t in k.tracks] == [200, 200]
    for p, track in enumerate(k.tracks):
        np.testing.assert_array_equal(np.nan_to_num(track.xy), points[:, p])
