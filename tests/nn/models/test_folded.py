import copy
import pickle

import pytest
import torch

from pyg_hcsf.nn import LAYERS, PoseLifter
from tests.scale import deviation

NETWORKS = {name: dict(layer=name) for name in LAYERS} | {
    'hcsf L=4': dict(layer_options=dict(long_hops=4)),
    'hcsf S=0': dict(layer_options=dict(short_hops=0)),
    '72 channels': dict(hidden_channels=72, layer_options=dict(squeeze=0.5)),
    'dynamic': dict(layer_options=dict(dynamic=dict(kernel_size=3))),
    'learned graph': dict(layer_options=dict(dynamic=dict(offset=False))),
    'lcn dynamic': dict(layer='lcn', layer_options=dict(dynamic={})),
    'dense graph': dict(
        layer_options=dict(neighborhood='dense', dynamic=dict(init='dense'))
    ),
    'cumulative': dict(layer_options=dict(neighborhood='cumulative')),
    'shared': dict(layer_options=dict(sharing='target')),
    'fused by sum': dict(layer_options=dict(fuse='add')),
    'no bias': dict(layer_options=dict(bias=False)),
    'node transform': dict(layer_options=dict(node_transform=True)),
    'clip': dict(frames=9, layer_options=dict(dynamic=dict(kernel_size=3))),
    'clip, static': dict(frames=9),
    'clip, causal': dict(frames=9, causal=True),
    'clip, causal, dynamic': dict(
        frames=9, causal=True, layer_options=dict(dynamic={})
    ),
    'clip, learned graph': dict(
        frames=9, layer_options=dict(dynamic=dict(offset=False))
    ),
    'clip, added': dict(frames=9, temporal='add', causal=True),
    'clip, added, dynamic': dict(
        frames=9, temporal='add', layer_options=dict(dynamic={})
    ),
    'clip, added, fcn': dict(frames=9, temporal='add', layer='fcn'),
    'long clip': dict(frames=27, num_blocks=3, layer='lcn'),
    'clip, fcn': dict(frames=9, layer='fcn', causal=True),
    'clip, image frame': dict(frames=9, residual_xy=True),
    'image frame': dict(residual_xy=True, output_scale=0.01),
}


def trained(name):
    """A network with random parameters and running statistics."""
    torch.manual_seed(0)
    settings = {'hidden_channels': 40, **NETWORKS[name]}
    model = PoseLifter(**settings)
    for parameter in model.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    for _ in range(3):
        model(keypoints(model, 8))
    return model.eval()


def keypoints(model, batch, dtype=torch.float):
    frames = (model.frames,) if model.frames > 1 else ()
    return torch.rand(batch, *frames, 17, 2, dtype=dtype) - 0.5


@pytest.mark.parametrize('name', NETWORKS)
def test_equals_the_network(name):
    model = trained(name)
    folded = model.folded()
    assert not any(p.requires_grad for p in folded.parameters())
    for batch in (1, 3, 40, 300):
        x = keypoints(model, batch)
        with torch.no_grad():
            expected = model(x)
            out = folded(x)
        assert deviation(out, expected) < 1e-5
        assert deviation(folded(x.requires_grad_()), out) < 1e-5
    model, folded = model.double(), model.double().folded()
    x = keypoints(model, 20, torch.double)
    assert torch.allclose(folded(x), model(x), atol=1e-10)


@pytest.mark.parametrize('batch', [1, 40])
@pytest.mark.parametrize('name', NETWORKS)
def test_autocast(name, batch):
    model = trained(name)
    x = keypoints(model, batch)
    expected = model(x)
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        out = model.folded()(x)
    assert deviation(out, expected) < 0.05


def test_network_is_not_changed():
    model = trained('hcsf')
    before = copy.deepcopy(model.state_dict())
    model.folded()
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key])
    model.train()
    assert model.folded().first.layer.weight.requires_grad is False


def test_pickle_deepcopy_and_bfloat16():
    model = trained('dynamic').folded()
    x = keypoints(model, 2)
    out = model(x)
    assert torch.equal(pickle.loads(pickle.dumps(model))(x), out)
    assert torch.equal(copy.deepcopy(model)(x), out)
    assert torch.equal(model.folded()(x), out)
    other = trained('dynamic').folded()
    other.load_state_dict(model.state_dict())
    assert torch.equal(other(x), out)
    half = model.bfloat16()(x.bfloat16())
    assert half.dtype == torch.bfloat16
    assert (half - out).abs().max() < 0.1 * out.abs().max()


def test_errors_are_those_of_the_network():
    with pytest.raises(ValueError, match='17 joints'):
        trained('hcsf').folded()(torch.rand(2, 16, 2))
    with pytest.raises(ValueError, match='pixels'):
        trained('hcsf').folded()(torch.full((2, 17, 2), 500.0))


@pytest.mark.parametrize(
    'name', ['hcsf', 'dynamic', 'lcn', 'clip', 'clip, causal']
)
def test_export(name):
    model = trained(name).folded()
    batch = torch.export.Dim('batch', min=2, max=4096)
    program = torch.export.export(
        model, (keypoints(model, 4),), dynamic_shapes=({0: batch},)
    )
    x = keypoints(model, 9)
    assert deviation(program.module()(x), model(x)) < 1e-5


@pytest.mark.filterwarnings('ignore')  # of the exporter, about itself
def test_onnx(tmp_path):
    pytest.importorskip('onnxscript')
    runtime = pytest.importorskip('onnxruntime')
    model = trained('hcsf').folded()
    path = tmp_path / 'model.onnx'
    torch.onnx.export(
        model,
        (keypoints(model, 4),),
        path,
        dynamo=True,
        input_names=['x'],
        dynamic_shapes=({0: torch.export.Dim('batch')},),
        verbose=False,
    )
    session = runtime.InferenceSession(path)
    for batch in (1, 7):
        x = keypoints(model, batch)
        (out,) = session.run(None, {'x': x.numpy()})
        assert deviation(torch.from_numpy(out), model(x)) < 1e-5


def test_compile():
    model = trained('hcsf').folded()
    compiled = torch.compile(model, fullgraph=True, backend='aot_eager')
    x = keypoints(model, 5)
    assert deviation(compiled(x), model(x)) < 1e-5
