import os

import pytest
import torch
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader

from pyg_hcsf.data import clip_writer
from pyg_hcsf.datasets.synthetic.actions import ACTIONS
from pyg_hcsf.datasets.synthetic.dataset import (
    SPLITS,
    SyntheticMotion,
    motion_clip,
)
from pyg_hcsf.protocols import H36M_ACTIONS
from pyg_hcsf.skeleton import H36M17
from tests.datasets.synthetic.clips import CHILD, PARENT


@pytest.fixture(scope='module')
def dataset():
    return SyntheticMotion(split='val', num_frames=20)


@pytest.mark.parametrize(
    'option, value',
    [
        ('split', 'S9'),
        ('keypoints', 'cpn'),
        ('distortion', 'fisheye'),
        ('num_frames', 0),
        ('num_frames', 2.5),
        ('seed', -1),
    ],
)
@pytest.mark.parametrize('on_disk', [False, True])
def test_dataset_names_a_bad_option(option, value, on_disk, tmp_path):
    root = tmp_path if on_disk else None
    with pytest.raises(ValueError, match=f"'{option}'.*{value}"):
        SyntheticMotion(root, **{option: value}, log=False)
    assert not list(tmp_path.rglob('*.clips'))


def test_actions_are_those_of_human36m():
    assert SyntheticMotion.actions == H36M_ACTIONS


def test_splits_share_no_subject():
    subjects = sum(SPLITS.values(), ())
    assert len(set(subjects)) == len(subjects) == 7
    assert SPLITS['test'] == ('S9', 'S11') and SPLITS['val'] == ('S8',)


def test_metadata_of_the_dataset(dataset):
    assert len(dataset) == 15 * 2 * 4
    assert dataset.skeleton is H36M17 and dataset.protocol == 'openmocap'
    assert dataset.fps == 25.0 and dataset.subjects == ('S8',)
    assert len({(d.clip, d.camera) for d in dataset}) == len(dataset)
    assert {d.action for d in dataset} == set(ACTIONS)


def test_shapes_of_a_clip(dataset):
    data = dataset[0]
    assert data.clip == 'S8 Directions 1' and data.subject == 'S8'
    assert data.x.shape == (17, 20, 2) and data.y.shape == (17, 20, 3)
    assert data.x.dtype == data.y.dtype == torch.float32
    assert data.edge_index.shape == (2, 32) and data.num_nodes == 17
    assert data.validate(raise_on_error=True)


def test_keypoints_are_projections_of_the_joints(dataset):
    data = dataset[0]
    uv = data.y[..., :2] / data.y[..., 2:] * data.focal + data.center
    torch.testing.assert_close(uv.float(), data.x, atol=0.01, rtol=0.0)


def test_dataset_batches_and_copies(dataset):
    batch = next(iter(DataLoader(dataset[:3], batch_size=3)))
    assert batch.x.shape == (51, 20, 2) and batch.focal.shape == (3, 2)
    part = dataset.copy([5])
    part[0].x.zero_()
    assert dataset[5].x.abs().min() > 0.0


def test_clips_are_projections_of_the_motion(dataset):
    motion = motion_clip('S8', 'Directions', 1, num_frames=20)
    bones = (motion.pos[CHILD] - motion.pos[PARENT]).norm(dim=-1)
    y = dataset[2].y
    projected = (y[CHILD] - y[PARENT]).norm(dim=-1)
    torch.testing.assert_close(projected, bones, atol=0.01, rtol=0.0)


def test_dataset_noise(dataset):
    noisy = SyntheticMotion(split='val', num_frames=20, keypoints='noisy')
    assert noisy[0].confidence.shape == (17, 20)
    torch.testing.assert_close(noisy[0].y, dataset[0].y)
    assert (noisy[0].x - dataset[0].x).abs().mean() > 0.5


def test_in_memory_writes_nothing(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('PYTEST_CURRENT_TEST')
    SyntheticMotion(split='val', num_frames=1)
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr() == ('', '')


def test_root_caches(dataset, tmp_path, monkeypatch):
    args = {'root': tmp_path, 'split': 'val', 'num_frames': 20, 'log': False}
    first = SyntheticMotion(**args)
    assert len(first) == len(dataset)
    torch.testing.assert_close(first[7].x, dataset[7].x)
    monkeypatch.setattr(SyntheticMotion, '_clips', None)
    second = SyntheticMotion(**args)
    torch.testing.assert_close(second[7].y, dataset[7].y)
    assert second[7].clip == dataset[7].clip


def test_options_have_files_of_their_own(tmp_path, monkeypatch):
    clip = Data(x=torch.zeros(17, 1, 2))
    monkeypatch.setattr(SyntheticMotion, '_clips', lambda self: iter([clip]))
    options = [
        {},
        {'split': 'test'},
        {'keypoints': 'noisy'},
        {'num_frames': 3},
        {'distortion': 'm17'},
        {'seed': 1},
    ]
    for option in options:
        SyntheticMotion(tmp_path, **option, log=False)
    assert len(list(tmp_path.rglob('*.clips'))) == len(options)


def test_only_the_processed_file_is_read(tmp_path, booby_trap):
    owned = booby_trap(tmp_path / 'processed')
    args = {'root': tmp_path, 'split': 'val', 'num_frames': 1, 'log': False}
    assert SyntheticMotion(**args).raw_fingerprint == ''
    SyntheticMotion(**args)
    assert not owned.exists()
    assert (tmp_path / 'processed' / 'pre_filter.pt').read_bytes() == b''


def test_root_that_cannot_be_written(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(RuntimeError, match="the folder '.*file/root/proc"):
        SyntheticMotion(tmp_path / 'file' / 'root', num_frames=1, log=False)


def test_damaged_file_is_named(tmp_path):
    args = {'root': tmp_path, 'split': 'val', 'num_frames': 1, 'log': False}
    (path,) = SyntheticMotion(**args).processed_paths
    os.truncate(os.path.join(path, 'y.npy'), 1000)
    with pytest.raises(RuntimeError, match='val_gt_pinhole_seed0_1frames'):
        SyntheticMotion(**args)
    assert len(SyntheticMotion(**args, force_reload=True)) == 120


def test_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(file):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(clip_writer, '_sync', full)
    with pytest.raises(RuntimeError, match='No space left'):
        SyntheticMotion(tmp_path, split='val', num_frames=1, log=False)
    assert [p for p in tmp_path.rglob('*') if p.is_file()] == []
