"""How frames, people, joints and scores are nested and named in JSON."""

import numpy as np
import pytest

from tests.keypoints import keypoint_files as formats
from tests.keypoints.keypoint_files import (
    POINTS,
    SIZE,
    SNAKE,
    check_people,
    flat,
    in_frames,
    lines,
    movenet,
    read,
)
from tests.keypoints.readers.test_json_joints import ORDER, labelled

FRAMES = np.arange(8)


def frames(make, **more):
    return [{'frame': t, **make(f), **more} for t, f in enumerate(POINTS)]


def arrays(f):
    return {'keypoints': f[..., :2].tolist(), 'scores': f[..., 2].tolist()}


def sample(t, f):
    """A data sample of MMPose 1.x as a dictionary."""
    return {
        'pred_instances': {
            'keypoints': f[..., :2].tolist(),
            'keypoint_scores': f[..., 2].tolist(),
            'keypoints_visible': np.ones(f.shape[:2]).tolist(),
            'bboxes': [[0, 0, 1, 1]] * len(f),
            'bbox_scores': [0.9, 0.8],
        },
        'gt_instances': {'bboxes': []},
        'img_path': f'a/{t:06d}.jpg',
        'img_id': t,
        'ori_shape': [720, 1280],
    }


def named(person, score='score'):
    return {
        SNAKE[j]: dict(zip(('x', 'y', score), person[j].tolist(), strict=True))
        for j in ORDER
    }


#: The content, the source, and what else is passed.
FILES = {
    'RTMLib, pairs': (
        [list(arrays(f).values()) for f in POINTS], 'records', 'coco17',
    ),
    'RTMLib, by frame': (
        {f'{t}': arrays(f) for t, f in enumerate(POINTS)}, 'records', 'coco17',
    ),
    'RTMLib, ids': (
        frames(arrays, track_ids=[3, 4]), 'records', 'coco17',
    ),
    'MMPose 0.x, evaluation': (
        [{'preds': f.tolist(), 'boxes': [[0] * 6] * 2, 'bbox_ids': [0, 1],
          'image_paths': [f'a/{t}.jpg'] * 2, 'output_heatmap': None}
         for t, f in enumerate(POINTS)],
        'mmpose', 'coco17',
    ),
    'MMPose, inferencer': (
        [{'visualization': [], 'predictions': [formats.instances(f)]}
         for f in POINTS],
        'mmpose', 'coco17',
    ),
    'MMPose, data samples': (
        [sample(t, f) for t, f in enumerate(POINTS)], 'mmpose', 'coco17',
    ),
    'Detectron2, instances': (
        frames(lambda f: {'instances': {
            'pred_keypoints': f.tolist(), 'scores': [0.9, 0.8]}}),
        'mmpose', 'coco17',
    ),
    'Transformers': (
        in_frames(labelled), 'mmpose', 'coco17',
    ),
    'TensorFlow.js, pose': (
        [{'frame': t, 'pose': f} for t, f in enumerate(in_frames(movenet))],
        'tfjs', None,
    ),
    'TensorFlow.js, texts': (
        [{'frame': t, 'poses': formats.dump(f).decode()}
         for t, f in enumerate(in_frames(movenet))],
        'tfjs', None,
    ),
    'unknown key of people': (
        frames(lambda f: {'dancers': [
            {'id': n, 'keypoints': p.tolist()} for n, p in enumerate(f)]}),
        'records', 'coco17',
    ),
    'by frame and person': (
        {f'frame_{t}': {f'p{n}': {'keypoints': flat(p)}
                        for n, p in enumerate(f)}
         for t, f in enumerate(POINTS)},
        'alphapose', 'coco17',
    ),
    'tracks of frames': (
        {'tracks': [
            {'id': n, 'frames': [{'frame': t, 'keypoints': p.tolist()}
                                 for t, p in enumerate(POINTS[:, n])]}
            for n in range(2)]},
        'tracks', 'coco17',
    ),
    'tracks of arrays': (
        {f'{n + 5}': {'joints2d': POINTS[:, n].tolist(),
                      'frame_ids': FRAMES.tolist()} for n in range(2)},
        'tracks', 'coco17',
    ),
    'frames of keypoints': (
        {'keypoints': {f'{t}': f.tolist() for t, f in enumerate(POINTS)}},
        'records', 'coco17',
    ),
    'keypoints in a pose': (
        [{'frame': t, 'id': n, 'pose': {'keypoints': p.tolist()}}
         for t, f in enumerate(POINTS) for n, p in enumerate(f)],
        'records', 'coco17',
    ),
    'joints of MediaPipe with z': (
        [{'frame': t, 'id': n, 'keypoints': [
            [x, y, -3.0, s] for x, y, s in p.tolist()]}
         for t, f in enumerate(POINTS) for n, p in enumerate(f)],
        'records', 'coco17',
    ),
    'body parts': (
        [{'frame': t, 'id': n, 'bodyParts': named(p, 'probability')}
         for t, f in enumerate(POINTS) for n, p in enumerate(f)],
        'records', None,
    ),
    'names of all joints': (
        {'joint_names': [SNAKE[j] for j in ORDER], 'frames': frames(
            lambda f: {'people': [
                {'id': n, 'keypoints': p[ORDER].tolist()}
                for n, p in enumerate(f)]})},
        'records', None,
    ),
    'numbers of joints': (
        [{'frame': t, 'id': n, 'keypoints': [
            {'index': j, 'x': p[j, 0], 'y': p[j, 1], 'v': p[j, 2]}
            for j in ORDER]}
         for t, f in enumerate(POINTS) for n, p in enumerate(f)],
        'tfjs', 'coco17',
    ),
    'numbers from 1': (
        [{'frame': t, 'id': n, 'keypoints': {
            f'{j + 1}': p[j].tolist() for j in ORDER}}
         for t, f in enumerate(POINTS) for n, p in enumerate(f)],
        'records', 'coco17',
    ),
    'table of rows': (
        [{'frame': t, 'person': n} | {
            f'{name}_{c}': p[j, k] for j, name in enumerate(SNAKE)
            for k, c in enumerate(('x', 'y', 'score'))}
         for t, f in enumerate(POINTS) for n, p in enumerate(f)],
        'csv', None,
    ),
    'OpenPose, lines': (
        lines({'version': 1.3, 'people': [
            {'person_id': [-1], 'pose_keypoints_2d': flat(p),
             'face_keypoints_2d': []} for p in f]} for f in POINTS),
        'openpose', 'coco17',
    ),
}  # fmt: skip


@pytest.mark.parametrize('name', FILES)
def test_forms(tmp_path, name):
    content, source, layout = FILES[name]
    k = read(tmp_path, content, layout)
    assert (k.source, k.layout) == (source, 'coco17')
    check_people(k, POINTS)
    size = SIZE if name == 'MMPose, data samples' else None
    assert k.image_size == size


def test_frames_of_one_joint_after_another(tmp_path):
    data = {SNAKE[j]: POINTS[:, 0, j].tolist() for j in ORDER}
    check_people(read(tmp_path, data), POINTS[:, :1])
    columns = {
        f'{SNAKE[j]}_{c}': {f'{t}': POINTS[t, 0, j, k] for t in range(8)}
        for j in ORDER
        for k, c in enumerate('xyp')
    }
    with pytest.warns(UserWarning, match='each line is taken as a frame'):
        check_people(read(tmp_path, columns), POINTS[:, :1])


def test_first_frames_without_people(tmp_path):
    poses = in_frames(movenet)
    poses[:2] = [], []
    check_people(read(tmp_path, poses), POINTS[2:], FRAMES[2:])
    data = frames(arrays)
    data[0] |= {'keypoints': [], 'scores': []}
    check_people(read(tmp_path, data, 'coco17'), POINTS[1:], FRAMES[1:])


@pytest.mark.parametrize(
    'header, size, fps',
    [
        ({'metadata': {'width': 1280, 'height': 720, 'fps': 25}}, SIZE, 25),
        ({'video_info': {'frame_rate': 50}}, None, 50),
        ({'resolution': '1280x720'}, SIZE, None),
        ({'orig_shape': [720, 1280]}, SIZE, None),
        ({'image_size': {'width': 1280, 'height': 720}}, SIZE, None),
        ({'image_size': [1280, 720], 'framerate': 30.0}, SIZE, 30),
    ],
)
def test_properties_of_the_video(tmp_path, header, size, fps):
    data = frames(lambda f: {'people': [{'keypoints': p.tolist()} for p in f]})
    k = read(tmp_path, header | {'frames': data}, 'coco17')
    assert (k.image_size, k.fps) == (size, fps)
    check_people(k, POINTS)


def test_time_stamps_as_keys(tmp_path):
    data = {f'{t / 25:.2f}': f.tolist() for t, f in enumerate(POINTS)}
    k = read(tmp_path, data, 'coco17')
    check_people(k, POINTS)
    assert k.fps == 25


def test_folder_of_arrays(tmp_path):
    for t, f in enumerate(POINTS):
        path = tmp_path / f'{t:04d}.json'
        path.write_bytes(formats.dump(arrays(f)))
    check_people(formats.read_keypoints(tmp_path, 'coco17'), POINTS)


def test_columns_of_joints(tmp_path):
    parts = ('x', 'y', 'score')
    joints = {
        name: dict(zip(parts, POINTS[:, 0, j].T.tolist(), strict=True))
        for j, name in reversed(list(enumerate(SNAKE)))
    }
    for data in (joints, {'joints': joints, 'fps': 25}):
        with pytest.warns(UserWarning, match='each line is taken as a frame'):
            k = read(tmp_path, data)
        check_people(k, POINTS[:, :1])


@pytest.mark.parametrize('name', ['p{}', 'person_{}', '{}'])
def test_mapping_from_people_to_their_frames(tmp_path, name):
    data = {
        name.format(p): [
            {'frame': t, 'keypoints': POINTS[t, p].tolist()} for t in range(8)
        ]
        for p in range(2)
    }
    k = read(tmp_path, data, 'coco17')
    assert [t.name for t in k.tracks] == list(data)
    check_people(k, POINTS)


@pytest.mark.parametrize('people', [1, 2])
def test_mapping_from_frames_to_people_with_frames(tmp_path, people):
    data = {
        f'f{t}': [
            {'frame': t, 'keypoints': POINTS[t, p].tolist()}
            for p in range(people)
        ]
        for t in range(8)
    }
    check_people(read(tmp_path, data, 'coco17'), POINTS[:, :people])
