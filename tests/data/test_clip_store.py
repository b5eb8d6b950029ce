import errno
import json
import os
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from pyg_hcsf.axes import to_frames
from pyg_hcsf.data import clip_writer
from pyg_hcsf.data.clip_store import ClipStore


def make_clips(lengths=(7, 1, 0, 5)):
    generator = torch.Generator().manual_seed(0)
    for number, length in enumerate(lengths):
        yield Data(
            x=torch.rand(17, length, 2, generator=generator),
            y=torch.rand(17, length, 3, generator=generator).double(),
            seen=torch.rand(17, length, generator=generator) > 0.5,
            edge_index=torch.arange(8).view(2, 4),
            num_nodes=17,
            focal=torch.rand(1, 2, generator=generator),
            label=torch.tensor(number),
            subject=f'S{number}',
            action='Sitting Down',
            fps=25.0 + number,
            mirrored=number == 1,
        )


KEYS = ('x', 'y', 'seen')


@pytest.fixture
def store(tmp_path):
    return ClipStore.write(tmp_path / 'store', make_clips(), KEYS)


def assert_equal(data, expected):
    assert data.to_dict().keys() == expected.to_dict().keys()
    for key, value in expected.to_dict().items():
        assert type(data[key]) is type(value), key
        if isinstance(value, torch.Tensor):
            assert data[key].dtype == value.dtype, key
            assert torch.equal(data[key], value), key
        else:
            assert data[key] == value, key


def test_dictionaries_are_clips(store, tmp_path):
    given = [to_frames(clip, KEYS) for clip in make_clips()]
    again = ClipStore.write(tmp_path / 'again', given, KEYS)
    for path in (tmp_path / 'store').iterdir():
        assert (again.path / path.name).read_bytes() == path.read_bytes()
    assert list(given[0]) == list(make_clips().__next__().to_dict())


def test_gives_back_what_was_written(store, tmp_path):
    clips = list(make_clips())
    path = tmp_path / 'store'
    assert str(store) == f"ClipStore('{path}', num_clips=4, num_frames=13)"
    assert len(store) == 4 and store.keys == KEYS
    for data, expected in zip(ClipStore(path), clips, strict=True):
        assert_equal(data, expected)
        assert data.x.is_contiguous()
    assert_equal(store[-1], clips[3])
    with pytest.raises(IndexError, match='below 4 .got 4'):
        store[4]
    # The files are what any program can read, frames first.
    assert np.load(path / 'x.npy', mmap_mode='r').shape == (13, 17, 2)
    frames = store.read('x', [1, 11], [3, 13])
    whole = torch.cat([clip.x for clip in clips], dim=1).transpose(0, 1)
    assert torch.equal(frames, whole[[1, 2, 11, 12]])
    names = {p.name for p in path.parent.rglob('*')}
    assert names == {'store', 'x.npy', 'y.npy', 'seen.npy', 'clips.npz'}


def test_one_clip_and_any_shapes(tmp_path):
    """Two bodies [N, T, C, 2] in half precision, and no other attribute."""
    data = Data(x=torch.rand(25, 3, 3, 2).half())
    (out,) = ClipStore.write(tmp_path / 'store', [data], ('x',))
    assert_equal(out, data)


def test_what_never_changes_is_kept_once(tmp_path):
    lengths = [1] * 200
    store = ClipStore.write(tmp_path / 'store', make_clips(lengths), KEYS)
    content = np.load(tmp_path / 'store' / 'clips.npz')
    assert content['clip.edge_index'].shape == (1, 2, 4)
    assert content['clip.subject'].shape == (200,)
    assert store[199].subject == 'S199'


def test_opening_reads_no_frames(store, monkeypatch):
    monkeypatch.setattr(ClipStore, 'read', None)
    assert len(ClipStore(store.path)) == 4


def change(index, **values):
    clips = list(make_clips())
    for key, value in values.items():
        setattr(clips[index], key, value)
    return clips


@pytest.mark.parametrize(
    'clips,message',
    [
        ([], 'at least one clip'),
        (change(1, x=None), "'x' of clip 1 .*got None; the clip has "),
        (change(1, x=torch.rand(16, 1, 2)), "'x' of clip 1 .*got .*16, 2"),
        (change(1, x=torch.rand(17, 1, 2).double()), 'float32.*got.*float64'),
        (change(1, y=torch.rand(17, 2, 3)), "'y' of clip 1 with 1 frames"),
        (change(1, subject=None), 'attributes of clip 0.*subject'),
        (change(1, subject=3), "'subject' of clip 1 .* one type .*got 3"),
        (change(0, subject=['a']), "'subject' of clip 0 .*got .'a'"),
        (change(1, focal=torch.rand(2)), r"'focal' of clip 1 .*got.*\[2\].*"),
        (change(3, joints=torch.rand(17, 5, 3)), 'attributes of clip 0'),
        (change(0, label=torch.rand(1).bfloat16()), 'that numpy has.*bfloat'),
        (change(0, **{'a/b': 1}), "identifiers of Python.*got 'a/b'"),
    ],
)
def test_clips_that_do_not_fit(clips, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        ClipStore.write(tmp_path / 'store', clips, KEYS)
    assert not list(tmp_path.iterdir())


def test_numbers_that_do_not_fit(tmp_path):
    with pytest.raises(ValueError, match="'take' to be within 64 bits"):
        clips = [Data(x=torch.rand(17, 2, 2), take=2**70)]
        ClipStore.write(tmp_path / 'store', clips, ('x',))


def test_a_sequence_that_was_not_named(tmp_path):
    with pytest.raises(ValueError, match="add 'seen' to 'keys'"):
        ClipStore.write(tmp_path / 'store', make_clips(), ('x', 'y'))


def test_bodies_come_after_frames_on_disk(tmp_path):
    x = torch.rand(25, 7, 2, 3)
    store = ClipStore.write(tmp_path / 'store', [Data(x=x)], ('x',))
    assert np.load(store.path / 'x.npy').shape == (7, 2, 25, 3)
    assert torch.equal(store.clip(0)['x'], x.permute(1, 2, 0, 3))
    assert torch.equal(store[0].x, x)


def test_load_equals_reading_clip_by_clip(store):
    for data, expected in zip(store.load(), store, strict=True):
        assert_equal(data, expected)
        assert data.x.is_contiguous()


def test_columns(store):
    assert store.column('subject') == ['S0', 'S1', 'S2', 'S3']
    assert store.column('action') == ['Sitting Down'] * 4
    assert store.column('nothing') is None


def test_info_is_saved_after_the_last_clip(tmp_path):
    info = {'kept': 0}

    def count():
        for clip in make_clips():
            info['kept'] += 1
            yield clip

    ClipStore.write(tmp_path / 'store', count(), KEYS, info=info)
    assert ClipStore(tmp_path / 'store').info == {'kept': 4}


def test_overwriting_keeps_the_old_store_if_it_fails(store):
    with pytest.raises(ValueError, match='at least one clip'):
        ClipStore.write(store.path, [], KEYS, overwrite=True)
    assert len(ClipStore(store.path)) == 4
    again = ClipStore.write(store.path, make_clips((3,)), KEYS, overwrite=True)
    assert len(again) == 1
    assert list(store.path.parent.iterdir()) == [store.path]


def test_writes_no_store_twice(store):
    with pytest.raises(ValueError, match='new folder .* delete it, choose'):
        ClipStore.write(store.path, make_clips(), KEYS)
    assert len(ClipStore(store.path)) == 4


def test_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(file):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(clip_writer, '_sync', full)
    with pytest.raises(RuntimeError, match='No space left.*Nothing was kept'):
        ClipStore.write(tmp_path / 'store', make_clips(), KEYS)
    assert not list(tmp_path.iterdir())


def test_kill_leaves_what_the_next_write_removes(tmp_path):
    code = """
import itertools, sys, torch
from torch_geometric.data import Data
from pyg_hcsf.data.clip_store import ClipStore
clips = (Data(x=torch.rand(17, 9, 2)) for _ in itertools.count())
ClipStore.write(sys.argv[1], clips, ('x',))
"""
    path = tmp_path / 'store'
    process = subprocess.Popen([sys.executable, '-c', code, str(path)])
    while not list(tmp_path.iterdir()) and process.poll() is None:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (part,) = tmp_path.iterdir()
    assert part.name.startswith('.store.')
    own = tmp_path / part.name.replace(str(process.pid), str(os.getpid()))
    other = tmp_path / f'.store.elsewhere-{process.pid}.part'
    other.mkdir()
    ClipStore.write(path, make_clips(), KEYS)
    assert {*tmp_path.iterdir()} == {path, other}
    own.mkdir()  # that of a process that lives
    ClipStore.write(tmp_path / 'other', make_clips(), KEYS)
    assert own.exists()


def cut(path):
    os.truncate(path, path.stat().st_size - 1)


def grow(path):
    os.truncate(path, path.stat().st_size + 1)


def pickled(path):
    with path.open('wb') as file:
        np.save(file, np.array([{}] * 13, dtype=object), allow_pickle=True)


def text(path):
    path.write_text('x')


@pytest.mark.parametrize(
    'name,damage',
    [
        *(('x.npy', f) for f in (cut, grow, os.remove, pickled, text)),
        *(('clips.npz', f) for f in (cut, os.remove, pickled, text)),
    ],
)
def test_broken_files(name, damage, store):
    damage(store.path / name)
    with pytest.raises(RuntimeError, match=f'{name}.*write the store again'):
        ClipStore(store.path)


def rewrite(store, **changes):
    path = store.path / 'clips.npz'
    content = dict(np.load(path))
    content.update({k: v for k, v in changes.items() if k != 'save'})
    changes.get('save', np.savez)(path, **content)


@pytest.mark.parametrize(
    'changes,message',
    [
        (dict(meta=json.dumps({'version': 1})), 'version 1'),
        (dict(meta=json.dumps({'version': 2})), "'keys'"),
        (dict(meta='[' * 100_000), 'cannot be read'),
        (
            dict(
                meta=json.dumps(
                    dict(version=2, keys=['../a'], tensors=[], num_frames=1)
                )
            ),
            'identifiers',
        ),
        (dict(lengths=np.array([7, 1, 0, 4])), 'x.npy.*13 frames.*12'),
        (dict(lengths=np.array([7, 1, -1, 6])), "int64 'lengths'"),
        (dict(lengths=np.array([7.0, 6.0])), "int64 'lengths'"),
        (dict(save=np.savez_compressed), 'compressed'),
    ],
)
def test_contradictions(changes, message, store):
    rewrite(store, **changes)
    with pytest.raises(RuntimeError, match=message):
        ClipStore(store.path)


def test_contradictions_of_attributes(store):
    rewrite(store, **{'clip.fps': np.ones(3)})
    with pytest.raises(RuntimeError, match="'clip.fps' of 3 clips among 4"):
        ClipStore(store.path)[0]


def test_flipped_bits_of_attributes(store):
    path = store.path / 'clips.npz'
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo('clip.subject.npy')
    content = bytearray(path.read_bytes())
    content[content.index(b'S\0\0\0003\0', info.header_offset)] ^= 1
    path.write_bytes(content)
    with pytest.raises(RuntimeError, match='CRC'):
        ClipStore(path.parent)[0]


def test_cut_off_while_open(store):
    os.truncate(store.path / 'y.npy', 1000)
    with pytest.raises(RuntimeError, match='y.npy.*ends before frame 13'):
        store[3]
