"""The body in layouts with more joints, and in those of OpenPose's models."""

import json

import numpy as np
import pytest

from pyg_hcsf.keypoints import read_keypoints
from pyg_hcsf.keypoints.layouts import to_layout
from pyg_hcsf.skeleton import get_skeleton
from tests.keypoints import keypoint_files as formats
from tests.keypoints.keypoint_files import body, check_people, read

POINTS = formats.some_people(17)
COCO = get_skeleton('coco17').joints


def goliath(points, size=308):
    """Sapiens' joints: the wrists are 62 and 41, the legs 9 to 14."""
    out = np.full((*points.shape[:2], size, 3), [500.0, 400.0, 0.5])
    out[:, :, :9] = points[:, :, :9]
    out[:, :, 62], out[:, :, 41] = points[:, :, 9], points[:, :, 10]
    out[:, :, 9:15] = points[:, :, 11:]
    return out


@pytest.mark.parametrize('size', [70, 308])
def test_goliath(tmp_path, size):
    joints = goliath(POINTS, size)
    for t, frame in enumerate(joints):
        found = [
            {'keypoints': xy.tolist(), 'keypoint_scores': score.tolist()}
            for xy, score in zip(frame[..., :2], frame[..., 2], strict=True)
        ]
        path = tmp_path / f'{t:05d}.json'
        path.write_text(json.dumps({'instance_info': found}))
    k = read_keypoints(tmp_path)
    assert (k.source, k.layout) == ('mmpose', 'coco17')
    check_people(k, POINTS)


@pytest.mark.parametrize(
    'size, layout',
    [(68, 'halpe26'), (136, 'halpe26'), (23, 'coco17'), (135, 'coco17')],
)
def test_first_joints(tmp_path, size, layout):
    points = formats.some_people(size)
    k = read(tmp_path, formats.alphapose(points, True))
    assert k.layout == layout
    check_people(k, points[:, :, : get_skeleton(layout).num_joints])


def openpose(tmp_path, points):
    for t, person in enumerate(points):
        path = tmp_path / f'a_{t:012d}_keypoints.json'
        path.write_bytes(formats.openpose(person[None]))
    return read_keypoints(tmp_path)


def test_body_25b(tmp_path):
    # OpenPose's BODY_25B has as many joints as BODY_25, but begins with COCO.
    points = body()
    more = np.repeat(points[:, :1], 8, axis=1)
    with pytest.warns(UserWarning, match='limbs are those of BODY_25B'):
        k = openpose(tmp_path, np.concatenate([points, more], axis=1))
    assert k.layout == 'coco17'
    check_people(k, points[:, None])


def test_body_25(tmp_path):
    points = body()
    joints = {name: points[:, j] for j, name in enumerate(COCO)}
    joints['Neck'] = (joints['LShoulder'] + joints['RShoulder']) / 2
    joints['MidHip'] = (joints['LHip'] + joints['RHip']) / 2
    for side in 'LR':
        for name in ('BigToe', 'SmallToe', 'Heel'):
            joints[side + name] = joints[f'{side}Ankle']
    order = get_skeleton('body25').joints
    points = np.stack([joints[name] for name in order], axis=1)
    k = openpose(tmp_path, points)
    assert k.layout == 'body25'
    check_people(k, points[:, None])


def test_openpose_mpi(tmp_path):
    # Head, neck, arms, legs and chest: POSE_MPI_BODY_PARTS of OpenPose.
    points = formats.some_people(15, people=1)[:, 0]
    with pytest.warns(UserWarning, match='lacks Pelvis, Thorax|not read'):
        k = to_layout(openpose(tmp_path, points))
    (track,) = k.tracks
    # In Human3.6M's order: right leg, left leg, left arm, right arm.
    at = [8, 9, 10, 11, 12, 13, 5, 6, 7, 2, 3, 4]
    legs_and_arms = [*range(1, 7), *range(11, 17)]
    np.testing.assert_allclose(track.xy[:, legs_and_arms], points[:, at, :2])
    hip = points[:, [8, 11], :2].mean(axis=1)
    np.testing.assert_allclose(track.xy[:, 0], hip)
    np.testing.assert_allclose(track.xy[:, 10], points[:, 0, :2])
