import numpy as np
import pytest

from pyg_hcsf.keypoints.layouts import to_layout
from pyg_hcsf.keypoints.readers.jta import NAMES
from tests.keypoints.keypoint_files import read, some_people

POINTS = some_people(22).round()


def rows(points):
    """Joints as JTA has them, of people 4 and 5, from frame 1."""
    return [
        [t + 1, n + 4, j, x, y, 0.5, 0.6, 7.1, 0, int(j == 3)]
        for t, f in enumerate(points)
        for n, p in enumerate(f)
        for j, (x, y, _) in enumerate(p.tolist())
    ]


def test_joints(tmp_path):
    with pytest.warns(UserWarning, match='lacks Pelvis, Thorax|not read'):
        k = to_layout(read(tmp_path, rows(POINTS)))
    assert (k.source, [t.name for t in k.tracks]) == ('jta', ['4', '5'])
    names = 'right_hip', 'right_knee', 'right_ankle', 'left_hip', 'left_knee'
    at = [NAMES.index(name) for name in names]
    for n, track in enumerate(k.tracks):
        np.testing.assert_array_equal(track.frames, np.arange(1, 7))
        np.testing.assert_array_equal(track.xy[:, 1:6], POINTS[:, n, at, :2])
        np.testing.assert_array_equal(track.xy[:, 10], POINTS[:, n, 0, :2])
        assert (track.score[:, 1:6] == 1).all()


@pytest.mark.parametrize(
    'row, reason',
    [
        ([1, 1, 22, 0, 0, 0, 0, 0, 0, 0], 'row 264.*joint below 22'),
        ([1, 1, 2, None, 0, 0, 0, 0, 0, 0], 'row 264'),
        ([1, 1], 'rows of 10 numbers'),
    ],
)
def test_damaged_rows(tmp_path, row, reason):
    with pytest.raises(ValueError, match=reason):
        read(tmp_path, [*rows(POINTS), row])
