import warnings
from pathlib import Path

import numpy as np
import pytest

from pyg_hcsf.keypoints import read_keypoints
from tests.keypoints import keypoint_files as formats
from tests.keypoints.keypoint_files import COCO, SNAKE
from tests.keypoints.readers.test_deeplabcut import deeplabcut
from tests.keypoints.readers.test_json_text import LINES

SIZE = (1920.0, 1080.0)
POINTS = formats.some_people()
WITH_33 = formats.some_people(33)

# By name: the file, what is passed, the source, the layout, people with ids.
FORMATS = {
    'alphapose': (formats.alphapose(POINTS), {}, 'alphapose', None),
    'alphapose ids': (formats.alphapose(POINTS, True), {}, 'alphapose', None),
    'coco': (formats.coco(POINTS), {}, 'coco', None),
    'coco annotations': (
        formats.coco_annotations(POINTS, SNAKE),
        {},
        'coco annotations',
        'coco17',
    ),
    'mmpose': (formats.mmpose(POINTS), {}, 'mmpose', None),
    'mmpose demo': (formats.mmpose(POINTS, 'coco'), {}, 'mmpose', 'coco17'),
    'ultralytics': (formats.ultralytics(POINTS), {}, 'ultralytics', None),
    'mediapipe': (
        formats.mediapipe(WITH_33, SIZE),
        {'image_size': SIZE},
        'mediapipe',
        'mediapipe33',
    ),
    'mediapipe dict': (
        formats.mediapipe(WITH_33, SIZE, wrap=True),
        {'image_size': SIZE},
        'mediapipe',
        'mediapipe33',
    ),
    'npz': (formats.npz(keypoints=POINTS), {}, 'npz', None),
    'npz ids': (
        formats.npz(
            keypoints=POINTS[..., :2],
            scores=POINTS[..., 2],
            track_ids=[4, 9],
            layout='coco17',
            image_size=SIZE,
            fps=50,
        ),
        {},
        'npz',
        'coco17',
    ),
    'detectron': (formats.detectron(POINTS), {}, 'detectron', 'coco17'),
    'long': (formats.long_table(POINTS, COCO), {}, 'csv', 'coco17'),
    'long numbers': (
        formats.long_table(POINTS, range(17)),
        {},
        'csv',
        None,
    ),
    'wide': (formats.wide_table(POINTS, SNAKE), {}, 'csv', 'coco17'),
}


def write(tmp_path, content, name='file'):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize('name', FORMATS)
def test_formats(tmp_path, name):
    content, options, source, layout = FORMATS[name]
    if layout is None:
        options = {**options, 'layout': 'coco17'}
    k = read_keypoints(write(tmp_path, content), **options)
    points = WITH_33 if source == 'mediapipe' else POINTS
    assert k.source == source
    assert k.layout == (layout or 'coco17')
    assert len(k.tracks) == 2
    for p, track in enumerate(sorted(k.tracks, key=lambda t: t.xy[0, 0, 0])):
        np.testing.assert_array_equal(track.frames, np.arange(6))
        np.testing.assert_allclose(track.xy, points[:, p, :, :2], rtol=1e-6)
        if source == 'coco annotations':
            assert (track.score == 1).all()
        else:
            np.testing.assert_allclose(track.score, points[:, p, :, 2], 1e-6)


def test_what_files_tell(tmp_path):
    k = read_keypoints(write(tmp_path, FORMATS['npz ids'][0]))
    assert [t.name for t in k.tracks] == ['4', '9']
    assert (k.image_size, k.fps) == (SIZE, 50.0)
    with pytest.warns(
        UserWarning, match="'fps' is 25, but in the file it is 50"
    ):
        k = read_keypoints(
            write(tmp_path, FORMATS['npz ids'][0]), image_size=(8, 9), fps=25
        )
    assert (k.image_size, k.fps) == ((8.0, 9.0), 25)
    assert (
        read_keypoints(
            write(tmp_path, FORMATS['coco annotations'][0])
        ).image_size
        == SIZE
    )


def test_folder_of_mmpose(tmp_path):
    for t, frame in enumerate(POINTS):
        write(tmp_path, formats.mmpose_image(frame), f'{t}.json')
    k = read_keypoints(tmp_path, layout='coco17')
    assert (k.source, len(k.tracks)) == ('mmpose', 2)
    np.testing.assert_array_equal(k.tracks[0].frames, np.arange(6))


def test_folders_of_two_videos(tmp_path):
    for video in 'ab':
        name = f'{video}_000000000000_keypoints.json'
        write(tmp_path, formats.openpose(formats.some_people(25)[0]), name)
    with pytest.raises(ValueError, match='of one video'):
        read_keypoints(tmp_path)
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ValueError, match=r'got 0'):
        read_keypoints(tmp_path / 'empty')


def test_missing_joints(tmp_path):
    points = POINTS.copy()
    points[0, 0, 3] = 0
    points[0, 0, 4] = np.nan
    points[0, 0, 5, 2] = 0
    points[0, 0, 6, 2] = 1.4
    k = read_keypoints(
        write(tmp_path, formats.alphapose(points, True)), layout='coco17'
    )
    track = k.tracks[0]
    assert np.isnan(track.xy[0, 3:6]).all()
    assert (track.score[0, 3:7] == (0, 0, 0, 1)).all()
    k = read_keypoints(
        write(tmp_path, formats.npz(keypoints=points[..., :2])),
        layout='coco17',
    )
    assert np.isnan(k.tracks[0].xy[0, 3:5]).all()
    assert k.tracks[0].score[0, 5] == 1  # without scores, it is there


@pytest.mark.parametrize('layout', [None, 'halpe26'])
def test_whole_body(tmp_path, layout):
    points = formats.some_people(136)
    path = write(tmp_path, formats.alphapose(points, True))
    k = read_keypoints(path, layout)
    assert k.layout == 'halpe26'
    np.testing.assert_allclose(k.tracks[0].xy, points[:, 0, :26, :2])


def test_names_of_images(tmp_path):
    # The number that changes counts, whatever its width: 7 to 12.
    content = formats.alphapose(POINTS, True)
    for t in reversed(range(6)):
        name = f'"{t}.jpg"'.encode()
        content = content.replace(name, f'"s1/cam3_{t + 7}_hd2.jpg"'.encode())
    k = read_keypoints(write(tmp_path, content), layout='coco17')
    np.testing.assert_array_equal(k.tracks[0].frames, np.arange(7, 13))
    np.testing.assert_allclose(k.tracks[0].xy, POINTS[:, 0, :, :2])
    for t, name in zip(range(7, 13), 'qwerty', strict=True):
        content = content.replace(f'cam3_{t}_hd2'.encode(), name.encode())
    with pytest.warns(UserWarning, match='have no frame numbers'):
        k = read_keypoints(write(tmp_path, content), layout='coco17')
    np.testing.assert_array_equal(k.tracks[0].frames, np.arange(6))


def test_images_of_two_videos_in_a_file(tmp_path):
    content = formats.alphapose(POINTS, True)
    for t in range(6):
        video = 'walk' if t < 3 else 'run'
        name = f'"{video}/{t % 3}.jpg"'.encode()
        content = content.replace(f'"{t}.jpg"'.encode(), name)
    with pytest.raises(ValueError, match=r"one video \(got 2: 'walk/\*'"):
        read_keypoints(write(tmp_path, content), layout='coco17')


@pytest.mark.parametrize(
    'content, options, reason',
    [
        (b'', {}, 'is empty'),
        (b'[{"image_id": 1, ', {}, 'line 1 column'),
        (b'[' * 10_000, {}, 'not valid JSON'),
        (b'{"a": 1}', {}, 'not as OpenPose'),
        (b'[]', {}, 'not as OpenPose'),
        (b'{"images": [], "annotations": [{}]}', {}, "list 'images'"),
        (b'\x80\x04text', {}, 'Refused the pickle'),
        (b'\0\0\0\x20ftypisom', {}, 'a pose detector first'),
        (b'{"format": "pyg_hcsf.poses"}', {}, 'pyg-hcsf view plays them'),
        (formats.npz(pose_0=np.ones((5, 17, 3))), {}, '3D poses, not 2D'),
        (b'\x93NUMPY', {}, 'save an array'),
        (formats.npz(xy=np.ones(3)), {}, "no array 'keypoints'"),
        (formats.npz(keypoints=np.ones((5, 3))), {}, r'\[5, 3\]'),
        (formats.npz(keypoints=np.zeros((5, 17, 2))), {}, 'nobody'),
        (formats.npz(keypoints=np.ones((5, 9, 2))), {}, 'has 9 joints'),
        (
            formats.npz(keypoints=np.ones((5, 17, 2)), frames=np.ones(4)),
            {},
            "'frames'",
        ),
        (
            formats.npz(keypoints=np.full((5, 17, 2), 1e9)),
            {},
            'pixels up to 1e',
        ),
        (
            formats.npz(keypoints=np.ones((5, 17, 2))),
            {'layout': 'body25'},
            "25 joints of layout 'body25'",
        ),
        (formats.mediapipe(WITH_33, SIZE), {}, "pass 'image_size'"),
        (
            formats.mediapipe(POINTS, SIZE),
            {'image_size': SIZE},
            'frame 0, person 0.*33 landmarks',
        ),
        (
            b'[{"image_id": 1, "keypoints": [1, 2]}]',
            {},
            'entry 0.*x, y and a confidence',
        ),
        (
            b'[{"image_id": -1, "keypoints": [1, 2, 1]}]',
            {},
            'entry 0.*frame number',
        ),
        (
            b'[{"frame_id": 0, "instances": [{"keypoints": [[1]]}]}]',
            {},
            'entry 0, person 0',
        ),
        (b'frame,joint,x,y\n0,Nose,1\n', {}, 'line 2.*4 fields'),
        (b'frame,joint,x,y\n0,Nose,1,z\n', {}, "line 2.*'z'"),
        (b'frame,joint,x,y\n0.5,Nose,1,2\n', {}, 'line 2.*got 0.5'),
        (b'joint,x,y\n1,1,2\n', {}, "called 'frame'"),
        (b'frame,a,b\n1,1,2\n', {}, 'nose_x'),
        (
            b'frame,joint,x,y\n0,Nose,1,2\n0,Nose,1,2\n',
            {},
            'line 3.*comes twice',
        ),
    ],
)
def test_wrong_contents(tmp_path, content, options, reason):
    path = write(tmp_path, content)
    with pytest.raises(ValueError, match=rf"(?s)'{path}.*{reason}"):
        read_keypoints(path, **options)


@pytest.mark.parametrize(
    'options, reason',
    [
        ({'layout': 'ntu25'}, "'layout' to be one of"),
        ({'image_size': (0, 5)}, "'image_size'"),
        ({'fps': 0}, "'fps' to be positive"),
    ],
)
def test_wrong_arguments(tmp_path, options, reason):
    with pytest.raises(ValueError, match=reason):
        read_keypoints(tmp_path / 'no', **options)


def test_nothing_there(tmp_path):
    with pytest.raises(ValueError, match='No such file'):
        read_keypoints(tmp_path / 'no')


def test_no_pickle_is_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / 'evil',))

    array = np.empty(1, dtype=object)
    array[0] = Evil()
    path = write(tmp_path, formats.npz(keypoints=array))
    with pytest.raises(ValueError, match='Refused the pickle'):
        read_keypoints(path)
    assert not (tmp_path / 'evil').exists()


def labels(frame):
    rows = (person.ravel() / 1000 for person in frame)
    text = '\n'.join(' '.join(map(str, [0, 0, 0, 0, 0, *r])) for r in rows)
    return text.encode()


FUZZED = {
    **{name: FORMATS[name][:2] for name in FORMATS if name != 'long numbers'},
    'openpose': (formats.openpose(POINTS[0]), {}),
    'videopose3d': (formats.videopose3d(POINTS), {}),
    'lines': (LINES, {}),
    'labels': (labels(POINTS[0]), {'image_size': SIZE}),
    'deeplabcut': (deeplabcut({'only': 0}), {}),
    'axes': (formats.npz(reconstruction=POINTS[None, :, 0]), {}),
}


@pytest.mark.parametrize('name', FUZZED)
def test_damaged_keypoints(fuzz, tmp_path, name):
    content, options = FUZZED[name]
    layout = 'mediapipe33' if name.startswith('mediapipe') else 'coco17'
    path = tmp_path / 'file'

    def read(bad):
        path.write_bytes(bad)
        with warnings.catch_warnings():  # of what is left out
            warnings.simplefilter('ignore', UserWarning)
            return read_keypoints(path, layout, **options)

    def check(k):
        for track in k.tracks:
            missing = np.isnan(track.xy).any(axis=-1)
            assert np.isfinite(track.xy[~missing]).all()
            assert np.array_equal(missing, track.score == 0)
            assert (track.score <= 1).all()
            assert (np.diff(track.frames) > 0).all()

    fuzz(read, content, check, str(path))
