import pytest
import torch
from torch_geometric.data import Batch, Data

from pyg_hcsf import HopEdges, get_skeleton
from pyg_hcsf.transforms import AddHopEdges


def test_add_hop_edges():
    skeleton = get_skeleton('h36m17')
    hops = HopEdges(skeleton, 1, 2)
    transform = AddHopEdges(hops)
    assert str(transform) == f'AddHopEdges({hops})'
    data = Data(edge_index=skeleton.edge_index, num_nodes=17)
    out = transform(data)
    assert torch.equal(data.edge_index, skeleton.edge_index)  # untouched
    assert torch.equal(out.edge_index, hops.edge_index)
    assert out.is_edge_attr('edge_hop') and out.is_edge_attr('edge_pair')
    batch = Batch.from_data_list([out, out])
    assert batch.edge_pair.tolist() == 2 * list(range(111))
    assert torch.equal(batch.edge_index[:, 111:], hops.edge_index + 17)
    with pytest.raises(ValueError, match="'h36m17' .got 3"):
        transform(Data(edge_index=skeleton.edge_index[:, :0], num_nodes=3))


def test_attributes_of_replaced_edges_are_removed():
    """Values of the bones would be taken for those of the first hop edges."""
    skeleton = get_skeleton('h36m17')
    hops = HopEdges(skeleton, 1, 2)
    edges = skeleton.edge_index.size(1)
    where = skeleton.edge_index.flip(0)
    data = Data(
        x=torch.randn(17, 2),
        y=torch.randn(17, 3),
        edge_index=skeleton.edge_index,
        edge_attr=torch.randn(edges, 4),
        edge_weight=torch.rand(edges),
        bone_length=torch.rand(edges),
        adj_t=torch.sparse_coo_tensor(
            where, torch.ones(edges), (17, 17), check_invariants=True
        ),
        label=torch.tensor([3]),
    )
    out = AddHopEdges(hops)(data)
    assert set(out.keys()) == {
        *('x', 'y', 'label', 'edge_index', 'edge_hop', 'edge_pair')
    }
    assert out.num_edges == 111
    assert data.edge_attr.shape == (edges, 4)  # a copy was changed
    again = AddHopEdges(HopEdges(skeleton, 1, 3))(out)
    assert again.edge_pair.tolist() == list(range(again.num_edges))


def test_as_many_edges_as_nodes():
    """PyG cannot tell 16 edges in one direction and a loop from 17 nodes by
    their number.
    """
    skeleton = get_skeleton('h36m17')
    bones = torch.tensor([*skeleton.bones, (0, 0)]).t()
    data = Data(
        x=torch.randn(17, 2), edge_index=bones, edge_attr=torch.randn(17, 1)
    )
    out = AddHopEdges(HopEdges(skeleton, 1, 2))(data)
    assert 'edge_attr' not in out and out.x.shape == (17, 2)
