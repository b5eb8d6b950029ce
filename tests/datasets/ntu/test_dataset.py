import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch

from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.datasets import NTURGBD
from pyg_hcsf.datasets.ntu import shards as ntu_shards
from pyg_hcsf.datasets.ntu.ctrgcn import write_ctrgcn
from pyg_hcsf.datasets.ntu.shard_workers import Workers
from pyg_hcsf.datasets.ntu.skeleton_files import find_skeletons
from pyg_hcsf.datasets.ntu.source import find_source
from pyg_hcsf.transforms import PreNormalize
from tests.datasets.ntu.ntu_files import (
    NAMES,
    NEW,
    skeleton,
    write_held,
    write_raw,
)
from tests.paths import REPO


@pytest.fixture
def raw(tmp_path):
    write_raw(tmp_path / 'given' / 'nturgb+d_skeletons')
    return tmp_path / 'given'


def load(root, raw, *args, **options):
    return NTURGBD(root, *args, raw=raw, log=False, num_workers=1, **options)


def content(folder):
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }


def test_clips(tmp_path, raw):
    train = load(tmp_path, raw)
    assert train.names == sorted([*NAMES[:3], NAMES[4]])
    assert [data.clip for data in train] == train.names
    first, pair = train[0], train[train.names.index(NAMES[1])]
    assert first.x.shape == (25, 9, 2, 3) and first.x.dtype == torch.float32
    assert (first.y.tolist(), first.action) == ([0], 'A001')
    assert (first.subject, first.fps, first.num_nodes) == ('1', 30.0, 25)
    assert (first.num_bodies, pair.num_bodies) == (1, 2)
    assert first.edge_index.shape == (2, 48)
    lines = skeleton(NAMES[0]).splitlines()
    place = [float(word) for word in lines[4 + 7].split()[:3]]
    np.testing.assert_allclose(first.x[7, 0, 0], place, rtol=1e-6)
    assert not first.x[:, :, 1].any() and pair.x[:, 1, 1].any()
    assert not pair.x[:, 3].any()  # a frame without bodies
    assert (train.num_classes, train.skeleton.num_joints) == (60, 25)
    assert train.joints(0).shape == (9, 1, 25, 3)


@pytest.mark.parametrize(
    'benchmark, train, test',
    [
        ('ntu60-xsub', [0, 1, 2, 4], [3]),
        ('ntu60-xview', [1, 3], [0, 2, 4]),
        ('ntu120-xsub', [0, 1, 2, 4, 5], [3, 6]),
        ('ntu120-xset', [5], [0, 1, 2, 3, 4, 6]),
    ],
)
def test_splits(tmp_path, raw, benchmark, train, test):
    every = [*NAMES, *NEW]
    for split, chosen in (('train', train), ('test', test)):
        dataset = load(tmp_path, raw, benchmark, split)
        assert dataset.names == sorted(every[i] for i in chosen)
        assert [data.clip for data in dataset] == dataset.names
    both = load(tmp_path, raw, benchmark, 'all')
    assert both.names == sorted(every[i] for i in (*train, *test))
    assert len(list((tmp_path / 'processed').iterdir())) == 1


def test_validation_is_taken_out_of_train(tmp_path, raw):
    sides = {
        split: load(tmp_path, raw, 'ntu60-xsub', split, [1]).names
        for split in ('train', 'val', 'test')
    }
    assert sides == {
        'train': sorted([NAMES[2], NAMES[4]]),
        'val': sorted(NAMES[:2]),
        'test': [NAMES[3]],
    }
    with pytest.raises(ValueError, match="split='val'.*5 clips of other"):
        load(tmp_path, raw, 'ntu60-xsub', 'val')


@pytest.mark.parametrize('bodies', ['agcn', 'ctrgcn'])
def test_zips_and_several_roots_equal_a_folder(tmp_path, raw, bodies):
    roots = [tmp_path / 'a.zip', tmp_path / 'b', raw / 'none']
    roots[1].mkdir()
    with zipfile.ZipFile(roots[0], 'w', zipfile.ZIP_DEFLATED) as archive:
        for i, path in enumerate(sorted(raw.rglob('*.skeleton'))):
            if i % 2:
                archive.write(path, f'nturgb+d_skeletons120/{path.name}')
            else:
                (roots[1] / path.name).write_bytes(path.read_bytes())
    one = load(tmp_path / '1', raw, 'ntu120-xsub', bodies=bodies)
    two = load(tmp_path / '2', roots, 'ntu120-xsub', bodies=bodies)
    assert content(tmp_path / '1') == content(tmp_path / '2')
    assert one.names == two.names
    frames = {'agcn': 6, 'ctrgcn': 5}[bodies]  # the empty one is cut
    assert one[one.names.index(NAMES[1])].x.size(1) == frames


@pytest.mark.parametrize('count', [1, 2, 3])
def test_processes_equal_one(tmp_path, raw, monkeypatch, count):
    load(tmp_path / '1', raw, 'ntu120-xsub')
    monkeypatch.setattr(ntu_shards, 'SHARD', 1)
    options = dict(raw=raw, log=False, num_workers=count)
    NTURGBD(tmp_path / '2', 'ntu120-xsub', **options)
    assert content(tmp_path / '1') == content(tmp_path / '2')


def test_other_processes_say_what_is_wrong(tmp_path, raw):
    members = find_skeletons([raw])
    with Workers(1) as workers:
        jobs = [
            workers.submit([member], 'agcn', tmp_path / f'{i}.npy')
            for i, member in enumerate(members)
        ]
        for job in jobs:
            job.result()
        again = workers.submit(members, 'x', tmp_path / '0.npy')
        with pytest.raises(ValueError, match="'selection'.*got 'x'"):
            again.result()
        workers.submit(members[1:], 'agcn', tmp_path / 'last.npy').result()
    assert (tmp_path / 'last.npy').is_file()


def test_other_processes_die(tmp_path, raw, monkeypatch):
    members = find_skeletons([raw])
    with Workers(1) as workers:
        workers._all[0].kill()
        job = workers.submit(members, 'agcn', tmp_path / '0.npy')
        with pytest.raises(RuntimeError, match='died.*num_workers=1'):
            job.result()
    monkeypatch.setattr(sys, 'executable', str(tmp_path / 'none'))
    with pytest.raises(RuntimeError, match='could not be started'):
        Workers(2)


def test_goes_on_after_an_interruption(tmp_path, raw, monkeypatch):
    monkeypatch.setattr(ntu_shards, 'SHARD', 2)
    load(tmp_path / 'whole', raw)
    write_shard = ntu_shards.write_shard

    def interrupt(files, selection, path):
        if path.name == '00001.npy':
            raise KeyboardInterrupt
        write_shard(files, selection, path)

    with monkeypatch.context() as patch:
        patch.setattr(ntu_shards, 'write_shard', interrupt)
        with pytest.raises(KeyboardInterrupt):
            load(tmp_path / 'root', raw)
    done = list((tmp_path / 'root').rglob('*.npy'))
    assert [part.name for part in sorted(done)] == ['00000.npy']
    assert not list((tmp_path / 'root').rglob('*.clips'))
    read = []
    monkeypatch.setattr(
        *(ntu_shards, 'write_shard'),
        lambda files, selection, path: (
            read.append(path.name),
            write_shard(files, selection, path),
        ),
    )
    load(tmp_path / 'root', raw)
    assert read == ['00001.npy', '00002.npy']
    assert content(tmp_path / 'whole') == content(tmp_path / 'root')


KILLED = """
import os, signal, sys
from pyg_hcsf.datasets import NTURGBD
from pyg_hcsf.datasets.ntu.source import find_source
from pyg_hcsf.datasets.ntu import shards as ntu_shards

def read_shard(files, path):
    if path.name == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)
    return read(files, path)

ntu_shards.SHARD = 2
read, ntu_shards.read_shard = ntu_shards.read_shard, read_shard
NTURGBD(sys.argv[1], raw=sys.argv[2], log=False, num_workers=int(sys.argv[4]))
"""


@pytest.mark.parametrize('count', ['1', '2'])
def test_goes_on_after_being_killed(tmp_path, raw, monkeypatch, count):
    monkeypatch.setattr(ntu_shards, 'SHARD', 2)
    load(tmp_path / 'whole', raw)
    root = tmp_path / 'root'
    command = [sys.executable, '-c', KILLED, root, raw, '00001.npy']
    command += [count]
    killed = subprocess.run(command, cwd=REPO, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    assert killed.stderr == b''  # nor do other processes complain
    done = sorted(path.name for path in root.rglob('0*.npy'))
    assert done[:2] == ['00000.npy', '00001.npy']
    assert len(done) == 2 or count == '2'
    assert not list(root.rglob('ntu60*.clips'))
    load(root, raw)
    assert content(root) == content(tmp_path / 'whole')


def test_damaged_unfinished_work(tmp_path, raw):
    load(tmp_path, raw)
    (store,) = (tmp_path / 'processed').iterdir()
    parts = store.with_name(f'.{store.stem}.parts')
    store.rename(tmp_path / 'elsewhere')
    parts.mkdir()
    (parts / '00000.npy').write_bytes(b'x')
    with pytest.raises(RuntimeError, match='unfinished work.*start again'):
        load(tmp_path, raw)
    assert len(load(tmp_path, raw)) == 4


def test_pre_transform(tmp_path, raw):
    normalize = PreNormalize('ctrgcn')
    stored = load(tmp_path, raw, pre_transform=normalize)
    fresh = load(tmp_path, raw, transform=normalize)
    assert len(list((tmp_path / 'processed').iterdir())) == 2
    for one, two in zip(stored, fresh, strict=True):
        torch.testing.assert_close(one.x, two.x)
        assert (one.x[1, 0, 0] == 0).all()


def test_new_raw_files_are_noticed(tmp_path, raw):
    assert len(load(tmp_path, raw)) == 4
    name = 'S001C001P008R001A001'
    (raw / f'{name}.skeleton').write_bytes(skeleton(name))
    assert name in load(tmp_path, raw).names


def test_processed_clips_do_without_raw_files(tmp_path, raw):
    names = load(tmp_path, raw).names
    assert load(tmp_path, raw / 'gone').names == names
    load(tmp_path, raw, 'ntu120-xsub')
    with pytest.raises(RuntimeError, match="no raw files.*'ntu60'|nothing"):
        load(tmp_path, raw / 'gone', bodies='ctrgcn')


def test_missing_raw_files(tmp_path):
    with pytest.raises(RuntimeError, match=r's001_to_s017\.zip'):
        NTURGBD(tmp_path, log=False)


@pytest.mark.parametrize(
    'options, reason',
    [
        ({'benchmark': 'xsub'}, "'benchmark'.*got 'xsub'"),
        ({'split': 'valid'}, "'split'.*got 'valid'"),
        ({'bodies': 'sgn'}, "'bodies'.*got 'sgn'"),
    ],
)
def test_wrong_options(tmp_path, options, reason):
    with pytest.raises(ValueError, match=reason):
        NTURGBD(tmp_path, log=False, **options)


UNREADABLE = {
    'no body': (b'2\n0\n0\n', 'contains no body in any of its 2 frames'),
    'cut off': (skeleton(NAMES[0])[:-2000], r'Line \d+ of .* cut off here'),
    'zeros': (bytes(9), 'Line 1 of .*expected the number of frames'),
    'empty': (b'', 'Skipped 1 .*it is empty'),
}


@pytest.mark.parametrize('form', ['folder', 'zip'])
@pytest.mark.parametrize('count', [1, 2])
@pytest.mark.parametrize('name', UNREADABLE)
def test_one_unreadable_file_of_many(
    tmp_path, raw, monkeypatch, name, count, form
):
    """It is named and left out; the other clips are the same."""
    monkeypatch.setattr(ntu_shards, 'SHARD', 2)
    load(tmp_path / 'whole', raw)
    broken, problem = UNREADABLE[name]
    (raw / 'S001C001P008R001A001.skeleton').write_bytes(broken)
    given = raw
    if form == 'zip':
        given = tmp_path / 'all.zip'
        with zipfile.ZipFile(given, 'w', zipfile.ZIP_DEFLATED) as archive:
            for path in raw.rglob('*.skeleton'):
                archive.write(path, path.name)
    options = dict(raw=given, log=False, num_workers=count)
    with pytest.warns(UserWarning, match=problem) as caught:
        NTURGBD(tmp_path / 'root', **options)
    assert 'S001C001P008R001A001.skeleton' in str(caught[0].message)
    assert content(tmp_path / 'root') == content(tmp_path / 'whole')


def test_an_archive_that_is_cut_off(tmp_path, raw):
    path = raw / 'nturgbd_skeletons_s018_to_s032.zip'
    path.write_bytes(b'PK\x03\x04 and no more')
    with pytest.warns(UserWarning, match=f"Skipped 1 .*'{path}': get"):
        assert len(load(tmp_path, raw)) == 4


def test_too_many_unreadable_files(tmp_path):
    names = [f'S001C001P001R001A{k:03}' for k in range(1, 21)]
    good, bad = skeleton(NAMES[0]), skeleton(NAMES[0])[:-99]
    for k, name in enumerate(names):
        (tmp_path / f'{name}.skeleton').write_bytes(bad if k > 9 else good)
    for text in ('10 of 20 .*A015.*and 5 more', '10 of 20 .*force_reload'):
        with pytest.warns(UserWarning, match=text):  # each time
            assert load(tmp_path / 'root', tmp_path).names == names[:10]
    (tmp_path / f'{names[0]}.skeleton').write_bytes(bad)
    with pytest.raises(ValueError, match='20 files with 11 or more'):
        load(tmp_path / 'root', tmp_path)
    for name in names[1:]:
        (tmp_path / f'{name}.skeleton').unlink()
    with pytest.raises(ValueError, match='1 files with 1 or more'):
        load(tmp_path / 'root', tmp_path)


@pytest.fixture
def held(tmp_path, raw):
    """The same clips in all formats, a folder each."""
    dataset = load(tmp_path / 'held', raw, split='all', bodies='ctrgcn')
    write_held(tmp_path, dataset)
    return dataset


def test_formats_find_their_own_files_only(tmp_path, raw, held):
    for form in NTURGBD.formats:
        folder = raw if form.name == 'skeleton' else tmp_path / form.name
        wanted = [
            path
            for path in sorted(folder.rglob('*'))
            if path.is_file() and path.suffix != '.txt'
        ]
        assert form.find(folder) == wanted
        assert [form.find(path) for path in wanted] == [[p] for p in wanted]
        for other in NTURGBD.formats:
            if other is not form:
                assert other.find(folder) == []


@pytest.mark.parametrize(
    'form, atol', [('pyskl', 2e-3), ('ctrgcn', 0), ('agcn', 0), ('sgn', 0)]
)
def test_held_formats(tmp_path, held, form, atol):
    selection = {'pyskl': None, 'agcn': 'agcn'}.get(form, 'ctrgcn')
    for split in ('train', 'test'):
        got = load(tmp_path, tmp_path / form, 'ntu60-xsub', split)
        names = [
            name
            for name in held.names
            if (NAMES[3] == name) == (split == 'test')
        ]
        order = names
        if form == 'sgn':  # by subject
            order = sorted(names, key=lambda name: name[8:12] + name)
            names = [f'{split}_{i:05}' for i in range(len(names))]
        elif form == 'ctrgcn':
            order = names = sorted(names, key=lambda name: name[8:12] + name)
        assert got.names == names
        for data, name in zip(got, order, strict=True):
            clip = held[held.names.index(name)]
            x = (
                clip.x
                if selection is None
                else PreNormalize(selection)(clip).x
            )
            np.testing.assert_allclose(data.x, x, atol=atol)
            assert data.y == clip.y
            assert data.subject == ('' if form == 'sgn' else clip.subject)


def test_clips_without_names(tmp_path, held):
    (tmp_path / 'ctrgcn' / 'skes_available_name.txt').unlink()
    test = load(tmp_path, tmp_path / 'ctrgcn', 'ntu60-xsub', 'test')
    assert (test.names, test[0].subject) == (['test_00000'], '')
    with pytest.raises(ValueError, match=r"no 'val_subjects'.*\[1\]"):
        load(tmp_path, tmp_path / 'ctrgcn', 'ntu60-xsub', 'train', [1])


def test_one_format_at_a_time(tmp_path, raw, held):
    with pytest.raises(ValueError, match='one format.*skeleton.*pyskl'):
        load(tmp_path, [raw, tmp_path / 'pyskl'])


def test_files_of_several_benchmarks(tmp_path, held):
    folder = tmp_path / 'ctrgcn'
    write_ctrgcn(
        *(folder / 'NTU60_CV.npz', held.names, held.joints, 'ntu60-xview')
    )
    for benchmark, train in (('ntu60-xsub', 4), ('ntu60-xview', 2)):
        assert len(load(tmp_path, folder, benchmark)) == train
    with pytest.raises(ValueError, match=r"'NTU120_CSub\.npz'.*pass the one"):
        load(tmp_path, folder, 'ntu120-xsub')
    inner = tmp_path / 'agcn' / 'xsub'
    inner.mkdir()
    for path in (tmp_path / 'agcn').glob('*_*'):
        (inner / path.name).write_bytes(path.read_bytes())
    assert len(load(tmp_path, tmp_path / 'agcn')) == 4


@pytest.mark.parametrize('folder', ['xset', 'xsetup'])
def test_folders_of_cross_setup(tmp_path, held, folder):
    """MS-G3D calls it otherwise than Shift-GCN."""
    for name in ('xsub', folder):
        (tmp_path / 'data' / name).mkdir(parents=True)
        for path in (tmp_path / 'agcn').glob('*_*'):
            copy = tmp_path / 'data' / name / path.name
            copy.write_bytes(path.read_bytes())
    for benchmark, name in (('ntu120-xset', folder), ('ntu120-xsub', 'xsub')):
        source = find_source([tmp_path / 'data'], benchmark)
        assert {path.parent.name for path in source.files} == {name}


def test_loader_streams_padded_clips(tmp_path, raw):
    """The store of a split streams: windows begin with the first frame, and
    what the loader repeats and bodies that are absent are masked.
    """
    train = load(tmp_path, raw)
    longest = max(train.store.lengths)
    loader = ClipLoader(
        train.store,
        batch_size=2,
        frames=2 * int(longest) - 1,
        stride=int(longest),
        keys=('x',),
        shuffle=True,
    )
    label = torch.stack([data.y[0] for data in train])
    seen = []
    for batch in loader:
        x = batch.x[:, longest - 1 :]  # [B, T, 2, 25, 3]
        there = torch.arange(longest) < loader.length[batch.clip, None]
        mask = there[..., None] & x.any(-1).any(-1)  # [B, T, M]
        x = x * mask[..., None, None]
        for k, clip, m in zip(batch.clip.tolist(), x, mask, strict=True):
            data = train[k]
            assert label[k] == int(train.names[k][-3:]) - 1
            frames = data.x.size(1)
            node_first = clip[:frames].permute(2, 0, 1, 3)
            torch.testing.assert_close(node_first, data.x)
            assert not clip[frames:].any() and not m[frames:].any()
            assert m.any(0).sum() == data.num_bodies
            seen.append(k)
    assert sorted(seen) == list(range(len(train)))


def test_loader_streams_what_the_clips_hold(tmp_path, raw):
    train = load(tmp_path, raw, 'ntu120-xset', 'test')
    assert np.diff(train.store.indices).max() > 1
    for frames in (1, 5):
        options = {'batch_size': 4, 'frames': frames, 'keys': ('x',)}
        streamed = ClipLoader(train.store, **options, pool_size=8)
        for one, two in zip(
            streamed, ClipLoader(list(train), **options), strict=True
        ):
            torch.testing.assert_close(one.x, two.x)
            assert torch.equal(one.clip, two.clip)
