import numpy as np
import pytest

from pyg_hcsf.datasets.ntu.ctrgcn import (
    group_names,
    read_ctrgcn,
    write_ctrgcn,
)
from tests.datasets.ntu.padded_files import (
    NAMES,
    TRAIN,
    WRONG,
    arrays,
    check,
    joints,
    npz,
    same,
)


def test_group_names():
    assert group_names(NAMES, 'ntu60-xsub') == {
        'train': TRAIN,
        'test': [NAMES[3]],
    }
    # Camera 2 before 3; setup 2 alone is even.
    train = group_names(NAMES, 'ntu60-xview')['train']
    assert train == [NAMES[1], NAMES[3], NAMES[2]]
    assert group_names(NAMES, 'ntu120-xset')['train'] == [NAMES[3]]


@pytest.mark.parametrize('names', [None, NAMES, NAMES[::-1]])
def test_read_ctrgcn(tmp_path, names):
    clips = list(read_ctrgcn(npz(tmp_path / 'a.npz'), 'ntu60-xsub', names))
    for clip, name in zip(clips, [*TRAIN, NAMES[3]], strict=True):
        same(clip, name)
    numbered = [*(f'train_0000{i}' for i in range(4)), 'test_00000']
    expected = numbered if names is None else [*TRAIN, NAMES[3]]
    assert [clip.name for clip in clips] == expected


def test_read_compressed(tmp_path):
    with np.load(npz(tmp_path / 'a.npz')) as content:
        np.savez_compressed(tmp_path / 'b.npz', **content)
    clips = read_ctrgcn(tmp_path / 'b.npz', 'ntu60-xsub')
    for clip, name in zip(clips, [*TRAIN, NAMES[3]], strict=True):
        same(clip, name)


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


@pytest.mark.parametrize('changes, reason', WRONG)
def test_wrong_ctrgcn(tmp_path, changes, reason):
    changes = {f'{key}_train': value for key, value in changes.items()}
    path = npz(tmp_path / 'a.npz', **changes)
    with pytest.raises(ValueError, match=rf'a\.npz.*{reason}'):
        list(read_ctrgcn(path, 'ntu60-xsub'))


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
