import os
import signal
import time
import zlib

import h5py
import numpy as np
import pytest

from pyg_hcsf.safe_io import hdf5
from pyg_hcsf.safe_io.hdf5 import HDF5Process


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
        (['x'], 95, 'decompresses to 96 bytes, more than .* 95'),
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


def test_refuses_folders_and_pipes(tmp_path):
    os.mkfifo(tmp_path / 'fifo')  # nobody writes to it
    with HDF5Process() as process:
        for path in (tmp_path, tmp_path / 'gone', tmp_path / 'fifo'):
            with pytest.raises(ValueError, match='no file'):
                process.read(path, ['x'], 96)
        assert process._process is None
        with pytest.raises(ValueError, match='signature'):
            process.contains(__file__, ['x'])


def test_contains(file):
    with HDF5Process() as process:
        assert process.contains(file, ['x', 'text'])
        assert not process.contains(file, ['x', 'y'])


def test_open_returns_shapes_and_types(file):
    with HDF5Process() as process:
        sets = process.open(file, ['x', 'big_endian'])
    assert sets['x'] == ((3, 4), np.dtype('f8'))
    assert sets['big_endian'] == ((5,), np.dtype('<i2'))


def test_reads_rows(file):
    with HDF5Process() as process:
        process.open(file, ['x', 'big_endian'])
        rows = [process.rows('x', i, i + 1) for i in range(3)]
        numbers = process.rows('big_endian', 2, 5)
        assert process.rows('x', 3, 3).shape == (0, 4)
        child = process._process
    np.testing.assert_array_equal(numbers, [2, 3, 4])
    np.testing.assert_array_equal(
        np.concatenate(rows), np.arange(12.0).reshape(3, 4)
    )
    assert child.returncode is not None  # waited for


def test_refuses_rows_that_are_not_there(file):
    with HDF5Process() as process:
        process.open(file, ['x', 'one'])
        for bounds in [('x', 2, 4), ('x', -1, 2), ('x', 2, 1), ('one', 0, 1)]:
            with pytest.raises(ValueError, match='Expected rows of'):
                process.rows(*bounds)
        process.open(file, ['large'])  # closes the other file
        with pytest.raises(ValueError, match="no file with 'x' is open"):
            process.rows('x', 0, 1)


def test_refuses_many_rows(file):
    with HDF5Process() as process:
        process.open(file, ['large'])
        with pytest.raises(ValueError, match='decompresses to'):
            process.rows('large', 0, 2**20)
        assert not process.rows('large', 0, 2**10).any()


def test_compressed_rows(tmp_path):
    rows = np.random.default_rng(1).normal(size=(40, 9)).astype('f4')
    with h5py.File(tmp_path / 'a.h5', 'w') as content:
        content.create_dataset('x', data=rows, chunks=(7, 4), compression=4)
    with HDF5Process() as process:
        process.open(tmp_path / 'a.h5', ['x'])
        found = [process.rows('x', i, i + 8) for i in range(0, 40, 8)]
    np.testing.assert_array_equal(np.concatenate(found), rows)


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
    worker(tmp_path, monkeypatch, 'file, size = self', 'os.abort(); self')
    with HDF5Process() as process:
        for _ in range(2):
            with pytest.raises(ValueError, match='hangs, fails or asks'):
                process.read(file, ['x'], 96)


def test_a_process_that_ends_while_it_reads(file):
    with HDF5Process() as process:
        process.open(file, ['x'])
        os.kill(process._process.pid, signal.SIGKILL)
        for _ in range(2):
            with pytest.raises(ValueError, match='hangs, fails|no file with'):
                process.rows('x', 0, 1)
        assert process._process is None
        assert len(process.open(file, ['x'])) == 1
        assert len(process.rows('x', 0, 2)) == 2


@pytest.mark.parametrize(
    'limit, hang',
    [
        ('PROCESSOR_SECONDS = 2', 'any(iter(int, 1))'),
        ('SECONDS = 60', '__import__("time").sleep(99)'),
    ],
)
def test_time_is_limited(file, monkeypatch, tmp_path, limit, hang):
    name = limit.split()[0]
    worker(tmp_path, monkeypatch, limit, f'{name} = 0.2')
    text = hdf5.WORKER.read_text()
    old = '        data = self.sets[name]'
    assert old in text
    hdf5.WORKER.write_text(text.replace(old, f'        {hang}\n{old}'))
    start = time.monotonic()
    with HDF5Process() as process:
        process.open(file, ['x'])
        with pytest.raises(ValueError, match='hangs'):
            process.rows('x', 0, 1)
    assert time.monotonic() - start < 20


def test_an_interruption_ends_the_process(file, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    with HDF5Process() as process:
        process.open(file, ['x'])
        child = process._process
        monkeypatch.setattr(np, 'empty', interrupt)
        with pytest.raises(KeyboardInterrupt):
            process.rows('x', 0, 3)
        assert child.returncode is not None and process._process is None
        monkeypatch.undo()
        assert len(process.read(file, ['x'], 96)['x']) == 3


def test_memory_is_limited(file, monkeypatch, tmp_path):
    with HDF5Process() as process:
        with pytest.raises(ValueError, match='decompresses to'):
            process.read(file, ['large'], 2**20)
        found = process.read(file, ['x'], 96)
        assert process._process is not None and len(found['x']) == 3
    ask = 'np.empty(2**26, np.uint8)'
    worker(tmp_path, monkeypatch, 'data = self.sets[name]', f'data = {ask}')
    reason = pytest.raises(ValueError, match='(?i)memory|allocate')
    with HDF5Process() as process, reason:
        process.read(file, ['x'], 96)


def name_spot(content, name):
    """Where the object header of a data set at the root is."""
    heap = content.index(b'HEAP')
    names = int.from_bytes(content[heap + 24 : heap + 32], 'little')
    offset = content.index(b'\0' + name + b'\0', names) + 1 - names
    node = content.index(b'SNOD')
    for at in range(node + 8, node + 8 + 40 * 10, 40):
        if int.from_bytes(content[at : at + 8], 'little') == offset:
            return int.from_bytes(content[at + 8 : at + 16], 'little')
    raise AssertionError(name)


@pytest.mark.parametrize('size', [2**22, 2**30, 2**31 - 8, 2**32 - 8])
def test_huge_object_headers_are_refused(file, size):
    """HDF5 allocates the size that a header states."""
    content = bytearray(file.read_bytes())
    at = name_spot(content, b'x')
    assert content[at] == 1  # version
    content[at + 8 : at + 12] = size.to_bytes(4, 'little')
    file.write_bytes(content)
    start = time.monotonic()
    with HDF5Process() as process:
        process.contains(file, ['one'])
        with pytest.raises(ValueError):
            process.open(file, ['x'])
        peak = 0
        if process._process is not None:
            peak = resident_peak(process._process.pid)
    assert time.monotonic() - start < 20
    assert peak < 2**28  # 80 MB of it are programs


def test_memory_is_limited_for_chunks_of_another_size(tmp_path):
    """HDF5 decompresses a chunk to any size."""
    path = tmp_path / 'a.h5'
    packer = zlib.compressobj(1)
    bomb = b''.join(packer.compress(bytes(2**20)) for _ in range(512))
    with h5py.File(path, 'w') as content:
        data = content.create_dataset(
            'x', (64,), 'f8', chunks=(64,), compression=1
        )
        data.id.write_direct_chunk((0,), bomb + packer.flush())
    size = path.stat().st_size
    assert size < 2**22
    start = time.monotonic()
    with HDF5Process() as process:
        process.open(path, ['x'])
        before = resident_peak(process._process.pid)
        with pytest.raises(ValueError, match='filter|hangs|allocation'):
            process.rows('x', 0, 64)
        if process._process is not None:
            peak = resident_peak(process._process.pid)
            assert peak < before + 4 * size + 2**25
    assert time.monotonic() - start < 20


def resident_peak(pid):
    try:
        with open(f'/proc/{pid}/status') as status:
            (line,) = (text for text in status if text.startswith('VmHWM'))
    except OSError:
        return 0  # not Linux, or it has ended
    return 1024 * int(line.split()[1])


def test_starts_afresh_after_much_memory(file, monkeypatch, tmp_path):
    worker(tmp_path, monkeypatch, 'LEAK = 2**28', 'LEAK = -1')
    with HDF5Process() as process:
        for _ in range(2):
            assert len(process.read(file, ['x'], 96)['x']) == 3
            assert process._process is None


def test_large_chunks_are_refused(tmp_path):
    """A chunk is decompressed as a whole for any of its rows."""
    path = tmp_path / 'a.h5'
    with h5py.File(path, 'w') as content:
        content.create_dataset('x', (2**20,), 'f8', chunks=(2**20,))
    with (
        HDF5Process() as process,
        pytest.raises(ValueError, match=f"'x' has chunks of {2**23} bytes"),
    ):
        process.open(path, ['x'])
