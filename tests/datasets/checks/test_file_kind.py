import gzip
import io
import json
import os
import pickle
import re
import zipfile
from collections import OrderedDict

import h5py
import numpy as np
import pytest
import torch
from scipy.io import savemat

from pyg_hcsf.datasets.checks.file_kind import identify_file
from pyg_hcsf.safe_io.pickle_scan import scan_pickle

LFS = (
    b'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n'
    b'size 12345\n'
)
PAGE = b'\n<!DOCTYPE html><html><head><title>Sign &amp; in</title></head>'


class Runs:
    """Unpickled as Python does it, this would leave a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def mat(compressed=True):
    stream = io.BytesIO()
    arrays = {'annot3': np.ones((40, 3)), 'cameras': np.arange(14)}
    savemat(stream, arrays, do_compression=compressed)
    return stream.getvalue()


def hdf5(userblock=0, libver='earliest'):
    stream = io.BytesIO()
    with h5py.File(
        stream, 'w', userblock_size=userblock, libver=libver
    ) as file:
        file['x'] = np.zeros(1000)
    content = stream.getvalue()
    return b'MATLAB 7.3 MAT-file' + content[19:] if userblock else content


def short():
    content = bytearray(zipped('a.txt'))
    content[content.index(b'PK\x01\x02') + 22] = 99  # of the member's size
    return bytes(content)


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def zipped(*names, content=b'some content'):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, 'w') as archive:
        for name in names:
            archive.writestr(name, content)
    return stream.getvalue()


def locked():
    content = bytearray(zipped('a.txt'))
    content[6] |= 1  # of the member
    content[content.index(b'PK\x01\x02') + 8] |= 1  # of the directory
    return bytes(content)


WHOLE = {
    'mat': (mat(), 'a MATLAB 5 file'),
    'plain mat': (mat(False), 'a MATLAB 5 file'),
    'hdf5': (hdf5(), 'an HDF5 file'),
    'mat 7.3': (hdf5(512), 'MATLAB 7.3'),
    'new hdf5': (hdf5(0, 'latest'), 'an HDF5 file'),
    'npy': (npy(np.zeros((3, 2), np.float32)), r'<f4 \[3, 2\]'),
    'objects': (npy(np.array([{}], object)), r'O \[1\]'),
    'npz': (zipped('a.npy', 'b.npy'), 'NumPy arrays: a, b'),
    'zip': (zipped('a.txt', 'b.txt'), 'zip archive of 2 files'),
    'network': (zipped('archive/data.pkl'), 'PyTorch'),
    'cdf': (b'\xcd\xf3\x00\x01\x00\x00\xff\xff' + bytes(99), 'Common Data'),
    'pickle': (pickle.dumps({'a': np.zeros(3)}), 'arrays and plain data'),
    'old pickle': (
        b"(dp0\nS'a'\np1\n" + pickle.dumps({'b': np.ones(2)}, 0)[:-1] + b's.',
        'arrays and plain data',
    ),
    'jpeg': (b'\xff\xd8\xff\xe0' + bytes(99), r'an image \(JPEG\), not'),
    'avi': (b'RIFF\0\0\0\0AVI LIST', 'a video, not poses'),
    'mp4': (b'\0\0\0\x18ftypisom', 'a video, not poses'),
    'text': (b'hello', 'text'),
    'what': (b'\0\1\2', 'of an unknown kind'),
}
BROKEN = {
    'pointer': (LFS, 'Git LFS pointer to one of 12,345 bytes', 'git lfs pull'),
    'annex': (b'/annex/objects/MD5-s3--1\n', 'git-annex', 'git annex get'),
    'page': (PAGE, 'web page: "Sign & in"', 'accepted the licence'),
    'bom': (b'\xef\xbb\xbf' + PAGE, 'web page', 'browser'),
    'xml': (b'<?xml version="1.0"?><Error><Code>No</Code>', 'error', 'again'),
    'json': (json.dumps({'error': 'no'}).encode(), 'error', 'again'),
    'empty': (b'', 'an empty file', 'download it again'),
    'zip': (zipped('a', 'b')[:-30], 'cut off or damaged', 'again'),
    'zip members': (short(), 'some are cut off', 'again'),
    'password': (locked(), '1 file, protected by a password', 'licence'),
    'escaping': (zipped('a', '../b'), 'outside of its folder', 'do not'),
    'root': (zipped('/etc/b'), 'outside of its folder', 'do not'),
    'drive': (zipped('C:\\b'), 'outside of its folder', 'do not'),
    'gzip': (gzip.compress(b'hello'), 'gzip', 'unpack'),
    '7z': (b'7z\xbc\xaf\x27\x1c' + bytes(9), '7z', 'unpack'),
    'mat': (mat()[:-9], 'cut off', 'again'),
    'plain mat': (mat(False)[:300], 'cut off', 'again'),
    'hdf5': (hdf5()[:-9], 'cut off', 'again'),
    'mat 7.3': (hdf5(512)[:-9], 'cut off', 'again'),
    'new hdf5': (hdf5(0, 'latest')[:-9], 'cut off', 'again'),
    'npy': (npy(np.zeros(9))[:-1], r'<f8 \[9\], cut off', 'again'),
    'npy header': (npy(np.zeros(9))[:20], 'damaged', 'again'),
    'pickle': (pickle.dumps([1, 2, 'abc'])[:-1], 'cut off', 'again'),
    'half': (pickle.dumps([np.zeros(9)])[:-40] + b'.', 'cut off', 'again'),
}


@pytest.mark.parametrize('name', WHOLE)
def test_complete_files(tmp_path, name):
    content, text = WHOLE[name]
    path = tmp_path / ('file.pkl' if 'pickle' in name else 'file')
    path.write_bytes(content)
    found = identify_file(path)
    assert found.remedy == ''
    assert re.search(text, found.text)


@pytest.mark.parametrize('name', BROKEN)
def test_broken_files(tmp_path, name):
    content, text, remedy = BROKEN[name]
    (tmp_path / 'file').write_bytes(content)
    found = identify_file(tmp_path / 'file')
    assert re.search(text, found.text)
    assert re.search(remedy, found.remedy)


@pytest.mark.parametrize('protocol', range(6))
def test_pickles_that_run_something(tmp_path, protocol):
    path = tmp_path / 'file.pkl'
    path.write_bytes(pickle.dumps(Runs(tmp_path / 'made'), protocol))
    found = identify_file(path)
    assert 'posix.mkdir' in found.text and 'numpy.savez' in found.remedy
    content = [OrderedDict(a=1), np.zeros(2), OrderedDict(a=2)]
    path.write_bytes(pickle.dumps(content, protocol))
    names = scan_pickle(path)
    assert names[:2] == (('collections.OrderedDict',), True)
    assert 'a' in names.texts
    torch.save(torch.zeros(3), path, _use_new_zipfile_serialization=False)
    assert identify_file(path).remedy
    assert not (tmp_path / 'made').exists()


@pytest.mark.parametrize('protocol', range(6))
def test_pickles_of_arrays(tmp_path, protocol):
    path = tmp_path / 'file.pkl'
    content = {'S1': [np.arange(6.0), np.float32(1), (1, 'a', b'b', {3})]}
    path.write_bytes(pickle.dumps(content, protocol))
    assert identify_file(path) == (
        'pickle',
        'a Python pickle with arrays and plain data',
        '',
    )


def test_names(tmp_path):
    found = identify_file(tmp_path / 'gone')
    assert (found.kind, found.remedy) == ('missing', 'check the path')
    assert identify_file(tmp_path).kind == 'folder'
    (tmp_path / 'a.zip.part').write_bytes(zipped('a'))
    assert 'not finished' in identify_file(tmp_path / 'a.zip.part').text
    (tmp_path / 'a.pkl').write_bytes(b'plain text')
    assert identify_file(tmp_path / 'a.pkl').kind == 'text'
    (tmp_path / 'a.bvh').write_bytes(b'HIERARCHY')
    assert identify_file(tmp_path / 'a.bvh').text == 'BVH motion'
    os.mkfifo(tmp_path / 'pipe')  # to open it would wait for ever
    assert identify_file(tmp_path / 'pipe').kind == 'device'


def test_links(tmp_path):
    (tmp_path / 'a').symlink_to('../.git/annex/objects/x/y')
    assert 'git annex get a' in identify_file(tmp_path / 'a').remedy
    (tmp_path / 'b').symlink_to('gone')
    assert "link to 'gone'" in identify_file(tmp_path / 'b').text


def test_parts_of_an_archive(tmp_path):
    (tmp_path / 'a.zip').write_bytes(zipped('b')[:40])
    (tmp_path / 'a.z01').write_bytes(b'x')
    found = identify_file(tmp_path / 'a.zip')
    assert 'several files' in found.text and 'join' in found.remedy
    (tmp_path / 'c.zip.001').write_bytes(zipped('b')[:40])
    assert 'several files' in identify_file(tmp_path / 'c.zip.001').text


@pytest.mark.parametrize(
    'name',
    ['mat', 'mat 7.3', 'new hdf5', 'npy', 'npz', 'pickle', 'old pickle'],
)
def test_damaged_files(tmp_path, fuzz, name):
    path = tmp_path / 'file.pkl'

    def read(content):
        path.write_bytes(content)
        found = identify_file(path)
        if found.remedy:
            raise ValueError(f'{path}: {found.text}')
        return found

    fuzz(read, WHOLE[name][0], lambda found: found.text, str(path))
