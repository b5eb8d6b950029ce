import json

import numpy as np
import pytest

from pyg_hcsf.keypoints import read_keypoints
from tests.keypoints import keypoint_files as formats
from tests.keypoints.keypoint_files import POINTS, check_people, npz, read


@pytest.mark.parametrize(
    'scores, frames, ids',
    [
        ('keypoint_scores', 'frame_ids', 'ids'),
        ('confidence', 'frame_numbers', 'track_id'),
        ('conf', 'image_ids', 'person_ids'),
    ],
)
@pytest.mark.parametrize('end', ['.npz', '.json'])
def test_usual_names_of_arrays(tmp_path, scores, frames, ids, end):
    points = formats.some_people(frames=8)
    arrays = {
        'keypoints': points[..., :2],
        scores: points[..., 2],
        frames: 5 * np.arange(8),
        ids: np.array([4, 9]),
        'image': np.zeros((2, 2)),  # is none of them
    }
    path = tmp_path / f'a{end}'
    if end == '.npz':
        np.savez(path, **arrays)
    else:
        lists = {key: array.tolist() for key, array in arrays.items()}
        path.write_text(json.dumps(lists))
    with pytest.warns(UserWarning, match="not read: 'image'$"):
        k = read_keypoints(path, 'coco17')
    assert [t.name for t in k.tracks] == ['4', '9']
    check_people(k, points, 5 * np.arange(8))


def test_time_stamps_of_arrays(tmp_path):
    points = formats.some_people(frames=8, people=1)
    path = tmp_path / 'a.npz'
    times = np.array([0, 1, 2, 3, 9, 10, 11, 12]) / 50
    np.savez(path, keypoints=points[:, 0], timestamps=times)
    k = read_keypoints(path, 'coco17')
    check_people(k, points, np.rint(50 * times))
    assert k.fps == 50


def test_frames_of_different_numbers_of_people(tmp_path):
    points = formats.some_people(frames=8)
    path = tmp_path / 'a.npz'
    frames = np.empty(8, dtype=object)
    for t, people in enumerate(points):
        frames[t] = people[:1] if t == 7 else people
    np.savez(path, keypoints=frames, frames=np.arange(8) + 3)
    k = read_keypoints(path, 'coco17')
    assert [t.frames.tolist() for t in k.tracks] == [
        list(range(3, 11)),
        list(range(3, 10)),
    ]
    np.testing.assert_allclose(k.tracks[1].xy, points[:7, 1, :, :2])


def test_another_name(tmp_path):
    with pytest.warns(UserWarning, match="array 'kpts' is taken"):
        check_people(read(tmp_path, npz(kpts=POINTS), 'coco17'), POINTS)


def test_two_arrays_that_may_be_keypoints(tmp_path):
    content = npz(boxes=POINTS[:, :, 0], kpts=POINTS)
    with pytest.raises(ValueError, match="no array 'keypoints'"):
        read(tmp_path, content, 'coco17')
