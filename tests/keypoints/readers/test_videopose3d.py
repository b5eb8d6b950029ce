import numpy as np
import pytest

from tests.keypoints import keypoint_files as formats
from tests.keypoints.keypoint_files import (
    POINTS,
    body,
    check_people,
    npz,
    read,
)


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


def test_several_people_with_confidences(tmp_path):
    people = [POINTS[:, 0].astype('f4'), POINTS[:5, 1].astype('f4')]
    videos = {'a.mp4': {'custom': people}}
    content = npz(positions_2d=np.array(videos, dtype=object))
    k = read(tmp_path, content)
    assert [track.name for track in k.tracks] == ['1', '2']
    np.testing.assert_allclose(k.tracks[1].xy, people[1][..., :2])
    np.testing.assert_allclose(k.tracks[0].score, people[0][..., 2])


def test_human36m(tmp_path):
    subjects = {'S9': {'Walking': [POINTS[:, 0, :, :2]] * 4}}
    content = npz(positions_2d=np.array(subjects, dtype=object))
    with pytest.raises(ValueError, match=r'of Human3\.6M.*save one array'):
        read(tmp_path, content)
