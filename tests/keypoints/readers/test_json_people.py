import json

import numpy as np
import pytest

from tests.keypoints import keypoint_files as formats
from tests.keypoints.keypoint_files import (
    POINTS,
    check_people,
    lines,
    read,
    record,
)


def test_unknown_keys_are_named(tmp_path):
    content = lines(record(t, 0, gait=1) for t in range(8))
    with pytest.warns(UserWarning, match="keys are not read: 'gait'"):
        read(tmp_path, content, 'coco17')


def test_three_dimensions_are_no_confidence(tmp_path):
    entries = json.loads(formats.mmpose(POINTS))
    for entry in entries:
        for person in entry['instances']:
            person['keypoints'] = [[x, y, 7] for x, y in person['keypoints']]
    with pytest.raises(ValueError, match='entry 0, person 0.*3D'):
        read(tmp_path, entries)


@pytest.mark.parametrize('unit', [1.0, 1e3])
def test_gaps_between_time_stamps(tmp_path, unit):
    gap = np.array([0, 2, 4, 6, 12, 14, 16, 18])  # every second frame
    data = [
        {'timestamp': unit * t / 30, 'people': [person.tolist()]}
        for t, person in zip(gap, POINTS[:, 0], strict=True)
    ]
    with pytest.warns(UserWarning, match='time stamps, with gaps'):
        keypoints = read(tmp_path, data, 'coco17')
    check_people(keypoints, POINTS[:, :1], gap // 2)
    assert keypoints.fps == pytest.approx(15)


def test_pose_results(tmp_path):
    frames = [
        {'frame': t, 'pose_results': [{'keypoints': p.tolist()} for p in f]}
        for t, f in enumerate(POINTS)
    ]
    check_people(read(tmp_path, frames, 'coco17'), POINTS)
