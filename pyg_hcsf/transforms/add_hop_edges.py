r"""Hop-indexed edges for graphs of a skeleton."""

from torch_geometric.data import Data
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from pyg_hcsf.hops import HopEdges


@functional_transform('add_hop_edges')
class AddHopEdges(BaseTransform):
    r"""Replaces the edges of a skeleton by its hop-indexed edge set
    (functional name: :obj:`add_hop_edges`).

    Sets :obj:`edge_index`, and the edge attributes :obj:`edge_hop` (the hop
    of the pair) and :obj:`edge_pair` (its number in the template). All other
    attributes of the replaced edges, such as :obj:`edge_attr`,
    :obj:`edge_weight` and :obj:`adj_t`, are removed.

    Args:
        hops (HopEdges): The edge set.

    Raises:
        ValueError: If a graph has another number of nodes.

    Example:
        >>> transform = AddHopEdges(HopEdges(get_skeleton('h36m17'), 1, 2))
        >>> data = transform(data)
    """

    def __init__(self, hops: HopEdges) -> None:
        self.hops = hops

    def forward(self, data: Data) -> Data:
        if data.num_nodes != self.hops.num_nodes:
            raise ValueError(
                f'Expected a graph of {self.hops.num_nodes} nodes, the joints '
                f"of '{self.hops.skeleton.name}' (got {data.num_nodes})"
            )
        # Before edge_attrs, which PyG 2.6 cannot list with a sparse matrix:
        for key in {'adj', 'adj_t'} & set(data.keys()):
            del data[key]
        for key in data.edge_attrs():
            del data[key]
        data.edge_index = self.hops.edge_index
        data.edge_hop = self.hops.edge_hop
        data.edge_pair = self.hops.edge_pair
        return data

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}({self.hops})'
