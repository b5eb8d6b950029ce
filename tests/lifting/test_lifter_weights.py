import json
import time

import pytest
import torch
from safetensors.torch import load_file, save_file

from pyg_hcsf.lifting import (
    LifterInfo,
    available_weights,
    fit_calibration,
    load_lifter,
    save_lifter,
)
from pyg_hcsf.lifting.lifter_weights import FIXED, HOME, KEY

MODEL = {'layer': 'hcsf', 'in_channels': 3, 'hidden_channels': 16}


def make(path, seed=0, half=True, **kwargs):
    torch.manual_seed(seed)
    model = kwargs.pop('model', MODEL)
    info = LifterInfo('coco17', model, **kwargs)
    network = info.build().eval()
    save_lifter(path, network, info, half)
    return network, info


def header_of(path, **changes):
    """Writes another header to the file."""
    from safetensors import safe_open

    with safe_open(path, 'pt') as file:
        header = json.loads(file.metadata()[KEY])
    header |= changes
    header = {k: v for k, v in header.items() if v != 'drop'}
    save_file(load_file(path), path, {KEY: json.dumps(header)})


def test_there_and_back(tmp_path):
    path = tmp_path / 'x.safetensors'
    card = {'licence': 'CC0', 'trained on': 'nothing'}
    network, info = make(
        path, half=False, fps=50, calibration=(0.01, 0.5), card=card
    )
    model, read = load_lifter(path)
    assert read == info
    assert not model.training
    x = torch.rand(2, 17, 3)
    assert torch.equal(model(x), network(x))


def test_skeletons(tmp_path):
    path = tmp_path / 'x.safetensors'
    network, info = make(path, half=False)
    assert (info.skeleton, info.outputs) == ('h36m17', 3)
    header_of(path, skeleton='h36m17')  # as in files of older versions
    assert load_lifter(path)[1] == info
    header_of(path, skeleton='drop')
    assert load_lifter(path)[1] == info
    options = MODEL | {'out_channels': 4}
    network, info = make(path, half=False, model=options, skeleton='h36m23')
    model, read = load_lifter(path)
    assert read == info and read.outputs == 4
    assert model.skeleton.name == 'h36m23'
    x = torch.rand(2, 23, 3)
    assert torch.equal(model(x), network(x))
    assert model(x).shape == (2, 23, 4)


def test_half_is_smaller_and_close(tmp_path):
    path = tmp_path / 'x.safetensors'
    options = MODEL | {'hidden_channels': 64}
    network, _ = make(path, half=False, model=options)
    whole = path.stat().st_size
    save_lifter(path, network, LifterInfo('coco17', options))
    assert path.stat().st_size < 0.6 * whole
    model, _ = load_lifter(path)
    assert all(
        p.dtype != torch.half for p in (*model.parameters(), *model.buffers())
    )
    x = torch.rand(2, 17, 3)
    torch.testing.assert_close(model(x), network(x), atol=1e-2, rtol=1e-2)


def test_target_and_delay():
    window = MODEL | {'frames': 9}
    assert LifterInfo('h36m17', window).target == 4
    assert LifterInfo('h36m17', window).delay == 4
    assert LifterInfo('h36m17', window | {'causal': True}).delay == 0
    assert LifterInfo('h36m17', window, target=8).delay == 0
    assert LifterInfo('h36m17', MODEL).delay == 0


@pytest.mark.parametrize(
    'changes, words',
    [
        ({'layout': 'mouse'}, "'layout' to be one of"),
        ({'layout': 'drop'}, 'layout'),
        ({'model': 'hcsf'}, "'model'"),
        ({'model': MODEL | {'hidden_channels': 10**6}}, 'up to 1024'),
        ({'model': MODEL | {'hidden_channels': 8}}, 'has shape'),
        ({'model': MODEL | {'layer': 'lcn'}}, 'differ in|more than'),
        ({'model': MODEL | {'layer': 'os'}}, 'does not fit'),
        ({'model': MODEL | {'layer': ['hcsf']}}, 'does not fit'),
        ({'model': MODEL | {'evil': 1}}, 'does not fit'),
        ({'model': MODEL | {'layer_options': 'abc'}}, 'does not fit'),
        ({'model': MODEL | {'frames': 7}}, 'does not fit'),
        ({'model': MODEL | {'graph': 'none'}}, 'does not fit'),
        ({'target': 1}, "'target'"),
        ({'fps': float('nan')}, "'fps'"),
        ({'fps': True}, "'fps'"),
        ({'calibration': [1]}, "'calibration'"),
        ({'calibration': [-1, 1]}, "'calibration'"),
        ({'card': {'licence': 1}}, "'card'"),
        ({'version': 2}, "'version' is 2"),
        ({'skeleton': 'ntu25'}, "'skeleton' to be one of.*got 'ntu25'"),
        ({'skeleton': ['h36m17']}, "'skeleton' to be one of"),
        ({'skeleton': 'h36m23'}, 'has shape|differ in|more than'),
        ({'model': MODEL | {'out_channels': 2}}, "'out_channels' 3 or 4"),
        ({'model': MODEL | {'out_channels': [4]}}, "'out_channels' 3 or 4"),
        ({'more': 1}, 'header'),
    ],
)
def test_other_headers_are_refused(tmp_path, changes, words):
    path = tmp_path / 'x.safetensors'
    make(path)
    header_of(path, **changes)
    with pytest.raises(ValueError, match=words) as e:
        load_lifter(path)
    assert str(path) in str(e.value)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / 'x.safetensors'
    path.write_bytes(b'hello')
    with pytest.raises(ValueError, match='Could not read the weights'):
        load_lifter(path)
    save_file({'x': torch.zeros(3)}, path)
    with pytest.raises(ValueError, match=KEY):
        load_lifter(path)
    save_file({'x': torch.zeros(3)}, path, {KEY: '[' * 10**5})
    with pytest.raises(ValueError, match='Could not read the weights'):
        load_lifter(path)
    with pytest.raises(ValueError, match="Expected 'weights' to be one of"):
        load_lifter('none such')
    make(path)
    with open(path, 'r+b') as file:
        file.truncate(2**29)
    with pytest.raises(ValueError, match='larger than'):
        load_lifter(path)


def test_damaged(tmp_path, fuzz):
    path = tmp_path / 'x.safetensors'
    make(path, model=MODEL | {'hidden_channels': 4})

    def read(content):
        path.write_bytes(content)
        return load_lifter(path)

    def check(out):
        state = out[0].state_dict()
        assert all(v.isfinite().all() for v in state.values())

    fuzz(read, path.read_bytes(), check, str(path), num=60)


def test_what_is_not_finite_or_fits_not_is_not_written(tmp_path):
    path = tmp_path / 'x.safetensors'
    info = LifterInfo('coco17', MODEL)
    other = LifterInfo('coco17', MODEL | {'layer': 'fcn'}).build()
    with pytest.raises(ValueError, match='does not describe'):
        save_lifter(path, other, info)
    network = LifterInfo('coco17', MODEL | {'hidden_channels': 64}).build()
    weights = max(network.parameters(), key=lambda p: p.numel())
    with torch.no_grad():
        weights[:] = 1e6  # becomes infinite
    info = LifterInfo('coco17', MODEL | {'hidden_channels': 64})
    with pytest.raises(ValueError, match='is not finite'):
        save_lifter(path, network, info)
    assert not path.exists()


def test_calibration_is_a_fit():
    spread = torch.rand(1000)
    error = 0.02 + 0.7 * spread
    assert fit_calibration(spread, error) == pytest.approx((0.02, 0.7))
    assert fit_calibration(spread, 0.3 - 0.1 * spread) == pytest.approx(
        (float((0.3 - 0.1 * spread).mean()), 0.0)
    )
    floor, slope = fit_calibration(spread, 0.7 * spread - 0.01)
    assert floor == 0 and 0.6 < slope < 0.7


def test_weights_of_the_package():
    assert available_weights() == sorted(
        path.stem for path in HOME.glob('*.safetensors')
    )
    for name in available_weights():
        model, info = load_lifter(name)
        assert 'licence' in info.card
        shape = (*[9] * (info.frames > 1), model.skeleton.num_joints, 3)
        assert model(torch.rand(1, *shape)).shape


@pytest.mark.parametrize(
    'model',
    [
        {'hidden_channels': 1024, 'num_blocks': 4},
        {'layer': 'gcn', 'hidden_channels': 1024, 'num_blocks': 1000},
        {'layer_options': {'long_hops': 1024, 'dynamic': {}}},
        {'layer': 'mixhop', 'layer_options': {'hops': list(range(64))}},
    ],
)
def test_networks_are_not_made_larger_than_their_file(tmp_path, model):
    path = tmp_path / 'large.safetensors'
    header = FIXED | {'layout': 'coco17', 'model': {'in_channels': 3} | model}
    save_file({'a': torch.zeros(5)}, path, {KEY: json.dumps(header)})
    start = time.process_time()
    with pytest.raises(ValueError, match=r'large\.safetensors.*fit') as e:
        load_lifter(path)
    assert len(str(e.value)) < 1000
    assert time.process_time() - start < 2
