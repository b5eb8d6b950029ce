import subprocess
import time

import h5py
import numpy as np
import pytest

from pyg_hcsf.datasets.ntu.sgn import SETS, read_sgn
from pyg_hcsf.safe_io import hdf5
from pyg_hcsf.safe_io.hdf5 import HDF5Process
from tests.datasets.ntu.padded_files import (
    NAMES,
    TRAIN,
    WRONG,
    arrays,
    check,
    h5,
    same,
)


def test_read_sgn(tmp_path):
    clips = list(read_sgn(h5(tmp_path / 'a.h5'), 'ntu60-xsub'))
    for clip, name in zip(clips, [*TRAIN, NAMES[3]], strict=True):
        same(clip, name)
    assert [clip.name for clip in clips] == [
        *(f'train_0000{i}' for i in range(4)),
        'test_00000',
    ]


@pytest.mark.parametrize('changes, reason', WRONG[:-1])
def test_wrong_sgn(tmp_path, changes, reason):
    if (x := changes.get('x')) is not None and x.shape[1:] == (300, 150):
        changes = {**changes, 'y': arrays(TRAIN)[1]}
    elif changes.get('y') is not None:
        changes = {**changes, 'x': arrays(TRAIN)[0]}
    path = h5(tmp_path / 'a.h5', **changes)
    with pytest.raises(ValueError, match=rf'a\.h5.*{reason}'):
        list(read_sgn(path, 'ntu60-xsub'))


def test_links_to_other_files_are_refused(tmp_path):
    other = h5(tmp_path / 'other.h5')
    path = h5(tmp_path / 'a.h5', x=None, y=None)
    with h5py.File(path, 'a') as file:
        file['x'] = h5py.ExternalLink(other, 'x')
        file.create_dataset(
            'y', (3, 60), 'f8', external=[(tmp_path / 'raw', 0, 1440)]
        )
    with pytest.raises(ValueError, match="no data set 'x'"):
        list(read_sgn(path, 'ntu60-xsub'))
    with h5py.File(path, 'a') as file:
        del file['x']
        file['x'] = arrays(TRAIN)[0][:3]
    with pytest.raises(ValueError, match="'y' is not a plain array"):
        list(read_sgn(path, 'ntu60-xsub'))


def test_another_benchmark_is_noticed(tmp_path):
    x = np.broadcast_to(np.zeros((1, 1), 'f2'), (37_646, 1))
    test = np.broadcast_to(np.zeros((1, 1), 'f2'), (18_932, 1))
    path = h5(tmp_path / 'a.h5', x=x[:-1], valid_x=x[:1], test_x=test)
    with pytest.raises(ValueError, match="clips of 'ntu60-xview', not of"):
        list(read_sgn(path, 'ntu60-xsub'))


@pytest.mark.parametrize('compressed', [False, True])
def test_damaged_sgn(fuzz, tmp_path, compressed):
    path = h5(tmp_path / 'a.h5', x=arrays(TRAIN)[0][:3, :9])
    if compressed:
        with h5py.File(path, 'a') as file:
            for key in SETS:
                data = file.pop(key)[()]
                chunks = (min(2, len(data)), *data.shape[1:])
                file.create_dataset(
                    key, data=data, chunks=chunks, compression=4
                )
    with HDF5Process() as process:

        def read(content):
            path.write_bytes(content)
            start = time.monotonic()
            clips = list(read_sgn(path, 'ntu60-xsub', process))
            assert time.monotonic() - start < 30  # a loaded machine is slow
            return clips

        fuzz(read, path.read_bytes(), check, str(path))


@pytest.fixture
def children(monkeypatch):
    """The processes that are started."""
    started = []

    class Popen(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            started.append(self)

    monkeypatch.setattr(hdf5.subprocess, 'Popen', Popen)
    return started


@pytest.mark.parametrize('end', ['close', 'drop', 'raise', 'exhaust'])
def test_sgn_leaves_no_process(tmp_path, children, end):
    clips = read_sgn(h5(tmp_path / 'a.h5'), 'ntu60-xsub')
    next(clips)
    (child,) = children
    assert child.poll() is None
    if end == 'close':
        clips.close()
    elif end == 'drop':
        del clips
    elif end == 'raise':
        with pytest.raises(KeyboardInterrupt):
            clips.throw(KeyboardInterrupt)
    else:
        list(clips)
    assert child.returncode is not None  # waited for
    assert child.stdin.closed and child.stdout.closed
    assert len(children) == 1


def test_sgn_process_that_is_killed(tmp_path, children):
    path = h5(
        tmp_path / 'a.h5',
        x=np.concatenate([arrays(TRAIN)[0]] * 8),
        y=np.concatenate([arrays(TRAIN)[1]] * 8),
    )
    clips = read_sgn(path, 'ntu60-xsub')
    next(clips)
    children[0].kill()
    with pytest.raises(ValueError, match=r'a\.h5.*hangs, fails.*download it'):
        list(clips)
    assert len(children) == 1 and children[0].returncode is not None


def test_no_sgn_file(tmp_path):
    with pytest.raises(ValueError, match=r'gone\.h5.*no file'):
        list(read_sgn(tmp_path / 'gone.h5', 'ntu60-xsub'))
    with pytest.raises(ValueError, match=r'a\.h5.*single number'):
        list(read_sgn(h5(tmp_path / 'a.h5', x=np.ones(())), 'ntu60-xsub'))
