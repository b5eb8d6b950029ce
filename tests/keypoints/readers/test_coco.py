import json

import numpy as np
import pytest

from tests.keypoints import keypoint_files as formats
from tests.keypoints.keypoint_files import (
    POINTS,
    SNAKE,
    check_people,
    flat,
    read,
)

POSETRACK = (
    'nose', 'head_bottom', 'head_top', 'left_ear', 'right_ear', *SNAKE[5:]
)  # fmt: skip


def test_size_of_the_images_of_results(tmp_path):
    results = json.loads(formats.coco(POINTS))
    for entry in results:
        entry['image_size'] = [1088, 1920]
    assert read(tmp_path, results, 'coco17').image_size == (1088, 1920)


def test_different_sizes_of_images_are_no_size(tmp_path):
    results = json.loads(formats.coco(POINTS))
    for entry in results:
        entry['image_size'] = [1088, 1920]
    results[0]['image_size'] = [1920, 1088]
    assert read(tmp_path, results, 'coco17').image_size is None


def posetrack(points, video='000001'):
    images = [
        {
            'frame_id': 10**10 + t,
            'vid_id': video,
            'is_labeled': True,
            'file_name': f'images/val/{video}_mpii/{t:06d}.jpg',
            'nframes': 90,
        }
        for t in range(len(points))
    ]
    people = [
        {
            'image_id': 10**10 + t,
            'track_id': p,
            'id': 10**12 + 9 * t + p,
            'keypoints': flat(np.c_[person[:, :2], np.ones(17)]),
            'bbox_head': [1, 2, 3, 4],
            'category_id': 1,
            'scores': [],
        }
        for t, frame in enumerate(points)
        for p, person in enumerate(frame)
    ]
    names = [{'name': 'person', 'keypoints': list(POSETRACK)}]
    return {'images': images, 'annotations': people, 'categories': names}


def test_posetrack(tmp_path):
    with pytest.warns(UserWarning) as caught:
        keypoints = read(tmp_path, posetrack(POINTS))
    texts = [str(warning.message) for warning in caught]
    assert any('lacks LEye, REye' in text for text in texts)
    assert any("'head_bottom', 'head_top'" in text for text in texts)
    assert keypoints.layout == 'coco17'
    points = POINTS.copy()
    points[:, :, 1:3] = np.nan
    check_people(keypoints, points, score=False)


def test_posetrack_of_two_videos(tmp_path):
    data = posetrack(POINTS)
    data['images'][3]['vid_id'] = '000002'
    with pytest.raises(ValueError, match="one video .got 2: \"'000001'"):
        read(tmp_path, data)


def test_results_of_detectron2(tmp_path):
    entries = json.loads(formats.coco(formats.some_people()))
    for entry in entries:
        entry['keypoints'][2::3] = [0.1] * 16 + [2.8]
    (track, *_) = read(tmp_path, entries, 'coco17').tracks
    assert track.score[0, -1] == 1  # of another detector
    for entry in entries:
        entry['bbox'] = [0, 0, 9, 9]
    (track, *_) = read(tmp_path, entries, 'coco17').tracks
    low, high = track.score[0, -2:]
    assert 0.4 < low < 0.6 and 0.8 < high < 1


def test_track_ids_of_cvat(tmp_path):
    data = json.loads(formats.coco_annotations(POINTS, SNAKE))
    for person in data['annotations']:
        track = person.pop('track_id')
        person['attributes'] = {'occluded': False, 'track_id': 7 * track}
    k = read(tmp_path, data)
    assert [track.name for track in k.tracks] == ['7', '14']
    check_people(k, POINTS, score=False)
