import numpy as np
import pytest

from pyg_hcsf.keypoints.detections import mark_missing, parse_joints
from pyg_hcsf.keypoints.messages import reading


def test_joints_without_confidences():
    joints = mark_missing(parse_joints([[1, 2], [0, 0], [None, 3]], 'entry'))
    np.testing.assert_array_equal(
        joints, [[1, 2, 1], [np.nan, np.nan, 0], [np.nan, np.nan, 0]]
    )


def test_joints_in_a_flat_list():
    values = [0, 0, 0.5, 0, 0, 1, 3, 4, 0, 5, 6, 7]
    joints = mark_missing(parse_joints(values, 'entry'))
    np.testing.assert_array_equal(joints[:, 2], [0, 1, 0, 1])


@pytest.mark.parametrize(
    'bad', ['text', {'a': 1}, [[1], [1, 2]], [], [1, 2], [10**400] * 3]
)
def test_wrong_joints(bad):
    match = "'a.json', entry 7: expected"
    with reading('a.json'), pytest.raises(ValueError, match=match):
        parse_joints(bad, 'entry 7')


def test_pixels_beyond_any_image():
    with pytest.raises(ValueError, match='pixels up to 1e.06 .got 2000000'):
        mark_missing(np.array([[1, 2e6, 1]]))
