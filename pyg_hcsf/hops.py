r"""The hop-indexed edge set of a template graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pyg_hcsf.choices import check_choice, check_range, wrong
from pyg_hcsf.skeleton import Skeleton, as_skeleton

NEIGHBORHOODS = ('ring', 'cumulative', 'dense')
NORMALIZATIONS = ('binary', 'row', 'hop', 'sym')


class HopEdges:
    r"""The hop-indexed edge set of a template graph: all node pairs
    :math:`(i, j)` that a hop-aware layer connects, in one :obj:`edge_index`
    ``[2, E]`` sorted by hop and target, with the edge attributes
    :obj:`edge_hop` ``[E]`` (the hop) and :obj:`edge_pair` ``[E]`` (the number
    of the pair, which identifies it in any other order of edges).

    The edges form :math:`1 + L - S` consecutive groups: the short-range
    group :math:`\mathcal{N}_{S,i} = \{ j : \mathrm{dist}(i, j) \leq S \}` with
    the node itself, and one group for each long-range hop
    :math:`k = S + 1, \ldots, L`.

    Args:
        skeleton (Skeleton, str or pathlib.Path): The template graph, its name
            or its YAML file.
        short_hops (int, optional): The furthest hop :math:`S` of the
            short-range group. (default: :obj:`1`)
        long_hops (int, optional): The furthest hop :math:`L`.
            (default: :obj:`2`)
        neighborhood (str, optional): The pairs of a long-range group
            :math:`k`: :obj:`"ring"` those at distance :math:`k`;
            :obj:`"cumulative"` those within :math:`k`; :obj:`"dense"` all
            :math:`N^2` pairs (also in the short-range group), with adjacency
            value zero where the topology has no edge.
            (default: :obj:`"ring"`)

    Raises:
        ValueError: If hops are negative, :obj:`short_hops` exceeds
            :obj:`long_hops`, or :obj:`long_hops` exceeds the diameter of the
            graph.

    Example:
        >>> hops = HopEdges(get_skeleton('h36m17'), 1, 2)
        >>> hops.edge_index.shape, hops.hop_counts
        (torch.Size([2, 111]), {0: 17, 1: 40, 2: 54})
    """

    def __init__(
        self,
        skeleton: Skeleton | str | Path,
        short_hops: int = 1,
        long_hops: int = 2,
        neighborhood: str = 'ring',
    ) -> None:
        skeleton = as_skeleton(skeleton)
        remedy = '0 keeps the node itself'
        check_range('short_hops', short_hops, 0, remedy=remedy)
        if short_hops > long_hops:
            raise ValueError(
                f"Expected 'short_hops' <= 'long_hops' (got short_hops="
                f'{short_hops}, long_hops={long_hops})'
            )
        if long_hops > skeleton.diameter:
            raise ValueError(
                f"Expected 'long_hops' <= {skeleton.diameter}, the diameter "
                f"of graph '{skeleton.graph}' of '{skeleton.name}' (got "
                f'{long_hops})'
            )
        check_choice('neighborhood', neighborhood, NEIGHBORHOODS)
        self.skeleton = skeleton
        self.short_hops = short_hops
        self.long_hops = long_hops
        self.neighborhood = neighborhood
        with torch.device('cpu'):  # whatever the default device is
            self._build()

    def _build(self) -> None:
        short_hops, dense = self.short_hops, self.neighborhood == 'dense'
        distance = self.skeleton.hop_distance()  # [N, N], rows are targets
        # -1 is the distance of nodes that are not connected.
        near = (distance >= 0) & (distance <= short_hops)
        # In dense groups, pairs without an edge have the hop S.
        label = distance.where(near, short_hops)
        edges, hops, topology = [], [], []
        for hop in range(self.long_hops + 1):
            # The pairs that belong to the hop, and those with an edge
            allowed, connected = label == hop, near
            if hop > short_hops:
                allowed, connected = torch.ones_like(near), distance == hop
                if self.neighborhood == 'cumulative':
                    connected = (distance >= 0) & (distance <= hop)
            inside = allowed if dense else allowed & connected
            target, source = inside.nonzero().t()
            edges.append(torch.stack([source, target]))
            hops.append(torch.full_like(source, hop))
            topology.append(connected[target, source])
        self.edge_index = torch.cat(edges, dim=1)
        self.edge_hop = torch.cat(hops)
        self.edge_pair = torch.arange(self.edge_hop.numel())
        self.topology = torch.cat(topology)

    @property
    def num_nodes(self) -> int:
        return self.skeleton.num_joints

    @property
    def num_pairs(self) -> int:
        return self.edge_index.size(1)

    @property
    def group_hops(self) -> list[int]:
        r"""The furthest hop of each group: :math:`S, S + 1, \ldots, L`."""
        return list(range(self.short_hops, self.long_hops + 1))

    @property
    def edge_group(self) -> Tensor:
        r"""The group of each edge: ``[E]``."""
        return (self.edge_hop - self.short_hops).clamp(min=0)

    @property
    def group_ptr(self) -> list[int]:
        r"""The first edge of each group, and the end of the last group."""
        counts = self.edge_group.bincount(minlength=len(self.group_hops))
        return [0, *counts.cumsum(0).tolist()]

    @property
    def hop_counts(self) -> dict[int, int]:
        r"""The number of ordered node pairs at each hop."""
        return dict(enumerate(self.edge_hop.bincount().tolist()))

    def edge_weight(
        self, normalize: str = 'binary', dtype: torch.dtype | None = None
    ) -> Tensor:
        r"""The values :math:`a_{ij}` of the static adjacency, ``[E]``.

        Args:
            normalize (str, optional): :obj:`"binary"` for zeros and ones;
                :obj:`"row"` divides by the number of neighbors of the target
                in its group; :obj:`"hop"` by the number at the same hop, so
                that each ring has the same total weight; :obj:`"sym"` by the
                geometric mean of the numbers of neighbors of target and
                source in the group. (default: :obj:`"binary"`)
            dtype (torch.dtype, optional): The floating-point type of the
                values, which are computed in double precision. :obj:`None`
                is the default type. (default: :obj:`None`)

        Raises:
            ValueError: If there is no such normalization.
        """
        check_choice('normalize', normalize, NORMALIZATIONS)
        value = self.topology.double()
        dtype = dtype or torch.get_default_dtype()
        if normalize == 'binary':
            return value.to(dtype)
        # Degrees are counted by group (or hop) and node.
        part = self.edge_hop if normalize == 'hop' else self.edge_group
        source, target = self.edge_index + part * self.num_nodes
        degree = value.new_zeros((int(part.max()) + 1) * self.num_nodes)
        degree = degree.scatter_add(0, target, value).clamp(min=1)
        if normalize in ('row', 'hop'):
            return (value / degree[target]).to(dtype)
        return (value / (degree[target] * degree[source]).sqrt()).to(dtype)

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}({self.skeleton.name}/'
            f'{self.skeleton.graph}, short_hops={self.short_hops}, '
            f'long_hops={self.long_hops}, num_pairs={self.num_pairs})'
        )


def check_hops(hops: Any) -> None:
    r"""Checks the argument :obj:`hops` of a layer.

    Raises:
        ValueError: If it is not :class:`HopEdges`, such as a skeleton.

    Example:
        >>> check_hops(HopEdges('h36m17'))
    """
    if not isinstance(hops, HopEdges):
        name = type(hops).__name__
        remedy = 'HopEdges(skeleton) makes them'
        raise wrong('hops', 'HopEdges', f'a {name}', remedy)
