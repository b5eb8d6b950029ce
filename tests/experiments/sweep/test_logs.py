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


class Bar:
    """Records what a progress bar shows."""

    made: list = []

    def __init__(self, steps=None, desc='', **options):
        self.steps, self.title = steps, desc
        self.hidden = options.get('disable') is True
        self.shown = []
        Bar.made.append(self)

    def __iter__(self):
        return iter(self.steps)

    def __enter__(self):
        return self

    def __exit__(self, *args):
        pass

    def update(self):
        pass

    def set_postfix(self, values, refresh):
        self.shown.append(dict(values))


def test_progress_bars_and_a_last_validation(tmp_path, monkeypatch):
    monkeypatch.setattr(Bar, 'made', [])
    for module in ('trainer', 'processes'):
        monkeypatch.setattr(f'experiments.sweep.{module}.tqdm', Bar)
    args = ['--task', 'pose', '--data', 'synthetic', '--preset', 'default/gcn']
    args += ['--clips.num_frames', '20', '--model.hidden_channels', '8']
    args += ['--train.batch_size', '32', '--train.steps', '5']
    run.main([*args, '--train.evaluate_every', '4', '--out', str(tmp_path)])
    folder = tmp_path / 'pose/default/gcn/0'
    lines = (folder / 'log.jsonl').read_text().splitlines()
    records = [json.loads(line) for line in lines]
    steps = [r['step'] for r in records if 'val_mpjpe' in r]
    assert steps == [4, 5]  # the last one is not a multiple of 4
    assert [row['step'] for row in rows(folder)] == ['4', '5']
    assert all(float(row['loss']) > 0 for row in rows(folder))
    training = Bar.made[0]
    assert training.title == 'GCN seed 0'
    assert set(training.shown[-1]) == {'loss', 'val_mpjpe'}
    assert set(training.shown[-2]) == {'loss', 'val_mpjpe'}
    shown = [bar.title for bar in Bar.made[1:] if not bar.hidden]
    assert shown == ['Testing']
