"""The logs of a training."""

import csv
import json
import sys
import types

import pytest

from experiments import run
from experiments.sweep.logs import TrainingLog


def rows(folder):
    with (folder / 'log.csv').open() as file:
        return list(csv.DictReader(file))


def test_csv(tmp_path):
    log = TrainingLog(tmp_path, ['csv'])
    log.open(0)
    for step, loss in ((1, 3.0), (2, 1.0)):
        log.append(step, {'loss': loss, 'lr': 0.1, 'seconds': 1.0})
    log.append(2, {'val_mpjpe': 50.0, 'seconds': 1.0})
    log.flush()
    expected = {'step': '2', 'loss': '2.0', 'lr': '0.1', 'seconds': '1.0'}
    assert rows(tmp_path) == [{**expected, 'val_mpjpe': '50.0'}]
    log.append(3, {'loss': 5.0, 'lr': 0.1, 'seconds': 1.0})
    log.close()
    assert [row['step'] for row in rows(tmp_path)] == ['2', '3']

    again = TrainingLog(tmp_path, ['csv'])
    again.open(2)  # the third step was not saved
    again.close()
    assert [row['step'] for row in rows(tmp_path)] == ['2']
    again.open(0)
    assert not log.path.exists()


def test_only_the_formats_that_were_asked_for(tmp_path):
    log = TrainingLog(tmp_path)
    log.open(0)
    log.append(1, {'loss': 1.0})
    log.close()
    assert [path.name for path in tmp_path.iterdir()] == ['log.jsonl']


def test_a_line_that_was_cut_off(tmp_path):
    (tmp_path / 'log.jsonl').write_text('{"step": 1, "loss": 2.0}\n{"st')
    TrainingLog(tmp_path).open(5)
    assert json.loads((tmp_path / 'log.jsonl').read_text())['step'] == 1


def test_tensorboard(tmp_path, monkeypatch):
    """Its writer gets every figure, and the step to go on from."""
    said = []

    class Writer:
        def __init__(self, folder, purge_step):
            said.append((folder, purge_step))

        def add_scalar(self, *values):
            said.append(values)

        def flush(self):
            said.append('flush')

        def close(self):
            said.append('close')

    module = types.ModuleType('torch.utils.tensorboard')
    module.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, 'torch.utils.tensorboard', module)
    log = TrainingLog(tmp_path, ['tensorboard'])
    log.open(0)
    log.append(1, {'loss': 2.0, 'lr': 0.1})
    log.close()
    folder = str(tmp_path / 'tensorboard')
    assert said == [
        (folder, 1),
        ('loss', 2.0, 1),
        ('lr', 0.1, 1),
        'flush',
        'close',
    ]


def test_a_missing_tensorboard_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    args = ['--task', 'pose', '--log', 'tensorboard', '--out', str(tmp_path)]
    with pytest.raises(ModuleNotFoundError) as e:
        run.main(args)
    assert e.value.name == 'tensorboard'
    assert list(tmp_path.iterdir()) == []
