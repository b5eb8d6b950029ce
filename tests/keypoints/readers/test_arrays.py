import json

import numpy as np
import pytest

from pyg_hcsf.keypoints import read_keypoints
from tests.keypoints import keypoint_files as formats
from tests.keypoints.keypoint_files import (
    POINTS,
    SIZE,
    SNAKE,
    body,
    check_people,
    npz,
    read,
)


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
    content = npz(mine=POINTS + 1, yours=POINTS)
    error = r"no array 'keypoints'.*mine \[8, 2, 17, 3\] of float64"
    with pytest.raises(ValueError, match=error):
        read(tmp_path, content, 'coco17')


SCORES = POINTS[..., 2]
NAMES = np.array(SNAKE)
OBJECTS = {
    'lists': lambda frame: frame.tolist(),
    'mappings': lambda frame: {
        'keypoints': frame[..., :2],
        'scores': frame[..., 2],
    },
    'nothing': lambda frame: frame if frame[0, 0, 0] >= 0 else None,
}


@pytest.mark.parametrize(
    ('keypoints', 'scores'),
    [
        ('kps2d', 'kps_conf'),
        ('pred_keypoints', 'pred_scores'),
        ('preds', 'maxvals'),
        ('pose_2d', 'visibility'),
    ],
)
def test_other_names_of_confidences(tmp_path, keypoints, scores):
    content = npz(**{keypoints: POINTS[..., :2], scores: POINTS[..., 2:]})
    with pytest.warns(UserWarning, match='is taken as its keypoints'):
        check_people(read(tmp_path, content, 'coco17'), POINTS)


def test_the_only_array_of_the_size_of_confidences(tmp_path):
    content = npz(arr_0=POINTS[..., :2], arr_1=SCORES)
    with pytest.warns(UserWarning) as caught:
        check_people(read(tmp_path, content, 'coco17'), POINTS)
    assert "'arr_1' is taken as its conf" in str(caught[1].message)


def test_mmaction(tmp_path):
    moved = body()[None].repeat(2, axis=0) + [[[[0.0]]], [[[400.0]]]]
    moved[..., 2] = 0.8
    content = npz(
        keypoint=moved[..., :2],  # [P, T, N, 2]
        keypoint_score=moved[..., 2],
        img_shape=np.array([1080, 1920]),
    )
    with pytest.warns(UserWarning):
        k = read(tmp_path, content)
    assert k.image_size == (1920, 1080)
    check_people(k, moved.transpose(1, 0, 2, 3))


@pytest.mark.parametrize('key', ['joint_names', 'keypoint_names'])
def test_names_of_joints(tmp_path, key):
    order = np.random.default_rng(1).permutation(17)
    names = NAMES[order].astype(object if key == 'joint_names' else str)
    content = npz(keypoints=POINTS[:, :, order], **{key: names})
    k = read(tmp_path, content)
    assert k.layout == 'coco17'
    check_people(k, POINTS)


@pytest.mark.parametrize(
    'size',
    [
        {'image_size': [1280, 720]},
        {'img_shape': [720, 1280]},
        {'width': 1280, 'height': 720},
        {'frame_width': 1280, 'frame_height': 720},
    ],
    ids=str,
)
def test_sizes(tmp_path, size):
    arrays = {key: np.array(value) for key, value in size.items()}
    content = npz(keypoints=POINTS / [1280, 720, 1], **arrays)
    with pytest.warns(UserWarning, match='multiplied by 1280 and 720'):
        k = read(tmp_path, content, 'coco17')
    check_people(k, POINTS)


@pytest.mark.parametrize('width', [2, 3])
def test_flat_rows(tmp_path, width):
    points = POINTS[:, :1]
    content = npz(keypoints=points[..., :width].reshape(8, -1))
    k = read(tmp_path, content, 'coco17')
    check_people(k, points, score=width == 3)


@pytest.mark.parametrize('kind', OBJECTS)
def test_objects(tmp_path, kind):
    points = POINTS.copy()
    frames = np.empty(8, dtype=object)
    if kind == 'nothing':
        points[3, 0, 0, 0] = -1
    for t in range(8):
        frames[t] = OBJECTS[kind](points[t])
    k = read(tmp_path, npz(keypoints=frames), 'coco17')
    kept = [t for t in range(8) if kind != 'nothing' or t != 3]
    check_people(k, points[kept], kept)


def test_objects_and_confidences(tmp_path):
    frames, scores = np.empty((2, 8), dtype=object)
    for t in range(8):
        frames[t], scores[t] = POINTS[t, ..., :2], SCORES[t]
    content = npz(keypoints=frames, scores=scores)
    check_people(read(tmp_path, content, 'coco17'), POINTS)
    scores[2] = SCORES[2, :, 1:]
    content = npz(keypoints=frames, scores=scores)
    with pytest.raises(ValueError, match='frame 2: expected confidences'):
        read(tmp_path, content, 'coco17')


def test_depth_of_mediapipe_is_no_confidence(tmp_path):
    points = formats.some_people(33, people=1)[:, 0]
    depth = np.random.default_rng(0).normal(size=(*points.shape[:2], 1))
    xyzv = np.concatenate([points[..., :2], depth, points[..., 2:]], axis=-1)
    xyzv[..., :2] /= SIZE
    k = read(tmp_path, npz(keypoints=xyzv), image_size=SIZE)
    assert k.layout == 'mediapipe33'
    check_people(k, points[:, None])
    k = read(tmp_path, npz(keypoints=xyzv[..., :3]), image_size=SIZE)
    check_people(k, points[:, None], score=False)
    assert (k.tracks[0].score == 1).all()


def test_3d_positions(tmp_path):
    around = np.random.default_rng(0).normal(0, 300, (8, 17, 3))
    for key in ('keypoints', 'poses_3d'):
        with pytest.raises(ValueError, match='it has 3D positions'):
            read(tmp_path, npz(**{key: around}), 'coco17')


@pytest.mark.parametrize('kind', ['single', 'multiple', 'json'])
def test_outputs_of_movenet(tmp_path, kind):
    # y, x and score; MultiPose has six people, of whom some are nobody.
    count = 2 if kind == 'multiple' else 1
    rows = (POINTS[:, :count] / [*SIZE, 1])[..., [1, 0, 2]]
    output = rows[:, :, None]
    if kind == 'multiple':
        output = np.full((8, 1, 6, 56), 0.01)
        output[:, 0, :2, :51] = rows.reshape(8, 2, 51)
        output[:, 0, 2:, :51] = 0.3
        output[:, 0, :2, 55] = 0.8
    content = npz(keypoints=output)
    if kind == 'json':
        content = output.tolist()
    with pytest.warns(UserWarning) as caught:
        k = read(tmp_path, content, 'coco17', SIZE)
    assert any('of MoveNet, y before x' in str(w.message) for w in caught)
    check_people(k, POINTS[:, :count])
