"""Pickles, ``.npy`` and ``.gz`` files."""

import gzip
import io
import pickle

import numpy as np
import pytest

from pyg_hcsf.keypoints.readers import python_values
from tests.keypoints import keypoint_files as formats
from tests.keypoints.keypoint_files import POINTS, SIZE, check_people, read

FLOATS = POINTS.astype(np.float32)


def npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def objects(values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def clip(name='a'):
    """An entry of MMAction2's and PySKL's pickles."""
    return {
        'frame_dir': name,
        'label': 3,
        'img_shape': (720, 1280),
        'original_shape': (720, 1280),
        'total_frames': 8,
        'keypoint': FLOATS[..., :2].swapaxes(0, 1),
        'keypoint_score': FLOATS[..., 2].swapaxes(0, 1),
    }


FILES = {
    'array': FLOATS,
    'MMPose 0.x': [
        [{'keypoints': p, 'bbox': np.zeros(5)} for p in f] for f in FLOATS
    ],
    'MMPose 1.x': [
        {
            'pred_instances': {
                'keypoints': f[..., :2],
                'keypoint_scores': f[..., 2],
            },
            'img_path': f'a/{t:06d}.jpg',
            'ori_shape': (720, 1280),
        }
        for t, f in enumerate(FLOATS)
    ],
    'MMAction2': clip(),
    'arrays': {'keypoints': FLOATS[..., :2], 'scores': FLOATS[..., 2]},
    'pair': (FLOATS[..., :2], FLOATS[..., 2]),
    'pairs': [(f[..., :2], f[..., 2]) for f in FLOATS],
    'by frame': {
        t: [{'keypoints': p, 'track_id': np.int64(n)} for n, p in enumerate(f)]
        for t, f in enumerate(FLOATS)
    },
    'by person': {
        n: {'joints2d': FLOATS[:, n], 'frame_ids': np.arange(8)}
        for n in range(2)
    },
}


@pytest.mark.parametrize('protocol', [0, 2, 5])
@pytest.mark.parametrize('name', FILES)
def test_pickles(tmp_path, name, protocol):
    k = read(tmp_path, pickle.dumps(FILES[name], protocol), 'coco17')
    check_people(k, FLOATS)
    sized = name in ('MMPose 1.x', 'MMAction2')
    assert k.image_size == (SIZE if sized else None)


@pytest.mark.parametrize(
    'array',
    [FLOATS, objects(list(FLOATS)), objects(FILES['MMPose 0.x'])],
    ids=['numbers', 'frames', 'dictionaries'],
)
def test_npy(tmp_path, array):
    check_people(read(tmp_path, npy(array), 'coco17'), FLOATS)
    check_people(
        read(tmp_path, gzip.compress(npy(array), mtime=0), 'coco17'), FLOATS
    )


def test_npy_of_a_dictionary(tmp_path):
    array = np.array(FILES['arrays'], dtype=object)
    check_people(read(tmp_path, npy(array), 'coco17'), FLOATS)


def test_clips_of_several_videos(tmp_path):
    data = {'split': {'train': ['a', 'b']}, 'annotations': [clip(), clip('b')]}
    with pytest.raises(ValueError, match=r"one video \(got 2: \"'a'\""):
        read(tmp_path, pickle.dumps(data))


@pytest.mark.parametrize(
    'content',
    [
        formats.alphapose(POINTS),
        formats.npz(keypoints=POINTS),
        formats.wide_table(POINTS, formats.SNAKE),
    ],
)
def test_gzip(tmp_path, content):
    check_people(
        read(tmp_path, gzip.compress(content, mtime=0), 'coco17'), POINTS
    )


@pytest.mark.parametrize(
    'content, reason',
    [
        (
            gzip.compress(b'[' + b' ' * 10**8, mtime=0),
            'decompresses to more than',
        ),
        (gzip.compress(b'[1]', mtime=0)[:-5], 'cannot be decompressed'),
        (pickle.dumps(np.zeros), 'Refused the pickle.*numpy.savez'),
        (pickle.dumps({'a': {1, 2}}), 'expected numbers, texts and lists'),
        (pickle.dumps({'joints3d': np.ones((8, 17, 3))}), '3D positions'),
        (npy(FLOATS)[:-4], 'its content is not read.*numpy.savez'),
    ],
)
def test_refused(tmp_path, content, reason):
    with pytest.raises(ValueError, match=rf"(?s)'{tmp_path}.*{reason}"):
        read(tmp_path, content)


def test_too_deep_or_large(tmp_path, monkeypatch):
    deep = 1
    for _ in range(100):
        deep = [deep]
    with pytest.raises(ValueError, match='more than 40 lists'):
        read(tmp_path, pickle.dumps(deep))
    monkeypatch.setattr(python_values, 'MAX_NUMBERS', 100)
    with pytest.raises(ValueError, match='more than 100 numbers'):
        read(tmp_path, pickle.dumps([FLOATS]))
