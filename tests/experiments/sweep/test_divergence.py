"""A diverged training is an error that says which setting to change."""

import json
import math

import pytest
import torch

from experiments import run
from experiments.sweep.divergence import check_converged

ARGS = ['--data', 'synthetic', '--smoke', '--out']
TASKS = {
    'pose': ('default/fcn', 'fcn'),
    'lift': ('default', 'single'),
    'action': ('default', 'hcsf'),
}


@pytest.mark.parametrize('value', [math.nan, math.inf, 101.0, 1e26])
def test_check_converged(value):
    check_converged(100.0, 1.0, 'it')
    with pytest.raises(RuntimeError, match='diverged: it is .*--train.lr'):
        check_converged(value, 1.0, 'it')


@pytest.mark.parametrize('rate', ['1e4', '1e30'])
@pytest.mark.parametrize('task', TASKS)
def test_rates_that_are_too_large(tmp_path, task, rate):
    preset, row = TASKS[task]
    args = ['--task', task, '--preset', preset, *ARGS, str(tmp_path)]
    with pytest.raises(RuntimeError, match='diverged.*Lower --train.lr'):
        run.main([*args, '--train.lr', rate])
    assert not list(tmp_path.rglob('metrics.json'))


@pytest.mark.parametrize('scale', [1e6, math.nan])
def test_networks_that_only_diverge_in_the_test(tmp_path, scale, monkeypatch):
    """For example because of the statistics of batch norm."""
    args = ['--task', 'pose', '--preset', 'default/fcn', *ARGS, str(tmp_path)]
    run.main(args)
    (folder,) = (p.parent for p in tmp_path.rglob('metrics.json'))
    state = torch.load(folder / 'checkpoint.pt', weights_only=True)
    for name, value in state['model'].items():
        if name.startswith('last.'):
            value.mul_(scale)
    torch.save(state, folder / 'checkpoint.pt')
    (folder / 'metrics.json').unlink()
    with pytest.raises(RuntimeError, match='diverged: MPJPE in mm'):
        run.main([*args, '--resume'])
    assert not (folder / 'metrics.json').exists()


def test_usual_losses_are_far_below_the_limit(tmp_path):
    args = ['--task', 'pose', '--preset', 'default/fcn', *ARGS, str(tmp_path)]
    run.main([*args, '--train.lr', '0.03'])
    (path,) = tmp_path.rglob('log.jsonl')
    losses = [
        json.loads(line).get('loss') for line in path.read_text().splitlines()
    ]
    assert max(filter(None, losses)) < 30
