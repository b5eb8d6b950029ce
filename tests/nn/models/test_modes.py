"""The same numbers in every mode of torch, for every network."""

import copy

import pytest
import torch

from pyg_hcsf.nn import LAYERS, PoseLifter

CASES = {name: dict(layer=name) for name in LAYERS} | {
    'dynamic': dict(layer_options=dict(dynamic={})),
    'shared': dict(layer_options=dict(sharing='all', dynamic={})),
    'temporal': dict(
        frames=9, layer_options=dict(dynamic=dict(kernel_size=3))
    ),
    'temporal_added': dict(frames=9, temporal='add'),
    'temporal_shared': dict(
        frames=9, layer_options=dict(sharing='all', dynamic={})
    ),
}


@pytest.fixture(params=CASES)
def model(request):
    torch.manual_seed(0)
    model = PoseLifter(hidden_channels=8, **CASES[request.param]).double()
    for name, parameter in model.named_parameters():
        if name.endswith('scale'):  # alpha starts at zero and hides O_k
            torch.nn.init.ones_(parameter)
    return model


def window(model, *batch):
    shape = (17, 2) if model.frames == 1 else (model.frames, 17, 2)
    return torch.rand(*batch, *shape, dtype=torch.double) - 0.5


def test_empty_batches(model):
    x = window(model, 0)
    out = model(x)
    assert out.shape == (0, 17, 3)
    out.sum().backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert bool((parameter.grad == 0).all()), name
    for tensor in model.state_dict().values():
        assert bool(tensor.isfinite().all())
    model.eval()
    assert model.folded()(x).shape == (0, 17, 3)
    nodes = (
        x.transpose(1, 2).flatten(0, 1) if x.dim() == 4 else x.flatten(0, 1)
    )
    assert model(nodes, torch.zeros(0).long()).shape == (0, 3)


@pytest.mark.parametrize('size', [2, 40])
def test_outputs_are_contiguous(model, size):
    model.eval()
    x = window(model, size)
    expected = model(x)
    assert expected.view(size, -1).shape == (size, 51)
    assert model.folded()(x).view(size, -1).shape == (size, 51)
    strided = x.movedim(0, -1).contiguous().movedim(-1, 0)
    assert torch.allclose(model(strided), expected, atol=1e-12)


# torch 2.6 maps the sum of PyG's GCNConv and MixHopConv sample by sample, and
# says that this is slow:
@pytest.mark.filterwarnings('ignore:There is a performance drop')
def test_transforms(model):
    """torch.func at a batch that the fast kernels take."""
    model.eval()
    x = window(model, 2, 40)
    with torch.no_grad():
        expected = torch.stack([model(part) for part in x])
    for network in (model, model.folded()):
        out = torch.vmap(network)(x)
        assert torch.allclose(out, expected, atol=1e-9)
    with pytest.raises(ValueError, match='looks like pixels'):
        torch.vmap(model)(1000 * x)
    x, dx = x
    _, tangent = torch.func.jvp(model, (x,), (dx,))
    (x_grad,) = torch.autograd.functional.jvp(model, x, dx)[1:]
    assert torch.allclose(tangent, x_grad, atol=1e-10)
    leaf = x.clone().requires_grad_()
    (expected,) = torch.autograd.grad(model(leaf).square().sum(), leaf)
    grad = torch.func.grad(lambda x: model(x).square().sum())(x)
    assert torch.allclose(grad, expected, atol=1e-10)
    one = x[:1]
    forward, reverse = (
        f(model)(one) for f in (torch.func.jacfwd, torch.func.jacrev)
    )
    assert torch.allclose(forward, reverse, atol=1e-10)


def test_materialised_from_meta(model):
    empty = copy.deepcopy(model).to('meta')
    loaded = empty.to_empty(device='cpu').eval()
    loaded.load_state_dict(model.state_dict())
    x = window(model, 3)
    assert torch.equal(loaded(x), model.eval()(x))
    for tensor in loaded.state_dict().values():
        tensor.fill_(-1)
    loaded.reset_parameters()
    for name, tensor in loaded.state_dict().items():
        assert bool((tensor != -1).all()), name
    with pytest.raises(ValueError, match='folded network has no param'):
        loaded.folded().reset_parameters()


def test_inference_mode_and_grad_mode_agree(model):
    model.eval()
    x = window(model, 40)
    expected = model(x).detach()
    with torch.inference_mode():
        assert torch.allclose(model(x.clone()), expected, atol=1e-12)
    with torch.no_grad():
        assert torch.allclose(model(x), expected, atol=1e-12)


def test_compiled_networks_refuse_pixels(model):
    if model.layer in ('gcn', 'mixhop') or model.frames > 1:
        pytest.skip('long to compile; the check comes before all layers')
    torch._dynamo.reset()
    model.eval()
    compiled = torch.compile(model, fullgraph=True, backend='eager')
    x = window(model, 3)
    assert torch.allclose(compiled(x), model(x), atol=1e-12)
    with pytest.raises(RuntimeError, match='normalised by the image width'):
        compiled(1000 * x)
    with pytest.raises(RuntimeError, match='normalised by the image width'):
        compiled(x * float('nan'))
