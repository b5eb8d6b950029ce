r"""The edges of a call, compared with those of the template graph."""

from __future__ import annotations

from typing import NamedTuple, Optional

import torch
from torch import Tensor
from torch_geometric.edge_index import EdgeIndex
from torch_geometric.typing import Adj, OptTensor, SparseTensor
from torch_geometric.utils import is_torch_sparse_tensor, to_edge_index

from pyg_hcsf.hops import HopEdges
from pyg_hcsf.nn.constants import ConstantBuffers
from pyg_hcsf.nn.tracing import exporting, has_values


class Edges(NamedTuple):
    r"""The edges of a call in the given order, with the permutations of edges
    and nodes that sort them into the order of the template.
    """

    edge_index: Tensor
    edge_pair: Tensor
    edge_weight: Optional[Tensor]
    edge_order: Optional[Tensor] = None
    node_order: Optional[Tensor] = None
    valid: Optional[Tensor] = None  # whether they match, in exported models


class TemplateEdges(ConstantBuffers):
    r"""Determines the order of the edges that a layer was given, and raises an
    error if they are not copies of the template graph.

    Args:
        hops (HopEdges): The template.
    """

    edge_index: Tensor
    edge_pair: Tensor
    lookup: Tensor

    def __init__(self, hops: HopEdges) -> None:
        super().__init__()
        self.hops = hops
        n = hops.num_nodes
        lookup = torch.full((n, n), -1, device='cpu')
        lookup[hops.edge_index[0], hops.edge_index[1]] = hops.edge_pair
        self.register_constants(
            edge_index=hops.edge_index, edge_pair=hops.edge_pair, lookup=lookup
        )
        self._expected = (
            f"Expected 'edge_index' to be that of {hops}, in its order or "
            "with 'edge_pair'; take it from HopEdges.edge_index or apply the "
            'transform AddHopEdges'
        )
        # The number of steps along edges after which all nodes of a graph have
        # been reached, or 0 if the template is not connected.
        self._steps = 0
        if hops.long_hops > 0 and bool(
            (hops.skeleton.hop_distance() >= 0).all()
        ):
            self._steps = -(-hops.skeleton.diameter // hops.long_hops)

    def forward(
        self,
        x: Tensor,
        edge_index: Adj,
        edge_pair: OptTensor,
        edge_weight: OptTensor,
        adjacency: Tensor,
    ) -> Edges:
        hops = self.hops
        if not isinstance(x, Tensor):
            raise ValueError(
                "Expected 'x' to be a tensor: bipartite message passing is "
                f'not supported (got {type(x).__name__})'
            )
        n, static = hops.num_nodes, x.dim() != 2
        if x.dim() < 2 or x.size(-2) % n or (static and x.size(-2) != n):
            batch = '' if x.dim() > 2 else ' (or a multiple, for a batch)'
            raise ValueError(
                f"Expected 'x' with {n} joints of '{hops.skeleton.name}'"
                f'{batch} in dimension -2 (got shape {tuple(x.shape)})'
            )
        copies = x.size(-2) // n
        if isinstance(edge_index, EdgeIndex):
            edge_index = edge_index.as_tensor()
        if isinstance(edge_index, SparseTensor) or is_torch_sparse_tensor(
            edge_index
        ):
            edge_index, edge_pair, edge_weight = self._unpack(
                edge_index, edge_pair, edge_weight, adjacency
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
            edge_weight = self._expand(x, edge_weight, num_edges)
        # Networks pass this very tensor: nothing to compare
        if edge_index is self.edge_index and edge_pair is None:
            return Edges(edge_index, self.edge_pair, edge_weight)
        return self._match(edge_index, edge_pair, edge_weight, copies)

    def _expand(self, x: Tensor, edge_weight: Tensor, size: int) -> Tensor:
        # Leading dimensions of size one are broadcast.
        shape, lead = x.shape[:-2], edge_weight.shape[:-1]
        if edge_weight.dim() > 0 and edge_weight.size(-1) == size:
            # Weights of all samples, or of the clips that they are frames of
            if lead == shape[: len(lead)]:
                return edge_weight
            if all(length == 1 for length in lead):
                return edge_weight.reshape(size)
            if len(lead) <= len(shape) and all(
                length in (1, wanted)
                for length, wanted in zip(lead, shape, strict=False)
            ):
                return edge_weight.expand(*shape[: len(lead)], size)
        raise ValueError(
            f"Expected 'edge_weight' with one value for each of {size} edges "
            'in the last dimension, and before it the leading dimensions of '
            f"'x' {tuple(x.shape)}, or some of them, or ones (got shape "
            f'{tuple(edge_weight.shape)})'
        )

    def _unpack(
        self,
        adj_t: Adj,
        edge_pair: OptTensor,
        edge_weight: OptTensor,
        adjacency: Tensor,
    ) -> tuple[Tensor, Tensor, OptTensor]:
        if edge_pair is not None or edge_weight is not None:
            raise ValueError(
                "Expected neither 'edge_pair' nor 'edge_weight' next to a "
                'sparse adjacency: its values are the pairs (integers) or '
                'factors of the static adjacency (floating point)'
            )
        if isinstance(adj_t, SparseTensor):
            target, source, value = adj_t.coo()
            edge_index = torch.stack([source, target])
        else:
            edge_index, value = to_edge_index(adj_t)
            edge_index = edge_index.flip(0)
        if value is not None and not value.is_floating_point():
            return edge_index, value, None
        if self.hops.neighborhood != 'ring':
            raise ValueError(
                "Expected the values of a sparse adjacency to be 'edge_pair' "
                f"for neighborhood='{self.hops.neighborhood}', where a pair "
                'of nodes belongs to several hops'
            )
        # Copies of the graph in a batch have the same pairs.
        source, target = edge_index % self.hops.num_nodes
        pair = self.lookup[source, target]
        weight = None if value is None else value * adjacency[pair]
        return edge_index, pair, weight

    def _match(
        self,
        edge_index: Tensor,
        edge_pair: OptTensor,
        edge_weight: OptTensor,
        copies: int,
    ) -> Edges:
        # Indices on the CPU are accepted by a layer on another device.
        edge_index = edge_index.to(self.edge_index)
        pairs = self.edge_pair.repeat(copies)
        given = pairs if edge_pair is None else edge_pair.to(pairs)
        edge_order = node_order = None
        template = self._template(copies)
        traced = not (has_values(edge_index) and has_values(given))
        if edge_pair is None:
            valid = (edge_index == template).all()
        elif (
            not traced
            and torch.equal(edge_index, template)
            and torch.equal(given, pairs)
        ):
            return Edges(edge_index, given, edge_weight)
        else:
            edge_order, node_order, valid = self._sort(
                edge_index, given, template, copies
            )
        if traced:
            torch._assert_async(valid, self._expected)
            # ONNX and TorchScript drop assertions, so that edges of another
            # graph make the output NaN instead.
        elif not bool(valid):
            self._check_pairs(given, copies)
            raise ValueError(self._mismatch(edge_index, copies))
        return Edges(
            edge_index,
            given,
            edge_weight,
            edge_order,
            node_order,
            valid if traced and exporting() else None,
        )

    def _template(self, copies: int) -> Tensor:
        copy = torch.arange(copies, device=self.edge_index.device)
        offset = self.hops.num_nodes * copy
        out = self.edge_index.unsqueeze(1) + offset.view(1, -1, 1)
        return out.flatten(1)  # [2, copies * E]

    def _check_pairs(self, edge_pair: Tensor, copies: int) -> None:
        p = self.hops.num_pairs
        inside = edge_pair.clamp(0, p - 1)
        counts = inside.bincount(minlength=p)
        if torch.equal(inside, edge_pair) and bool((counts != copies).any()):
            raise ValueError(
                f'Expected every one of {p} pairs {copies} times in '
                "'edge_pair'; to cut an edge, give it the weight 0"
            )

    def _sort(
        self,
        edge_index: Tensor,
        edge_pair: Tensor,
        template: Tensor,
        copies: int,
    ) -> tuple[Tensor, Tensor, Tensor]:
        r"""The permutations of edges and nodes that sort copies of the
        template, and whether they do, without a branch on values.
        """
        n, p = self.hops.num_nodes, self.hops.num_pairs
        source, target = edges = edge_index.clamp(0, max(n * copies - 1, 0))
        pair = edge_pair.clamp(0, p - 1)
        # The pairs that end at a node tell which joint it is. Its graph is
        # numbered by the lowest node that it is connected with.
        node = torch.arange(n * copies, device=edge_index.device)
        joint = torch.zeros_like(node).scatter(
            0, target, self.edge_index[1, pair]
        )
        graph = node if self._steps else node // n
        for _ in range(self._steps):
            graph = graph.scatter_reduce(0, target, graph[source], 'amin')
        node_order = (graph * n + joint).argsort()
        rank = torch.zeros_like(node).scatter(0, node_order, node)
        edge_order = (rank[target] // n * p + pair).argsort()
        valid = (
            # All edges are where the template has them, each pair is there
            # once per copy, and clamping has changed nothing.
            (rank[edges][:, edge_order] == template).all()
            & (pair[edge_order] == self.edge_pair.repeat(copies)).all()
            & (edges == edge_index).all()
            & (pair == edge_pair).all()
        )
        return edge_order, node_order, valid

    def _mismatch(self, edge_index: Tensor, copies: int) -> str:
        return (
            f'{self._expected} (got shape {tuple(edge_index.shape)} for '
            f'{copies} graph(s) of {self.hops.num_pairs} edges)'
        )


def repeat_frames(edge_weight: Tensor, num_frames: int) -> Tensor:
    r"""Edge weights ``[B, E]`` of clips as those of all of their frames."""
    if edge_weight.size(0) != num_frames:
        repeats = num_frames // edge_weight.size(0)
        edge_weight = edge_weight.repeat_interleave(repeats, dim=0)
    return edge_weight
