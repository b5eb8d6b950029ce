import pytest
import torch

from pyg_hcsf import HopEdges, get_skeleton
from pyg_hcsf.nn import DynamicGraph
from tests.scale import deviation

HOPS = HopEdges(get_skeleton('h36m17'), 1, 2)


def test_equations():
    """Eqs. 7-8, edge by edge."""
    graph = DynamicGraph(8, HOPS, kernel_size=3)
    torch.nn.init.uniform_(graph.scale)
    torch.nn.init.normal_(graph.base)
    x = torch.randn(2, 5, 17, 8)
    out = graph(x)
    assert out.shape == (2, 111)
    h = graph.embed(x.permute(0, 3, 1, 2))  # [B, 2 * 2 * 4, 5, 17]
    theta, phi = h.view(2, 2, 2, 4, 5, 17).unbind(1)
    for e in range(0, 111, 7):
        j, i = HOPS.edge_index[:, e].tolist()
        k = int(HOPS.edge_group[e])
        dot = (theta[:, k, ..., i] * phi[:, k, ..., j]).sum((1, 2)) / (4 * 5)
        expected = graph.base[e] + graph.scale[k] * dot.tanh()
        assert deviation(out[:, e], expected) < 1e-5


def test_starts_as_the_topology():
    graph = DynamicGraph(8, HOPS)
    assert str(graph) == f'DynamicGraph(8, {HOPS})'
    assert torch.equal(graph(torch.randn(3, 17, 8)), torch.ones(3, 111))
    graph(torch.randn(3, 17, 8)).sum().backward()
    for name, parameter in graph.named_parameters():
        assert parameter.grad is not None, name
    assert bool((graph.scale.grad != 0).all())


@pytest.mark.parametrize(
    'options,learned',
    [  # Table 5 a-g
        (dict(offset=False), ['base']),
        (dict(offset=False, init='dense'), ['base']),
        (dict(offset=False, init='random'), ['base']),
        (dict(init=None), ['scale', 'embed.weight', 'embed.bias']),
        (dict(learn_scale=False), ['base', 'embed.weight', 'embed.bias']),
        ({}, ['base', 'scale', 'embed.weight', 'embed.bias']),
        (dict(kernel_size=3), ['base', 'scale', 'embed.weight', 'embed.bias']),
        (dict(learn_base=False), ['scale', 'embed.weight', 'embed.bias']),
    ],
)
def test_columns_of_table_5(options, learned):
    graph = DynamicGraph(8, HOPS, **options)
    names = [n for n, p in graph.named_parameters() if p.requires_grad]
    assert names == learned
    out = graph(torch.randn(2, 9, 17, 8)).detach()
    assert out.shape == ((111,) if graph.offset is False else (2, 111))
    if options.get('learn_scale', True) is False:
        assert bool((graph.scale == 1).all())
        assert bool(((out - 1).abs() <= 1).all()) and bool((out != 1).any())
    if options.get('init') == 'random':
        assert 0 <= float(out.min()) < float(out.max()) < 1


def test_one_graph_per_clip_or_per_frame():
    clip = DynamicGraph(8, HOPS, learn_scale=False)
    frame = DynamicGraph(8, HOPS, learn_scale=False, per_frame=True)
    frame.load_state_dict(clip.state_dict())
    x = torch.randn(2, 5, 17, 8)
    out = frame(x)
    assert out.shape == (2, 5, 111)
    assert deviation(out[:, 3], clip(x[:, 3])) < 1e-5
    assert deviation(frame(x[:, 3]), clip(x[:, 3])) < 1e-5
    assert clip(x).shape == (2, 111)


def test_scale_keeps_tanh_alive():
    x = 2 * torch.randn(4, 17, 64)
    plain = DynamicGraph(64, HOPS, scaled=False)
    graph = DynamicGraph(64, HOPS)
    graph.load_state_dict(plain.state_dict())
    assert float((plain.offsets(x).abs() > 0.99).float().mean()) > 0.3
    assert float((graph.offsets(x).abs() > 0.99).float().mean()) < 0.05


@pytest.mark.parametrize('options', [dict(stride=2), dict(dilation=2)])
def test_temporal_settings(options):
    graph = DynamicGraph(8, HOPS, kernel_size=3, **options)
    assert graph(torch.randn(2, 9, 17, 8)).shape == (2, 111)


def test_top_k():
    full = DynamicGraph(8, HOPS, learn_scale=False, init=None)
    graph = DynamicGraph(8, HOPS, learn_scale=False, init=None, top_k=2)
    graph.load_state_dict(full.state_dict())
    x = torch.randn(3, 17, 8)
    dense, sparse = full(x), graph(x)
    assert torch.equal(sparse[sparse != 0], dense[sparse != 0])
    key = HOPS.edge_group * 17 + HOPS.edge_index[1]
    for group in key.unique():
        edges = key == group
        kept = (sparse[:, edges] != 0).sum(1)
        assert bool((kept == min(2, int(edges.sum()))).all())
        rest = dense[:, edges].abs().sort(descending=True).values[:, 2:]
        least = sparse[:, edges].abs()
        least = least.masked_fill(least == 0, 9).min(1).values
        assert bool((rest <= least.unsqueeze(1)).all())
    with pytest.raises(ValueError, match="'top_k' to be from 1 to 17"):
        DynamicGraph(8, HOPS, top_k=18)


def test_smooths_over_time():
    """An outlier in one frame moves the graph of a clip less."""
    torch.manual_seed(0)
    graph = DynamicGraph(8, HOPS, learn_scale=False)
    x = torch.randn(1, 1, 17, 8).repeat(1, 9, 1, 1)
    y = x.clone()
    y[:, 4] += 3 * torch.randn(1, 17, 8)
    clip = (graph(y) - graph(x)).abs().mean()
    frame = (graph(y[:, 4]) - graph(x[:, 4])).abs().mean()
    assert clip < 0.5 * frame


@pytest.mark.parametrize(
    'options,message',
    [
        (dict(init='zeros'), "'init' .*got 'zeros'"),
        (dict(init=None, offset=False), 'without both'),
        (dict(kernel_size=2), "odd 'kernel_size' .got 2"),
        (dict(per_frame=True, stride=2), 'stride=1 with per_frame'),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        DynamicGraph(8, HOPS, **options)
    with pytest.raises(ValueError, match=r'17 joints and 8 channels'):
        DynamicGraph(8, HOPS)(torch.randn(2, 16, 8))


def test_hops_of_another_type():
    with pytest.raises(ValueError, match='a Skeleton.*HopEdges.skeleton.'):
        DynamicGraph(4, get_skeleton('h36m17'))
