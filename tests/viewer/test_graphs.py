import numpy as np
import pytest
import torch

from pyg_hcsf import HopEdges, get_skeleton
from pyg_hcsf.nn.models import PoseLifter
from pyg_hcsf.viewer import (
    EdgeGroup,
    HopAttribution,
    LearnedGraph,
    hop_attribution,
    learned_graph,
    read_graph,
    write_graph,
)

H36M = get_skeleton('h36m17')
HOPS = HopEdges(H36M, 1, 2)


def lifter(dynamic=None, **kwargs):
    options = {'dynamic': {} if dynamic is None else dynamic}
    model = PoseLifter(hidden_channels=8, layer_options=options, **kwargs)
    for name, value in model.named_parameters():
        if name.endswith('graph.scale') or name.endswith('graph.base'):
            torch.nn.init.normal_(value)
    return model


def test_groups_are_the_graph_of_each_layer():
    model, x = lifter(), torch.rand(3, 17, 2)
    graph = learned_graph(model, x, frames=[2, 5, 6])
    assert model.training  # as it was
    assert graph.skeleton.name == 'h36m17'
    assert [group.name for group in graph.groups][:4] == [
        'first: M, hops 0-1',
        'first: αO, hops 0-1',
        'first: M, hop 2',
        'first: αO, hop 2',
    ]
    assert graph.groups[-1].name == 'last: αO, hop 2'
    assert len(graph.groups) == 6 * 4
    expected = model.first.layer.graph(x).detach()  # M + alpha O
    pairs = (graph.groups[:2], graph.groups[2:4])
    found = np.concatenate(
        [g.weights + h.weights for g, h in pairs],
        axis=-1,
    )
    np.testing.assert_allclose(found, expected, atol=1e-6)
    edges = np.concatenate([graph.groups[k].edges for k in (1, 3)])
    assert torch.equal(torch.from_numpy(edges.T).long(), HOPS.edge_index)
    assert graph.groups[1].frames.tolist() == [2, 5, 6]
    assert graph.groups[0].frames is None


@pytest.mark.parametrize('per_frame', [False, True])
def test_windows(per_frame):
    model = lifter({'kernel_size': 3, 'per_frame': per_frame}, frames=9)
    x = torch.rand(4, 9, 17, 2)
    graph = learned_graph(model, x)
    offset = model.first.layer.graph(x) - model.first.layer.graph.base
    offset = (offset[:, 4] if per_frame else offset).detach()
    count = graph.groups[0].weights.shape[0]
    np.testing.assert_allclose(
        graph.groups[1].weights, offset[:, :count], atol=1e-6
    )


def test_static_graph_only():
    graph = learned_graph(lifter({'offset': False}), torch.rand(2, 17, 2))
    assert {group.name.split()[1] for group in graph.groups} == {'M,'}
    graph = learned_graph(lifter({'init': None}), torch.rand(2, 17, 2))
    assert {group.name.split()[1] for group in graph.groups} == {'αO,'}


def test_nothing_learned():
    with pytest.raises(ValueError, match='dynamic graph'):
        learned_graph(PoseLifter(hidden_channels=4), torch.rand(1, 17, 2))
    with pytest.raises(ValueError, match='each of the 2 samples'):
        learned_graph(lifter(), torch.rand(2, 17, 2), frames=[1])


def test_attribution_finds_the_hop_that_matters():
    model = PoseLifter(hidden_channels=8, layer_options={'squeeze': 1.0})
    with torch.no_grad():
        for name, value in model.named_parameters():
            if 'conv.weights' not in name:
                continue
            # Edges of hop 0 and 2 carry nothing at all.
            own = HOPS.edge_hop[HOPS.edge_group == 0] == 0
            if name.endswith('weights.0'):
                value[own] = 0
            else:
                value.zero_()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    x = torch.rand(4, 17, 2)
    hops = hop_attribution(
        model, x, frames=[0, 1, 4, 5], each=[1, 3], epochs=15, lr=0.2
    )
    assert hops.hops == (0, 1, 2)
    assert hops.total[1] > 0.1 and hops.total[1] > 3 * hops.total[2]
    assert hops.total[0] == hops.total[2] == 0
    assert hops.values.shape == (2, 3)
    assert hops.frames.tolist() == [1, 5]
    assert all(
        torch.equal(v, before[k]) for k, v in model.state_dict().items()
    )
    assert all(value.grad is None for value in model.parameters())
    assert not any(getattr(m, 'explain', None) for m in model.modules())


def test_attribution_of_windows():
    hops = hop_attribution(lifter(frames=9), torch.rand(2, 9, 17, 2), epochs=2)
    assert hops.total.shape == (3,) and (hops.total > 0).all()


def test_attribution_needs_hops():
    with pytest.raises(ValueError, match='layers have hops'):
        hop_attribution(PoseLifter(layer='gcn'), torch.rand(1, 17, 2))


def example():
    rng = np.random.default_rng(0)
    group = EdgeGroup(
        'M',
        hop=1,
        edges=np.array([[0, 1], [2, 2]], np.int32),
        weights=rng.normal(size=(3, 2)).astype(np.float32),
        frames=np.array([1, 4, 5], np.int32),
    )
    hops = HopAttribution((0, 1), np.array([0.5, 0.25], np.float32))
    return LearnedGraph('h36m17', (group,), hops)


def test_file(tmp_path):
    graph, path = example(), tmp_path / 'graph.json'
    write_graph(path, graph)
    again = read_graph(path)
    assert again.skeleton == graph.skeleton
    (found,), (group,) = again.groups, graph.groups
    assert (found.name, found.hop) == ('M', 1)
    assert found.edges.tolist() == group.edges.tolist()
    assert found.frames.tolist() == [1, 4, 5]
    np.testing.assert_allclose(found.weights, group.weights, atol=1e-6)
    assert again.attribution.hops == (0, 1)
    assert again.attribution.values is None


def check(graph):
    assert isinstance(graph, LearnedGraph)
    for group in graph.groups:
        assert np.isfinite(group.weights).all()
        assert group.edges.max() < graph.skeleton.num_joints


def test_damaged_file(tmp_path, fuzz):
    path = tmp_path / 'graph.json'
    write_graph(path, example())

    def read(content):
        path.write_bytes(content)
        return read_graph(path)

    fuzz(read, path.read_bytes(), check, 'graph.json')


@pytest.mark.parametrize(
    'change,match',
    [
        ({'edges': np.array([[0, 17]])}, '0 to 17'),
        ({'edges': np.array([[0, -1]])}, '-1 to 0'),
        ({'edges': np.zeros((0, 2))}, 'at least one'),
        ({'weights': np.array([np.nan])}, 'all finite'),
        ({'weights': np.ones(2)}, r'shape \(1,\)'),
        ({'frames': np.array([3, 2])}, "ascending 'frames'"),
    ],
)
def test_refused(change, match):
    spec = {'edges': np.array([[0, 1]]), 'weights': np.ones(1), **change}
    with pytest.raises(ValueError, match=match):
        LearnedGraph('h36m17', (EdgeGroup('M', 1, **spec),))
