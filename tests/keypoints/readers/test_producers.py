"""JSON of each producer, in all versions that are known."""

import time

import numpy as np
import pytest

from tests.keypoints import keypoint_files as formats
from tests.keypoints.keypoint_files import (
    CAMEL,
    POINTS,
    SIZE,
    SNAKE,
    check_people,
    flat,
    in_frames,
    lines,
    movenet,
    read,
    record,
)


def by_image(make):
    return {f'im_{t}.jpg': make(POINTS[t]) for t in range(7, -1, -1)}


def posenet(person, p):
    marks = [
        {'score': s, 'part': name, 'position': {'x': x, 'y': y}}
        for (x, y, s), name in zip(person.tolist(), CAMEL, strict=True)
    ]
    return {'score': 0.9, 'keypoints': marks}


FRAMES = np.arange(8)
ALL = [(t, p) for t in range(8) for p in range(2)]
#: The content, the source, and the number of the first frame.
FILES = {
    'alphapose cmu': (
        by_image(lambda f: {'version': 'AlphaPose v0.3', 'bodies': [
            {'joints': flat(p)} for p in f]}),
        'alphapose',
    ),
    'alphapose open': (
        by_image(lambda f: {'version': 0.1, 'people': [
            {'pose_keypoints_2d': flat(p)} for p in f]}),
        'alphapose',
    ),
    'poseflow': (
        by_image(lambda f: [
            {'keypoints': flat(p), 'scores': 3.1, 'idx': n + 1}
            for n, p in enumerate(f)]),
        'alphapose',
    ),
    'by person and frame': (
        {f'{p}': {f'{t}': {'keypoints': flat(POINTS[t, p]), 'scores': 3.1}
                  for t in range(8)} for p in range(2)},
        'alphapose',
    ),
    'mmpose 0.x': (
        in_frames(lambda p, n: {
            'keypoints': p.tolist(), 'bbox': [0, 0, 1, 1, 0.9],
            'track_id': n, 'area': 3.0}),
        'mmpose',
    ),
    'mmpose nested': (
        [{'frame_id': t, 'instances': [formats.instances(f)]}
         for t, f in enumerate(POINTS)],
        'mmpose',
    ),
    'movenet': (in_frames(movenet), 'tfjs'),
    'movenet poses': (
        [{'time': 0.1 * t, 'poses': f}
         for t, f in enumerate(in_frames(movenet))],
        'tfjs',
    ),
    'posenet': (in_frames(posenet), 'tfjs'),
    'ml5': (
        in_frames(lambda p, n: {'pose': posenet(p, n), 'skeleton': []}),
        'tfjs',
    ),
    'openpifpaf': (
        lines({'frame': t + 1, 'predictions': [
            {'keypoints': flat(p), 'bbox': [0, 0, 1, 1], 'score': 0.9,
             'category_id': 1} for p in f]
            + [{'keypoints': [1.0] * 24, 'category_id': 3}]}
            for t, f in enumerate(POINTS)),
        'openpifpaf', 1,
    ),
    'lines': (lines(record(t, p) for t, p in ALL), 'records'),
    'lines and statistics': (
        lines([record(t, p) for t, p in ALL] + [{'stats': True}]),
        'records',
    ),
    'list': (
        [record(t, p, 'frame_idx', 'person_id') for t, p in ALL], 'records',
    ),
    'annotations': (
        {'annotations': [
            {'frame_id': t, 'id': 2 * t + p, 'track_id': p,
             'keypoints': flat(POINTS[t, p])} for t, p in ALL]},
        'records',
    ),
    'frames and people': (
        {'fps': 30, 'frames': [
            {'frame': t, 'people': [
                {'id': n, 'keypoints': p[:, :2].tolist(),
                 'scores': p[:, 2].tolist()} for n, p in enumerate(f)]}
            for t, f in enumerate(POINTS)]},
        'records',
    ),
    'names and numbers': (
        [{'frame': t, 'id': p, 'keypoints': dict(zip(
            SNAKE[::-1], POINTS[t, p, ::-1].tolist(), strict=True))}
         for t, p in ALL],
        'records',
    ),
    'names and parts': (
        [{'frame': t, 'id': p, 'keypoints': {
            n: {'x': x, 'y': y, 'prob': s} for n, (x, y, s) in zip(
                SNAKE, POINTS[t, p].tolist(), strict=True)}}
         for t, p in ALL],
        'records',
    ),
    'named joints': (
        {f'{t}': dict(zip(SNAKE, POINTS[t, 0].tolist(), strict=True))
         for t in range(8)},
        'records',
    ),
    'rows by frame': (
        {f'frame_{t}': POINTS[t].tolist() for t in range(8)}, 'records',
    ),
    'arrays of frames': (
        [{'keypoints': f[..., :2].tolist(), 'scores': f[..., 2].tolist()}
         for f in POINTS],
        'records',
    ),
    'canvas': (
        [{'people': [{'pose_keypoints_2d': p.tolist()} for p in f],
          'canvas_width': 1280, 'canvas_height': 720} for f in POINTS],
        'openpose',
    ),
    'easy_vitpose': (
        {'keypoints': [
            {f'{n}': p[:, [1, 0, 2]].tolist() for n, p in enumerate(f)}
            for f in POINTS],
         'skeleton': {f'{j}': n for j, n in enumerate(SNAKE)}},
        'easy_vitpose',
    ),
    'numbers alone': (POINTS.tolist(), 'npz'),
    'arrays': (
        {'keypoints': POINTS[..., :2].tolist(),
         'scores': POINTS[..., 2].tolist()},
        'npz',
    ),
}  # fmt: skip


@pytest.mark.parametrize('name', FILES)
def test_files(tmp_path, name):
    content, source, *first = FILES[name]
    k = read(tmp_path, content, None if 'net' in name else 'coco17')
    assert (k.source, k.layout) == (source, 'coco17')
    points = POINTS[:, :1] if name == 'named joints' else POINTS
    check_people(k, points, FRAMES + sum(first))
    assert k.image_size == (SIZE if name == 'canvas' else None)
    rates = {'frames and people': 30, 'movenet poses': 10}
    assert k.fps == rates.get(name)


@pytest.mark.parametrize('ids', [True, False])
def test_ten_thousand_frames(tmp_path, ids):
    points = formats.some_people(frames=10_000)
    content = formats.alphapose(points, ids)
    start = time.process_time()
    k = read(tmp_path, content, 'coco17')
    assert time.process_time() - start < 20
    check_people(k, points)
