"""The command run.py, as a user runs it."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from dataclasses import asdict

import numpy as np
import pytest
import torch
import yaml

from experiments import run, run_parser
from experiments.pose.config import TrainConfig
from experiments.pose.task import build_model
from experiments.pose.trainer import rate
from experiments.sweep import ledger
from experiments.sweep.files import save_tensors
from experiments.sweep.presets import (
    fingerprint,
    list_presets,
    load_preset,
)
from tests.paths import DATA, REPO

SMALL = ['--task', 'pose', '--data', 'synthetic', '--clips.num_frames', '40']
SMALL += ['--model.hidden_channels', '16', '--train.batch_size', '64']
SMALL += ['--train.evaluate_every', '20', '--train.save_every', '0.05']


def command(*args):
    script = str(REPO / 'experiments' / 'run.py')
    return [sys.executable, script, *SMALL, *map(str, args)]


def result(folder, row='hcsf_dynamic', preset='default'):
    folder = folder / 'pose' / preset / row / '0'
    state = torch.load(folder / 'checkpoint.pt', weights_only=True)
    metrics = json.loads((folder / 'metrics.json').read_text())
    frames = dict(np.load(folder / 'frames.npz'))
    return state, metrics, frames


def same(a, b):
    for key, value in a[0]['model'].items():
        assert torch.equal(value, b[0]['model'][key]), key
    for key in ('mpjpe', 'pa_mpjpe', 'n_mpjpe', 'mpjve', 'per_action'):
        assert a[1][key] == b[1][key], key
    for key, value in a[2].items():
        assert np.array_equal(value, b[2][key]), key


def test_smoke(tmp_path, capsys):
    args = ['--task', 'pose', '--data', 'synthetic', '--smoke']
    path = run.main([*args, '--out', str(tmp_path)])
    text = path.read_text()
    out = capsys.readouterr().out
    for label in ('HCSF w/A', 'LCN', 'MixHop', 'GCN', 'SemGCN', 'FCN'):
        assert label in text and label in out
    assert 'These are not Human3.6M numbers' in text.split('\n\n')[0] + out
    assert 'SitD' in text and 'PA-MPJPE' in text
    for name in ('error_distribution', 'worst_poses', 'hardest_poses'):
        assert list(path.parent.rglob(f'{name}.png')), name
    folder = path.parent / 'hcsf' / '0'
    files = {'config.yaml', 'metrics.json', 'frames.npz', 'env.json'}
    files |= {'checkpoint.pt', 'log.jsonl', 'log.csv'}
    files |= {'network.safetensors', 'skeleton.yaml'}
    assert {p.name for p in folder.iterdir()} == files
    metrics = json.loads((folder / 'metrics.json').read_text())
    assert metrics['split'] == 'test' and metrics['macs'] > 0
    frames = np.load(folder / 'frames.npz')
    assert frames['error'].mean() == pytest.approx(metrics['mpjpe'], rel=1e-5)
    assert set(frames['subject']) == {'S9', 'S11'}  # whom nothing chose by

    before = (folder / 'metrics.json').stat().st_mtime_ns
    run.main([*args, '--out', str(tmp_path)])
    assert 'finished before' in capsys.readouterr().out
    assert (folder / 'metrics.json').stat().st_mtime_ns == before


def test_print_config(capsys):
    args = ['--task', 'pose', '--preset', 'paper/hcsf', '--print_config']
    run.main([*args, '--train.lr', '0.5'])
    config = yaml.safe_load(capsys.readouterr().out)['hcsf']
    assert config['train'] == {
        'epochs': 80,
        'steps': None,
        'batch_size': 256,
        'optimizer': 'adam',
        'lr': 0.5,
        'weight_decay': 0.0,
        'schedule': 'exponential',
        'decay': 0.95,
        'mirror': True,
        'evaluate_every': 1000,
        'save_every': 20.0,
        'amp': False,
        'compile': False,
        'graph': False,
    }
    assert config['model']['hidden_channels'] == 128


def test_one_parser_for_all_rows(monkeypatch, capsys):
    made = []

    class Parser(run_parser.ArgumentParser):
        def __init__(self, *args, **kwargs):
            made.append(kwargs['prog'])
            super().__init__(*args, **kwargs)

    monkeypatch.setattr(run_parser, 'ArgumentParser', Parser)
    run.main(['--task', 'pose', '--preset', 'table7', '--print_config'])
    assert made == ['run.py']
    configs = yaml.safe_load(capsys.readouterr().out)
    # A row does not keep settings of the row before it.
    for row, settings in load_preset('pose', 'table7').rows.items():
        assert configs[row] == asdict(run.make_config('pose', settings))


def test_killed_and_resumed(tmp_path):
    """SIGKILL at three random points does not change a bit of the result."""
    args = ['--preset', 'default/hcsf_dynamic', '--train.steps', 120]
    full = tmp_path / 'full'
    subprocess.run(command(*args, '--out', full), check=True)
    log = full / 'pose/default/hcsf_dynamic/0/log.jsonl'
    seconds = json.loads(log.read_text().splitlines()[-1])['seconds']

    broken = tmp_path / 'broken'
    log = broken / 'pose/default/hcsf_dynamic/0/checkpoint.pt'
    moments = random.Random(time.time_ns())
    kills = 0
    for _ in range(3):
        process = subprocess.Popen(command(*args, '--out', broken, '--resume'))
        while not log.is_file() and process.poll() is None:
            time.sleep(0.02)
        stamp = log.stat().st_mtime_ns
        while log.stat().st_mtime_ns == stamp and process.poll() is None:
            time.sleep(0.01)  # it has passed the checkpoint that it found
        time.sleep(moments.uniform(0, seconds / 5))
        process.kill()
        kills += process.wait() == -9
    assert kills >= 1
    subprocess.run(command(*args, '--out', broken, '--resume'), check=True)
    same(result(broken), result(full))
    folder = broken / 'pose/default/hcsf_dynamic/0'
    assert not list(folder.glob('.*'))


def test_two_processes(tmp_path):
    """torchrun reaches the metrics of one process on the same batches."""
    args = ['--preset', 'default/hcsf', '--train.steps', 60]
    subprocess.run(command(*args, '--out', tmp_path / 'one'), check=True)
    torchrun = [sys.executable, '-m', 'torch.distributed.run']
    torchrun += ['--standalone', '--nproc_per_node', '2']
    subprocess.run(
        torchrun + command(*args, '--out', tmp_path / 'two')[1:],
        check=True,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
    )
    one, two = (
        result(tmp_path / name, 'hcsf')[1]['mpjpe'] for name in ('one', 'two')
    )
    assert two == pytest.approx(one, rel=0.1)


@pytest.mark.skipif(torch.cuda.is_available(), reason='there is a GPU')
def test_cuda_graphs_need_a_gpu(tmp_path):
    args = [*SMALL, '--preset', 'default/hcsf', '--out', str(tmp_path)]
    with pytest.raises(ValueError, match="'--train.graph false' .* cpu"):
        run.main([*args, '--train.graph', 'true'])


@pytest.mark.skipif(not torch.cuda.is_available(), reason='there is no GPU')
@pytest.mark.parametrize('amp', [False, True])
@pytest.mark.parametrize('row', ['hcsf_dynamic', 'lcn', 'fcn'])
def test_cuda_graphs_train_alike(tmp_path, row, amp):
    args = [*SMALL, '--preset', f'default/{row}', '--train.steps', '60']
    args += ['--train.amp', str(amp).lower(), '--model.dropout', '0.1']
    for graph in ('false', 'true'):
        out = ['--out', str(tmp_path / graph)]
        run.main([*args, *out, '--train.graph', graph])
    plain, graphs = (
        result(tmp_path / graph, row)[0]['model']
        for graph in ('false', 'true')
    )
    for key, value in plain.items():
        assert torch.allclose(value.cpu(), graphs[key].cpu(), atol=1e-2), key


def test_results_of_other_settings_are_kept(tmp_path, capsys):
    args = [*SMALL, '--preset', 'default/gcn', '--out', str(tmp_path)]
    run.main([*args, '--train.steps', '3'])
    before = result(tmp_path, 'gcn')
    with pytest.raises(ValueError, match="'layer'.*got 'foo'"):
        run.main([*args, '--train.steps', '3', '--model.layer', 'foo'])
    same(result(tmp_path, 'gcn'), before)
    run.main([*args, '--train.steps', '4'])
    assert result(tmp_path, 'gcn')[0]['step'] == 4
    assert 'results of other settings were moved' in capsys.readouterr().out
    folder = tmp_path / 'pose/default/gcn'
    old = json.loads((folder / '.old/0/metrics.json').read_text())
    assert old['mpjpe'] == before[1]['mpjpe']

    (folder / '0/metrics.json').unlink()  # as if killed before the end
    with pytest.raises(ValueError, match='continue it with --resume'):
        run.main([*args, '--train.steps', '4'])
    run.main([*args, '--train.steps', '4', '--resume'])
    assert result(tmp_path, 'gcn')[1]['train_step_share'] > 0
    log = (folder / '0/log.jsonl').read_text()
    for name in ('metrics.json', 'checkpoint.pt'):  # killed before a save
        (folder / '0' / name).unlink()
    (folder / '0/.frames.npz.1.part').write_text('half')
    run.main([*args, '--train.steps', '4', '--resume'])
    steps = [json.loads(line)['step'] for line in log.splitlines()]
    log = (folder / '0/log.jsonl').read_text()
    assert [json.loads(line)['step'] for line in log.splitlines()] == steps
    assert not list(folder.glob('0/.*'))


def test_protocol_chooses_the_distortion(tmp_path):
    args = [*SMALL, '--preset', 'default/gcn', '--out', str(tmp_path)]
    run.main([*args, '--train.steps', '3', '--protocol', 'vp3d'])
    metrics = result(tmp_path, 'gcn')[1]
    assert metrics['protocol'] == 'vp3d' and metrics['average'] == 'actions'
    actions = [row['mpjpe'] for row in metrics['per_action'].values()]
    assert metrics['mpjpe'] == pytest.approx(np.mean(actions))
    path = tmp_path / 'pose/default/gcn/0/config.yaml'
    config = yaml.safe_load(path.read_text())
    assert config['clips']['distortion'] == 'vp3d'


def test_most_of_a_step_is_computation(tmp_path):
    args = [*SMALL, '--preset', 'default/hcsf', '--out', str(tmp_path)]
    args += ['--train.save_every', '20', '--train.evaluate_every', '100']
    run.main([*args, '--train.steps', '30'])
    assert result(tmp_path, 'hcsf')[1]['train_step_share'] > 0.5


def test_full_disk(tmp_path):
    """Existing files stay, and no part of a file is left."""
    path = tmp_path / 'checkpoint.pt'
    save_tensors({'a': torch.zeros(3)}, path)
    before = path.read_bytes()
    limit = 1 << 12
    code = f"""
import resource, signal, torch
from pathlib import Path
from experiments.sweep import ledger
from experiments.sweep.files import save_tensors
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
save_tensors({{'a': torch.randn(100_000)}}, Path({str(path)!r}))
"""
    out = subprocess.run(
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(REPO)},
    )
    assert out.returncode != 0
    assert 'RuntimeError: Could not write' in out.stderr
    assert '--resume' in out.stderr.splitlines()[-1]
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ['checkpoint.pt']


def test_broken_checkpoint(tmp_path):
    args = [*SMALL, '--preset', 'default/gcn', '--out', str(tmp_path)]
    run.main([*args, '--train.steps', '3'])
    folder = tmp_path / 'pose/default/gcn/0'
    (folder / 'metrics.json').unlink()
    (folder / 'checkpoint.pt').write_bytes(b'PK half of it')
    with pytest.raises(RuntimeError, match='Could not resume .*checkpoint.pt'):
        run.main([*args, '--train.steps', '3', '--resume'])


@pytest.mark.parametrize(
    'args,message',
    [
        (
            ['--task', 'dance'],
            "'--task' to be 'pose', 'lift', 'action' or 'bench' .got 'dance'",
        ),
        ([], "'action' or 'bench' .got none"),
        (['--task', 'pose', '--preset', 'x'], "'default', .*got 'x'"),
        (['--task', 'pose', '--preset', 'default/x'], "A row|a row .*got 'x'"),
        (['--task', 'pose', '--data', 'h36m'], "got 'h36m'"),
        (['--task', 'pose', '--root', '/nowhere'], "got '/nowhere'"),
        (
            ['--task', 'pose', '--data', 'openmocap', '--root', '.'],
            'datasets/OpenMocap/README.md',
        ),
    ],
)
def test_bad_arguments(args, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        run.main([*args, '--out', str(tmp_path)])


def test_unknown_setting():
    with pytest.raises(Exception, match='dropuot'):
        run.main(['--task', 'pose', '--model.dropuot', '0.5'])
    with pytest.raises(Exception, match='layres'):
        run.make_config('pose', {'model': {'layres': 2}})


def test_presets_build():
    """Every row of every preset is a network."""
    from pyg_hcsf.protocols import get_protocol

    for preset in list_presets('pose').values():
        for row in preset.rows.values():
            config = run.make_config('pose', row, '--smoke')
            model = build_model(config, get_protocol('openmocap'), 0)
            assert sum(p.numel() for p in model.parameters()) > 0


def test_fingerprint():
    config = run.make_config('pose', {})
    key = fingerprint(config, ['synthetic'], 0)
    config.label = 'other'
    assert fingerprint(config, ['synthetic'], 0) == key
    assert fingerprint(config, ['synthetic'], 1) != key
    assert fingerprint(config, ['openmocap'], 0) != key
    config.model.layer_options = {'squeeze': 0.5}
    assert fingerprint(config, ['synthetic'], 0) != key


def test_learning_rates():
    config = TrainConfig(lr=1.0)
    assert rate(config, 10_000, 20_000, 0) == 1.0
    assert rate(config, 10_000, 20_000, 2) == pytest.approx(0.9025)
    config = TrainConfig(lr=1.0, schedule='onecycle')
    rates = [rate(config, step, 100, 0) for step in range(100)]
    assert rates[0] == pytest.approx(0.04)
    assert max(rates) == rates[10] == 1.0
    assert rates[99] < 1e-3
    assert sorted(rates[10:], reverse=True) == rates[10:]


def test_a_score_on_test_people_has_a_line(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger, 'OPENMOCAP', ('synthetic',))
    steps = ['--train.steps', '1', '--preset', 'default/gcn']
    why = ['--purpose', 'final table']
    run.main([*SMALL, *steps, *why, '--out', str(tmp_path)])
    run.main([*SMALL, *steps, *why, '--out', str(tmp_path)])  # finished before
    val = ['--evaluate.split', 'val', '--seed', '1']
    run.main([*SMALL, *steps, *val, '--out', str(tmp_path)])
    _, line = ledger.PATH.read_text().splitlines()
    assert '--purpose' in line
    assert line.endswith('"default/gcn, seed 0",final table')


@pytest.mark.skipif(
    not (DATA / 'cmu').is_dir(), reason=f'no motion capture in {DATA}'
)
def test_openmocap(tmp_path):
    where = ['--root', str(DATA), '--out', str(tmp_path)]
    where += ['--evaluate.split', 'val']  # not the test people
    args = ['--task', 'pose', '--preset', 'openmocap/gcn', '--smoke']
    path = run.main([*args, *where])
    text = path.read_text()
    assert 'openmocap' in text.split('\n')[0]
    shutil.rmtree(tmp_path / 'pose')
    found = ['--task', 'pose', '--preset', 'default/gcn', '--smoke']
    run.main([*found, *where])
    metrics = result(tmp_path, 'gcn', 'default-smoke')[1]
    assert metrics['data'] == 'openmocap 2'
