import json

import numpy as np
import pytest

from pyg_hcsf.skeleton import get_skeleton
from tests.keypoints import keypoint_files as formats
from tests.keypoints.keypoint_files import SIZE, check_people, read

WALK = formats.some_people(33, people=1)  # [T, 1, N, 3]
FRAMES = json.loads(formats.mediapipe(WALK, SIZE))


@pytest.mark.parametrize(
    'make',
    [
        lambda pose: {'pose_landmarks': pose},
        lambda pose: {'poseLandmarks': {'landmark': pose}},
        lambda pose: {
            'landmarks': [
                [[m['x'], m['y'], 0, m['visibility']] for m in pose]
            ],
            'worldLandmarks': [],
        },
    ],
)
def test_frame_numbers(tmp_path, make):
    frames = [
        {'frame': 2 * t, **make(pose)} for t, (pose,) in enumerate(FRAMES)
    ]
    keypoints = read(tmp_path, frames, image_size=SIZE)
    assert (keypoints.source, keypoints.layout) == ('mediapipe', 'mediapipe33')
    check_people(keypoints, WALK, 2 * np.arange(6))
    with pytest.raises(ValueError, match="pass 'image_size'"):
        read(tmp_path, frames)


@pytest.mark.parametrize('named', [False, True])
def test_frames_in_a_mapping(tmp_path, named):
    names = get_skeleton('mediapipe33').joints
    data = {
        str(3 * t): {'landmarks': dict(zip(names, frame[0], strict=True))}
        if named
        else frame
        for t, frame in enumerate(FRAMES)
    }
    keypoints = read(tmp_path, data, image_size=SIZE)
    check_people(keypoints, WALK, 3 * np.arange(len(WALK)))


def test_visibilities_that_are_logits(tmp_path):
    points = WALK.copy()
    points[..., 2] = np.linspace(0.1, 0.95, 33)
    frames = json.loads(formats.mediapipe(points, SIZE))
    for (pose,) in frames:
        for mark in pose:
            v = mark['visibility']
            mark['visibility'] = float(np.log(v / (1 - v)))
    with pytest.warns(UserWarning, match='taken as logits'):
        keypoints = read(tmp_path, frames, image_size=SIZE)
    check_people(keypoints, points)
