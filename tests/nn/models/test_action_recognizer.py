"""The contract of every recogniser: HCSF and its baselines."""

import copy
import io
import pickle

import pytest
import torch
from torch_geometric.data import Batch, Data

from pyg_hcsf import get_skeleton
from pyg_hcsf.axes import nodes_first
from pyg_hcsf.nn import ACTION_LAYERS, ActionRecognizer, HCSFConv
from pyg_hcsf.nn.conv.partition_conv import PartitionConv, partitions
from pyg_hcsf.nn.models.layers import make_layer
from tests.scale import deviation

CASES = {name: dict(layer=name) for name in ACTION_LAYERS}
for sharing in ('hop', 'source', 'target', 'pair'):
    CASES[f'hcsf_{sharing}'] = dict(layer_options=dict(sharing=sharing))
for name, options in {
    'm': dict(offset=False),
    'a': dict(),
    'a_t': dict(kernel_size=3),
    'a_stride': dict(kernel_size=3, stride=2),
    'a_dilated': dict(kernel_size=3, dilation=2),
    'a_frames': dict(kernel_size=3, per_frame=True),
}.items():
    CASES[f'hcsf_{name}'] = dict(layer_options=dict(dynamic=options))
CASES['hcsf_dense'] = dict(
    layer_options=dict(neighborhood='dense', dynamic={})
)
CASES['pair_a'] = dict(layer_options=dict(sharing='pair', dynamic={}))
CASES['k_hop_a'] = dict(
    layer='k_hop', layer_options=dict(long_hops=7, dynamic={})
)
for name in ('mixhop', 'ms_hop'):
    CASES[f'{name}_a'] = dict(layer=name, layer_options=dict(dynamic={}))
SMALL = dict(hidden_channels=8, num_blocks=3, out_channels=7, num_bodies=2)


@pytest.fixture(params=CASES)
def model(request):
    return ActionRecognizer(**SMALL, **CASES[request.param])


def clips(size=3, length=12):
    return torch.randn(size, length, 2, 25, 3)


def test_output(model):
    out = model(clips())
    assert out.shape == (3, 7)
    assert bool(out.isfinite().all())


def test_every_parameter_gets_a_gradient(model):
    for name, parameter in model.named_parameters():
        if name.endswith('scale'):  # alpha starts at zero and hides O_k
            torch.nn.init.ones_(parameter)
    model(clips(4)).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.isfinite().all()), name
        # What batch norm takes away again has only noise for a gradient.
        if not name.endswith('bias'):
            assert bool((parameter.grad != 0).any()), name


def test_samples_are_independent(model):
    model.eval()
    x = clips()
    out = model(x)
    for i in range(3):
        assert deviation(model(x[i : i + 1])[0], out[i]) < 1e-5


def test_batch_equals_static(model):
    model.eval()
    x = clips()
    edge_index = model.skeleton.edge_index
    items = [Data(x=nodes_first(clip), edge_index=edge_index) for clip in x]
    batch = Batch.from_data_list(items)
    assert batch.x.shape == (75, 12, 2, 3)
    assert deviation(model(batch.x, batch.batch), model(x)) < 1e-5


def test_absent_bodies_are_computed_once(model):
    """Exactly what they would be."""
    torch.manual_seed(0)
    for _ in range(2):
        model(clips(8))  # running statistics of their own
    model.double().eval()
    x = clips(5).double()
    x[1:4, :, 1] = 0
    x[3, :, 0] = 0  # nobody there at all
    full = model(x).detach()
    seen = []
    for block in model.blocks[:1]:
        block.register_forward_pre_hook(
            lambda _, args: seen.append(args[0].size(0))
        )
    with torch.no_grad():
        assert torch.allclose(model(x), full, atol=1e-12)
        assert seen == [8]  # 6 are there, and one absent in each place
        assert torch.allclose(model(x[3:4]), full[3:4], atol=1e-12)
        assert seen == [8, 2]
        model.blocks[0].norm.train()  # then samples are not independent
        model(x)
        assert seen == [8, 2, 10]


def test_batch_norms_without_running_statistics():
    """As test-time adaptation has them: clips are not independent, with or
    without gradients.
    """
    model = ActionRecognizer(**SMALL).double().eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.track_running_stats = False
            module.running_mean = module.running_var = None
    x = clips(4).double()
    x[1:, :, 1] = 0
    expected = model(x)
    with torch.no_grad():
        assert torch.allclose(model(x), expected, atol=1e-12)


def test_changed_weights_are_noticed():
    """However they change: nothing is kept from one call to the next."""
    model = ActionRecognizer(**SMALL).double()
    x = clips(3).double()
    x[:, :, 1] = 0

    def data(tensor):
        tensor.data.mul_(0.5).add_(0.01)

    def array(tensor):
        tensor.detach().numpy()[...] *= 1.5

    def in_place(tensor):
        with torch.no_grad():
            tensor.add_(0.1)

    for change in (data, array, in_place):
        model.train()
        model(clips(4).double())
        model.eval()
        with torch.no_grad():
            before = model(x)
        for tensor in model.parameters():
            change(tensor)
        for norm in (m for m in model.modules() if hasattr(m, 'running_var')):
            change(norm.running_var)
        expected = model(x).detach()
        assert not torch.allclose(expected, before)
        with torch.no_grad():
            assert torch.allclose(model(x), expected, atol=1e-12)
    other = ActionRecognizer(**SMALL).double().eval()
    model.load_state_dict(other.state_dict())
    with torch.inference_mode():
        assert torch.allclose(model(x), other(x), atol=1e-12)
        assert torch.allclose(copy.deepcopy(model)(x), other(x), atol=1e-12)


@pytest.mark.parametrize('layer', ACTION_LAYERS)
def test_empty_batches_devices_and_types(layer):
    options = dict(**SMALL, layer=layer)
    model = ActionRecognizer(**options)
    model(clips(0)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    model.eval()
    with torch.no_grad():
        assert model(clips(0)).shape == (0, 7)
    with torch.device('meta'):
        empty = ActionRecognizer(**options)
    assert empty(clips().to('meta')).shape == (3, 7)
    loaded = empty.to_empty(device='cpu').eval()
    loaded.load_state_dict(model.state_dict())
    x = clips()
    assert torch.equal(loaded(x), model(x))
    reset = copy.deepcopy(empty).to_empty(device='cpu')
    for tensor in reset.state_dict().values():
        tensor.fill_(-1)
    reset.reset_parameters()
    for name, tensor in reset.state_dict().items():
        assert bool((tensor != -1).all()), name
    torch.set_default_dtype(torch.double)
    try:
        assert ActionRecognizer(**options)(clips()).dtype == torch.double
    finally:
        torch.set_default_dtype(torch.float)
    with torch.no_grad():
        mapped = torch.vmap(model)(x.unsqueeze(1))
    expected = model.double()(x.double()).float()
    near = 1e-4 * float(expected.detach().abs().max())
    assert torch.allclose(mapped.squeeze(1), expected, atol=near)


def test_state(model):
    model.eval()
    x = clips(2)
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


def test_learns_two_actions(model):
    torch.manual_seed(0)
    x, y = clips(6), torch.tensor([0, 1, 0, 1, 0, 1])
    x[1::2] = x[1::2].abs()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    losses = []
    for _ in range(25):
        loss = torch.nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_autocast(model):
    model.eval()
    x = clips()
    x[0, :, 1] = 0
    with torch.autocast('cpu', torch.bfloat16):
        out = model(x)
        with torch.no_grad():
            fast = model(x)
    out.float().sum().backward()
    scale = 0.05 * float(model(x).detach().abs().max()) + 0.05
    assert torch.allclose(out.float(), model(x), atol=scale)
    assert torch.allclose(fast.float(), out.float(), atol=scale)


def test_repr(model):
    assert str(model) == (
        f"ActionRecognizer('{model.layer}', 3, 7, hidden_channels=8, "
        'num_blocks=3, num_bodies=2)'
    )


@pytest.mark.parametrize(
    'name', ['hcsf', 'hcsf_a_t', 'hcsf_pair', 'st_gcn', 'aagcn', 'mixhop']
)
def test_compile(name):
    torch._dynamo.reset()  # all cases are of one function
    model = ActionRecognizer(**SMALL, **CASES[name])
    x = clips(4)
    compiled = torch.compile(model, fullgraph=True, backend='aot_eager')
    assert deviation(compiled(x), model(x)) < 1e-5
    model.eval()
    with torch.no_grad():
        x[:, :, 1] = 0
        assert deviation(compiled(x), model(x)) < 1e-5


@pytest.mark.parametrize('name', ['hcsf', 'hcsf_a_t', 'aagcn', 'ms_hop'])
def test_export(name):
    model = ActionRecognizer(**SMALL, **CASES[name]).eval()
    batch = torch.export.Dim('batch', min=2, max=4096)
    program = torch.export.export(
        model, (clips(),), dynamic_shapes=({0: batch},)
    )
    for size in (2, 5):
        x = clips(size)
        assert deviation(program.module()(x), model(x)) < 1e-5


def test_other_skeletons_and_one_body():
    for name, graph in (('kinect20', None), ('h36m17', 'tree')):
        skeleton = get_skeleton(name, graph)
        model = ActionRecognizer(skeleton, **{**SMALL, 'num_bodies': 1})
        model.eval()
        x = torch.randn(2, 10, skeleton.num_joints, 3)
        out = model(x)
        assert out.shape == (2, 7)
        assert torch.equal(model(x.unsqueeze(2)), out)


@pytest.mark.parametrize(
    'options, millions',
    [
        (dict(), 2.93),
        (dict(squeeze=1.0), 3.80),
        (dict(sharing='hop'), 3.99),
        (dict(sharing='source'), 8.76),
        (dict(sharing='pair'), 74.13),
        (dict(dynamic=dict(kernel_size=3)), 3.89),
        (dict(dynamic=dict(kernel_size=3), sharing='pair'), 75.09),
    ],
)
def test_published_parameter_counts(options, millions):
    """action.md section 4, which rounds: 2.93, 3.81, 4.00, 8.77, 74.1, 3.89
    and 75.1 million for 60 classes.
    """
    model = ActionRecognizer(layer_options=options)
    count = sum(p.numel() for p in model.parameters())
    assert round(count / 1e6, 2) == millions
    widths = [block.norm.num_features for block in model.blocks]
    assert widths == [64] * 3 + [128] * 3 + [256] * 3
    first = model.blocks[0].layer.conv
    assert (first.hops.short_hops, first.hops.long_hops) == (5, 7)
    assert first.normalize == ('binary' if first.sharing == 'pair' else 'row')


def test_lengths_are_halved_where_widths_double():
    model = ActionRecognizer(**{**SMALL, 'num_blocks': 9})
    seen = []
    for block in model.blocks:
        block.register_forward_hook(
            lambda _, args, out: seen.append(tuple(out.shape[1:]))
        )
    model(clips(2, length=21))
    assert seen == ([(21, 25, 8)] * 3 + [(11, 25, 16)] * 3 + [(6, 25, 32)] * 3)


def test_graphs_of_whole_clips_are_shared_by_frames():
    """HCSFConv with shared weights: one graph a clip, or one a frame."""
    skeleton = get_skeleton('ntu25')
    for sharing in ('all', 'hop', 'source', 'target', 'pair'):
        layer = make_layer(
            'hcsf', 3, 8, skeleton, known=ACTION_LAYERS, sharing=sharing
        )
        conv = layer.conv
        x = torch.randn(2, 5, 25, 3)
        weight = torch.rand(2, conv.hops.num_pairs)
        edge_index = conv.template.edge_index
        out = conv(x, edge_index, edge_weight=weight)
        frames = weight.unsqueeze(1).expand(2, 5, -1)
        other = conv(x, edge_index, edge_weight=frames)
        assert deviation(out, other) < 1e-5
        one = conv(x[1, 2], edge_index, edge_weight=weight[1])
        assert deviation(out[1, 2], one) < 1e-5


def test_one_hop_of_both_kinds():
    """With one weight for self and neighbors ST-GCN is the 1-hop network."""
    skeleton = get_skeleton('ntu25')
    spatial = PartitionConv(4, 6, skeleton)
    k_hop = make_layer('k_hop', 4, 6, skeleton, known=ACTION_LAYERS)
    assert isinstance(k_hop.conv, HCSFConv)
    with torch.no_grad():
        weight = k_hop.conv.weights[0][0]
        spatial.weight.copy_(weight.repeat(1, 3))
    x = torch.randn(2, 5, 25, 4)
    assert deviation(spatial(x), k_hop(x)) < 1e-5


def test_partitions():
    skeleton = get_skeleton('ntu25')
    own, near, far = partitions(skeleton)
    distance = skeleton.hop_distance()
    assert deviation(own + near + far, (distance <= 1).float()) < 1e-5
    assert deviation(near, far.t()) < 1e-5
    assert near[skeleton.root].sum() == 0
    for child, parent in skeleton.bones:
        assert near[child, parent] == 1


def test_adaptive_offsets():
    skeleton = get_skeleton('ntu25')
    conv = PartitionConv(3, 8, skeleton, adaptive=True).double()
    torch.nn.init.ones_(conv.scale)
    x = torch.randn(1, 4, 25, 3, dtype=torch.double)
    h = conv.embed(x.permute(0, 3, 1, 2))[0]  # [6 * C_h, T, N]
    size = h.size(0) // 6
    out = 0
    for p in range(3):
        theta = h[p * size : (p + 1) * size].flatten(0, 1)
        phi = h[(3 + p) * size : (4 + p) * size].flatten(0, 1)
        offset = torch.tanh(theta.t() @ phi / theta.size(0))
        weight = conv.weight[:, 8 * p : 8 * (p + 1)]
        out = out + (conv.graph[p] + offset) @ (x[0] @ weight)
    torch.testing.assert_close(conv(x)[0], out + conv.bias)
    with pytest.raises(ValueError, match='clips .B, T, N, C.'):
        conv(x[0])
    with pytest.raises(ValueError, match=r'\[\*, 25, 3\].*got \(1, 4, 24'):
        conv(x[:, :, 1:])


def test_bad_input():
    model = ActionRecognizer(**SMALL)
    with pytest.raises(ValueError, match='a multiple of 25 nodes .got 35'):
        model(torch.rand(35, 12, 2, 3), torch.zeros(35).long())
    with pytest.raises(ValueError, match=r'25 joints.*got \(2, 12, 2, 20, 3'):
        model(torch.rand(2, 12, 2, 20, 3))
    with pytest.raises(ValueError, match=r'2 bodies .*got \(2, 12, 1, 25, 3'):
        model(torch.rand(2, 12, 1, 25, 3))
    with pytest.raises(ValueError, match='at least 9 frames.*got 8.*FitFr'):
        model(torch.rand(2, 8, 2, 25, 3))
    for options, message in (
        (dict(num_blocks=4), "'num_blocks' .* multiple of 3.*got 4"),
        (dict(kernel_size=4), "'kernel_size' to be odd .got 4"),
        (dict(out_channels=0), "'out_channels' to be >= 1 .got 0"),
        (dict(num_bodies=0), "'num_bodies' to be >= 1 .got 0"),
        (dict(layer='lcn'), "'layer' to be one of .*'mixhop'.*got 'lcn'"),
        (dict(layer_options=dict(squeez=1)), "Layer 'hcsf': .*squeez"),
        (dict(layer_options=dict(long_hops=13)), "'long_hops' <= 12.*got 13"),
        (
            dict(layer='mixhop', hidden_channels=2),
            "at least 3 channels for 'hops'.*got 2",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            ActionRecognizer(**{**SMALL, **options})
