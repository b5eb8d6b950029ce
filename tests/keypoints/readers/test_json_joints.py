"""Joints and their scores in JSON: missing, named, numbered or no scores."""

import numpy as np
import pytest

from pyg_hcsf.keypoints.layouts import to_layout
from pyg_hcsf.skeleton import get_skeleton
from tests.keypoints.keypoint_files import (
    POINTS,
    SNAKE,
    check_people,
    in_frames,
    read,
)

#: COCO's joints in another order.
ORDER = [5, 0, 16, *range(1, 5), *range(6, 16)]


def labelled(person, p=0):
    """A pose of Transformers' ``post_process_pose_estimation``."""
    return {
        'keypoints': person[ORDER, :2].tolist(),
        'scores': person[ORDER, 2].tolist(),
        'labels': ORDER,
        'bbox': [0.0, 0.0, 1.0, 1.0],
    }


def missing(joint):
    points = POINTS.copy()
    points[3, :, joint] = np.nan, np.nan, 0
    return points


@pytest.mark.parametrize(
    'make',
    [
        lambda p, gone: [None if j in gone else r for j, r in enumerate(p)],
        lambda p, gone: {
            SNAKE[j]: None if j in gone else r for j, r in enumerate(p)
        },
        lambda p, gone: [
            None if j in gone else {'x': r[0], 'y': r[1], 's': r[2]}
            for j, r in enumerate(p)
        ],
        lambda p, gone: [
            {'name': SNAKE[j], 'x': r[0], 'y': r[1]}
            | {'conf': None if j in gone else r[2]}
            for j, r in enumerate(p)
        ],
    ],
)
@pytest.mark.parametrize('joint', [0, 4])
def test_joints_that_are_null(tmp_path, make, joint):
    data = [
        {'frame': t, 'id': n, 'keypoints': make(p, [joint] if t == 3 else [])}
        for t, f in enumerate(POINTS.tolist())
        for n, p in enumerate(f)
    ]
    check_people(read(tmp_path, data, 'coco17'), missing(joint))


def test_labels_without_some_joints(tmp_path):
    # Transformers leaves out joints with low scores; nobody has the last one.
    data = in_frames(labelled)
    for frame in data:
        for person in frame:
            at = person['labels'].index(16)
            for key in ('keypoints', 'scores', 'labels'):
                person[key] = person[key][:at] + person[key][at + 1 :]
    data[3][0]['keypoints'].pop(0)
    data[3][0]['scores'].pop(0)
    data[3][0]['labels'] = data[3][0]['labels'][1:]
    points = POINTS.copy()
    points[3, 0, ORDER[0]] = points[:, :, 16] = np.nan, np.nan, 0
    data = [
        p | {'image_id': f'{t}.jpg'} for t, f in enumerate(data) for p in f
    ]
    check_people(read(tmp_path, data), points)


def test_names_without_hip_and_thorax(tmp_path):
    # As in CrowdPose: 12 joints of the limbs, head and neck.
    coco = get_skeleton('coco17').joints
    names = [*SNAKE[5:], 'head', 'neck']
    joints = np.concatenate([POINTS[..., 5:, :], POINTS[..., :2, :]], axis=-2)
    data = [
        {'frame': t, 'id': n, 'keypoints': dict(zip(names, p, strict=True))}
        for t, f in enumerate(joints.tolist())
        for n, p in enumerate(f)
    ]
    with pytest.warns(UserWarning, match='lacks Pelvis, Thorax .means of'):
        k = to_layout(read(tmp_path, data))
    index = {name: number for number, name in enumerate(coco)}
    hips = POINTS[:, :, [index['LHip'], index['RHip']]]
    for n, track in enumerate(k.tracks):
        np.testing.assert_allclose(
            track.xy[:, 0], hips[:, n, :, :2].mean(axis=1)
        )
        np.testing.assert_allclose(
            track.score[:, 0], hips[:, n, :, 2].min(axis=1)
        )


def test_third_numbers_that_are_depths(tmp_path):
    rng = np.random.default_rng(0)
    for poses in (
        rng.normal(0, 0.5, (8, 17, 3)),
        rng.normal(0, 300, (8, 17, 3)) + [0, 0, 4000],
    ):
        with pytest.raises(ValueError, match='3D'):
            read(tmp_path, poses.tolist(), 'coco17')
    with pytest.warns(UserWarning, match='read as percents'):
        k = read(tmp_path, (POINTS * [1, 1, 100]).tolist(), 'coco17')
    check_people(k, POINTS)
