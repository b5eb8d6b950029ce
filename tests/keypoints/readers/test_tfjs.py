import numpy as np
import pytest

from tests.keypoints.keypoint_files import POINTS, check_people, movenet, read


def test_one_person_in_successive_frames(tmp_path):
    poses = [movenet(frame[0], 0) for frame in POINTS]
    with pytest.warns(UserWarning, match='one person in successive frames'):
        check_people(read(tmp_path, poses), POINTS[:, :1])


def test_several_people_in_one_image(tmp_path):
    poses = [movenet(person, p) for p, person in enumerate(POINTS[0])]
    check_people(read(tmp_path, poses), POINTS[:1])


def test_joints_that_are_left_out(tmp_path):
    # As PoseNet's users do with those of a low score.
    poses = [
        {'frame': t, 'keypoints': movenet(POINTS[t, 0], 0)['keypoints']}
        for t in range(8)
    ]
    del poses[3]['keypoints'][0]  # RAnkle
    (track,) = read(tmp_path, poses).tracks
    assert np.argwhere(track.score == 0).tolist() == [[3, 16]]
    np.testing.assert_allclose(track.xy[3, :16], POINTS[3, 0, :16, :2])
