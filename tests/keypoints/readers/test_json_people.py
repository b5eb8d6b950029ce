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

ALL = list(np.ndindex(POINTS.shape[:2]))


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


@pytest.mark.parametrize('key', ['keypoint_scores', 'scores'])
def test_scores_by_name(tmp_path, key):
    def person(t, p):
        joints = dict(zip(formats.SNAKE, POINTS[t, p].tolist(), strict=True))
        scores = {n: s for n, (_, _, s) in reversed(joints.items())}
        where = {n: [x, y] for n, (x, y, _) in joints.items()}
        return {'frame': t, 'track': p, 'keypoints': where, key: scores}

    check_people(read(tmp_path, [person(*tp) for tp in ALL]), POINTS)


@pytest.mark.parametrize('scores', [0.9, 'high', {'nose': 0.9}])
def test_scores_that_are_no_list(tmp_path, scores):
    data = [
        {'frame': t, 'track': p, 'keypoints': POINTS[t, p, :, :2].tolist()}
        | {'keypoint_scores': scores}
        for t, p in ALL
    ]
    with pytest.warns(UserWarning, match="not read: 'keypoint_scores'"):
        k = read(tmp_path, data, 'coco17')
    check_people(k, POINTS, score=False)


def test_scores_of_another_number_of_people(tmp_path):
    data = [
        {'frame': t, 'keypoints': f[..., :2].tolist()}
        | {'scores': f[:1, :, 2].tolist()}
        for t, f in enumerate(POINTS)
    ]
    with pytest.raises(ValueError, match="expected 'scores' of 2 people"):
        read(tmp_path, data, 'coco17')
    for entry in data:  # one person, whose scores are a flat list
        entry['keypoints'] = entry['keypoints'][:1]
        entry['scores'] = entry['scores'][0]
    check_people(read(tmp_path, data, 'coco17'), POINTS[:, :1])


@pytest.mark.parametrize(
    'track', ['player_id', 'playerId', 'tracker_id', 'object_id']
)
def test_keys_of_people_and_joints(tmp_path, track):
    data = [record(t, p, 'frameNumber', track) for t, p in ALL[::-1]]
    for entry in data:
        entry['keyPoints'] = entry.pop('keypoints')
    k = read(tmp_path, data, 'coco17')
    assert sorted(t.name for t in k.tracks) == ['0', '1']
    check_people(k, POINTS)


@pytest.mark.parametrize('key', ['xy', 'data'])
def test_arrays_of_ultralytics(tmp_path, key):
    # The attributes of Results.keypoints.
    data = []
    for t, f in enumerate(POINTS):
        found = {'data': f.tolist()}
        if key == 'xy':
            found = {'xy': f[..., :2].tolist(), 'conf': f[..., 2].tolist()}
        data.append({'frame': t, 'keypoints': found})
    check_people(read(tmp_path, data, 'coco17'), POINTS)
