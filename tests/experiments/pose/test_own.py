"""Training on one's own data: arrays on any skeleton, and BVH files."""

import json

import numpy as np
import pytest
import torch
import yaml

from experiments import run
from experiments.pose import data
from experiments.pose.config import RunConfig
from experiments.pose.own import fit_to_skeleton, skeleton_of
from experiments.sweep.presets import list_presets
from pyg_hcsf import Skeleton, get_skeleton, save_skeleton
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.protocols import get_protocol
from pyg_hcsf.skeleton import H36M17
from tests.datasets.arrays.test_dataset import CAMERA
from tests.datasets.mocap.bvh_files import RIGS, write_person
from tests.own_skeletons import HAND, QUADRUPED, SKELETONS, moving

TEXT = 'train on ann, val on ben, test on eva'
CHAIN = Skeleton('chain', ('a', 'b'), (-1, 0), (), ())


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setattr('experiments.sweep.sources.HOME', tmp_path / 'home')
    data._load.cache_clear()


def save(folder, skeleton, subjects=('ann', 'ben', 'eva')):
    folder.mkdir()
    save_skeleton(skeleton, folder / 'skeleton.yaml')
    for number, subject in enumerate(subjects):
        joints = moving(skeleton, 40, number) + [0, 0, 3000.0]
        np.savez(
            folder / f'{subject}.npz',
            joints=joints / 1000,
            subject=subject,
            action='moving',
            **CAMERA,
        )


def train(folder, tmp_path, *options):
    args = ['--task', 'pose', '--root', str(folder), '--smoke']
    return run.main([*args, '--out', str(tmp_path / 'runs'), *options])


@pytest.mark.parametrize('skeleton', SKELETONS.values(), ids=SKELETONS)
def test_three_models_on_a_skeleton_of_ones_own(tmp_path, capsys, skeleton):
    save(tmp_path / 'own', skeleton)
    options = ['--preset', 'own', '--data', 'arrays', '--clips.unit', 'm']
    with pytest.warns(UserWarning, match=TEXT):
        path = train(tmp_path / 'own', tmp_path, *options)
    out, text = capsys.readouterr().out, path.read_text()
    assert f"graph '{skeleton.graph}' of '{skeleton.name}' is used" in out
    assert ('not mirrored' in out) == (skeleton is HAND)
    for part in ('HCSF', 'LCN', 'GCN', 'worst 5 %', *skeleton.joints):
        assert part in text
    for name in ('example_poses', 'hardest_poses', 'joint_errors'):
        assert list(path.parent.rglob(f'{name}.png')), name
    folder = path.parent / 'lcn' / '0'
    metrics = json.loads((folder / 'metrics.json').read_text())
    assert metrics['protocol'] == 'arrays' and metrics['keypoints'] == 'files'
    assert list(metrics['per_subject']) == ['eva']
    frames = np.load(folder / 'frames.npz')
    truth = moving(skeleton, 40, 2)  # of the third subject
    np.testing.assert_allclose(frames['joints'], truth, atol=0.01)
    assert skeleton_of(folder).joints == skeleton.joints
    config = yaml.safe_load((folder / 'config.yaml').read_text())
    assert config['model']['graph'] == skeleton.graph
    np.testing.assert_allclose(
        lift(folder, frames['keypoints']), frames['prediction'], atol=0.01
    )


@torch.no_grad()
def lift(folder, keypoints):
    """What the network of a run predicts, as users would compute it."""
    model = PoseLifter.from_run(folder)
    protocol = get_protocol('arrays', model.skeleton)
    x = protocol.encode_input(
        torch.from_numpy(keypoints), CAMERA['image_size']
    )
    out = model(x)
    if model.skeleton.left:  # mirror images are used, too
        mirrored = model(protocol.mirror(x, model.skeleton))
        out = (out + protocol.mirror(mirrored, model.skeleton)) / 2
    return protocol.decode(out).numpy()


def test_splits_and_protocol_are_options(tmp_path, recwarn):
    save(tmp_path / 'own', QUADRUPED)
    options = ['--preset', 'own/lcn', '--data', 'arrays', '--clips.unit', 'm']
    options += ['--clips.train_subjects', '[eva]']
    options += ['--clips.val_subjects', '[ben]']
    chosen = [*options, '--clips.test_subjects', '[ann]']
    path = train(tmp_path / 'own', tmp_path, *chosen, '--protocol=openmocap')
    metrics = json.loads((path.parent / 'lcn/0/metrics.json').read_text())
    assert list(metrics['per_subject']) == ['ann']
    assert metrics['protocol'] == 'openmocap'
    assert not [w for w in recwarn if 'Split' in str(w.message)]
    with pytest.raises(ValueError, match="test_subjects.*'eva' in both"):
        twice = [*options, '--clips.test_subjects', '[eva]']
        train(tmp_path / 'own', tmp_path, *twice)
    with pytest.raises(ValueError, match="no '--clips.keypoints' for arrays"):
        train(tmp_path / 'own', tmp_path, *chosen, '--clips.keypoints=noisy')


def test_tested_on_other_arrays(tmp_path):
    save(tmp_path / 'own', HAND)
    save(tmp_path / 'other', HAND, ('joe', 'kim', 'lea'))
    options = ['--preset', 'own/lcn', '--data', 'arrays', '--clips.unit', 'm']
    options += ['--test_data', 'arrays', '--test_root', f'{tmp_path}/other']
    with (
        pytest.warns(UserWarning, match='test on lea'),
        pytest.warns(UserWarning, match=TEXT),
    ):
        path = train(tmp_path / 'own', tmp_path, *options)
    metrics = json.loads((path.parent / 'lcn/0/metrics.json').read_text())
    assert list(metrics['per_subject']) == ['lea']
    assert skeleton_of(path.parent / 'lcn/0').joints == HAND.joints


def test_bvh_files_are_projected(tmp_path):
    rig = next(iter(RIGS.values()))
    for subject in ('ann', 'ben', 'eva'):
        write_person(tmp_path / 'own' / subject / 'walk.bvh', rig)
    options = ['--preset', 'own', '--data', 'bvh_motion', '--clips.views', '2']
    with pytest.warns(UserWarning, match=TEXT):
        path = train(tmp_path / 'own', tmp_path, *options)
    metrics = json.loads((path.parent / 'hcsf/0/metrics.json').read_text())
    assert metrics['protocol'] == 'openmocap'
    assert list(metrics['per_subject']) == ['eva']
    assert len(np.load(path.parent / 'hcsf/0/frames.npz')['clip_names']) == 4


def test_nothing_found(tmp_path):
    for name, what in (('arrays', '.npz'), ('bvh_motion', '.bvh')):
        with pytest.raises(ValueError, match=f'your {what} files.*own_data'):
            train(tmp_path, tmp_path, '--preset', 'own/lcn', '--data', name)


@pytest.mark.parametrize('skeleton', [HAND, QUADRUPED, CHAIN])
@pytest.mark.parametrize('preset', ['openmocap', 'paper', 'table7'])
def test_presets_fit_any_skeleton(preset, skeleton):
    for row, settings in list_presets('pose')[preset].rows.items():
        config = run.make_config('pose', settings)
        notes = fit_to_skeleton(config, skeleton)
        options = config.model.layer_options
        diameter = skeleton.with_graph(config.model.graph).diameter
        assert options.get('long_hops', 0) <= diameter, row
        PoseLifter(
            skeleton.with_graph(config.model.graph),
            layer=config.model.layer,
            hidden_channels=8,
            frames=config.model.frames,
            layer_options=options,
        )
        before = settings['model'].get('layer_options', {})
        if before.get('long_hops', 0) > diameter:
            assert any('the diameter' in note for note in notes)


def test_human36m_settings_are_kept():
    config = RunConfig()
    config.model.layer_options = {'long_hops': 9}
    assert fit_to_skeleton(config, H36M17) == []
    assert fit_to_skeleton(config, get_skeleton('h36m17', 'tree')) == []
    assert config.train.mirror and config.model.layer_options['long_hops'] == 9
    config.clips.proportions = 0.1
    with pytest.raises(ValueError, match="proportions 0.*'hand21'"):
        fit_to_skeleton(config, HAND)
