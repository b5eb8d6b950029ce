import os
import signal
import time

import h5py
import numpy as np
import pytest

from pyg_hcsf.io import hdf5
from pyg_hcsf.io.hdf5 import HDF5Process


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'a.h5'
    with h5py.File(path, 'w') as content:
        content['x'] = np.arange(12.0).reshape(3, 4)
        content['big_endian'] = np.arange(5, dtype='>i2')
        content['one'] = np.float32(7)
        content['text'] = 'text'
        content['group/y'] = np.ones(3)
        content.create_dataset('large', (2**26,), 'f8', chunks=(2**16,))
    return path


def test_reads_arrays(file):
    with HDF5Process() as process:
        found = process.read(file, ['x', 'big_endian', 'one'], 1000)
        again = process.read(file, ['x'], 96)
    np.testing.assert_array_equal(found['x'], np.arange(12.0).reshape(3, 4))
    np.testing.assert_array_equal(found['big_endian'], np.arange(5))
    assert found['one'] == 7 and found['one'].shape == ()
    np.testing.assert_array_equal(again['x'], found['x'])


@pytest.mark.parametrize(
    'names, limit, reason',
    [
        (['x'], 95, 'swells to 96 bytes, where 95'),
        (['x', 'y'], 1000, "no data set 'y'"),
        (['text'], 1000, "'text' is not a plain array"),
        (['group'], 1000, "'group' is not a plain array"),
        (['../x'], 1000, 'no data set'),
    ],
)
def test_refuses(file, names, limit, reason):
    with HDF5Process() as process:
        with pytest.raises(ValueError, match=reason):
            process.read(file, names, limit)
        assert len(process.read(file, ['x'], 96)['x']) == 3  # goes on


def test_what_is_no_file(tmp_path):
    with HDF5Process() as process:
        for path in (tmp_path, tmp_path / 'gone'):
            with pytest.raises(ValueError, match='open file|Unable'):
                process.read(path, ['x'], 96)


def worker(tmp_path, monkeypatch, old, new):
    text = hdf5.WORKER.read_text()
    assert old in text
    path = tmp_path / 'worker.py'
    path.write_text(text.replace(old, new))
    monkeypatch.setattr(hdf5, 'WORKER', path)


def test_a_process_that_ends_is_an_error(file, monkeypatch, tmp_path):
    with HDF5Process() as process:
        process.read(file, ['x'], 96)
        pid = process._process.pid
        os.kill(pid, signal.SIGKILL)
        process._process.wait()
        assert len(process.read(file, ['x'], 96)['x']) == 3
        assert process._process.pid != pid
    abort = 'import os; os.abort()\n    with h5py.File'
    worker(tmp_path, monkeypatch, 'with h5py.File', abort)
    with HDF5Process() as process:
        for _ in range(2):
            with pytest.raises(ValueError, match='hangs, fails or asks'):
                process.read(file, ['x'], 96)


def test_time_is_limited(monkeypatch, tmp_path):
    worker(tmp_path, monkeypatch, 'SECONDS = 60', 'SECONDS = 1')
    os.mkfifo(tmp_path / 'fifo')  # nobody writes to it
    start = time.monotonic()
    with HDF5Process() as process, pytest.raises(ValueError, match='hangs'):
        process.read(tmp_path / 'fifo', ['x'], 96)
    assert time.monotonic() - start < 20


def test_memory_is_limited(file, monkeypatch, tmp_path):
    with HDF5Process() as process:
        with pytest.raises(ValueError, match='swells'):
            process.read(file, ['large'], 2**20)
        found = process.read(file, ['x'], 96)
        assert process._process is not None and len(found['x']) == 3
    worker(tmp_path, monkeypatch, 'MEMORY = 3 * 2**29', 'MEMORY = 2**29')
    reason = pytest.raises(ValueError, match='(?i)memory|allocate')
    with HDF5Process() as process, reason:
        process.read(file, ['large'], 2**30)


def test_starts_afresh_after_much_memory(file, monkeypatch, tmp_path):
    worker(tmp_path, monkeypatch, 'TIRED = 2**28', 'TIRED = -1')
    with HDF5Process() as process:
        for _ in range(2):
            assert len(process.read(file, ['x'], 96)['x']) == 3
            assert process._process is None
