"""Who may write a run, and what is shared."""

import json
import multiprocessing
import os
import time

import numpy as np
import torch

import run
from sweep import folder
from sweep.folder import RunFolder

ARGS = ['--task', 'pose', '--data', 'synthetic', '--smoke']


def test_cells_are_shared(tmp_path, capsys):
    """A cell that another table has run is not run again."""
    args = [*ARGS, '--recipe', 'ablation', '--out', str(tmp_path)]
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


def claim(path, queue):
    with RunFolder(path, 'key').claimed() as owner:
        queue.put(owner)
        time.sleep(30)


def test_a_folder_has_one_writer(tmp_path):
    path = tmp_path / 'pose' / 'preset' / 'row' / '0'
    context = multiprocessing.get_context('spawn')
    queue = context.Queue()
    process = context.Process(target=claim, args=(path, queue), daemon=True)
    process.start()
    assert queue.get(timeout=60) is None
    with RunFolder(path, 'key').claimed() as owner:
        assert f'process {process.pid} of ' in owner
    process.kill()  # leaves its claim behind
    process.join()
    assert list(path.parent.glob('.*.claim'))
    with RunFolder(path, 'key').claimed() as owner:
        assert owner is None
    assert not list(path.parent.iterdir())


def test_a_dead_machine_has_no_folder(tmp_path, monkeypatch):
    path = tmp_path / 'pose' / 'preset' / 'row' / '0'
    path.parent.mkdir(parents=True)
    left = path.parent / '.0.claim'
    left.write_text(json.dumps(['another machine', os.getpid()]))
    with RunFolder(path, 'key').claimed() as owner:
        assert owner == f'process {os.getpid()} of another machine'
    old = time.time() - folder.DEAD - 1
    os.utime(left, (old, old))
    monkeypatch.setattr(folder, 'BEAT', 0.05)
    with RunFolder(path, 'key').claimed() as owner:
        assert owner is None
        os.utime(left, (old, old))
        while left.stat().st_mtime == old:  # it shows signs of life
            time.sleep(0.05)
    assert not left.exists()


def test_left_to_others(tmp_path, capsys):
    args = [*ARGS, '--preset', 'default/fcn', '--out', str(tmp_path)]
    target = tmp_path / 'pose' / 'default-smoke' / 'fcn' / '0'
    with RunFolder(target, 'key').claimed():
        path = run.main(args)
    assert 'FCN seed 0: left to process' in capsys.readouterr().out
    assert path is None and not target.exists()
    run.main(args)
    assert np.isfinite(
        json.loads((target / 'metrics.json').read_text())['mpjpe']
    )
    assert torch.load(target / 'checkpoint.pt', weights_only=True)['step'] == 6
