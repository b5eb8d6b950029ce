"""Networks from the folders of runs, which may be hostile."""

import json

import pytest
import torch
from safetensors.torch import load_file, save, save_file

from pyg_hcsf.lifting import LifterInfo, load_lifter, save_lifter
from pyg_hcsf.nn import ActionRecognizer, PoseLifter
from pyg_hcsf.nn.models.from_run import KEY, save_network
from tests.own_skeletons import HAND, QUADRUPED

OPTIONS = {'layer': 'hcsf', 'hidden_channels': 8, 'num_blocks': 1}


def make_run(folder, skeleton=HAND, **options):
    options = {**OPTIONS, **options}
    model = PoseLifter(skeleton, **options)
    folder.mkdir(exist_ok=True)
    save_network(folder, model, options, 'arrays')
    return model.eval()


def rewrite(folder, **changes):
    """Changes the header of the network."""
    path = folder / 'network.safetensors'
    header = {'version': 1, 'network': 'PoseLifter', 'protocol': 'arrays'}
    header |= {'skeleton': HAND.to_dict(), 'model': OPTIONS}
    header.update(changes)
    save_file(load_file(path), path, {KEY: json.dumps(header)})


@pytest.mark.parametrize('skeleton', [HAND, QUADRUPED])
@pytest.mark.parametrize('layer', ['hcsf', 'gcn', 'fcn'])
def test_predicts_the_same(tmp_path, layer, skeleton):
    model = make_run(tmp_path / 'run', skeleton, layer=layer)
    loaded = PoseLifter.from_run(tmp_path / 'run')
    assert not loaded.training and loaded.skeleton == skeleton
    x = torch.rand(5, skeleton.num_joints, 2)
    assert torch.equal(loaded(x), model(x))


def test_recognizers(tmp_path):
    options = {'hidden_channels': 4, 'out_channels': 2, 'num_bodies': 1}
    options['num_blocks'] = 3
    model = ActionRecognizer(QUADRUPED, **options).eval()
    save_network(tmp_path, model, options, 'subjects')
    loaded = ActionRecognizer.from_run(str(tmp_path))
    x = torch.rand(2, 16, 17, 3)
    assert torch.equal(loaded(x), model(x))
    with pytest.raises(ValueError, match='use ActionRecognizer.from_run'):
        PoseLifter.from_run(tmp_path)


def test_lifters_take_the_folder_of_a_lift_run(tmp_path):
    info = LifterInfo('h36m17', {**OPTIONS, 'in_channels': 3})
    lifter = info.build().eval()
    save_lifter(tmp_path / 'weights.safetensors', lifter, info, half=False)
    save_network(tmp_path, lifter, info.model, 'root-ray')
    x = torch.rand(2, 17, 3)
    assert torch.equal(load_lifter(tmp_path)[0](x), lifter(x))
    assert torch.equal(PoseLifter.from_run(tmp_path)(x), lifter(x))


@pytest.mark.parametrize(
    'file,message',
    [
        (None, 'which has none'),
        ('checkpoint.pt', 'not finished: run .* --resume'),
    ],
)
def test_no_network(tmp_path, file, message):
    if file:
        (tmp_path / file).touch()
    with pytest.raises(ValueError, match=message):
        PoseLifter.from_run(tmp_path)
    with pytest.raises(ValueError, match="'path'.*which is no folder"):
        PoseLifter.from_run(tmp_path / 'nowhere')


def test_lifters_refuse_networks_of_pose_runs(tmp_path):
    make_run(tmp_path)
    with pytest.raises(ValueError, match='--task lift.*--task pose.*from_run'):
        load_lifter(tmp_path)


DEEP = '[' * 100_000 + ']' * 100_000
MANY = {f'j{i}': None if i == 0 else 'j0' for i in range(1001)}


@pytest.mark.parametrize(
    'changes,message',
    [
        ({'version': 2}, "'version' is 2"),
        ({'network': 'Module'}, "'network' .*PoseLifter.*got 'Module'"),
        ({'network': ['PoseLifter']}, "'network'"),
        ({'more': 1}, 'not of version 1'),
        ({'skeleton': 'h36m17'}, "'name' and 'joints' in its header"),
        ({'skeleton': 3}, "'name' and 'joints' in its header"),
        ({'skeleton': {'name': 'a', 'joints': MANY}}, '1000'),
        ({'skeleton': {'name': 'a', 'joints': {'b': 'c'}}}, "got 'c'"),
        ({'model': [1]}, 'arguments of PoseLifter'),
        ({'model': {'skeleton': 'h36m17'}}, 'arguments of PoseLifter'),
        ({'model': {**OPTIONS, 'hidden_channels': 10**9}}, 'numbers up to'),
        ({'model': {**OPTIONS, 'hidden_channels': 1024}}, 'more than the'),
        ({'model': {**OPTIONS, 'layer': 'gcn'}}, 'does not describe it'),
        ({'model': {**OPTIONS, 'layer': 'os.system'}}, "one of .*'os.system'"),
        ({'model': {**OPTIONS, 'class_path': 'os.system'}}, 'class_path'),
    ],
)
def test_hostile_headers(tmp_path, changes, message):
    make_run(tmp_path)
    rewrite(tmp_path, **changes)
    with pytest.raises(ValueError, match=message) as error:
        PoseLifter.from_run(tmp_path)
    assert 'network.safetensors' in str(error.value)
    assert len(str(error.value)) < 1500


def test_damaged_files(tmp_path, fuzz):
    make_run(tmp_path)
    path = tmp_path / 'network.safetensors'

    def read(content):
        path.write_bytes(content)
        return PoseLifter.from_run(tmp_path)

    def check(model):
        assert model.skeleton.num_joints > 0

    fuzz(read, path.read_bytes(), check, 'network.safetensors', num=60)
    path.write_bytes(save({}, {KEY: DEEP}))
    with pytest.raises(ValueError, match='network.safetensors'):
        PoseLifter.from_run(tmp_path)


def test_weights_must_be_finite(tmp_path):
    model = PoseLifter(HAND, **OPTIONS)
    with torch.no_grad():
        next(model.parameters()).fill_(torch.nan)
    with pytest.raises(ValueError, match='not finite'):
        save_network(tmp_path, model, OPTIONS, 'arrays')
