"""Files of keypoints as each detector writes them, for the tests."""

import io
import json

import numpy as np

from pyg_hcsf.keypoints import read_keypoints
from pyg_hcsf.skeleton import get_skeleton

SIZE = (1280.0, 720.0)
COCO = get_skeleton('coco17').joints
CAMEL = [
    {'L': 'left', 'R': 'right'}.get(n[0], '') + n[1:]
    if n != 'Nose'
    else 'nose'
    for n in COCO
]
SNAKE = [
    n.replace('left', 'left_').replace('right', 'right_').lower()
    for n in CAMEL
]


def some_people(layout_size=17, frames=6, people=2, seed=0):
    """``[T, P, N, 3]``: people apart, who move a little."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(100, 300, (1, people, layout_size, 2))
    start[..., 0] += 400 * np.arange(people)[:, None]
    steps = rng.normal(scale=2, size=(frames, people, layout_size, 2))
    score = rng.uniform(0.3, 0.9, (frames, people, layout_size, 1))
    return np.concatenate([start + steps.cumsum(axis=0), score], axis=-1)


#: Two people in eight frames: ``[T, P, N, 3]``.
POINTS = some_people(frames=8)


def read(tmp_path, content, *args, **options):
    """The keypoints of a file of these bytes, or of this value as JSON."""
    path = tmp_path / 'file'
    path.write_bytes(content if isinstance(content, bytes) else dump(content))
    return read_keypoints(path, *args, **options)


def flat(person):
    return person.ravel().tolist()


def dump(value):
    return json.dumps(value).encode()


def alphapose(points, ids=False):
    return dump(
        [
            {
                'image_id': f'{t}.jpg',
                'category_id': 1,
                'keypoints': person.ravel().tolist(),
                'score': 2.5,
                'box': [0, 0, 1, 1],
                **({'idx': [p + 1]} if ids else {}),
            }
            for t, frame in enumerate(points)
            for p, person in enumerate(frame)
        ]
    )


def coco(points):
    return dump(
        [
            {
                'image_id': t,
                'category_id': 1,
                'keypoints': person.ravel().tolist(),
                'score': 0.9,
            }
            for t, frame in enumerate(points)
            for person in frame
        ]
    )


def coco_annotations(points, names=None):
    visible = np.where(points[..., 2:] > 0, 2, 0)
    flags = np.concatenate([points[..., :2], visible], axis=-1)
    return dump(
        {
            'images': [
                {'id': 7 * t, 'file_name': f'a/{t:06d}.png'}
                | {'width': 1920, 'height': 1080}
                for t in range(len(points))
            ],
            'annotations': [
                {
                    'id': 100 * t + p,
                    'image_id': 7 * t,
                    'keypoints': person.ravel().tolist(),
                    'track_id': p + 1,
                }
                for t, frame in enumerate(flags)
                for p, person in enumerate(frame)
            ],
            'categories': [{'id': 1, 'name': 'person', 'keypoints': names}],
        }
    )


def instances(frame):
    return [
        {
            'keypoints': person[:, :2].tolist(),
            'keypoint_scores': person[:, 2].tolist(),
            'bbox': [[0, 0, 1, 1]],
            'bbox_score': 0.9,
        }
        for person in frame
    ]


def mmpose(points, dataset=None):
    entries = [
        {'frame_id': t, 'instances': instances(frame)}
        for t, frame in enumerate(points)
    ]
    if dataset is None:
        return dump(entries)
    return dump(
        {'meta_info': {'dataset_name': dataset}, 'instance_info': entries}
    )


def mmpose_image(frame):
    return dump(instances(frame))


def openpose(frame):
    people = [
        {
            'person_id': [-1],
            'pose_keypoints_2d': person.ravel().tolist(),
            'face_keypoints_2d': [],
        }
        for person in frame
    ]
    return dump({'version': 1.3, 'people': people})


def ultralytics(points, ids=True):
    return dump(
        [
            [
                {
                    'name': 'person',
                    'class': 0,
                    'confidence': 0.9,
                    'box': {'x1': 0, 'y1': 0, 'x2': 1, 'y2': 1},
                    **({'track_id': p + 1} if ids else {}),
                    'keypoints': {
                        'x': person[:, 0].tolist(),
                        'y': person[:, 1].tolist(),
                        'visible': person[:, 2].tolist(),
                    },
                }
                for p, person in enumerate(frame)
            ]
            for frame in points
        ]
    )


def mediapipe(points, size, wrap=False):
    frames = [
        [
            [
                {
                    'x': x / size[0],
                    'y': y / size[1],
                    'z': 0.0,
                    'visibility': s,
                }
                for x, y, s in person
            ]
            for person in frame
        ]
        for frame in points
    ]
    if wrap:
        return dump([{'pose_landmarks': frame} for frame in frames])
    return dump(frames)


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def detectron(points, size=(1920, 1080), box=0.999):
    # The peak of a normal distribution in cells of 1800 / 56 mm, of the
    # standard deviation that has this confidence.
    cells = -60 * np.log(points[..., 2:]) * 56 / 1800
    scores = 1 / (2 * np.pi * cells**2)
    logits = np.zeros_like(scores)
    rows = np.concatenate([points[..., :2], logits, scores], axis=-1)
    found, boxes = np.empty((2, len(points), 2), dtype=object)
    for t, frame in enumerate(rows):
        found[t] = [], frame.transpose(0, 2, 1).astype(np.float32)
        boxes[t] = [], np.full((len(frame), 5), box, np.float32)
    return npz(
        keypoints=found,
        boxes=boxes,
        metadata=np.array({'w': size[0], 'h': size[1]}, dtype=object),
    )


def videopose3d(points):
    video = points[:, 0, :, :2]
    return npz(
        positions_2d=np.array({'a.mp4': {'custom': [video]}}, dtype=object),
        metadata=np.array(
            {
                'layout_name': 'coco',
                'video_metadata': {'a.mp4': {'w': 1920, 'h': 1080}},
            },
            dtype=object,
        ),
    )


def long_table(points, names, person=True):
    lines = ['frame,' + 'person,' * person + 'joint,x,y,score']
    for t, p, j in np.ndindex(points.shape[:3]):
        values = ','.join(map(repr, points[t, p, j].tolist()))
        who = f'{p + 1},' * person
        lines.append(f'{t},{who}{names[j]},{values}')
    return '\n'.join(lines).encode()


def wide_table(points, names):
    header = [f'{n}_x,{n}_y,{n}_score' for n in names]
    lines = ['frame,track_id,' + ','.join(header)]
    for t, p in np.ndindex(points.shape[:2]):
        values = ','.join(map(repr, points[t, p].ravel().tolist()))
        lines.append(f'{t},{p + 1},{values}')
    return '\r\n'.join(lines).encode()


def body(frames=20):
    """A person in front of the camera: ``[T, 17, 3]``."""
    half = np.array([0, 3, 7, 18, 24, 25, 11, 12, 12])
    high = np.array([10, 7, 8, 30, 55, 80, 85, 125, 163])
    x = np.empty(17)
    x[0], x[1::2], x[2::2] = 0, half[1:], -half[1:]
    y = np.r_[10, np.repeat(high[1:], 2)]
    xy = 2.0 * np.stack([x, y], axis=1) + [300, 100]
    sway = 3 * np.sin(np.arange(frames) / 3)[:, None, None]
    return np.pad(xy + sway, ((0, 0), (0, 0), (0, 1)), constant_values=0.8)


def check_people(keypoints, points, frames=None, score=True):
    """Asserts that tracks are the people of points, ``[T, P, N, 3]``."""
    frames = np.arange(len(points)) if frames is None else frames
    assert len(keypoints.tracks) == points.shape[1]
    tracks = sorted(keypoints.tracks, key=lambda t: np.nanmean(t.xy[..., 0]))
    for p, track in enumerate(tracks):
        np.testing.assert_array_equal(track.frames, frames)
        np.testing.assert_allclose(track.xy, points[:, p, :, :2], rtol=1e-6)
        if score:
            np.testing.assert_allclose(track.score, points[:, p, :, 2], 1e-6)


def lines(records):
    return '\n'.join(map(json.dumps, records)).encode()


def in_frames(make):
    return [[make(person, p) for p, person in enumerate(t)] for t in POINTS]


def movenet(person, p, names=SNAKE):
    marks = [
        {'y': y, 'x': x, 'score': s, 'name': name}
        for (x, y, s), name in zip(person.tolist(), names, strict=True)
    ]
    return {'score': 0.8, 'keypoints': marks[::-1], 'id': p + 1}


def record(t, p, frame='frame', track='track', **more):
    return {frame: t, track: f'{p}', 'keypoints': POINTS[t, p].tolist()} | more
