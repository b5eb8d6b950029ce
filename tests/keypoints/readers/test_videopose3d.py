import pytest

from tests.keypoints import keypoint_files as formats
from tests.keypoints.keypoint_files import POINTS, body, check_people, read


def test_pixels(tmp_path):
    keypoints = read(tmp_path, formats.videopose3d(POINTS))
    assert (keypoints.source, keypoints.layout) == ('videopose3d', 'coco17')
    assert keypoints.image_size == (1920, 1080)
    check_people(keypoints, POINTS[:, :1], score=False)


@pytest.mark.parametrize('height', [1920, 1080])
def test_normalised_coordinates(tmp_path, height):
    # VideoPose3D divides by the width only, which limbs show.
    points = body()[:, None]
    content = formats.videopose3d(points / [1920, height, 1])
    with pytest.warns(UserWarning, match=f'by 1920 and {height} pixels'):
        keypoints = read(tmp_path, content)
    check_people(keypoints, points, score=False)
