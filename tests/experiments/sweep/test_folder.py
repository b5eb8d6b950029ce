"""Locks of run folders, and runs that presets share."""

import json
import multiprocessing
import os
import time
from contextlib import ExitStack

import numpy as np
import pytest
import torch

from experiments import run
from experiments.pose.config import RunConfig
from experiments.reporting.runs import load_runs
from experiments.sweep.folder import RunFolder
from experiments.sweep.task import lock_unfinished
from tests.experiments.fake_runs import make_runs, make_spec

ARGS = ['--task', 'pose', '--data', 'synthetic', '--smoke']


def test_cells_are_shared(tmp_path, capsys):
    """A cell that another table has run is not run again."""
    args = [*ARGS, '--overlay', 'ablation', '--out', str(tmp_path)]
    run.main([*args, '--preset', 'table7/S1_L2'])
    capsys.readouterr()
    run.main([*args, '--preset', 'table6/d16'])
    assert 'finished before in another preset' in capsys.readouterr().out
    first, second = (
        tmp_path / 'pose' / name / '0'
        for name in (
            'table7-ablation-smoke/S1_L2',
            'table6-ablation-smoke/d16',
        )
    )
    a, b = (
        json.loads((path / 'metrics.json').read_text())
        for path in (first, second)
    )
    assert (b['preset'], b['row']) == ('table6-ablation-smoke', 'd16')
    assert (b['label'], b['paper']) == ('d=1/16', {'mpjpe': 32.6})
    assert a['mpjpe'] == b['mpjpe'] and a['key'] == b['key']
    for name in ('frames.npz', 'checkpoint.pt', 'log.jsonl', 'env.json'):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    run.main([*args, '--preset', 'table6/d16'])
    assert 'finished before, in' in capsys.readouterr().out
    run.main([*args, '--preset', 'table6/d16', '--seed', '1'])
    assert 'trained' in capsys.readouterr().out


def hold_lock(path, queue):
    with RunFolder(path, 'key').locked() as owner:
        queue.put(owner)
        time.sleep(30)


def test_a_folder_has_one_writer(tmp_path):
    path = tmp_path / 'pose' / 'preset' / 'row' / '0'
    context = multiprocessing.get_context('spawn')
    queue = context.Queue()
    process = context.Process(
        target=hold_lock, args=(path, queue), daemon=True
    )
    process.start()
    assert queue.get(timeout=60) is None
    lock = path.parent / '.0.lock'
    for _ in range(2):
        with RunFolder(path, 'key').locked() as owner:
            assert f'process {process.pid} of ' in owner
        # Neither can another container of the same name, with other process
        # ids, whatever the file contains.
        lock.write_text('')
        os.utime(lock, (0, 0))
        with RunFolder(path, 'key').locked() as owner:
            assert owner == 'another process'
        lock.write_text(json.dumps({'owner': f'process {process.pid} of x'}))
    process.kill()
    process.join()
    with RunFolder(path, 'key').locked() as owner:
        assert owner is None
        with RunFolder(path, 'key').locked() as other:
            assert f'process {os.getpid()} of ' in other
    assert [p.name for p in path.parent.iterdir()] == ['.0.lock']


@pytest.mark.parametrize(
    'text', ['', '{', '[1]', '{"owner": "process 1 of elsewhere"}']
)
def test_text_of_a_lock_file_is_ignored(tmp_path, text):
    """Of a killed process, empty, damaged, or with a later date."""
    path = tmp_path / 'pose' / 'preset' / 'row' / '0'
    path.parent.mkdir(parents=True)
    lock = path.parent / '.0.lock'
    lock.write_text(text)
    later = time.time() + 1e6
    os.utime(lock, (later, later))
    with RunFolder(path, 'key').locked() as owner:
        assert owner is None


def test_unwritable_folder(tmp_path):
    (tmp_path / 'file').write_text('')
    store = RunFolder(tmp_path / 'file' / 'row' / '0', 'key')
    with (
        pytest.raises(RuntimeError, match='Could not write .*another --out'),
        store.locked(),
    ):
        pass


def test_a_run_that_finishes_before_the_lock_is_not_repeated(
    tmp_path, monkeypatch
):
    store = RunFolder(tmp_path / 'pose' / 'preset' / 'row' / '0', 'key')
    ends = iter([False, True])
    monkeypatch.setattr(store, 'finished', lambda: next(ends))
    spec = make_spec(store.path, tmp_path, config=RunConfig(label='A'))
    with ExitStack() as stack:
        assert not lock_unfinished(store, spec, stack)


@pytest.mark.parametrize('text', [None, 'PK half of it'])
def test_finished_without_its_arrays_is_tested_again(tmp_path, capsys, text):
    args = [*ARGS, '--preset', 'default/fcn', '--out', str(tmp_path)]
    run.main(args)
    target = tmp_path / 'pose' / 'default-smoke' / 'fcn' / '0'
    arrays = target / 'frames.npz'
    before = arrays.read_bytes()
    metrics = json.loads((target / 'metrics.json').read_text())
    steps = (target / 'log.jsonl').read_bytes()
    arrays.unlink() if text is None else arrays.write_text(text)
    capsys.readouterr()
    run.main(args)
    assert "'frames.npz' is missing or damaged: tested again" in (
        capsys.readouterr().out
    )
    assert arrays.read_bytes() == before
    again = json.loads((target / 'metrics.json').read_text())
    assert again['mpjpe'] == metrics['mpjpe']
    assert again['train_seconds'] == metrics['train_seconds']
    assert (target / 'log.jsonl').read_bytes() == steps
    arrays.unlink()  # and the network too
    (target / 'checkpoint.pt').unlink()
    run.main(args)
    assert 'trained again' in capsys.readouterr().out
    assert arrays.is_file()


@pytest.mark.parametrize('text', ['', '[1]', '{"key": ', '[' * 10**5])
def test_damaged_files_of_other_runs_are_named_and_left_out(tmp_path, text):
    make_runs(tmp_path, seeds=(0, 1))
    preset = tmp_path / 'pose' / 'table1_gt'
    for path in preset.glob('*/*/metrics.json'):
        values = {**json.loads(path.read_text()), 'key': 'same'}
        path.write_text(json.dumps(values))
        path.with_name('env.json').write_text('{"key": "same"}')
    (preset / 'hcsf/0/env.json').write_text(text)
    (preset / 'hcsf/1/metrics.json').write_text(text)
    (preset / 'lcn/1/metrics.json').write_text(text)
    with pytest.warns(UserWarning, match='left out') as caught:
        runs = load_runs(tmp_path)
    assert [run.folder for run in runs] == [
        preset / 'lcn/0',
        preset / 'hcsf/0',
    ]
    for name in ('hcsf/1', 'lcn/1'):
        assert any(f'{name}/metrics.json' in str(w.message) for w in caught)
    store = RunFolder(tmp_path / 'pose' / 'table2' / 'lcn' / '0', 'same')
    with pytest.warns(UserWarning, match='hcsf/0/env.json.* left out'):
        assert store.reuse({'row': 'mine'})
    assert store.finished()
    (store.path / 'env.json').write_text(text)  # its own: it is known still
    assert store.finished()
    (store.path / 'metrics.json').write_text(text)
    assert not store.finished()


def test_left_to_others(tmp_path, capsys):
    args = [*ARGS, '--preset', 'default/fcn', '--out', str(tmp_path)]
    target = tmp_path / 'pose' / 'default-smoke' / 'fcn' / '0'
    with RunFolder(target, 'key').locked():
        path = run.main(args)
    assert 'FCN seed 0: left to process' in capsys.readouterr().out
    assert path is None and not target.exists()
    run.main(args)
    assert np.isfinite(
        json.loads((target / 'metrics.json').read_text())['mpjpe']
    )
    assert torch.load(target / 'checkpoint.pt', weights_only=True)['step'] == 6
