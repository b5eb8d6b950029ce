"""The contract of every network: one suite for D-HCSF and its baselines."""

import copy
import io
import pickle

import pytest
import torch
from torch_geometric.data import Data

from pyg_hcsf import HopEdges, get_skeleton
from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.nn import LAYERS, ActionRecognizer, PoseLifter
from pyg_hcsf.nn.models.dropout import dropout
from pyg_hcsf.nn.models.layers import make_layer
from tests.scale import deviation

CASES = {name: dict(layer=name) for name in LAYERS}
CASES['hcsf_dynamic'] = dict(layer='hcsf', layer_options=dict(dynamic={}))
CASES['hcsf_all'] = dict(layer='hcsf', layer_options=dict(sharing='all'))
CASES['lcn_dynamic'] = dict(layer='lcn', layer_options=dict(dynamic={}))
TEMPORAL = dict(
    layer='hcsf',
    frames=9,
    layer_options=dict(dynamic=dict(kernel_size=3)),
)


@pytest.fixture(params=[*CASES, 'temporal'])
def model(request):
    options = CASES.get(request.param, TEMPORAL)
    return PoseLifter(hidden_channels=16, residual_xy=True, **options)


def window(model, batch):
    shape = (batch, 17, 2) if model.frames == 1 else (batch, 9, 17, 2)
    return torch.rand(shape) - 0.5


@pytest.mark.parametrize('layer', LAYERS)
def test_clips_of_every_layer(layer):
    model = PoseLifter(layer=layer, hidden_channels=16, frames=9)
    out = model(window(model, 4))
    assert out.shape == (4, 17, 3)
    out.square().mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.isfinite().all()), name


def test_output(model):
    out = model(window(model, 4))
    assert out.shape == (4, 17, 3)
    assert bool(out.isfinite().all())


def test_every_parameter_gets_a_gradient(model):
    for name, parameter in model.named_parameters():
        if name.endswith('scale'):  # alpha starts at zero and hides O_k
            torch.nn.init.ones_(parameter)
    model(window(model, 8)).square().sum().backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert bool(parameter.grad.isfinite().all()), name
            # What batch norm takes away again has only noise for a gradient.
            if not name.endswith('bias'):
                assert bool((parameter.grad != 0).any()), name


def test_samples_are_independent(model):
    model.eval()
    x = window(model, 3)
    out = model(x)
    for i in range(3):
        assert deviation(model(x[i : i + 1])[0], out[i]) < 1e-5


def test_joints_reach_each_other(model):
    """Within the receptive field: the hips move the spine."""
    model.eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_var.fill_(0.1)
    x = window(model, 1)
    other = x.clone()
    other[..., 1, :] += 0.5
    change = (model(x) - model(other)).abs().sum(-1)[0]
    assert bool(change[7] > 0)


def test_batch_equals_static(model):
    model.eval()
    clips = [
        Data(
            x=torch.rand(17, 12, 2),
            y=torch.rand(17, 12, 3),
            edge_index=model.skeleton.edge_index,
            num_nodes=17,
        )
        for _ in range(2)
    ]
    options = dict(batch_size=5, frames=model.frames)
    static = next(iter(ClipLoader(clips, **options)))
    batch = next(iter(ClipLoader(clips, layout='batch', **options)))
    out = model(batch.x, batch.batch)
    assert out.shape == (85, 3)
    assert deviation(out.view(5, 17, 3), model(static.x)) < 1e-5


def test_state(model):
    model.eval()
    x = window(model, 2)
    expected = model(x)
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    fresh = copy.deepcopy(model)
    for parameter in fresh.parameters():
        torch.nn.init.zeros_(parameter)
    fresh.load_state_dict(torch.load(file, weights_only=True))
    for other in (fresh, pickle.loads(pickle.dumps(model))):
        assert torch.equal(other(x), expected)


def test_learns_one_pose(model):
    torch.manual_seed(0)
    x, y = window(model, 8), torch.rand(8, 17, 3) - 0.5
    for module in model.modules():
        if hasattr(module, 'dropout'):
            module.dropout = 0.0
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(40):
        loss = (model(x) - y).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize('size', [1, 2])
def test_small_batches(model, size):
    model.eval()  # batch norm of one sample and one channel has no variance
    model(window(model, size)).sum().backward()


def test_autocast(model):
    model.eval()
    x = window(model, 4)
    with torch.autocast('cpu', torch.bfloat16):
        out = model(x)
    out.float().sum().backward()
    assert torch.allclose(out.float(), model(x), atol=0.5)


def test_repr(model):
    assert str(model) == (
        f"PoseLifter('{model.layer}', 2, 3, hidden_channels=16, num_blocks=2, "
        f'frames={model.frames})'
    )


@pytest.mark.parametrize('name', ['hcsf', 'hcsf_dynamic', 'lcn', 'fcn'])
def test_compile(name):
    model = PoseLifter(hidden_channels=8, dropout=0.0, **CASES[name])
    x = torch.rand(4, 17, 2)
    compiled = torch.compile(model, fullgraph=True, backend='aot_eager')
    assert deviation(compiled(x), model(x)) < 1e-5


@pytest.mark.parametrize('name', [*CASES, 'temporal'])
def test_export(name):
    model = PoseLifter(hidden_channels=8, **CASES.get(name, TEMPORAL)).eval()
    batch = torch.export.Dim('batch', min=2, max=4096)
    program = torch.export.export(
        model, (window(model, 3),), dynamic_shapes=({0: batch},)
    )
    for size in (2, 7):
        x = window(model, size)
        assert deviation(program.module()(x), model(x)) < 1e-5


@pytest.mark.filterwarnings('ignore')  # of the exporter, about itself
@pytest.mark.parametrize('name', ['hcsf_dynamic', 'temporal'])
def test_onnx(name, tmp_path):
    pytest.importorskip('onnxscript')
    runtime = pytest.importorskip('onnxruntime')
    model = PoseLifter(hidden_channels=8, **CASES.get(name, TEMPORAL)).eval()
    path = tmp_path / 'model.onnx'
    torch.onnx.export(
        model,
        (window(model, 3),),
        path,
        dynamo=True,
        input_names=['keypoints'],
        output_names=['pose'],
        dynamic_shapes=({0: torch.export.Dim('batch')},),
        verbose=False,
    )
    session = runtime.InferenceSession(path)
    for size in (1, 5):
        x = window(model, size)
        (out,) = session.run(None, {'keypoints': x.numpy()})
        expected = model(x).detach()
        assert deviation(torch.from_numpy(out), expected) < 1e-5


def test_other_skeletons():
    for name in ('h36m16', 'mpi_inf_3dhp17', 'coco17'):
        skeleton = get_skeleton(name)
        model = PoseLifter(skeleton, hidden_channels=8)
        n = skeleton.num_joints
        assert model(torch.rand(2, n, 2)).shape == (2, n, 3)


def test_residual_is_on_the_input():
    x = torch.rand(2, 17, 2)
    model = PoseLifter(hidden_channels=8, residual_xy=True)
    for parameter in model.last.parameters():
        torch.nn.init.zeros_(parameter)
    out = model(x)
    assert torch.equal(out[..., :2], x)
    assert bool((out[..., 2] == 0).all())
    model = PoseLifter(hidden_channels=8, residual_xy=True, **TEMPORAL)
    for parameter in model.last.parameters():
        torch.nn.init.zeros_(parameter)
    clip = torch.rand(2, 9, 17, 2)
    assert torch.equal(model(clip)[..., :2], clip[:, 4])
    model.causal = True
    assert torch.equal(model(clip)[..., :2], clip[:, 8])


def test_causal_networks_keep_the_last_frame():
    model = PoseLifter(hidden_channels=8, causal=True, **TEMPORAL).eval()
    for block in model.blocks:  # only what goes around the blocks is left
        torch.nn.init.zeros_(block[1].norm.weight)
        torch.nn.init.zeros_(block[1].norm.bias)
    clip = torch.rand(2, 9, 17, 2)
    out = model(clip)
    clip[:, :8] = torch.rand(2, 8, 17, 2)
    assert torch.equal(model(clip), out)
    clip[:, 8] = torch.rand(2, 17, 2)
    assert not torch.allclose(model(clip), out)


def test_published_parameter_counts():
    """At C=64 LCN with L=2, and HCSF with S=1, L=2, d=1/8."""

    def count(model):
        weights = [p for p in model.parameters() if p.dim() == 3]
        return round(sum(w.numel() for w in weights) / 1e6, 2)

    lcn = PoseLifter(layer='lcn', hidden_channels=64)
    assert count(lcn) == 1.85
    hcsf = PoseLifter(layer='hcsf', hidden_channels=64)
    assert count(hcsf) == 1.34


def test_bad_input():
    model = PoseLifter(hidden_channels=8)
    with pytest.raises(ValueError, match='a multiple of 17 nodes .got 35'):
        model(torch.rand(35, 2), torch.zeros(35).long())
    with pytest.raises(ValueError, match=r'17 joints.*got \(2, 16, 2'):
        model(torch.rand(2, 16, 2))
    x = torch.rand(2, 17, 2)
    x[1, 3, 0] = float('nan')
    with pytest.raises(ValueError, match='got 1 that are not'):
        model(x)
    with pytest.raises(ValueError, match='looks like pixels'):
        model(1000 * torch.rand(2, 17, 2))
    with pytest.raises(ValueError, match="'frames' to be 1 or 9.*got 5"):
        PoseLifter(frames=5)
    temporal = PoseLifter(hidden_channels=8, **TEMPORAL)
    with pytest.raises(ValueError, match='windows of 9 frames'):
        temporal(torch.rand(2, 5, 17, 2))
    with pytest.raises(ValueError, match="'layer'.*got 'transformer'"):
        PoseLifter(layer='transformer')
    with pytest.raises(ValueError, match="Layer 'gcn': .*squeeze"):
        PoseLifter(layer='gcn', layer_options=dict(squeeze=0.5))


def test_pair_layers_agree():
    """The fully connected layer is LCN over the whole graph."""
    skeleton = get_skeleton('h36m17')
    flat = make_layer('fcn', 4, 6, skeleton)
    lcn = make_layer('lcn', 4, 6, skeleton, long_hops=6, bias=False)
    hops = HopEdges(skeleton, 6, 6)
    with torch.no_grad():
        weight = flat.lin.weight.view(17, 6, 17, 4)
        for e, (j, i) in enumerate(hops.edge_index.t().tolist()):
            lcn.conv.weights[0][e] = weight[i, :, j].t()
    x = torch.randn(3, 17, 4)
    expected = flat(x) - flat.lin.bias.view(17, 6)
    assert deviation(lcn(x), expected) < 1e-5


def test_left_and_right():
    """Without an embedding, a network that shares its weights gives the
    mirror image of a pose the mirrored depth of it: it cannot tell whether a
    body faces the camera. The embedding, and weights per pair, can.
    """
    mirrored = list(get_skeleton('h36m17').mirrored)
    x = torch.rand(4, 17, 2)
    for name in ('gcn', 'mixhop', 'ms_hop', 'hcsf_all', 'hcsf', 'sem_gcn'):
        model = PoseLifter(hidden_channels=16, **CASES[name]).eval()
        if name == 'sem_gcn':
            for module in model.modules():
                if hasattr(module, 'logits'):
                    torch.nn.init.normal_(module.logits)
        swap = model(x[:, mirrored])[:, mirrored]
        assert not torch.allclose(swap, model(x), atol=1e-4), name
        if model.embedding is not None:
            torch.nn.init.zeros_(model.embedding)
            swap = model(x[:, mirrored])[:, mirrored]
            assert deviation(swap, model(x)) < 1e-5, name
    known = {n for n in CASES if PoseLifter(**CASES[n]).embedding is None}
    assert known == set(CASES) - {'gcn', 'mixhop', 'ms_hop', 'hcsf_all'}


@pytest.mark.parametrize('p', [0.0, 0.25, 0.3, 1.0])
def test_dropout(p):
    """Zeros as often as asked, in any memory order; the mean stays."""
    torch.manual_seed(0)
    x = torch.rand(33, 50, 61).transpose(0, 1) + 0.5
    x.requires_grad_()
    assert dropout(x, p, training=False) is x
    out = dropout(x, p, training=True)
    kept = out != 0
    assert kept.float().mean() == pytest.approx(1 - p, abs=0.01)
    if p < 1:
        expected = x / (1 - p)
        torch.testing.assert_close(
            out[kept], expected[kept], rtol=1e-4, atol=0
        )
    (grad,) = torch.autograd.grad(out.sum(), x)
    assert torch.equal(grad != 0, kept)
    again = dropout(x, p, training=True)
    assert p in (0, 1) or not torch.equal(again, out)


@pytest.mark.skipif(not torch.cuda.is_available(), reason='there is no GPU')
class TestOnAnAccelerator:
    def test_equals_the_cpu(self, model):
        """Outputs and gradients, in training and in evaluation, folded too."""
        model = model.double()
        for module in model.modules():
            if hasattr(module, 'dropout'):
                module.dropout = 0.0
        other = copy.deepcopy(model).cuda()
        x = window(model, 40).double()
        for training in (True, False):
            grads = []
            for network in (model, other):
                network.train(training).zero_grad()
                out = network(x.to(next(network.parameters()).device))
                out.square().sum().backward()
                named = network.named_parameters()
                grads.append(
                    {'': out.detach()} | {k: p.grad for k, p in named}
                )
            for name, expected in grads[0].items():
                if expected is not None:
                    value = grads[1][name].cpu()
                    assert torch.allclose(value, expected, atol=1e-9), name
        folded = other.folded()
        for size in (1, 40):
            out = folded(x[:size].cuda()).cpu()
            assert torch.allclose(out, model(x[:size]), atol=1e-9)

    def test_autocast(self, model):
        model = model.cuda().eval()
        x = window(model, 40).cuda()
        with torch.autocast('cuda', torch.bfloat16):
            out = model(x).float()
        expected = model(x)
        near = 0.03 * float(expected.abs().max())
        assert torch.allclose(out, expected, atol=near)

    def test_a_training_does_not_wait(self, model):
        """But for its first batch, whose values are looked at."""
        if model.layer in ('gcn', 'mixhop'):
            pytest.skip('layers of PyG ask for numbers')
        model = model.cuda()
        x = window(model, 40).cuda()
        model(x).sum().backward()
        torch.cuda.set_sync_debug_mode('error')
        try:
            model(x).sum().backward()
        finally:
            torch.cuda.set_sync_debug_mode('default')
        with pytest.raises(ValueError, match='pixels'):
            model.eval()(1000 * x)


@pytest.mark.parametrize('network', [PoseLifter, ActionRecognizer])
def test_skeletons_by_name(network):
    model = network('h36m16', hidden_channels=8)
    assert model.skeleton == get_skeleton('h36m16')
    with pytest.raises(ValueError, match="'h36m16', .*got 'h36m'"):
        network('h36m')
