import os
import time
import zlib

import h5py
import numpy as np
import pytest

from pyg_hcsf.datasets.ntu.formats import find_sgn
from pyg_hcsf.datasets.ntu.sgn import SETS
from pyg_hcsf.safe_io import hdf5


def h5(path, names=SETS):
    with h5py.File(path, 'w') as content:
        for name in names:
            content[name] = np.zeros(3)
    return path


@pytest.fixture
def children(monkeypatch):
    """The processes that are started."""
    started = []

    class Popen(hdf5.subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            started.append(self)

    monkeypatch.setattr(hdf5.subprocess, 'Popen', Popen)
    return started


def test_find_sgn(tmp_path, children):
    (tmp_path / 'deep').mkdir()
    found = [h5(tmp_path / 'NTU_CS.h5'), h5(tmp_path / 'deep' / 'a.H5')]
    h5(tmp_path / 'others.h5', SETS[1:])
    h5(tmp_path / 'NTU_CV.hdf5')
    (tmp_path / 'cut.h5').write_bytes(found[0].read_bytes()[:-99])
    (tmp_path / 'empty.h5').touch()
    (tmp_path / 'text.h5').write_text('text')
    (tmp_path / 'gone.h5').symlink_to(tmp_path / 'nothing')
    os.mkfifo(tmp_path / 'fifo.h5')  # nobody writes to it
    (tmp_path / 'folder.h5').mkdir()
    assert find_sgn(tmp_path) == found
    assert find_sgn(found[0]) == found[:1]
    assert len(children) == 2
    assert all(child.returncode is not None for child in children)


def test_no_process_without_files(tmp_path, children):
    (tmp_path / 'a.npz').touch()
    assert find_sgn(tmp_path) == [] and not children


@pytest.mark.parametrize('hang', ['any(iter(int, 1))', 'os.abort()'])
def test_find_sgn_goes_on_after_a_hang(tmp_path, monkeypatch, children, hang):
    good, bad = h5(tmp_path / 'b.h5'), h5(tmp_path / 'a.h5')
    text = hdf5.WORKER.read_text()
    old = '        size = os.path.getsize(path)'
    assert old in text
    worker = tmp_path / 'worker.py'
    new = f"        if path.endswith('a.h5'):\n            {hang}\n{old}"
    worker.write_text(text.replace(old, new))
    monkeypatch.setattr(hdf5, 'WORKER', worker)
    start = time.monotonic()
    assert bad.exists() and find_sgn(tmp_path) == [good]
    assert time.monotonic() - start < 30 and len(children) == 2


def test_find_sgn_unpacks_nothing(tmp_path):
    path = h5(tmp_path / 'a.h5', SETS[1:])
    packer = zlib.compressobj(1)
    bomb = b''.join(packer.compress(bytes(2**20)) for _ in range(64))
    with h5py.File(path, 'a') as content:
        data = content.create_dataset(
            'x', (64,), 'f8', chunks=(64,), compression=1
        )
        data.id.write_direct_chunk((0,), bomb + packer.flush())
    assert find_sgn(tmp_path) == [path]


def test_find_sgn_on_damaged_files(fuzz, tmp_path):
    path = h5(tmp_path / 'a.h5')

    def read(content):
        path.write_bytes(content)
        if not (found := find_sgn(tmp_path)):
            raise ValueError(f'not {path}')
        return found

    fuzz(read, path.read_bytes(), lambda found: None, str(path), num=30)
