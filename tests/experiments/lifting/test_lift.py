"""The lift task of run.py."""

import json

import numpy as np
import pytest
import torch

from experiments import run
from experiments.lifting import data
from experiments.lifting.config import LiftConfig, MotionConfig
from experiments.lifting.data import (
    LiftLoader,
    make_windows,
    motion_clips,
    training_clips,
)
from experiments.lifting.evaluate import CONDITIONS, LiftEvaluator, mirror_pose
from experiments.lifting.task import build_model
from experiments.sweep.presets import list_presets
from pyg_hcsf.datasets import OpenMocap
from pyg_hcsf.geometry.random_keypoints import NO_ERRORS
from pyg_hcsf.geometry.random_views import PLAIN_VIEWS
from pyg_hcsf.geometry.root_ray import decode_pose
from pyg_hcsf.lifting import load_lifter
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.skeleton import H36M17
from tests.paths import DATA, REPO

# Clips of a second may look wrong.
pytestmark = pytest.mark.filterwarnings('ignore:These keypoints look wrong')
SMOKE = ['--task', 'lift', '--data', 'synthetic', '--smoke']
FILES = {'config.yaml', 'metrics.json', 'frames.npz', 'env.json'}
FILES |= {'checkpoint.pt', 'log.jsonl', 'log.csv', 'weights.safetensors'}
FILES |= {'network.safetensors'}


@pytest.fixture(scope='module')
def clips():
    return motion_clips('synthetic', REPO, 'train', 1, 20)


def loader(clips, frames=1, **options):
    config = LiftConfig(motion=MotionConfig(**options))
    config.model.frames = frames
    return LiftLoader(make_windows(clips, config), config.motion, 64, 0)


@pytest.mark.parametrize(
    'name',
    [
        'default/single_h36m17',
        'default/temporal_coco17',
        'compare/fcn',
        'bodies/both',
        'people/people_2_bodies',
    ],
)
def test_smoke(tmp_path, capsys, name):
    args = [*SMOKE, '--preset', name, '--out', str(tmp_path)]
    path = run.main(args)
    text = path.read_text()
    assert 'These are not Human3.6M numbers' in text
    assert 'steep' in text and 'steep' in capsys.readouterr().out
    preset, row = name.split('/')
    folder = tmp_path / 'lift' / f'{preset}-smoke' / row / '0'
    assert {file.name for file in folder.iterdir()} == FILES
    metrics = json.loads((folder / 'metrics.json').read_text())
    table = metrics['scores']['synthetic']
    assert set(table) == set(CONDITIONS)
    frames = dict(np.load(folder / 'frames.npz'))
    names = frames['subject'][frames['clip']]
    error = np.mean([frames['error'][names == n].mean() for n in set(names)])
    assert error == pytest.approx(table['typical']['mpjpe'], rel=1e-4)
    rounding = metrics['val_mpjpe'] - metrics['val_mpjpe_float32']
    assert abs(rounding) < 0.05  # mm, of float16
    motion = metrics['motion']['synthetic']
    assert 'synthetic, smoothing on:' in text
    assert motion['on']['bone spread'] < 1e-6 < motion['off']['bone spread']
    for errors in table.values():  # each alignment helps
        assert errors['pa_mpjpe'] < errors['mpjpe']

    model, info = load_lifter(folder)
    trained = PoseLifter.from_run(folder).state_dict()
    for key, value in model.state_dict().items():  # rounded
        torch.testing.assert_close(value, trained[key], rtol=1e-3, atol=1e-4)
    images = preset in ('bodies', 'people') or 'coco' in row
    assert info.layout == ('coco17' if images else 'h36m17')
    assert info.frames == (9 if 'temporal' in row else 1)
    assert info.fps == pytest.approx(25 / 3 if 'temporal' in row else 25)
    assert info.skeleton == ('h36m23' if images else 'h36m17')
    assert info.outputs == 4
    assert info.card['data'].startswith('SyntheticMotion, seen by')
    state = torch.load(folder / 'checkpoint.pt', weights_only=True)['model']
    for name, value in model.state_dict().items():
        assert torch.allclose(value, state[name], rtol=1e-3, atol=1e-6)


def test_stopped_and_resumed(tmp_path, monkeypatch):
    args = [
        *SMOKE,
        '--preset',
        'default/single_h36m17',
        '--train.save_every',
        '0',
    ]
    run.main([*args, '--out', str(tmp_path / 'full')])

    augment, seen = LiftLoader.augment, []

    def stop(self, *args):
        seen.append(1)
        if len(seen) == 4:
            raise KeyboardInterrupt
        return augment(self, *args)

    args += ['--out', str(tmp_path / 'parts')]
    monkeypatch.setattr(LiftLoader, 'augment', stop)
    with pytest.raises(KeyboardInterrupt):
        run.main(args)
    run.main([*args, '--resume'])
    first, second = (
        tmp_path / name / 'lift' / 'default-smoke' / 'single_h36m17' / '0'
        for name in ('full', 'parts')
    )
    states = [
        torch.load(folder / 'checkpoint.pt', weights_only=True)['model']
        for folder in (first, second)
    ]
    assert all(torch.equal(states[0][k], states[1][k]) for k in states[0])
    scores = [
        json.loads((folder / 'metrics.json').read_text())['scores']
        for folder in (first, second)
    ]
    assert scores[0] == scores[1]


@pytest.mark.parametrize('layout', ['h36m17', 'coco17'])
@pytest.mark.parametrize('frames', [1, 9])
def test_batches(clips, layout, frames):
    batch = next(iter(loader(clips, frames, layout=layout)))
    window = () if frames == 1 else (9,)
    joints = 17 if layout == 'h36m17' else 23
    assert batch.x.shape == (64, *window, joints, 3)
    assert batch.y.shape == (64, joints, 3)
    assert batch.joints.shape == (64, 17, 3)
    assert batch.x.isfinite().all() and batch.y.isfinite().all()
    assert batch.rotation.isfinite().all()  # each can be lifted
    missed = batch.x[..., 2] == 0
    assert (batch.x[missed] == 0).all() and 0.01 < missed.float().mean() < 0.4
    assert ((batch.x[..., 2] >= 0) & (batch.x[..., 2] <= 1)).all()
    # Bodies are of unit size, see body_size.
    assert 0.1 < float(batch.y.std()) < 0.3


def test_joints_of_other_rigs(clips):
    """The neck of a person is at another place in each window."""
    options = dict(proportions=0.0, bend=0.0, mix_legs=0.0, tumble=0.0)
    spread = []
    for rigs in (0.0, 1.0):
        joints = next(iter(loader(clips, rigs=rigs, **options))).joints
        neck = (joints[:, 9] - joints[:, 8]).norm(dim=-1)
        spread.append(float((neck / joints[:, 8].norm(dim=-1)).std()))
    assert spread[1] > 1.5 * spread[0]


def test_epochs_differ_and_repeat(clips):
    source = loader(clips)
    first = next(iter(source)).x
    assert torch.equal(next(iter(source)).x, first)
    source.set_epoch(1)
    assert not torch.equal(next(iter(source)).x, first)
    source.set_epoch(0, 1)  # resumed
    second = next(iter(source)).x
    source.set_epoch(0)
    batches = iter(source)
    next(batches)
    assert torch.equal(next(batches).x, second)


def test_target_decodes_to_the_truth(clips):
    source = loader(clips, guess_rate=0.0)
    pos = torch.stack([clip.pos[:, 7] for clip in clips])[:, None]
    generator = torch.Generator().manual_seed(0)
    views = data.random_views(pos, pos[:, -1, 0], PLAIN_VIEWS, generator)
    seen = data.detect(views, 'h36m17', NO_ERRORS, 0.0, 0, generator)
    pose = decode_pose(seen.y, seen.rotation, seen.size)
    assert torch.allclose(pose, seen.joints, atol=0.1)
    joints = views.joints[:, -1]
    assert torch.allclose(pose, joints - joints[:, :1], atol=0.1)
    # The target projects to the input, up to the scale of the window.
    turned = joints @ seen.rotation.mT
    plane = turned[..., :2] / turned[..., 2:]
    there = seen.x[..., 2] > 0
    for x, p, mask in zip(seen.x[..., :2], plane, there, strict=True):
        scale = (x[mask] * p[mask]).sum() / p[mask].square().sum()
        assert torch.allclose(x[mask], scale * p[mask], atol=1e-2)
    assert len(source) == source.num_windows // 64


def test_mirror_image_of_a_body(clips):
    """Encoding a mirrored view is mirroring the encoded one."""
    pos = torch.stack([clip.pos[:, 7] for clip in clips])[:, None]
    generator = torch.Generator().manual_seed(0)
    views = data.random_views(pos, pos[:, -1, 0], PLAIN_VIEWS, generator)
    flipped = views.joints[..., list(H36M17.mirrored), :]
    flipped = views._replace(joints=flipped * torch.tensor([-1.0, 1, 1]))
    model = build_model(LiftConfig(), 0)
    first, second = (
        data.detect(v, 'h36m17', NO_ERRORS, 0.0, 0, generator)
        for v in (views, flipped)
    )
    assert torch.allclose(mirror_pose(first.x, model), second.x, atol=1e-3)
    assert torch.allclose(mirror_pose(first.y, model), second.y, atol=1e-4)


def test_conditions_are_the_same_for_all_networks(clips):
    one = LiftEvaluator(clips, LiftConfig(), 'a', windows=50)
    two = LiftEvaluator(clips, LiftConfig(), 'a', windows=50)
    for condition in CONDITIONS:
        assert torch.equal(one.observe(condition).x, two.observe(condition).x)
    assert not torch.equal(one.observe('typical').x, one.observe('guessed').x)
    assert len(clips) <= len(one.pos) <= len(clips) + 50


def test_presets_name_networks():
    for preset in list_presets('lift').values():
        for row in preset.rows.values():
            config = run.make_config('lift', row)
            model = build_model(config, 0)
            assert model.causal == config.causal and model.in_channels == 3


@pytest.mark.skipif(not DATA.is_dir(), reason=f"'{DATA}' is not there")
def test_hdm05_never_trains(monkeypatch):
    def fail(*args, **kwargs):
        pytest.fail('it projects the motion to cameras')

    monkeypatch.setattr(OpenMocap, '__init__', fail)
    for split in ('train', 'val'):
        clips = training_clips('cmu', DATA, split, MotionConfig())
        subjects = {clip.subject for clip in clips}
        assert not any(name.startswith('HDM05') for name in subjects)
        assert any(name.startswith('CMU') for name in subjects)
