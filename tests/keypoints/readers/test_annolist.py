import numpy as np
import pytest

from pyg_hcsf.keypoints.readers.annolist import NAMES
from tests.keypoints.keypoint_files import read, some_people

POINTS = some_people(15)


def annolist(points):
    """The format of PoseTrack 2017: values in lists of one value."""
    return {
        'annolist': [
            {
                'image': [{'name': f'images/x/{t + 3:08d}.jpg'}],
                'annorect': [
                    {
                        'track_id': [n],
                        'score': [0.9],
                        'annopoints': [
                            {
                                'point': [
                                    {'id': [j], 'x': [x], 'y': [y]}
                                    | {'score': [s]}
                                    for j, (x, y, s) in enumerate(p.tolist())
                                ]
                            }
                        ],
                    }
                    for n, p in enumerate(f)
                ],
            }
            for t, f in enumerate(points)
        ]
    }


def test_joints(tmp_path):
    with pytest.warns(UserWarning, match='lacks Pelvis, Thorax|not read'):
        k = read(tmp_path, annolist(POINTS))
    assert (k.source, k.layout) == ('posetrack', 'mpii16')
    at = [NAMES.index(n) for n in ('right_ankle', 'right_knee', 'right_hip')]
    for n, track in enumerate(k.tracks):
        np.testing.assert_array_equal(track.frames, np.arange(3, 9))
        np.testing.assert_array_equal(track.xy[:, :3], POINTS[:, n, at, :2])
        np.testing.assert_array_equal(track.score[:, :3], POINTS[:, n, at, 2])
        np.testing.assert_array_equal(track.xy[:, 9], POINTS[:, n, 14, :2])


def test_unknown_joint(tmp_path):
    data = annolist(POINTS)
    points = data['annolist'][2]['annorect'][1]['annopoints'][0]['point']
    points[4]['id'] = [15]
    with pytest.raises(ValueError, match="entry 2, person 1.*'id' below 15"):
        read(tmp_path, data)
