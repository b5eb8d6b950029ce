import numpy as np
import pytest

from pyg_hcsf.keypoints import read_keypoints
from tests.keypoints import keypoint_files as formats
from tests.keypoints.keypoint_files import body, check_people


@pytest.mark.parametrize(
    'size, layout', [(25, 'body25'), (18, 'coco18'), (25, None)]
)
def test_folder(tmp_path, size, layout):
    points = formats.some_people(size)
    for t, frame in enumerate(points):
        path = tmp_path / f'walk_{2 * t:012d}_keypoints.json'
        path.write_bytes(formats.openpose(frame))
    keypoints = read_keypoints(tmp_path, layout=layout)
    assert keypoints.source == 'openpose'
    assert keypoints.layout == (layout or 'body25')
    check_people(keypoints, points, 2 * np.arange(6))


def test_seventeen_joints(tmp_path):
    # As RTMLib and Pose2Sim write them; one joint is never seen.
    points = body()
    points[:, 3] = 0
    for t, person in enumerate(points):
        path = tmp_path / f'cam1_{t:06d}_keypoints.json'
        path.write_bytes(formats.openpose(person[None]))
    keypoints = read_keypoints(tmp_path)
    assert keypoints.layout == 'coco17'
    points[:, 3, :2] = np.nan
    check_people(keypoints, points[:, None])
