"""Files as each producer writes them, in all versions that are known."""

import json
import time

import numpy as np
import pytest

from pyg_hcsf.keypoints import read_keypoints
from pyg_hcsf.skeleton import get_skeleton
from tests.keypoints import keypoint_files as formats
from tests.keypoints.keypoint_files import body, check_people

POINTS = formats.some_people(frames=8)  # [T, P, N, 3]
SIZE = (1280.0, 720.0)
FRAMES = np.arange(8)
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
dump = formats.dump


def flat(person):
    return person.ravel().tolist()


def lines(records):
    return '\n'.join(map(json.dumps, records)).encode()


def in_frames(make):
    return [[make(person, p) for p, person in enumerate(t)] for t in POINTS]


def by_image(make):
    return {f'im_{t}.jpg': make(POINTS[t]) for t in range(7, -1, -1)}


def movenet(person, p, names=SNAKE):
    marks = [
        {'y': y, 'x': x, 'score': s, 'name': name}
        for (x, y, s), name in zip(person.tolist(), names, strict=True)
    ]
    return {'score': 0.8, 'keypoints': marks[::-1], 'id': p + 1}


def posenet(person, p):
    marks = [
        {'score': s, 'part': name, 'position': {'x': x, 'y': y}}
        for (x, y, s), name in zip(person.tolist(), CAMEL, strict=True)
    ]
    return {'score': 0.9, 'keypoints': marks}


def record(t, p, frame='frame', track='track', **more):
    return {frame: t, track: f'{p}', 'keypoints': POINTS[t, p].tolist()} | more


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
        'records',
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
    path = tmp_path / 'file'
    path.write_bytes(content if isinstance(content, bytes) else dump(content))
    k = read_keypoints(path, None if 'net' in name else 'coco17')
    assert (k.source, k.layout) == (source, 'coco17')
    points = POINTS[:, :1] if name == 'named joints' else POINTS
    check_people(k, points, FRAMES + sum(first))
    assert k.image_size == (SIZE if name == 'canvas' else None)
    rates = {'frames and people': 30, 'movenet poses': 10}
    assert k.fps == rates.get(name)


def test_results_with_the_size_of_images(tmp_path):
    results = json.loads(formats.coco(POINTS))
    path = tmp_path / 'file'
    for entry in results:
        entry['image_size'] = [1088, 1920]
    path.write_bytes(dump(results))
    assert read_keypoints(path, 'coco17').image_size == (1088, 1920)
    results[0]['image_size'] = [1920, 1088]  # not of one video: not known
    path.write_bytes(dump(results))
    assert read_keypoints(path, 'coco17').image_size is None


@pytest.mark.parametrize('ids', [True, False])
def test_ten_thousand_frames(tmp_path, ids):
    points = formats.some_people(frames=10_000)
    path = tmp_path / 'file'
    path.write_bytes(formats.alphapose(points, ids))
    start = time.process_time()
    k = read_keypoints(path, 'coco17')
    assert time.process_time() - start < 20
    check_people(k, points)


def test_utf16(tmp_path):
    path = tmp_path / 'file'
    content = FILES['lines'][0].decode().replace('\n', '\r\n')
    path.write_bytes(content.encode('utf-16'))
    check_people(read_keypoints(path, 'coco17'), POINTS)


def test_every_second_frame(tmp_path):
    points = formats.some_people(33, people=1)
    frames = json.loads(formats.mediapipe(points, SIZE))
    path = tmp_path / 'file'
    for make in (
        lambda t, pose: {'frame': 2 * t, 'pose_landmarks': pose[0]},
        lambda t, pose: {
            'frame': 2 * t,
            'poseLandmarks': {'landmark': pose[0]},
        },
        lambda t, pose: {
            'frame': 2 * t,
            'landmarks': [
                [[m['x'], m['y'], 0.3, m['visibility']] for m in pose[0]]
            ],
            'worldLandmarks': [],
        },
    ):
        path.write_bytes(
            dump([make(t, pose) for t, pose in enumerate(frames)])
        )
        k = read_keypoints(path, image_size=SIZE)
        assert (k.source, k.layout) == ('mediapipe', 'mediapipe33')
        check_people(k, points, 2 * np.arange(6))
    with pytest.raises(ValueError, match="pass 'image_size'"):
        read_keypoints(path)


def test_one_pose_a_frame(tmp_path):
    # Of one person a frame; the same of several in one image are an image.
    path = tmp_path / 'file'
    path.write_bytes(dump([movenet(f[0], 0) for f in POINTS]))
    with pytest.warns(UserWarning, match='one person in successive frames'):
        check_people(read_keypoints(path), POINTS[:, :1])
    path.write_bytes(dump([movenet(p, n) for n, p in enumerate(POINTS[0])]))
    check_people(read_keypoints(path), POINTS[:1])


def test_joints_that_are_left_out(tmp_path):
    # As PoseNet's users do with those of a low score.
    poses = [
        {'frame': t, 'keypoints': movenet(POINTS[t, 0], 0)['keypoints']}
        for t in range(8)
    ]
    del poses[3]['keypoints'][0]  # RAnkle
    path = tmp_path / 'file'
    path.write_bytes(dump(poses))
    (track,) = read_keypoints(path).tracks
    assert np.argwhere(track.score == 0).tolist() == [[3, 16]]
    np.testing.assert_allclose(track.xy[3, :16], POINTS[3, 0, :16, :2])


def test_unknown_keys_are_named(tmp_path):
    path = tmp_path / 'file'
    path.write_bytes(lines(record(t, 0, gait=1) for t in range(8)))
    with pytest.warns(UserWarning, match="keys are not read: 'gait'"):
        read_keypoints(path, 'coco17')


def test_three_dimensions_are_no_confidence(tmp_path):
    entries = json.loads(formats.mmpose(POINTS))
    for entry in entries:
        for person in entry['instances']:
            person['keypoints'] = [[x, y, 7] for x, y in person['keypoints']]
    path = tmp_path / 'file'
    path.write_bytes(dump(entries))
    with pytest.raises(ValueError, match='entry 0, person 0.*3D'):
        read_keypoints(path)


def test_cut_lines(tmp_path):
    path = tmp_path / 'file'
    content = FILES['lines'][0]
    path.write_bytes(content[:-40])
    with pytest.warns(UserWarning, match='last line, 16, is incomplete'):
        k = read_keypoints(path, 'coco17')
    assert [len(t.frames) for t in k.tracks] == [8, 7]
    path.write_bytes(content.replace(b'"track"', b'track', 1))
    with pytest.raises(ValueError, match='line 1, column'):
        read_keypoints(path, 'coco17')


POSETRACK = (
    *('nose', 'head_bottom', 'head_top', 'left_ear', 'right_ear'),
    *SNAKE[5:],
)


def posetrack(points, video='000001', **image):
    images = [
        {'frame_id': 10**10 + t, 'vid_id': video, 'is_labeled': True}
        | {'file_name': f'images/val/{video}_mpii/{t:06d}.jpg', 'nframes': 90}
        | image
        for t in range(len(points))
    ]
    people = [
        {'image_id': 10**10 + t, 'track_id': p, 'id': 10**12 + 9 * t + p}
        | {'keypoints': flat(np.c_[person[:, :2], np.ones(17)])}
        | {'bbox_head': [1, 2, 3, 4], 'category_id': 1, 'scores': []}
        for t, frame in enumerate(points)
        for p, person in enumerate(frame)
    ]
    names = [{'name': 'person', 'keypoints': list(POSETRACK)}]
    return {'images': images, 'annotations': people, 'categories': names}


def test_posetrack(tmp_path):
    path = tmp_path / 'file'
    path.write_bytes(dump(posetrack(POINTS)))
    with pytest.warns(UserWarning) as said:
        k = read_keypoints(path)
    assert any('lacks LEye, REye' in str(w.message) for w in said)
    assert any("'head_bottom', 'head_top'" in str(w.message) for w in said)
    assert k.layout == 'coco17'
    order = [0, -1, -1, *range(3, 17)]
    points = np.where(
        np.array(order)[:, None] < 0, np.nan, POINTS[:, :, order]
    )
    check_people(k, points, score=False)
    data = posetrack(POINTS)
    data['images'][3]['vid_id'] = '000002'
    path.write_bytes(dump(data))
    with pytest.raises(ValueError, match="one video .got 2: \"'000001'"):
        read_keypoints(path)


@pytest.mark.parametrize('more', ['', ' {conf}', ' {id}', ' {conf} {id}'])
@pytest.mark.parametrize('width', [2, 3])
def test_labels_of_ultralytics(tmp_path, more, width):
    points = POINTS / [*SIZE, 1]
    for t, frame in enumerate(points):
        rows = []
        for p, person in enumerate(frame):
            numbers = ' '.join(map('{:.9g}'.format, person[:, :width].ravel()))
            end = more.format(conf=0.93, id=p + 1)
            rows.append(f'0 0.5 0.5 0.2 0.7 {numbers}{end}\n')
        (tmp_path / f'video_{t + 7}.txt').write_text(''.join(rows))
    k = read_keypoints(tmp_path, image_size=SIZE)
    assert (k.source, k.layout) == ('ultralytics labels', 'coco17')
    check_people(k, POINTS, FRAMES + 7, score=width == 3)
    assert '2' in {t.name for t in k.tracks}
    with pytest.raises(ValueError, match="pass 'image_size'"):
        read_keypoints(tmp_path)


@pytest.mark.parametrize('square', [True, False])
def test_videopose3d_in_parts_of_the_image(tmp_path, square):
    # VideoPose3D divides by the width only, which limbs tell.
    points = body()
    size = np.array([1920, 1920 if square else 1080])
    path = tmp_path / 'file'
    path.write_bytes(formats.videopose3d((points / [*size, 1])[:, None]))
    with pytest.warns(UserWarning, match=f'by 1920 and {size[1]} pixels'):
        k = read_keypoints(path)
    check_people(k, points[:, None], score=False)


def test_openpose_of_other_models(tmp_path):
    # As of RTMLib and Pose2Sim: 17 joints, one of which is never seen.
    points = body()
    points[:, 3] = 0
    for t, person in enumerate(points):
        name = tmp_path / f'cam1_{t:06d}_keypoints.json'
        name.write_bytes(formats.openpose(person[None]))
    k = read_keypoints(tmp_path)
    assert k.layout == 'coco17'
    points[:, 3, :2] = np.nan
    check_people(k, points[:, None])


@pytest.mark.parametrize('scale', [1.0, 1e3])
def test_time_stamps_keep_gaps(tmp_path, scale):
    gap = np.array([0, 2, 4, 6, 12, 14, 16, 18])  # every second frame
    data = [
        {'timestamp': scale * t / 30, 'people': [person.tolist()]}
        for t, person in zip(gap, POINTS[:, 0], strict=True)
    ]
    path = tmp_path / 'file'
    path.write_bytes(dump(data))
    with pytest.warns(UserWarning, match='time stamps, with gaps'):
        k = read_keypoints(path, 'coco17')
    check_people(k, POINTS[:, :1], gap // 2)
    assert k.fps == pytest.approx(15)


def test_texts_of_json(tmp_path):
    # As of json.dump([r.to_json() for r in results]) and print(r.to_json()).
    path = tmp_path / 'file'
    frames = in_frames(movenet)
    path.write_bytes(dump([json.dumps(frame) for frame in frames]))
    check_people(read_keypoints(path), POINTS)
    path.write_bytes(dump(json.dumps(frames)))
    check_people(read_keypoints(path), POINTS)
    path.write_bytes(dump([json.dumps(frames[0])[:-9]]))
    with pytest.raises(ValueError, match='not valid JSON'):
        read_keypoints(path)


def test_pose_results(tmp_path):
    path = tmp_path / 'file'
    frames = [
        {'frame': t, 'pose_results': [{'keypoints': p.tolist()} for p in f]}
        for t, f in enumerate(POINTS)
    ]
    path.write_bytes(dump(frames))
    check_people(read_keypoints(path, 'coco17'), POINTS)


@pytest.mark.parametrize('form', ['frames', 'frames and names'])
def test_landmarks_in_mappings(tmp_path, form):
    points = formats.some_people(33, people=1)
    frames = json.loads(formats.mediapipe(points, SIZE))
    if 'names' in form:
        names = get_skeleton('mediapipe33').joints
        frames = [
            {'landmarks': dict(zip(names, f[0], strict=True))} for f in frames
        ]
    data = {str(3 * t): frame for t, frame in enumerate(frames)}
    path = tmp_path / 'file'
    path.write_bytes(dump(data))
    k = read_keypoints(path, image_size=SIZE)
    check_people(k, points, 3 * np.arange(len(points)))


def test_visibilities_that_are_logits(tmp_path):
    points = formats.some_people(33, people=1)
    points[..., 2] = np.linspace(0.1, 0.95, 33)
    frames = json.loads(formats.mediapipe(points, SIZE))
    for (pose,) in frames:
        for mark in pose:
            v = mark['visibility']
            mark['visibility'] = float(np.log(v / (1 - v)))
    path = tmp_path / 'file'
    path.write_bytes(dump(frames))
    with pytest.warns(UserWarning, match='taken as logits'):
        k = read_keypoints(path, image_size=SIZE)
    check_people(k, points)
