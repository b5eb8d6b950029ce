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
