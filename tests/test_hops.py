import pytest
import torch

from pyg_hcsf import HopEdges, get_skeleton

H36M = get_skeleton('h36m17')


def test_edges_are_sorted_by_hop_and_target():
    hops = HopEdges(H36M, 1, 3)
    assert str(hops) == (
        'HopEdges(h36m17/lcn, short_hops=1, long_hops=3, num_pairs=175)'
    )
    key = hops.edge_hop * 17 + hops.edge_index[1]
    assert torch.equal(key, key.sort().values)
    assert hops.edge_pair.tolist() == list(range(175))
    assert hops.group_ptr == [0, 57, 111, 175]
    assert hops.group_hops == [1, 2, 3]


def test_neighborhoods():
    ring = HopEdges(H36M, 1, 3)
    cumulative = HopEdges(H36M, 1, 3, 'cumulative')
    dense = HopEdges(H36M, 1, 3, 'dense')
    assert cumulative.group_ptr == [0, 57, 57 + 111, 57 + 111 + 175]
    assert dense.group_ptr == [0, 289, 578, 867]
    # The static values on the dense support are those of the topology.
    for group in range(3):
        values = []
        for hops in (ring, dense):
            start, stop = hops.group_ptr[group : group + 2]
            adjacency = torch.zeros(17, 17)
            source, target = hops.edge_index[:, start:stop]
            adjacency[target, source] = hops.edge_weight()[start:stop]
            values.append(adjacency)
        assert torch.equal(*values)


@pytest.mark.parametrize('normalize', ['row', 'sym'])
def test_normalization_tolerates_empty_rings(normalize):
    hops = HopEdges(H36M, 1, 6)
    weight = hops.edge_weight(normalize)
    assert bool(weight.isfinite().all()) and bool((weight > 0).all())
    start = hops.group_ptr[-2]  # hop 6: 12 of 17 nodes have no neighbor
    targets = hops.edge_index[1, start:]
    assert targets.unique().numel() == 5
    if normalize == 'row':
        total = torch.zeros(17).index_add(0, targets, weight[start:])
        assert total[targets] == pytest.approx(torch.ones(targets.numel()))
    else:
        square = torch.zeros(17, 17)
        square[tuple(hops.edge_index[:, :57])] = weight[:57]
        assert torch.equal(square, square.t())


def test_normalization_by_hop():
    """In a group of hops 0 to 2 the weights of each ring add up to one."""
    hops = HopEdges(H36M, 2, 3)
    weight = hops.edge_weight('hop')
    for hop in range(4):
        ring = hops.edge_hop == hop
        targets = hops.edge_index[1, ring]
        total = torch.zeros(17).index_add(0, targets, weight[ring])
        assert total[targets] == pytest.approx(torch.ones(targets.numel()))
    last = hops.edge_hop == 3  # a group of its own
    assert torch.equal(weight[last], hops.edge_weight('row')[last])


@pytest.mark.parametrize(
    'args,message',
    [
        ((2, 1), 'short_hops=2, long_hops=1'),
        ((-1, 1), "'short_hops' to be >= 0 .got -1"),
        ((1, 7), 'diameter of graph .lcn. .* got 7'),
        ((1, 2, 'star'), "got 'star'"),
    ],
)
def test_bad_hops(args, message):
    with pytest.raises(ValueError, match=message.replace(' .* ', '.*')):
        HopEdges(H36M, *args)


def test_skeletons_by_name():
    hops = HopEdges('h36m17', 1, 2)
    assert torch.equal(hops.edge_index, HopEdges(H36M, 1, 2).edge_index)
    with pytest.raises(ValueError, match="'h36m17', .*got 'h36m'"):
        HopEdges('h36m')


def test_unknown_normalization():
    with pytest.raises(ValueError, match="'normalize' .*got 'max'"):
        HopEdges(H36M).edge_weight('max')
