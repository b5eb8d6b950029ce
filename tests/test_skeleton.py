import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pyg_hcsf import (
    HopEdges,
    Skeleton,
    available_skeletons,
    get_skeleton,
)

# The number of ordered pairs at hop 0, 1, ...
HOPS = {
    ('h36m17', 'tree'): [17, 32, 38, 44, 50, 44, 36, 20, 8],
    ('h36m17', 'lcn'): [17, 40, 54, 64, 62, 36, 16],
    ('h36m16', 'tree'): [16, 30, 36, 38, 44, 36, 32, 16, 8],
    ('ntu25', 'tree'): [25, 48, 54, 60, 66, 72, 72, 72, 56, 40, 30, 20, 10],
    ('ntu25_pyskl', 'tree'): [25, 48, 58, 60, 66, 72, 80, 72, 56, 40, 32, 16],
}


@pytest.mark.parametrize('name,graph', HOPS)
def test_pairs_per_hop(name, graph):
    skeleton = get_skeleton(name, graph)
    hops = HopEdges(skeleton, 0, skeleton.diameter)
    assert list(hops.hop_counts.values()) == HOPS[name, graph]
    assert hops.num_pairs == skeleton.num_joints**2


def test_lcn_graph_is_the_published_one():
    published = """0-1 0-4 0-7 1-2 1-7 2-3 4-5 4-7 5-6 7-8 7-11 7-14 8-9 8-11
    8-14 9-10 11-12 12-13 14-15 15-16"""
    expected = {frozenset(map(int, e.split('-'))) for e in published.split()}
    edges = {frozenset(edge) for edge in get_skeleton('h36m17').edges}
    assert edges == expected


def test_human36m():
    skeleton = get_skeleton('h36m17')
    parents = (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15)
    assert skeleton.parents == parents
    assert skeleton.left == (4, 5, 6, 11, 12, 13)
    assert skeleton.right == (1, 2, 3, 14, 15, 16)
    assert skeleton.root == 0
    assert skeleton.diameter == 6
    assert skeleton.with_graph('tree').diameter == 8


@pytest.mark.parametrize('name', available_skeletons())
def test_every_skeleton(name):
    skeleton = get_skeleton(name)
    assert skeleton.name == name
    mirrored = torch.tensor(skeleton.mirrored)
    assert torch.equal(mirrored[mirrored], torch.arange(len(mirrored)))
    for graph in skeleton.graphs:
        distance = skeleton.with_graph(graph).hop_distance()
        assert torch.equal(distance, distance.t())
        assert int(distance.min()) == 0  # connected
        # A body is as far apart on one side as on the other:
        assert torch.equal(distance[mirrored][:, mirrored], distance)
    assert pickle.loads(pickle.dumps(skeleton)) == skeleton
    for joint in skeleton.left:
        assert skeleton.joints[joint].startswith('L')


@st.composite
def trees(draw):
    size = draw(st.integers(2, 12))
    return (-1, *(draw(st.integers(0, i - 1)) for i in range(1, size)))


@given(trees())
def test_hop_sets_partition_the_pairs(parents):
    joints = tuple(f'joint{i}' for i in range(len(parents)))
    skeleton = Skeleton('random', joints, parents, (), ())
    hops = HopEdges(skeleton, 0, skeleton.diameter)
    pairs = set(map(tuple, hops.edge_index.t().tolist()))
    assert len(pairs) == hops.num_pairs == len(parents) ** 2
    source, target = hops.edge_index
    assert torch.equal(skeleton.hop_distance()[source, target], hops.edge_hop)


@pytest.mark.parametrize(
    'change,message',
    [
        (dict(parents=(-1, 2, 1)), "without a cycle .* joint 'b'"),
        (dict(parents=(-1, -1, 0)), 'exactly one root'),
        (dict(parents=(-1, 0, 7)), 'between -1 and 2.*got 7 for joint 2'),
        (dict(parents=(-1, 0)), 'per joint.*got 2 for 3'),
        (dict(left=(1,), right=()), "'left' and 'right' to pair"),
        (dict(joints=('a', 'a', 'b')), "distinct 'joints'"),
        (dict(graphs={'x': ((0, 9),)}), r"graph 'x'.*got \(0, 9\)"),
        (dict(graph='y'), r"one of .'tree',. .*got 'y'.*in skeleton"),
    ],
)
def test_broken_skeleton(change, message):
    good = dict(
        name='s',
        joints=('a', 'b', 'c'),
        parents=(-1, 0, 1),
        left=(),
        right=(),
    )
    Skeleton(**good)
    with pytest.raises(ValueError, match=message):
        Skeleton(**{**good, **change})


def test_lists_and_no_sides():
    one = Skeleton('s', ['a', 'b'], [-1, 0])
    assert one == Skeleton('s', ('a', 'b'), (-1, 0), (), ())
    assert hash(one) == hash(Skeleton('s', ('a', 'b'), (-1, 0)))
    assert HopEdges(one, 1, 1).num_pairs == 4


def test_unknown_skeleton():
    with pytest.raises(ValueError, match="got 'nobody'"):
        get_skeleton('nobody')
