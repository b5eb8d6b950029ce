"""The action task of run.py, with files of each format."""

import json
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
import yaml

from experiments import run
from experiments.action import data, ntu
from experiments.action.clips import ActionClips
from experiments.action.config import ActionClipsConfig, ActionTrainConfig
from experiments.action.evaluate import fit_temperature
from experiments.action.task import build_model
from experiments.action.trainer import action_rate
from experiments.sweep.presets import list_presets
from experiments.sweep.sources import resolve
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.nn import ActionRecognizer
from pyg_hcsf.recognition import Recognizer
from pyg_hcsf.recognition.joint_clip import read_joint_clip
from pyg_hcsf.skeleton import get_skeleton
from tests.datasets.ntu.ntu_files import NAMES, write_form
from tests.datasets.utd_mhad.utd_mhad_files import write_utd_mhad, zip_utd_mhad
from tests.paths import DATA, REPO

SMOKE = ['--task', 'action', '--preset', 'default/hcsf_a_t', '--smoke']
FILES = {'config.yaml', 'metrics.json', 'scores.npz', 'env.json'}
FILES |= {'checkpoint.pt', 'log.jsonl', 'log.csv', 'recognizer.safetensors'}
FILES |= {'network.safetensors'}


@pytest.fixture(autouse=True)
def no_pictures(request, monkeypatch):
    if 'pictures' not in request.keywords:
        pictures = 'experiments.action.report.ActionReport.draw'
        monkeypatch.setattr(pictures, lambda *_: {})  # slow
    data._load.cache_clear()
    data.find_once.cache_clear()


def result(out, row='hcsf_a_t', preset='default-smoke'):
    folder = out / 'action' / preset / row / '0'
    metrics = json.loads((folder / 'metrics.json').read_text())
    state = torch.load(folder / 'checkpoint.pt', weights_only=True)
    return metrics, dict(np.load(folder / 'scores.npz')), state


def train(root, *args):
    out = root / 'runs'
    run.main([*SMOKE, '--root', str(root), '--out', str(out), *args])
    return result(out)


@pytest.mark.parametrize(
    'form', ['skeleton', 'zip', 'pyskl', 'ctrgcn', 'agcn', 'sgn']
)
def test_trains_from_each_format_of_ntu(tmp_path, form):
    write_form(form, tmp_path / 'NTURGBD' / 'raw', tmp_path / 'work')
    metrics, scores, _ = train(tmp_path)
    assert metrics['data'] == 'ntu60-xsub'  # found without --data
    name = 'test_00000' if form == 'sgn' else NAMES[3]
    assert scores['names'].tolist() == [name]
    assert scores['label'].tolist() == [2]
    assert scores['scores'].shape == (1, 60)
    assert scores['classes'][2] == 'A003'
    assert metrics['clips'] == 1 and metrics['train_clips'] == 3
    overlay = 'none' if form == 'agcn' else 'agcn'
    who = 'training rows 3 to 3' if form == 'sgn' else 'subject(s) 4'
    assert metrics['protocol'] == (
        f'ntu60-xsub, {overlay}, without {who}, for validation'
    )


@pytest.mark.parametrize('data', ['ntu', 'utd_mhad', 'synthetic'])
def test_recognizer_gives_the_scores_of_the_evaluation(tmp_path, data):
    """From recorded clips, with pyg_hcsf alone."""
    if data == 'ntu':
        write_form('skeleton', tmp_path / 'NTURGBD/raw', tmp_path / 'work')
        files = [next(tmp_path.rglob(f'{NAMES[3]}.skeleton'))]
    elif data == 'utd_mhad':
        write_utd_mhad(tmp_path / 'UTDMHAD' / 'raw')
        files = [next(tmp_path.rglob('a27_s2_t4_*.mat'))]
    else:
        files = []
    stream = 'joint-motion' if data == 'utd_mhad' else 'joint'
    _, scores, state = train(tmp_path, '--clips.stream', stream)
    folder = tmp_path / 'runs/action/default-smoke/hcsf_a_t/0'
    recognizer = Recognizer(folder)
    for key, value in recognizer.model.state_dict().items():
        assert torch.equal(value, state['model'][key])
    recognizer.model = ActionRecognizer.from_run(folder)
    assert recognizer.model.skeleton == recognizer.skeleton
    clips = [read_joint_clip(file).joints for file in files]
    if data == 'synthetic':
        for name in scores['names'][:3]:
            subject, action, take = name.rsplit(' ', 2)
            clip = motion_clip(subject, action, int(take), 16)
            clips.append(clip.pos.transpose(0, 1).numpy())
    logits = torch.from_numpy(scores['scores'][: len(clips)])
    out = recognizer.scores(clips)
    torch.testing.assert_close(out, logits, atol=1e-5, rtol=0)
    info = recognizer.info
    assert info.actions == tuple(scores['classes'].tolist())
    usual = {'ntu': 70, 'utd_mhad': 5, 'synthetic': 16}
    assert info.window == usual[data]
    assert info.fps == (25 if data == 'synthetic' else 30)
    assert 'for validation' in info.card['trained on']
    assert info.card['top-1'].endswith('test clips')


@pytest.mark.parametrize('form', ['zip', 'agcn'])
def test_processed_files_suffice(tmp_path, form):
    raw = tmp_path / 'NTURGBD' / 'raw'
    write_form(form, raw, tmp_path / 'work')
    _, first, _ = train(tmp_path)
    raw.rename(tmp_path / 'elsewhere')
    shutil.rmtree(tmp_path / 'runs')
    data._load.cache_clear()
    data.find_once.cache_clear()
    _, second, _ = train(tmp_path)
    assert np.array_equal(first['scores'], second['scores'])
    config = ActionClipsConfig()
    clips = data.load_actions('ntu60-xsub', tmp_path, 'val', config)
    assert clips.column('subject') == ['4']


def test_raw_files_are_looked_for_once(tmp_path, monkeypatch):
    write_form('zip', tmp_path / 'NTURGBD' / 'raw', tmp_path / 'work')
    calls = []
    find = ntu.find_source

    def spy(*args):
        calls.append(args)
        return find(*args)

    monkeypatch.setattr(ntu, 'find_source', spy)
    monkeypatch.setattr('pyg_hcsf.datasets.ntu.dataset.find_source', spy)
    for split in ('train', 'val', 'test'):
        data.load_actions('ntu60-xsub', tmp_path, split, ActionClipsConfig())
    assert len(calls) == 1


def test_other_benchmarks_and_normalisations(tmp_path):
    write_form('pyskl', tmp_path / 'NTURGBD' / 'raw', tmp_path / 'work')
    args = ['--data', 'ntu60-xview', '--clips.normalize', 'pyskl']
    metrics, scores, _ = train(tmp_path, *args, '--clips.hold_out', 'false')
    assert metrics['protocol'] == 'ntu60-xview, pyskl, all training clips'
    assert set(scores['names']) == {NAMES[i] for i in (0, 2, 4)}
    assert 'val_top1' not in metrics


@pytest.mark.parametrize('form', ['folder', 'zip'])
def test_trains_from_each_form_of_utd_mhad(tmp_path, form):
    raw = tmp_path / 'UTDMHAD' / 'raw'
    if form == 'folder':
        write_utd_mhad(raw)
    else:
        raw.mkdir(parents=True)
        write_utd_mhad(tmp_path / 'given')
        zip_utd_mhad(tmp_path / 'given', raw / 'Skeleton.zip')
    metrics, scores, _ = train(tmp_path)
    assert metrics['data'] == 'utd_mhad'
    assert scores['names'].tolist() == ['a27_s2_t4']
    assert (scores['label'].item(), scores['action'].item()) == (26, 'squat')
    assert metrics['train_clips'] == 1  # 7 is held out
    assert 'without subject 7' in metrics['protocol']
    assert list(metrics['per_class']) == ['squat']
    assert (tmp_path / 'UTDMHAD' / 'processed').is_dir()


def test_one_subject(tmp_path):
    names = ['a1_s1_t1', 'a2_s1_t1', 'a1_s2_t1']
    write_utd_mhad(tmp_path / 'UTDMHAD' / 'raw', names)
    with pytest.raises(
        ValueError, match=r'got those of \[1\].*hold_out false'
    ):
        train(tmp_path)
    metrics, _, _ = train(tmp_path, '--clips.hold_out', 'false')
    assert metrics['train_clips'] == 2


def test_tuning_does_not_use_the_test_subjects(tmp_path, monkeypatch):
    write_utd_mhad(tmp_path / 'UTDMHAD' / 'raw')
    splits = []
    load = data.load_actions

    def spy(data, root, split, config):
        splits.append(split)
        return load(data, root, split, config)

    monkeypatch.setattr('experiments.action.task.load_actions', spy)
    metrics, scores, _ = train(tmp_path, '--evaluate.split', 'val')
    assert 'test' not in splits
    assert scores['names'].tolist() == ['a10_s7_t2']
    assert metrics['split'] == 'val'


def test_temperature():
    """Logits that are wrong by a factor are divided by it."""
    right = 3.0 * torch.randn(20000, 5)
    label = torch.distributions.Categorical(logits=right).sample()
    assert fit_temperature(right, label) == pytest.approx(1.0, rel=0.05)
    assert fit_temperature(4 * right, label) == pytest.approx(4.0, rel=0.05)


def test_calibrated_weights(tmp_path):
    write_utd_mhad(tmp_path / 'UTDMHAD' / 'raw')
    plain, before, _ = train(tmp_path, '--evaluate.split', 'val')
    args = ('--evaluate.split', 'val', '--evaluate.calibrate', 'true')
    metrics, after, _ = train(tmp_path, *args)
    expected = before['scores'] / metrics['temperature']
    np.testing.assert_allclose(after['scores'], expected, atol=1e-5)
    assert metrics['val_loss'] <= plain['val_loss']


@pytest.mark.pictures
def test_smoke(tmp_path, capsys):
    pytest.importorskip('matplotlib')
    args = ['--task', 'action', '--data', 'synthetic', '--smoke']
    path = run.main([*args, '--out', str(tmp_path)])
    text, out = path.read_text(), capsys.readouterr().out
    for label in ('HCSF, A_k w/T', 'ST-GCN', 'AAGCN', 'MixHop', 'MS-Hop'):
        assert label in text and label in out
    assert 'These are not NTU RGB+D numbers' in text.split('\n\n')[0]
    assert '(procedural)' in out and 'WalkTogether' in text
    for name in ('confusion', 'learning_curves'):
        assert list(path.parent.rglob(f'{name}.png')), name
    folder = path.parent / 'hcsf' / '0'
    assert {p.name for p in folder.iterdir()} == FILES
    metrics, scores, _ = result(tmp_path, 'hcsf')
    right = scores['scores'].argmax(1) == scores['label']
    assert 100 * right.mean() == pytest.approx(metrics['top1'])
    assert set(scores['subject']) == {'S9', 'S11'}  # never used for tuning
    assert np.sum(metrics['confusion']) == metrics['clips'] == 60
    assert metrics['macs'] > 0 and 'val_top1' in metrics

    before = (folder / 'metrics.json').stat().st_mtime_ns
    run.main([*args, '--out', str(tmp_path)])
    assert 'finished before' in capsys.readouterr().out
    assert (folder / 'metrics.json').stat().st_mtime_ns == before


def test_list_and_print_config(capsys):
    assert run.main(['--task', 'action', '--list']) is None
    out = capsys.readouterr().out
    assert '--preset paper/joint   (paper: 89.0 %)' in out
    assert '--preset table6/hcsf_a   (paper: 95.3 %)' in out
    args = ['--task', 'action', '--preset', 'paper/bone', '--print_config']
    run.main(args)
    config = yaml.safe_load(capsys.readouterr().out)['bone']
    expected = {'epochs': 60, 'batch_size': 64, 'optimizer': 'sgd', 'lr': 0.1}
    expected |= {'momentum': 0.9, 'weight_decay': 5e-4, 'nesterov': True}
    expected |= {'schedule': 'milestones', 'milestones': [35, 45], 'warmup': 0}
    assert config['train'].items() >= expected.items()
    clips = {'stream': 'bone', 'length': 300, 'fit': 'repeat', 'rotate': 0.0}
    assert config['clips'].items() >= {**clips, 'motion': 'after'}.items()


def test_presets_build():
    """Every row of every preset is a network for its data."""
    skeletons = {'hdm05': 'h36m17', 'utd_mhad': 'kinect20'}
    for preset in list_presets('action').values():
        name = skeletons.get(preset.data, 'ntu25')
        clips = ActionClips([], get_skeleton(name), ('a', 'b'), 2, '', '')
        for row in preset.rows.values():
            config = run.make_config('action', row, '--smoke')
            model = build_model(config, clips, 0)
            assert sum(p.numel() for p in model.parameters()) > 0


SMALL = ['--task', 'action', '--preset', 'default/hcsf_a_t']
SMALL += ['--data', 'utd_mhad', '--partial', '--clips.length', '16']
SMALL += ['--model.hidden_channels', '4', '--model.num_blocks', '3']
SMALL += ['--train.steps', '20', '--train.batch_size', '16']
SMALL += ['--train.accumulate', '2', '--train.evaluate_every', '2']


@pytest.fixture
def home(tmp_path):
    """A data home with 60 clips."""
    names = [f'a{a}_s{s}_t1' for a in range(1, 13) for s in (1, 2, 3, 5, 7)]
    write_utd_mhad(tmp_path / 'UTDMHAD' / 'raw', names)
    return str(tmp_path)


def test_killed_and_resumed(tmp_path, home):
    """SIGKILL does not change a bit of the result."""
    environment = {**os.environ, 'PYTHONPATH': str(REPO)}
    command = [sys.executable, str(REPO / 'experiments' / 'run.py'), *SMALL]
    command += ['--train.save_every', '0.01', '--root', home]

    def start(out, *args):
        return subprocess.Popen(
            [*command, '--out', str(tmp_path / out), *args], env=environment
        )

    assert start('full').wait() == 0
    process = start('broken')
    folder = tmp_path / 'broken/action/default/hcsf_a_t/0'
    while not (folder / 'checkpoint.pt').is_file() and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -9
    assert not (folder / 'metrics.json').is_file()
    assert start('broken', '--resume').wait() == 0
    one, two = (
        result(tmp_path / out, preset='default') for out in ('full', 'broken')
    )
    for key, value in one[2]['model'].items():
        assert torch.equal(value, two[2]['model'][key]), key
    for key, value in one[1].items():
        assert np.array_equal(value, two[1][key]), key
    assert one[0]['top1'] == two[0]['top1']


def test_two_processes(tmp_path, home):
    """torchrun trains on the batches of one process."""
    environment = {**os.environ, 'PYTHONPATH': str(REPO)}
    environment['OMP_NUM_THREADS'] = '1'
    torchrun = [sys.executable, '-m', 'torch.distributed.run', '--standalone']
    torchrun += ['--nproc_per_node', '2', str(REPO / 'experiments/run.py')]
    subprocess.run(
        [*torchrun, *SMALL, '--root', home, '--out', str(tmp_path)],
        check=True,
        env=environment,
    )
    metrics, scores, _ = result(tmp_path, preset='default')
    assert len(scores['names']) == len(set(scores['names'])) == 12
    assert (metrics['steps'], metrics['train_clips']) == (20, 36)


def test_accumulated_gradients(tmp_path, home, monkeypatch):
    """The parts of a batch add up to its gradient, where no batch norm is."""
    models = []
    for parts in (1, 4):
        args = ['--train.accumulate', str(parts), '--train.steps', '1']
        args += ['--root', home]
        args += ['--train.batch_size', '6']
        args += ['--out', str(tmp_path / f'{parts}')]
        monkeypatch.setattr(torch.nn.BatchNorm1d, 'forward', lambda self, x: x)
        run.main([*SMALL, *args])
        models.append(result(tmp_path / f'{parts}', preset='default')[2])
    for key, value in models[0]['model'].items():
        other = models[1]['model'][key]
        torch.testing.assert_close(value, other, atol=1e-4, rtol=1e-3)


def test_data_that_is_found(tmp_path):
    def found():
        return resolve('auto', tmp_path, data.SOURCES)

    assert found() == 'synthetic'
    (tmp_path / 'hdm05').mkdir()
    (tmp_path / 'hdm05' / 'HDM_bd_squat_001_120.amc').write_text('')
    assert found() == 'hdm05'
    write_utd_mhad(tmp_path / 'UTDMHAD' / 'raw')
    assert found() == 'utd_mhad'
    write_form('ctrgcn', tmp_path / 'NTURGBD' / 'raw', tmp_path / 'work')
    assert found() == 'ntu60-xsub'
    path = tmp_path / 'NTURGBD' / 'raw' / 'NTU60_CS.npz'
    path.rename(path.with_name('NTU60_CV.npz'))
    assert found() == 'ntu60-xview'


@pytest.mark.parametrize(
    'args, message',
    [
        (['--data', 'ntu'], "'--data'.*'ntu60-xsub'.*got 'ntu'"),
        (['--data', 'utd_mhad'], 'UTDMHAD/raw.*datasets/UTDMHAD/README.md'),
        (['--data', 'hdm05'], 'HDM05/raw'),
        (['--preset', 'default/x'], "A row|a row .*got 'x'"),
        (
            ['--data', 'synthetic', '--model.layer', 'lcn'],
            "'layer' to be one of .*'st_gcn'.*got 'lcn'",
        ),
        (['--data', 'synthetic', '--clips.crop', '2'], r"'crop'.*got 2"),
        (
            ['--data', 'synthetic', '--train.accumulate', '0'],
            "'--train.accumulate' >= 1",
        ),
        (
            ['--evaluate.calibrate', 'true', '--clips.hold_out', 'false'],
            "'--clips.hold_out true' with '--evaluate.calibrate true'",
        ),
    ],
)
def test_bad_arguments(args, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        words = [*SMALL, '--root', str(tmp_path), '--out', str(tmp_path)]
        run.main([*words, *args])


def test_learning_rates():
    config = ActionTrainConfig(lr=1.0, warmup=4)
    rates = [action_rate(config, 10 * e, 600, 10) for e in range(60)]
    assert rates[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert rates[34] == 1 and rates[35] == pytest.approx(0.1)
    assert rates[44] == pytest.approx(0.1)
    assert rates[45] == pytest.approx(0.01)
    config = ActionTrainConfig(lr=1.0, schedule='cosine', epochs=20)
    rates = [action_rate(config, step, 200, 10) for step in range(200)]
    assert rates[0] == 1 and sorted(rates, reverse=True) == rates
    assert rates[-1] < 1e-3
    config = ActionTrainConfig(lr=1.0, steps=6)  # milestones move along
    rates = [action_rate(config, step, 6, 10) for step in range(6)]
    assert rates == pytest.approx([1, 1, 1, 1, 0.1, 0.01])


@pytest.mark.skipif(
    not (DATA / 'hdm05').is_dir(), reason=f'no motion capture in {DATA}'
)
def test_hdm05(tmp_path, monkeypatch):
    monkeypatch.setattr('experiments.sweep.sources.HOME', tmp_path)
    subjects = {}
    for split in ('train', 'val', 'test'):
        config = ActionClipsConfig()
        clips = data.load_actions('hdm05', DATA, split, config)
        subjects[split] = set(clips.column('subject'))
        assert len(clips.actions) == 11
        x = clips.clips[0].x
        assert x.size(0) == 17 and x[..., 2].abs().max() < 3  # metres
    assert subjects == {
        'train': {'HDM05-bd', 'HDM05-bk'},
        'val': {'HDM05-dg'},
        'test': {'HDM05-mm', 'HDM05-tr'},
    }
