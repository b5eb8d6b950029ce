"""Incomplete splits are errors before the training."""

from importlib import import_module

import pytest
from torch.utils.data import ConcatDataset
from torch_geometric.data import Data

from experiments import run
from experiments.sweep.splits import check_split, column
from experiments.sweep.trainer import Trainer
from pyg_hcsf.protocols import H36M_ACTIONS
from tests.datasets.human36m.human36m_files import motion, write_vp3d

CLIPS = [Data(subject=s, action=a) for s in ('S9', 'S11') for a in 'ab']


@pytest.fixture(autouse=True)
def no_training(monkeypatch):
    def fail(*_):
        pytest.fail('it trains')

    monkeypatch.setattr(Trainer, 'run', fail)


def test_column():
    assert column(CLIPS, 'subject') == ['S9', 'S9', 'S11', 'S11']
    assert column(ConcatDataset([CLIPS, CLIPS]), 'action') == list('abab') * 2
    assert column(CLIPS, 'camera') == []


def test_check_split(monkeypatch):
    said = []
    monkeypatch.setattr('experiments.sweep.splits.print_once', said.append)
    with pytest.raises(
        ValueError, match='Expected clips in the test of x spl'
    ):
        check_split([], 'test of x', {}, partial=True)
    check_split(CLIPS, 'test of x', {'subject': ['S9'], 'camera': ['1']})
    check_split(CLIPS, 'test of x', {'action': ['b', 'a']})
    assert said == []
    for key, values, text in (
        ('subject', ['S9', 'S5'], r"no clips of subject \['S5'\].*--partial"),
        ('action', ['a', 'c', 'd'], r"no clips of action \['c', 'd'\]"),
    ):
        with pytest.raises(
            ValueError, match=f'The test of x split has {text}'
        ):
            check_split(CLIPS, 'test of x', {key: values})
        check_split(CLIPS, 'test of x', {key: values}, partial=True)
    assert (
        len(said) == 2 and "['S5']: results are of the others only" in said[0]
    )


def write(folder, subjects, actions):
    takes = [(action, '') for action in actions]
    takes += [('Directions', ' 1')]  # S11's first is always left out
    write_vp3d(folder / 'Human36M' / 'raw', motion(subjects, takes))


EVERY = ('S1', 'S5', 'S6', 'S7', 'S8', 'S9', 'S11')


@pytest.mark.parametrize(
    'subjects, actions, message',
    [
        (EVERY[:-1], H36M_ACTIONS, r"test of human36m.*subject \['S11'\]"),
        (EVERY[1:], H36M_ACTIONS, r"train of human36m.*subject \['S1'\]"),
        (EVERY, H36M_ACTIONS[:-1], r"train of .*action \['WalkTogether'\]"),
        (EVERY[:-2], H36M_ACTIONS, "split='test' .*got none"),
    ],
)
def test_pose(tmp_path, subjects, actions, message):
    write(tmp_path, subjects, actions)
    args = ['--task', 'pose', '--preset', 'default/fcn', '--root', tmp_path]
    args += ['--out', tmp_path / 'runs', '--model.hidden_channels', '8']
    with pytest.raises((ValueError, RuntimeError), match=message):
        run.main([*map(str, args)])
    assert not list(tmp_path.rglob('checkpoint.pt'))


@pytest.mark.parametrize('task', ['pose', 'lift', 'action'])
def test_empty_test_splits(tmp_path, task, monkeypatch):
    place = 'lifting.scores' if task == 'lift' else f'{task}.task'
    module = import_module(f'experiments.{place}')
    name = {'pose': 'load_clips', 'lift': 'motion_clips'}.get(
        task, 'load_actions'
    )
    load = getattr(module, name)

    def empty(data, root, split, *args):
        found = load(data, root, split, *args)
        if split != 'test':
            return found
        return found._replace(clips=[]) if task == 'action' else []

    monkeypatch.setattr(module, name, empty)
    args = ['--task', task, '--preset', 'default', '--data', 'synthetic']
    args += ['--evaluate.split', 'test']
    with pytest.raises(ValueError, match='clips in the test of synthetic spl'):
        run.main([*args, '--smoke', '--out', str(tmp_path)])
