from __future__ import annotations

from typing import NamedTuple, Optional

import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from torch import Tensor
from torch.nn import Module
from torch_geometric.edge_index import EdgeIndex
from torch_geometric.typing import Adj, OptTensor, SparseTensor
from torch_geometric.utils import is_torch_sparse_tensor, to_edge_index

from pyg_hcsf.hops import HopEdges


class Edges(NamedTuple):
    r"""The edges of a call. If :obj:`canonical`, :obj:`x` views as
    ``[B, N, C]`` and :obj:`edge_weight` as ``[B, E]`` in template order.
    """

    edge_index: Tensor
    edge_pair: Tensor
    edge_weight: Optional[Tensor]
    canonical: bool


class TemplateEdges(Module):
    r"""Tells how the edges that a layer was given lie on its template graph,
    and refuses those that do not.

    Args:
        hops (HopEdges): The template.
    """

    edge_index: Tensor
    edge_pair: Tensor
    lookup: Tensor

    def __init__(self, hops: HopEdges) -> None:
        super().__init__()
        self.hops = hops
        self.register_buffer('edge_index', hops.edge_index, persistent=False)
        self.register_buffer('edge_pair', hops.edge_pair, persistent=False)
        n = hops.num_nodes
        lookup = torch.full((n, n), -1)
        lookup[hops.edge_index[0], hops.edge_index[1]] = hops.edge_pair
        self.register_buffer('lookup', lookup, persistent=False)

    def forward(
        self,
        x: Tensor,
        edge_index: Adj,
        edge_pair: OptTensor,
        edge_weight: OptTensor,
    ) -> Edges:
        hops = self.hops
        if not isinstance(x, Tensor):
            raise ValueError(
                'Expected node features of one set of nodes: node pairs of a '
                f'template have no bipartite form (got {type(x).__name__})'
            )
        static = x.dim() != 2
        if x.dim() < 2 or x.size(-2) % hops.num_nodes:
            raise ValueError(
                f"Expected 'x' with {hops.num_nodes} joints of "
                f"'{hops.skeleton.name}' (or a multiple, for a batch) in "
                f'dimension -2 (got shape {tuple(x.shape)})'
            )
        copies = x.size(-2) // hops.num_nodes
        if static and copies != 1:
            raise ValueError(
                f"Expected 'x' with {hops.num_nodes} joints of "
                f"'{hops.skeleton.name}' in dimension -2 (got shape "
                f'{tuple(x.shape)})'
            )
        if isinstance(edge_index, EdgeIndex):
            edge_index = edge_index.as_tensor()
        if isinstance(edge_index, SparseTensor) or is_torch_sparse_tensor(
            edge_index
        ):
            edge_index, edge_pair, edge_weight = self._unpack(
                edge_index, edge_pair, edge_weight
            )
        if not isinstance(edge_index, Tensor):
            raise ValueError(
                "Expected 'edge_index' to be a tensor or a sparse adjacency "
                f'(got {type(edge_index).__name__})'
            )
        num_edges = copies * hops.num_pairs
        if edge_index.shape != (2, num_edges):
            raise ValueError(self._mismatch(edge_index, copies))
        if edge_pair is not None and edge_pair.shape != (num_edges,):
            raise ValueError(
                f"Expected 'edge_pair' of shape [{num_edges}], one for each "
                f'edge (got {list(edge_pair.shape)})'
            )
        if edge_weight is not None:
            *lead, size = edge_weight.shape
            if size != num_edges or lead != list(x.shape[:-2][: len(lead)]):
                raise ValueError(
                    "Expected 'edge_weight' with one value for each of "
                    f'{num_edges} edges in the last dimension, and before it '
                    f"the leading dimensions of 'x' {tuple(x.shape)}, or some "
                    f'of them (got shape {tuple(edge_weight.shape)})'
                )
        # A graph that is being traced is taken to be in template order.
        if torch.compiler.is_compiling():
            pair = self.edge_pair.repeat(copies)
            return Edges(edge_index, pair, edge_weight, True)
        if edge_index is self.edge_index and edge_pair is None:
            return Edges(edge_index, self.edge_pair, edge_weight, True)
        return self._match(edge_index, edge_pair, edge_weight, copies)

    def _unpack(
        self, adj_t: Adj, edge_pair: OptTensor, edge_weight: OptTensor
    ) -> tuple[Tensor, Tensor, OptTensor]:
        if edge_pair is not None or edge_weight is not None:
            raise ValueError(
                "Expected neither 'edge_pair' nor 'edge_weight' next to a "
                'sparse adjacency: its values are the pairs (integers) or the '
                'weights (floating point)'
            )
        if isinstance(adj_t, SparseTensor):
            target, source, value = adj_t.coo()
            edge_index = torch.stack([source, target])
        else:
            edge_index, value = to_edge_index(adj_t)
            edge_index = edge_index.flip(0)
            if bool((value == 1).all()):
                value = None
        if value is not None and not value.is_floating_point():
            return edge_index, value, None
        if self.hops.neighborhood != 'ring':
            raise ValueError(
                "Expected the values of a sparse adjacency to be 'edge_pair' "
                f"for neighborhood='{self.hops.neighborhood}', where a pair "
                'of nodes belongs to several hops'
            )
        source, target = edge_index % self.hops.num_nodes
        pair = self.lookup[source, target]
        return edge_index, pair, value

    def _match(
        self,
        edge_index: Tensor,
        edge_pair: OptTensor,
        edge_weight: OptTensor,
        copies: int,
    ) -> Edges:
        n, p = self.hops.num_nodes, self.hops.num_pairs
        offset = n * torch.arange(copies, device=edge_index.device)
        template = self.edge_index.unsqueeze(1) + offset.view(1, -1, 1)
        template = template.view(2, -1)
        pairs = self.edge_pair.repeat(copies)
        if torch.equal(edge_index, template) and (
            edge_pair is None or torch.equal(edge_pair, pairs)
        ):
            return Edges(edge_index, pairs, edge_weight, True)
        if edge_pair is None:
            raise ValueError(self._mismatch(edge_index, copies))
        if int(edge_pair.min()) < 0 or int(edge_pair.max()) >= p:
            raise ValueError(self._mismatch(edge_index, copies))
        if not bool((edge_pair.bincount(minlength=p) == copies).all()):
            raise ValueError(
                f'Expected every one of {p} pairs {copies} times in '
                "'edge_pair'; to cut an edge, give it the weight 0"
            )
        order = (edge_index[1] // n * p + edge_pair).argsort()
        if torch.equal(edge_index[:, order], template):
            if edge_weight is not None:
                edge_weight = edge_weight[..., order]
            return Edges(template, pairs, edge_weight, True)
        self._check_copies(edge_index, edge_pair, copies)
        return Edges(edge_index, edge_pair, edge_weight, False)

    def _check_copies(
        self, edge_index: Tensor, edge_pair: Tensor, copies: int
    ) -> None:
        # Nodes in any order: the self pairs tell which joint each one is.
        hops, device = self.hops, edge_index.device
        source, target = edge_index
        nodes = copies * hops.num_nodes
        own = self.edge_index[0] == self.edge_index[1]
        own = (own & (hops.edge_hop.to(device) == 0))[edge_pair]
        joint = torch.full((nodes,), -1, device=device)
        joint[source[own]] = self.edge_index[0][edge_pair[own]]
        adjacency = coo_matrix(
            (torch.ones(source.numel()), edge_index.cpu()), (nodes, nodes)
        )
        number, graph = connected_components(adjacency, directed=False)
        place = torch.from_numpy(graph).to(joint) * hops.num_nodes + joint
        unique = target * hops.num_pairs + edge_pair
        if (
            not torch.equal(source[own], target[own])
            or bool((joint < 0).any())
            or not torch.equal(
                joint[edge_index], self.edge_index[:, edge_pair]
            )
            or number != copies
            or place.unique().numel() != nodes
            or unique.unique().numel() != unique.numel()
        ):
            raise ValueError(self._mismatch(edge_index, copies))

    def _mismatch(self, edge_index: Tensor, copies: int) -> str:
        hops = self.hops
        return (
            f"Expected 'edge_index' to be that of {hops}, for {copies} "
            f"graph(s), in its order or with 'edge_pair' (got shape "
            f'{tuple(edge_index.shape)}); take it from HopEdges.edge_index or '
            'apply the transform AddHopEdges'
        )
