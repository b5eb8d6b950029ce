"""Trains on files of each format that people hold Human3.6M in."""

import json

import numpy as np
import pytest

from experiments import run
from experiments.pose import data, report
from experiments.pose.config import ClipsConfig
from experiments.sweep import sources
from experiments.sweep.sources import resolve
from pyg_hcsf.protocols import H36M_ACTIONS, get_protocol
from tests.datasets.human36m.human36m_files import (
    WRITERS,
    motion,
    write_archives,
    write_motionbert,
    write_vp3d,
)

SMOKE = ['--task', 'pose', '--preset', 'default/hcsf', '--smoke']


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch):
    monkeypatch.setattr(report.PoseReport, 'draw', lambda *_: {})  # slow


def train(folder, *args):
    path = run.main(
        [*SMOKE, '--root', str(folder), '--out', str(folder / 'runs'), *args]
    )
    folder = path.parent / 'hcsf' / '0'
    metrics = json.loads((folder / 'metrics.json').read_text())
    return metrics, dict(np.load(folder / 'frames.npz'))


@pytest.mark.parametrize('form', [*WRITERS, 'archives'])
def test_trains_from_each_format(tmp_path, form):
    write = {**WRITERS, 'archives': write_archives}[form]
    write(tmp_path / 'Human36M' / 'raw')
    args = ['--protocol', 'lcn'] * (form == 'motionbert')
    metrics, frames = train(tmp_path, *args)
    assert metrics['data'] == 'human36m'  # found without --data
    assert metrics['protocol'] == ('lcn' if args else 'srnet')
    assert list(metrics['per_action']) == ['Directions', 'Photo', 'WalkDog']
    assert set(frames['subject']) == {'S9', 'S11'}
    assert 10 < metrics['mpjpe'] < 1000
    names = set(frames['clip_names'])
    both = {'S11 Directions', 's_11_act_02_subact_02'} & names
    assert bool(both) == bool(args)  # srnet drops the take, lcn keeps it


def test_protocols_and_detectors(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, 'HOME', tmp_path / 'home')
    (tmp_path / 'home').mkdir()
    write_vp3d(tmp_path / 'files')  # right in the folder that --root names
    root = tmp_path / 'files'
    args = ['--data', 'human36m', '--protocol', 'vp3d']
    args += ['--clips.keypoints', 'cpn_ft_h36m_dbb']
    metrics, _ = train(root, *args)
    assert metrics['protocol'] == 'vp3d'
    assert metrics['keypoints'] == 'cpn_ft_h36m_dbb'
    assert not (root / 'Human36M').exists()
    assert list((tmp_path / 'home/Human36M/processed').glob('*.clips'))
    with pytest.raises(ValueError, match='cpn_ft_h36m_dbb.*noisy'):
        train(root, '--data', 'human36m', '--clips.keypoints', 'noisy')


def test_dev_keeps_s8_out_of_training(tmp_path):
    write_vp3d(tmp_path / 'Human36M' / 'raw', motion(takes=[('Photo', '')]))

    def subjects(name, split):
        args = (name, tmp_path, split, ClipsConfig(), get_protocol('srnet'))
        return {clip.subject for clip in data.load_clips(*args)}

    four = {'S1', 'S5', 'S6', 'S7'}
    assert subjects('human36m', 'train') == four | {'S8'}
    assert subjects('human36m-dev', 'train') == four
    for name in ('human36m', 'human36m-dev'):
        assert subjects(name, 'val') == {'S8'}
        assert subjects(name, 'test') == {'S9', 'S11'}


def test_poses_without_size(tmp_path):
    write_motionbert(tmp_path / 'Human36M' / 'raw')
    with pytest.raises(ValueError, match="--protocol.*'lcn'.*MotionBERT"):
        train(tmp_path, '--data', 'human36m')


def test_prepared_files_do(tmp_path):
    raw = tmp_path / 'Human36M' / 'raw'
    write_vp3d(raw, motion(takes=[('Photo', '')]))
    args = ('human36m', tmp_path, 'test', ClipsConfig())
    first = data.load_clips(*args)[0].x
    for file in raw.iterdir():
        file.unlink()
    data._load.cache_clear()
    assert resolve('auto', tmp_path, data.SOURCES) == 'human36m'
    assert (data.load_clips(*args)[0].x == first).all()
    for name in ('vp3d', 'lcn', 'srnet'):
        clips = data.load_clips(*args, get_protocol(name))
        assert clips[0].x.abs().max() < 2  # encoded
    with pytest.raises(ValueError, match='human36m-dev'):
        resolve('human3.6m', tmp_path, data.SOURCES)
    assert data.DATA[:3] == ('auto', 'human36m', 'openmocap')
    assert len(H36M_ACTIONS) == 15


def test_nothing_found(tmp_path):
    assert resolve('auto', tmp_path, data.SOURCES) == 'synthetic'
    with pytest.raises(ValueError, match=r'Human36M/raw.*README'):
        data.load_clips('human36m', tmp_path, 'test', ClipsConfig())
