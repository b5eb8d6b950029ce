import subprocess
import time

import h5py
import numpy as np
import pytest

from pyg_hcsf.datasets.ntu.ctrgcn import read_ctrgcn, write_ctrgcn
from pyg_hcsf.datasets.ntu.rows import group_names
from pyg_hcsf.datasets.ntu.sgn import SETS, read_sgn
from pyg_hcsf.safe_io import hdf5
from pyg_hcsf.safe_io.hdf5 import HDF5Process

# In alphabetical order; of training subjects 1, 2 and testing subject 3.
NAMES = [
    'S001C001P001R001A060',
    'S001C002P002R001A001',
    'S001C003P001R001A002',
    'S002C002P003R001A003',
    'S003C001P001R001A004',
]
TRAIN = [NAMES[0], NAMES[2], NAMES[4], NAMES[1]]  # by subject, then name


def joints(name, frames=5):
    shape = (frames, 1 + (name == NAMES[0]), 25, 3)
    values = np.random.default_rng(int(name[-3:])).normal(size=shape)
    return (values + (0, 0, 3)).astype(np.float32)


def row(name, length=300):
    """A clip as CTR-GCN's and SGN's seq_transformation.py leave it."""
    x = joints(name)
    out = np.zeros((length, 150), dtype=np.float32)
    out[: len(x), : 75 * x.shape[1]] = (x - x[0, 0, 1]).reshape(len(x), -1)
    return out


def arrays(names):
    x = np.stack([row(name) for name in names])
    y = np.zeros((len(names), 60))
    y[range(len(names)), [int(name[-3:]) - 1 for name in names]] = 1
    return x, y


def npz(path, **changes):
    (x_train, y_train), (x_test, y_test) = arrays(TRAIN), arrays([NAMES[3]])
    content = {
        **{'x_train': x_train, 'y_train': y_train},
        **{'x_test': x_test, 'y_test': y_test},
        **changes,
    }
    with path.open('wb') as file:
        np.savez(file, **{k: v for k, v in content.items() if v is not None})
    return path


def h5(path, **changes):
    (x, y), (test_x, test_y) = arrays(TRAIN), arrays([NAMES[3]])
    content = {
        **{'x': x[:3], 'y': y[:3], 'valid_x': x[3:], 'valid_y': y[3:]},
        **{'test_x': test_x, 'test_y': test_y},
        **changes,
    }
    with h5py.File(path, 'w') as file:
        for key, value in content.items():
            if value is not None:
                file.create_dataset(key, data=value)
    return path


def same(clip, name):
    x = joints(name)
    assert clip.label == int(name[-3:]) - 1
    np.testing.assert_array_equal(clip.joints, x - x[0, 0, 1])


def test_group_names():
    assert group_names(NAMES, 'ntu60-xsub') == {
        'train': TRAIN,
        'test': [NAMES[3]],
    }
    # Camera 2 before 3; setup 2 alone is even.
    assert group_names(NAMES, 'ntu60-xview')['train'] == [
        *(NAMES[1], NAMES[3], NAMES[2])
    ]
    assert group_names(NAMES, 'ntu120-xset')['train'] == [NAMES[3]]


@pytest.mark.parametrize('names', [None, NAMES, NAMES[::-1]])
def test_read_ctrgcn(tmp_path, names):
    clips = list(read_ctrgcn(npz(tmp_path / 'a.npz'), 'ntu60-xsub', names))
    for clip, name in zip(clips, [*TRAIN, NAMES[3]], strict=True):
        same(clip, name)
    assert [clip.name for clip in clips] == (
        [*(f'train_0000{i}' for i in range(4)), 'test_00000']
        if names is None
        else [*TRAIN, NAMES[3]]
    )


def test_read_compressed(tmp_path):
    with np.load(npz(tmp_path / 'a.npz')) as content:
        np.savez_compressed(tmp_path / 'b.npz', **content)
    clips = read_ctrgcn(tmp_path / 'b.npz', 'ntu60-xsub')
    for clip, name in zip(clips, [*TRAIN, NAMES[3]], strict=True):
        same(clip, name)


def test_read_sgn(tmp_path):
    clips = list(read_sgn(h5(tmp_path / 'a.h5'), 'ntu60-xsub'))
    for clip, name in zip(clips, [*TRAIN, NAMES[3]], strict=True):
        same(clip, name)
    assert [clip.name for clip in clips] == [
        *(f'train_0000{i}' for i in range(4)),
        'test_00000',
    ]


@pytest.mark.parametrize('benchmark', ['ntu60-xsub', 'ntu60-xview'])
def test_round_trip(tmp_path, benchmark):
    path = tmp_path / 'a.npz'
    write_ctrgcn(path, NAMES, lambda i: joints(NAMES[i]), benchmark)
    order = group_names(NAMES, benchmark)
    clips = list(read_ctrgcn(path, benchmark, NAMES))
    for clip, name in zip(clips, order['train'] + order['test'], strict=True):
        assert clip.name == name
        same(clip, name)
    again = tmp_path / 'b.npz'
    number = {clip.name: clip.joints for clip in clips}
    write_ctrgcn(again, NAMES, lambda i: number[NAMES[i]], benchmark)
    assert again.read_bytes() == path.read_bytes()


def test_written_as_ctrgcn_writes(tmp_path):
    path = tmp_path / 'a.npz'
    write_ctrgcn(path, NAMES, lambda i: joints(NAMES[i]), 'ntu60-xsub')
    with np.load(path) as ours, np.load(npz(tmp_path / 'b.npz')) as theirs:
        assert ours.files == theirs.files
        for key in ours.files:
            assert ours[key].dtype == theirs[key].dtype
            np.testing.assert_array_equal(ours[key], theirs[key])


def test_single_bodies_are_twice_in_120(tmp_path):
    """Whatever the class: of a mutual one, the other body may be lost."""
    names = ['S001C001P001R001A050', NAMES[0], NAMES[1]]
    path = tmp_path / 'a.npz'
    x = [joints(NAMES[1]), joints(NAMES[0]), joints(NAMES[1])]
    write_ctrgcn(path, names, x.__getitem__, 'ntu120-xsub')
    with np.load(path) as content:
        lost, pair, single = content['x_train'].reshape(3, 300, 2, 75)
    for clip in (lost, single):
        np.testing.assert_array_equal(clip[:, 0], clip[:, 1])
        assert clip[:5].any()
    assert (pair[:5, 0] != pair[:5, 1]).any()
    clips = list(read_ctrgcn(path, 'ntu120-xsub', names))
    assert [clip.joints.shape[1] for clip in clips] == [1, 2, 1]
    write_ctrgcn(path, names, x.__getitem__, 'ntu60-xsub')
    with np.load(path) as content:
        assert not content['x_train'].reshape(3, 300, 2, 75)[::2, :, 1].any()


def test_second_actors_without_frames_stay_in_120(tmp_path):
    """Where several tracks are one person's, the script has two actors."""
    x = joints(NAMES[0])
    x[:, 1] = 0
    path = tmp_path / 'a.npz'
    write_ctrgcn(path, NAMES[:1], lambda i: x, 'ntu120-xsub')
    with np.load(path) as content:
        assert not content['x_train'][0].reshape(300, 2, 75)[:, 1].any()
    (clip,) = read_ctrgcn(path, 'ntu120-xsub', NAMES[:1])
    assert clip.joints.shape[1] == 2 and not clip.joints[:, 1].any()


@pytest.mark.parametrize('x', [np.zeros(4), np.ones(301)])
def test_wrong_clips_are_not_written(tmp_path, x):
    x = x[:, None, None, None] * np.ones((1, 25, 3))
    got = len(x) if x.any() else 0
    with pytest.raises(ValueError, match=rf'300.*{NAMES[0]}.*got {got}\)'):
        write_ctrgcn(tmp_path / 'a.npz', NAMES, lambda i: x, 'ntu60-xsub')
    assert not list(tmp_path.iterdir())


def changed(key, place, value):
    x, y = arrays(TRAIN)
    array = {'x': x, 'y': y}[key]
    array[place] = value
    return array


WRONG = [
    ({'x': None}, 'x'),
    ({'x': np.ones((4, 300, 75), 'f4')}, r'\[4, 300, 75\]'),
    ({'x': np.ones((4, 300, 150), int)}, 'floats'),
    ({'x': np.ones((4, 9999, 150), 'f2')}, r'\[4, 9999, 150\]'),
    ({'y': np.ones((4, 120))}, r'one-hot.*\[4, 60\].*ntu60-xsub'),
    ({'y': np.arange(4)}, r'of \[4\]'),
    ({'y': np.zeros((4, 60))}, 'labels 0 to 3 .*not one-hot'),
    ({'y': changed('y', (1, 5), 0.5)}, 'not one-hot'),
    ({'y': changed('y', (1, 5), np.nan)}, 'not one-hot'),
    ({'x': changed('x', (1, 2, 3), np.nan)}, "'train_00001'.*not finite"),
    ({'x': changed('x', 1, 0)}, "'train_00001'.*no body"),
    ({'x': np.array([{}] * 4)}, 'x'),
]


@pytest.mark.parametrize('changes, reason', WRONG)
def test_wrong_ctrgcn(tmp_path, changes, reason):
    changes = {f'{key}_train': value for key, value in changes.items()}
    path = npz(tmp_path / 'a.npz', **changes)
    with pytest.raises(ValueError, match=rf'a\.npz.*{reason}'):
        list(read_ctrgcn(path, 'ntu60-xsub'))


@pytest.mark.parametrize('changes, reason', WRONG[:-1])
def test_wrong_sgn(tmp_path, changes, reason):
    if (x := changes.get('x')) is not None and x.shape[1:] == (300, 150):
        changes = {**changes, 'y': arrays(TRAIN)[1]}
    elif changes.get('y') is not None:
        changes = {**changes, 'x': arrays(TRAIN)[0]}
    path = h5(tmp_path / 'a.h5', **changes)
    with pytest.raises(ValueError, match=rf'a\.h5.*{reason}'):
        list(read_sgn(path, 'ntu60-xsub'))


@pytest.mark.parametrize(
    'names, reason',
    [
        (NAMES[1:], '4 train clips.*names give 3'),
        ([*NAMES[:4], 'S003C001P001R001A005'], 'class 3.*not those of the'),
    ],
)
def test_wrong_names(tmp_path, names, reason):
    with pytest.raises(ValueError, match=rf'a\.npz.*{reason}'):
        list(read_ctrgcn(npz(tmp_path / 'a.npz'), 'ntu60-xsub', names))


def test_another_benchmark_is_noticed(tmp_path):
    x = np.broadcast_to(np.zeros((1, 1), 'f2'), (37_646, 1))
    test = np.broadcast_to(np.zeros((1, 1), 'f2'), (18_932, 1))
    path = npz(tmp_path / 'a.npz', x_train=x, x_test=test)
    with pytest.raises(ValueError, match="clips of 'ntu60-xview', not of"):
        list(read_ctrgcn(path, 'ntu60-xsub'))
    path = h5(tmp_path / 'a.h5', x=x[:-1], valid_x=x[:1], test_x=test)
    with pytest.raises(ValueError, match="clips of 'ntu60-xview', not of"):
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


def check(clips):
    for clip in clips:
        assert clip.joints.shape[2:] == (25, 3)
        assert 0 <= clip.label < 60 and clip.joints.any()
        assert np.isfinite(clip.joints).all()


@pytest.mark.parametrize('compressed', [False, True])
def test_damaged_ctrgcn(fuzz, tmp_path, compressed):
    path = npz(tmp_path / 'a.npz', x_train=arrays(TRAIN)[0][:, :9])
    if compressed:
        with np.load(path) as content:
            np.savez_compressed(path, **content)

    def read(content):
        path.write_bytes(content)
        return list(read_ctrgcn(path, 'ntu60-xsub'))

    fuzz(read, path.read_bytes(), check, str(path))


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
    with pytest.raises(ValueError, match=r'a\.h5.*hangs, fails.*get it again'):
        list(clips)
    assert len(children) == 1 and children[0].returncode is not None


def test_no_sgn_file(tmp_path):
    with pytest.raises(ValueError, match=r'gone\.h5.*no file'):
        list(read_sgn(tmp_path / 'gone.h5', 'ntu60-xsub'))
    with pytest.raises(ValueError, match=r'a\.h5.*single number'):
        list(read_sgn(h5(tmp_path / 'a.h5', x=np.ones(())), 'ntu60-xsub'))
