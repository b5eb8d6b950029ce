"""Fused streams in the report of action runs."""

import json

import numpy as np
import pytest

from experiments.action.report import ActionReport, baselines_table
from experiments.action.streams import fuse_streams, network
from experiments.reporting.runs import ACTION_COST, load_runs

ACTIONS = ('wave', 'jog', 'sit')
LABEL = np.arange(24) % 3
COST = dict.fromkeys(ACTION_COST, 100.0)


def write_run(root, row, stream, logits, seed=0, **extra):
    folder = root / row / str(seed)
    folder.mkdir(parents=True)
    wrong = logits.argmax(axis=1) != LABEL
    top1 = 100.0 - 100 * float(wrong.mean())
    metrics = {
        'task': 'action',
        'preset': 'p',
        'row': row,
        'seed': seed,
        'label': row.upper(),
        'stream': stream,
        'data': 'd',
        'protocol': 'q',
        'commit': 'c',
        'command': 'run',
        'split': 'test',
        'top1': top1,
        'top5': 100.0,
        'class_mean': top1,
        **COST,
        'per_class': dict.fromkeys(ACTIONS, top1),
        'classes': ACTIONS,
        'confusion': np.eye(3).tolist(),
        'train_clips': 9,
        **extra,
    }
    (folder / 'metrics.json').write_text(json.dumps(metrics))
    np.savez(
        folder / 'scores.npz',
        names=np.array([f'clip {k}' for k in range(len(LABEL))]),
        subject=np.array([f's{k // 6}' for k in range(len(LABEL))]),
        action=np.array(ACTIONS)[LABEL],
        label=LABEL,
        scores=logits.astype(np.float32),
    )


def logits_for(clips):
    """Logits that are correct with high confidence for these clips, and wrong
    with low confidence for the others.
    """
    logits = np.zeros((len(LABEL), 3))
    logits[np.arange(len(LABEL)), (LABEL + 1) % 3] = 0.5
    logits[clips, :] = 9 * np.eye(3)[LABEL[clips]]
    return logits


@pytest.fixture
def folder(tmp_path):
    first, last = np.arange(12), np.arange(12, 24)
    for model, clips in (('hcsf', last), ('st_gcn', last[:6])):
        write_run(tmp_path, model, 'joint', logits_for(first), val_top1=1.0)
        row = f'{model}_bone_motion'
        write_run(tmp_path, row, 'bone-motion', logits_for(clips))
    write_run(tmp_path, 'aagcn', 'joint', logits_for(first))
    write_run(tmp_path, 'hcsf', 'joint', logits_for(first), seed=1)
    return tmp_path


def test_streams_are_fused_by_network_and_seed(folder):
    runs = load_runs(folder, 'action')
    names = {run.metrics['row']: network(run) for run in runs}
    assert names['hcsf_bone_motion'] == names['hcsf'] == 'hcsf'
    fused = {run.metrics['row']: run for run in fuse_streams(runs)}
    assert set(fused) == {'hcsf', 'st_gcn'}  # aagcn has one stream
    metrics = fused['hcsf'].metrics
    assert metrics['seed'] == 0  # seed 1 has one stream
    assert metrics['stream'] == 'joint, bone-motion'
    assert metrics['top1'] == 100 and metrics['label'] == 'HCSF, 2 streams'
    assert metrics['confusion'] == [[8, 0, 0], [0, 8, 0], [0, 0, 8]]
    assert fused['st_gcn'].metrics['top1'] == pytest.approx(75)
    assert fused['st_gcn'].error.tolist() == [0] * 18 + [100] * 6
    assert metrics['params'] == 200  # of both networks
    assert metrics['test_clips_per_s'] == pytest.approx(50)
    assert 'val_top1' not in metrics


def test_streams_without_a_network_name(tmp_path):
    write_run(tmp_path, 'joint', 'joint', logits_for(np.arange(12)))
    write_run(tmp_path, 'bone', 'bone', logits_for(np.arange(12, 24)))
    (run,) = fuse_streams(load_runs(tmp_path, 'action'))
    assert run.metrics['top1'] == 100


def test_report_compares_hcsf_with_each_baseline(folder, monkeypatch):
    monkeypatch.setattr(ActionReport, 'draw', lambda *_: {})
    fused = fuse_streams(load_runs(folder, 'action'))
    table = baselines_table(fused)
    assert list(table.index) == ['HCSF, 2 streams']
    assert list(table.columns) == ['ST_GCN, 2 streams']
    assert table.iloc[0, 0].startswith('-25.0 (')
    table = baselines_table(load_runs(folder, 'action'))
    assert list(table.index) == ['HCSF', 'HCSF_BONE_MOTION']
    # Of the same stream, in the column of its network.
    assert table.loc['HCSF_BONE_MOTION', 'ST_GCN'].startswith('-25.0 (')
    assert table.loc['HCSF_BONE_MOTION', 'AAGCN'] == ''
    assert table.loc['HCSF', 'AAGCN'].startswith('+0.0')
    text = ActionReport().write(folder).read_text()
    _, _, table = text.partition('### HCSF against each baseline')
    head = table.strip().splitlines()[0].split('|')
    assert [cell.strip() for cell in head[2:-1]] == ['AAGCN', 'ST_GCN']
    assert '### Streams fused' in text and '**100.0**' in text
