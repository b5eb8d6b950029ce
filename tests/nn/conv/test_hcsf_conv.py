import copy
import io
import pickle

import pytest
import torch
import torch_geometric.typing
from torch_geometric.data import Batch, Data
from torch_geometric.explain import Explainer, GNNExplainer
from torch_geometric.nn import GATConv, GCNConv, Sequential
from torch_geometric.typing import SparseTensor

from pyg_hcsf import HopEdges, get_skeleton
from pyg_hcsf.nn import DynamicGraph, HCSFConv, LCNConv
from pyg_hcsf.nn.conv.hop_weights import SHARINGS
from pyg_hcsf.transforms import AddHopEdges
from tests.scale import deviation

H36M = get_skeleton('h36m17')
HOPS = HopEdges(H36M, 1, 3)
OPTIONS = [
    *[dict(sharing=sharing) for sharing in SHARINGS],
    dict(fuse_long='add', fuse='add'),
    dict(fuse_long='mul', fuse='cat'),
    dict(fuse_long='cat', fuse='mul', sharing='all'),
    dict(hierarchy=False),
    dict(hop_aware=False),
    dict(node_transform=True),
    dict(normalize='row'),
    dict(normalize='sym', sharing='hop'),
    dict(normalize='hop', sharing='hop'),
    dict(base='out'),
    dict(decay_origin='L', squeeze=0.5),
    dict(bias=False),
]
IDS = ['-'.join(f'{k}={v}' for k, v in o.items()) for o in OPTIONS]


@pytest.fixture(params=OPTIONS, ids=IDS)
def conv(request):
    return HCSFConv(6, 8, HOPS, **request.param).double()


def reference(conv, x, edge_weight=None):
    """Eqs. 3-5 with explicit sums; x is [B, N, C]."""
    hops = conv.hops
    if edge_weight is None:
        edge_weight = hops.edge_weight(conv.normalize, x.dtype)
    edge_weight = edge_weight.expand(x.size(0), -1)
    features = []
    for g, weight in enumerate(conv.weights):
        start, stop = hops.group_ptr[g : g + 2]
        h = x.new_zeros(*x.shape[:2], weight.size(-1))
        for e in range(start, stop):
            j, i = hops.edge_index[:, e].tolist()
            hop = int(hops.edge_hop[e])
            slot = {
                'pair': e - start,
                'source': j,
                'target': i,
                'hop': hop if g == 0 else 0,
                'all': 0,
            }[conv.sharing]
            h[:, i] += edge_weight[:, e : e + 1] * (x[:, j] @ weight[slot])
        features.append(h)

    def fuse(parts, stage):
        if stage.mode == 'cat':
            return torch.cat(parts, dim=-1)
        parts = [lin(h) for lin, h in zip(stage.lins, parts, strict=True)]
        out = parts[0]
        for h in parts[1:]:
            out = out + h if stage.mode == 'add' else out * h
        return out

    if len(conv.fusion.stages) == 0:
        out = torch.cat(features, dim=-1)
    else:
        long, last = conv.fusion.stages
        out = fuse([features[0], fuse(features[1:], long)], last)
    if conv.weight_a is not None:
        weight = conv.weight_a.expand(x.size(1), -1, -1)
        out = torch.stack(
            [out[:, i] @ weight[i] for i in range(x.size(1))], dim=1
        )
    return out if conv.bias is None else out + conv.bias


def batch_of(count):
    data = Data(edge_index=H36M.edge_index, num_nodes=17)
    data = AddHopEdges(HOPS)(data)
    return Batch.from_data_list([data] * count)


def test_repr_and_template():
    conv = HCSFConv(16, 32, HOPS)
    assert str(conv) == (
        'HCSFConv(16, 32, short_hops=1, long_hops=3, squeeze=0.125)'
    )
    assert str(LCNConv(16, 32, HOPS)) == 'LCNConv(16, 32, long_hops=3)'
    for layer in (conv, LCNConv(16, 32, HOPS)):
        name = f'{layer.__class__.__name__}_propagate'
        assert layer.propagate.__module__.endswith(name)


def test_equals_the_equations(conv):
    x = torch.randn(3, 17, 6, dtype=torch.double)
    out = conv(x, HOPS.edge_index)
    assert out.shape == (3, 17, 8)
    assert torch.allclose(out, reference(conv, x), atol=1e-12)
    weight = torch.randn(3, HOPS.num_pairs, dtype=torch.double)
    out = conv(x, HOPS.edge_index, edge_weight=weight)
    assert torch.allclose(out, reference(conv, x, weight), atol=1e-12)
    weight = weight[0]
    out = conv(x, HOPS.edge_index, edge_weight=weight)
    assert torch.allclose(out, reference(conv, x, weight), atol=1e-12)


@pytest.mark.parametrize(
    'dtype,near', [(torch.float, 1e-5), (torch.double, 1e-12)]
)
def test_batch_equals_static(conv, dtype, near):
    conv = conv.to(dtype)
    batch = batch_of(4)
    x = torch.randn(4, 17, 6, dtype=dtype)
    weight = torch.rand(4, HOPS.num_pairs, dtype=dtype)
    static = conv(x, HOPS.edge_index, edge_weight=weight)
    for pair in (batch.edge_pair, None):
        out = conv(x.view(-1, 6), batch.edge_index, pair, weight.view(-1))
        assert deviation(out.view_as(static), static) < near
    lead = conv(x.view(2, 2, 17, 6), HOPS.edge_index)
    assert deviation(lead.view(4, 17, 8), conv(x, HOPS.edge_index)) < near


def test_edge_permutation(conv):
    batch = batch_of(3)
    x = torch.randn(51, 6, dtype=torch.double)
    weight = torch.rand(batch.num_edges, dtype=torch.double)
    expected = conv(x, batch.edge_index, batch.edge_pair, weight)
    perm = torch.randperm(batch.num_edges)
    out = conv(
        x, batch.edge_index[:, perm], batch.edge_pair[perm], weight[perm]
    )
    assert torch.allclose(out, expected, atol=1e-12)


def test_node_and_pair_permutation(conv):
    if conv.node_transform:
        pytest.skip('W_a of a node depends on its position')
    batch = batch_of(3)
    x = torch.randn(51, 6, dtype=torch.double)
    weight = torch.rand(batch.num_edges, dtype=torch.double)
    expected = conv(x, batch.edge_index, batch.edge_pair, weight)
    nodes = torch.randperm(51)  # across the graphs of the batch
    place = nodes.argsort()
    edges = torch.randperm(batch.num_edges)
    out = conv(
        x[nodes],
        place[batch.edge_index][:, edges],
        batch.edge_pair[edges],
        weight[edges],
    )
    assert torch.allclose(out, expected[nodes], atol=1e-12)


def test_message_passing_equals_fused(conv):
    """A hook selects the path by messages, as explainers do."""
    x = torch.randn(3, 17, 6, dtype=torch.double)
    weight = torch.rand(3, HOPS.num_pairs, dtype=torch.double)
    expected = conv(x, HOPS.edge_index, edge_weight=weight)
    seen = []
    conv.register_message_forward_hook(
        lambda module, inputs, out: seen.append(out.shape)
    )
    out = conv(x, HOPS.edge_index, edge_weight=weight)
    assert torch.allclose(out, expected, atol=1e-12)
    assert seen == [(3, HOPS.num_pairs, sum(conv.hop_channels.values()))]


def test_lcn_limit():
    """Constant widths and sums as fusions are LCN, Sec. 3.2."""
    lcn = LCNConv(6, 8, HOPS).double()
    conv = HCSFConv(
        6, 8, HOPS, squeeze=1.0, fuse_long='add', fuse='add'
    ).double()
    assert lcn.hop_channels == {1: 8, 2: 8, 3: 8} == conv.hop_channels
    with torch.no_grad():
        conv.weight_a.copy_(torch.eye(8))
    conv.load_state_dict(lcn.state_dict(), strict=False)
    one = HopEdges(H36M, 3, 3)
    single = LCNConv(6, 8, one).double()
    with torch.no_grad():
        for e, (j, i) in enumerate(one.edge_index.t().tolist()):
            g, row = group_and_row(j, i)
            single.weights[0][e] = lcn.weights[g][row]
    x = torch.randn(4, 17, 6, dtype=torch.double)
    expected = lcn(x, HOPS.edge_index)
    assert torch.equal(conv(x, HOPS.edge_index), expected)
    assert torch.allclose(single(x, one.edge_index), expected, atol=1e-12)


def group_and_row(source, target):
    match = (HOPS.edge_index.t() == torch.tensor([source, target])).all(1)
    edge = int(match.nonzero())
    group = int(HOPS.edge_group[edge])
    return group, edge - HOPS.group_ptr[group]


@pytest.mark.parametrize(
    'args,options,expected',
    [
        ((64, 64, 1, 2), dict(squeeze=1 / 16), {1: 64, 2: 4}),
        ((64, 64, 1, 6), dict(squeeze=1 / 16), {1: 64, 2: 4, 3: 1, 6: 1}),
        ((64, 64, 5, 6), {}, {5: 64, 6: 8}),
        ((2, 128, 1, 2), {}, {1: 128, 2: 16}),
        ((128, 3, 1, 2), {}, {1: 128, 2: 16}),
        ((2, 128, 1, 2), dict(base='in'), {1: 2, 2: 1}),
        ((64, 64, 1, 3), dict(hop_aware=False), {1: 64, 2: 8, 3: 8}),
        ((64, 64, 1, 3), dict(decay_origin='L'), {1: 64, 2: 512, 3: 64}),
        ((64, 32, 1, 3), dict(hierarchy=False), {1: 32, 2: 32, 3: 32}),
    ],
)
def test_hop_channels(args, options, expected):
    *channels, short, long = args
    conv = HCSFConv(*channels, HopEdges(H36M, short, long), **options)
    assert expected.items() <= conv.hop_channels.items()
    assert len(conv.hop_channels) == 1 + long - short
    assert [w.size(-1) for w in conv.weights] == list(
        conv.hop_channels.values()
    )


def test_parameter_count():
    """1.34 M for C=64, S=1, L=2, d=1/8 and six layers, as in the paper."""
    hops = HopEdges(H36M, 1, 2)
    total = sum(
        sum(p.numel() for p in HCSFConv(*c, hops).parameters())
        for c in [(2, 64), *[(64, 64)] * 4, (64, 3)]
    )
    assert round(total / 1e6, 2) == 1.34


def test_gradients(conv):
    x = torch.randn(2, 17, 6, dtype=torch.double, requires_grad=True)
    weight = torch.rand(2, HOPS.num_pairs, dtype=torch.double)
    weight.requires_grad_()

    def run(x, weight):
        return conv(x, HOPS.edge_index, edge_weight=weight)

    assert torch.autograd.gradcheck(run, (x, weight), fast_mode=True)
    run(x, weight).square().sum().backward()
    for name, parameter in conv.named_parameters():
        assert parameter.grad is not None, name
        assert bool((parameter.grad != 0).any()), name


def test_edges_of_other_graphs_are_rejected():
    conv = HCSFConv(4, 8, HOPS)
    batch = batch_of(2)
    x = torch.randn(34, 4)
    edges, pairs = batch.edge_index, batch.edge_pair
    perm = torch.randperm(34)
    assert conv(x, perm[edges], pairs).shape == (34, 8)  # nodes renamed
    across = edges.clone()
    across[0, 20] = (across[0, 20] + 17) % 34
    other = edges.clone()
    other[0, 20] = (other[0, 20] + 1) % 17
    for wrong in (
        edges.flip(0),
        torch.zeros_like(edges),
        torch.randint(34, edges.shape),
        across,
        other,
    ):
        with pytest.raises(ValueError, match="Expected 'edge_index' to be"):
            conv(x, wrong, pairs)


@pytest.mark.parametrize('sharing', SHARINGS)
@pytest.mark.parametrize('neighborhood', ['ring', 'cumulative', 'dense'])
def test_neighborhoods(sharing, neighborhood):
    hops = HopEdges(H36M, 1, 6, neighborhood)
    conv = HCSFConv(4, 8, hops, sharing=sharing).double()
    x = torch.randn(2, 17, 4, dtype=torch.double)
    out = conv(x, hops.edge_index)
    assert torch.allclose(out, reference(conv, x), atol=1e-12)
    if neighborhood == 'dense' and sharing != 'pair':  # the same operator
        ring = HopEdges(H36M, 1, 6)
        other = HCSFConv(4, 8, ring, sharing=sharing).double()
        other.load_state_dict(conv.state_dict())
        assert torch.allclose(other(x, ring.edge_index), out, atol=1e-12)


@pytest.mark.parametrize('neighborhood', ['ring', 'dense'])
@pytest.mark.parametrize('sharing', ['pair', 'all'])
def test_dynamic_graph_starts_as_the_static_one(sharing, neighborhood):
    hops = HopEdges(H36M, 1, 2, neighborhood)
    conv = HCSFConv(4, 8, hops, sharing=sharing)
    graph = DynamicGraph(4, hops, normalize=conv.normalize)
    x = torch.randn(2, 17, 4)
    out = conv(x, hops.edge_index, edge_weight=graph(x))
    assert deviation(out, conv(x, hops.edge_index)) < 1e-5


def test_clip_shares_one_graph():
    conv = HCSFConv(4, 8, HOPS)
    x = torch.randn(2, 5, 17, 4)
    weight = torch.rand(2, HOPS.num_pairs)
    out = conv(x, HOPS.edge_index, edge_weight=weight)
    for t in range(5):
        frame = conv(x[:, t], HOPS.edge_index, edge_weight=weight)
        assert deviation(out[:, t], frame) < 1e-5
    conv.register_message_forward_hook(lambda *args: None)
    hooked = conv(x, HOPS.edge_index, edge_weight=weight)
    assert deviation(hooked, out) < 1e-5
    frames = weight.unsqueeze(1).repeat(1, 5, 1)
    hooked = conv(x, HOPS.edge_index, edge_weight=frames)
    assert deviation(hooked, out) < 1e-5


@pytest.mark.parametrize('kernel', ['batched', 'dense', 'reference'])
def test_kernels_share_a_state_dict(kernel):
    conv = HCSFConv(4, 8, HOPS).double()
    other = HCSFConv(4, 8, HOPS, kernel=kernel).double()
    other.load_state_dict(conv.state_dict())
    x = torch.randn(2, 17, 4, dtype=torch.double)
    expected = conv(x, HOPS.edge_index)
    assert torch.allclose(other(x, HOPS.edge_index), expected, atol=1e-12)


def test_pickle_deepcopy_and_state_dict():
    conv = HCSFConv(4, 8, HOPS, fuse='add')
    x = torch.randn(2, 17, 4)
    expected = conv(x, HOPS.edge_index)
    file = io.BytesIO()
    torch.save(conv.state_dict(), file)
    file.seek(0)
    other = HCSFConv(4, 8, HOPS, fuse='add')
    other.load_state_dict(torch.load(file, weights_only=True))
    copies = [copy.deepcopy(conv), pickle.loads(pickle.dumps(conv)), other]
    for layer in copies:
        assert torch.equal(layer(x, HOPS.edge_index), expected)


def test_reset_parameters_is_reproducible():
    torch.manual_seed(1)
    conv = HCSFConv(4, 8, HOPS)
    torch.manual_seed(1)
    other = copy.deepcopy(conv)
    other.reset_parameters()
    for a, b in zip(conv.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_sequential_next_to_other_layers():
    model = Sequential(
        'x, edge_index, edge_pair',
        [
            (HCSFConv(4, 8, HOPS), 'x, edge_index, edge_pair -> x'),
            (GCNConv(8, 8), 'x, edge_index -> x'),
            (GATConv(8, 8), 'x, edge_index -> x'),
            (HCSFConv(8, 3, HOPS), 'x, edge_index, edge_pair -> x'),
        ],
    )
    batch = batch_of(2)
    out = model(torch.randn(34, 4), batch.edge_index, batch.edge_pair)
    assert out.shape == (34, 3)
    out.sum().backward()


def test_explainer():
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = HCSFConv(4, 3, HOPS)

        def forward(self, x, edge_index):
            return self.conv(x, edge_index)

    explainer = Explainer(
        Model(),
        algorithm=GNNExplainer(epochs=2),
        explanation_type='model',
        edge_mask_type='object',
        node_mask_type='attributes',
        model_config=dict(
            mode='regression', task_level='node', return_type='raw'
        ),
    )
    out = explainer(torch.randn(17, 4), HOPS.edge_index)
    assert out.edge_mask.shape == (HOPS.num_pairs,)
    assert bool((out.edge_mask > 0).any())


@pytest.mark.parametrize('sharing', ['hop', 'all', 'source', 'pair'])
def test_torch_sparse_adjacency(sharing):
    conv = HCSFConv(4, 8, HOPS, sharing=sharing).double()
    x = torch.randn(17, 4, dtype=torch.double)
    expected = conv(x, HOPS.edge_index)
    source, target = HOPS.edge_index
    where = torch.stack([target, source])
    weight = torch.rand(HOPS.num_pairs, dtype=torch.double) + 0.5
    ones = torch.ones(HOPS.num_pairs, dtype=torch.double)
    scaled = weight * conv.adjacency
    for values, result in [
        (ones, expected),
        (ones * (1 + 1e-14), expected),
        (HOPS.edge_pair, expected),
        (weight, conv(x, HOPS.edge_index, edge_weight=scaled)),
    ]:
        adj_t = sparse(where, values)
        assert torch.allclose(conv(x, adj_t), result, atol=1e-12)
    if torch_geometric.typing.WITH_TORCH_SPARSE:
        adj_t = SparseTensor(row=target, col=source, sparse_sizes=(17, 17))
        assert torch.allclose(conv(x, adj_t), expected, atol=1e-12)
        pairs = SparseTensor(
            row=target, col=source, value=HOPS.edge_pair, sparse_sizes=(17, 17)
        )
        assert torch.allclose(conv(x, pairs), expected, atol=1e-12)
    with pytest.raises(ValueError, match="neither 'edge_pair' nor"):
        conv(x, sparse(where, ones), HOPS.edge_pair)


def sparse(where, values):
    return torch.sparse_coo_tensor(
        where, values, (17, 17), check_invariants=True
    ).coalesce()


def test_edge_index_class():
    conv = HCSFConv(4, 8, HOPS, sharing='all')
    x = torch.randn(17, 4)
    edge_index = torch_geometric.EdgeIndex(
        HOPS.edge_index, sparse_size=(17, 17)
    )
    expected = conv(x, HOPS.edge_index)
    assert deviation(conv(x, edge_index), expected) < 1e-5
    edge_index, perm = edge_index.sort_by('col')
    out = conv(x, edge_index, HOPS.edge_pair[perm])
    assert deviation(out, expected) < 1e-5


def test_with_and_without_extensions(extensions):
    conv = HCSFConv(6, 8, HOPS)
    batch = batch_of(3)
    x = torch.randn(51, 6)
    nodes = torch.randperm(51)
    place = nodes.argsort()
    out = conv(x[nodes], place[batch.edge_index], batch.edge_pair)
    expected = conv(x, batch.edge_index)
    assert deviation(out, expected[nodes]) < 1e-5


def test_compile():
    conv = HCSFConv(4, 8, HOPS)
    graph = DynamicGraph(4, HOPS)
    x = torch.randn(2, 17, 4)

    def run(x):
        return conv(x, HOPS.edge_index, edge_weight=graph(x))

    compiled = torch.compile(run, fullgraph=True, backend='aot_eager')
    assert deviation(compiled(x), run(x)) < 1e-5
    compiled(x).sum().backward()
    assert conv.weights[0].grad is not None
    batch = batch_of(2)
    compiled = torch.compile(conv, fullgraph=True, backend='aot_eager')
    out = compiled(x.view(-1, 4), batch.edge_index, batch.edge_pair)
    assert deviation(out.view(2, 17, 8), conv(x, HOPS.edge_index)) < 1e-5


def test_edge_weights_are_broadcast(conv):
    x = torch.randn(2, 5, 17, 6, dtype=torch.double)
    e = HOPS.num_pairs
    for shape, full in [
        ((1, e), (e,)),
        ((1, 1, e), (e,)),
        ((1, 5, e), (2, 5, e)),
        ((2, 1, e), (2, 5, e)),
    ]:
        weight = torch.rand(shape, dtype=torch.double)
        wanted = weight.view(e) if full == (e,) else weight.expand(full)
        expected = conv(x, HOPS.edge_index, edge_weight=wanted)
        out = conv(x, HOPS.edge_index, edge_weight=weight)
        assert torch.allclose(out, expected, atol=1e-12)
    weight = torch.rand(1, e, dtype=torch.double)
    expected = conv(x[0, 0], HOPS.edge_index, edge_weight=weight[0])
    out = conv(x[0, 0], HOPS.edge_index, edge_weight=weight)
    assert torch.equal(out, expected)


@pytest.mark.parametrize('lead', [(2,), (2, 2), (1, 2), (2, 2, 2)])
def test_edge_weights_of_all_frames_in_messages(conv, lead):
    """Five dimensions of equal size: no dimension is taken for another."""
    x = torch.randn(2, 2, 2, 17, 6, dtype=torch.double)
    weight = torch.rand(*lead, HOPS.num_pairs, dtype=torch.double)
    expected = conv(x, HOPS.edge_index, edge_weight=weight)
    conv.register_propagate_forward_pre_hook(lambda *args: None)
    out = conv(x, HOPS.edge_index, edge_weight=weight)
    assert torch.allclose(out, expected, atol=1e-12)


def test_empty_batch(conv):
    batch = batch_of(2)
    e = HOPS.num_pairs
    for x, edges, weight in [
        (torch.zeros(0, 17, 6), HOPS.edge_index, None),
        (torch.zeros(0, 17, 6), HOPS.edge_index, torch.rand(e)),
        (torch.zeros(0, 17, 6), HOPS.edge_index, torch.zeros(0, e)),
        (torch.zeros(0, 4, 17, 6), HOPS.edge_index, torch.zeros(0, e)),
        (torch.zeros(2, 0, 17, 6), HOPS.edge_index, torch.rand(2, e)),
        (torch.zeros(0, 6), batch.edge_index[:, :0], None),
    ]:
        weight = None if weight is None else weight.double()
        out = conv(x.double(), edges, edge_weight=weight)
        assert out.shape == (*x.shape[:-1], 8)
        grads = torch.autograd.grad(out.sum(), list(conv.parameters()))
        assert all(bool((grad == 0).all()) for grad in grads)


def test_output_is_contiguous(conv):
    x = torch.randn(3, 17, 6, dtype=torch.double)
    for size in (1, 3):
        assert conv(x[:size], HOPS.edge_index).view(size, -1).size(1) == 136
    strided = x.transpose(0, 1).contiguous().transpose(0, 1)
    out = conv(strided, HOPS.edge_index)
    assert torch.allclose(out, conv(x, HOPS.edge_index), atol=1e-12)
    assert out.is_contiguous()


def test_double_backward_of_edge_weights_alone(conv):
    conv.requires_grad_(False)
    x = torch.randn(2, 17, 6, dtype=torch.double)
    weight = torch.rand(2, HOPS.num_pairs, dtype=torch.double)

    def run(weight):
        return conv(x, HOPS.edge_index, edge_weight=weight)

    weight.requires_grad_()
    for check in (torch.autograd.gradcheck, torch.autograd.gradgradcheck):
        assert check(run, (weight,), fast_mode=True)
    assert not x.requires_grad


def test_adjacency_of_a_double_layer():
    conv = HCSFConv(4, 8, HOPS, sharing='all').double()
    degree = HOPS.edge_group * 17 + HOPS.edge_index[1]
    expected = 1 / degree.bincount()[degree].double()
    assert torch.equal(conv.adjacency, expected)


@pytest.mark.parametrize(
    'options,message',
    [
        (dict(squeeze=0.0), r"'squeeze' in .0, 1. .got 0.0"),
        (dict(squeeze=1.5), 'got 1.5'),
        (dict(sharing='none'), "'sharing' .* got 'none'"),
        (dict(fuse='max'), "'fuse' .* got 'max'"),
        (dict(fuse_long='max'), "'fuse_long' .* got 'max'"),
        (dict(base='min'), "'base' .* got 'min'"),
        (dict(decay_origin='T'), "'decay_origin' .* got 'T'"),
        (dict(normalize='l2'), "'normalize' .* got 'l2'"),
        (dict(aggr='mean'), "'aggr' to be one of .'add',. .got 'mean'"),
        (dict(flow='target_to_source'), 'target_to_source'),
        (dict(kernel='x'), "'kernel' .* got 'x'"),
        (dict(decomposed_layers=2), "'decomposed_layers' to be 1 .got 2"),
        (dict(node_dim=0), "'node_dim' to be one of .-2,. .got 0"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message.replace(' .* ', '.*')):
        HCSFConv(4, 8, HOPS, **options)


def test_hops_of_another_type():
    with pytest.raises(ValueError, match='a Skeleton.*HopEdges.skeleton.'):
        HCSFConv(4, 8, HOPS.skeleton)


def test_channels_cannot_be_lazy():
    with pytest.raises(ValueError, match='cannot be lazy'):
        HCSFConv(-1, 8, HOPS)


def test_features_cannot_be_decomposed():
    with pytest.raises(ValueError, match='need all input channels'):
        HCSFConv(4, 8, HOPS).decomposed_layers = 2


X = torch.randn(2, 17, 4)
EDGES, PAIR = HOPS.edge_index, HOPS.edge_pair


@pytest.mark.parametrize(
    'args,message',
    [
        ((X[:, :16], EDGES), 'with 17 joints .*2, 16, 4'),
        ((X.view(1, 34, 4), EDGES), 'with 17 joints .*1, 34, 4'),
        (((X, X), EDGES), 'bipartite message passing'),
        ((X[..., :3], EDGES), 'with 4 channels.*17, 3'),
        ((X, H36M.edge_index), 'AddHopEdges'),
        ((X, EDGES.flip(1)), 'in its order or with'),
        ((X, None), 'got NoneType'),
        ((X, EDGES, PAIR[:0]), r"'edge_pair' of shape \[175\]"),
        ((X, EDGES, PAIR.clamp(min=1)), 'give it the weight 0'),
        ((X, EDGES, PAIR + 1000), "Expected 'edge_index'"),
        ((X, EDGES, None, torch.rand(5)), "'edge_weight' with one value"),
        *[
            (
                (X, EDGES, None, torch.rand(*shape, 175)),
                "leading dimensions of 'x'",
            )
            for shape in [(3,), (4,), (1, 2)]
        ],
    ],
)
def test_bad_input(args, message):
    with pytest.raises(ValueError, match=message):
        HCSFConv(4, 8, HOPS)(*args)
