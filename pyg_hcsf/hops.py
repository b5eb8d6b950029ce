from __future__ import annotations

import torch
from torch import Tensor

from pyg_hcsf.skeleton import Skeleton

NEIGHBORHOODS = ('ring', 'cumulative', 'dense')
NORMALIZATIONS = ('binary', 'row', 'hop', 'sym')


class HopEdges:
    r"""The hop-indexed edge set of one template graph: every node pair
    :math:`(i, j)` that a hop-aware layer connects, as **one**
    :obj:`edge_index` sorted by hop and target, with the attributes
    :obj:`edge_hop` and :obj:`edge_pair`.

    The edges fall into :math:`1 + L - S` consecutive groups: the short-range
    group :math:`\mathcal{N}_{S,i} = \{ j : \mathrm{dist}(i, j) \leq S \}` with
    the node itself, and one group for each long-range hop
    :math:`k = S + 1, \ldots, L`.

    Args:
        skeleton (Skeleton): The template graph.
        short_hops (int, optional): The furthest hop :math:`S` of the
            short-range group. (default: :obj:`1`)
        long_hops (int, optional): The furthest hop :math:`L` of all.
            (default: :obj:`2`)
        neighborhood (str, optional): What a long-range group :math:`k` holds:
            :obj:`"ring"` the pairs at distance :math:`k`; :obj:`"cumulative"`
            those within :math:`k`; :obj:`"dense"` all :math:`N^2` pairs, as
            the short-range group does then, with the adjacency value zero
            where the topology has no edge. (default: :obj:`"ring"`)

    Raises:
        ValueError: If hops are negative, :obj:`short_hops` exceeds
            :obj:`long_hops`, or :obj:`long_hops` the diameter of the graph.

    Example:
        >>> hops = HopEdges(get_skeleton('h36m17'), 1, 2)
        >>> hops.edge_index.shape, hops.hop_counts
        (torch.Size([2, 111]), {0: 17, 1: 40, 2: 54})
    """

    def __init__(
        self,
        skeleton: Skeleton,
        short_hops: int = 1,
        long_hops: int = 2,
        neighborhood: str = 'ring',
    ) -> None:
        if short_hops < 0:
            raise ValueError(
                f"Expected 'short_hops' >= 0 (got {short_hops}); 0 keeps the "
                'node itself'
            )
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
        if neighborhood not in NEIGHBORHOODS:
            raise ValueError(
                f"Expected 'neighborhood' to be one of {NEIGHBORHOODS} (got "
                f"'{neighborhood}')"
            )
        self.skeleton = skeleton
        self.short_hops = short_hops
        self.long_hops = long_hops
        self.neighborhood = neighborhood

        with torch.device('cpu'):  # also where another device is the default
            self._build()

    def _build(self) -> None:
        short_hops, long_hops = self.short_hops, self.long_hops
        neighborhood = self.neighborhood
        distance = self.skeleton.hop_distance()
        everywhere = torch.ones_like(distance, dtype=torch.bool)
        near = (distance >= 0) & (distance <= short_hops)
        blocks, topology = [], []
        # Rows of the blocks are targets, columns are sources.
        inside = everywhere if neighborhood == 'dense' else near
        label = distance.where(near, short_hops)
        for hop in range(short_hops + 1):
            target, source = (inside & (label == hop)).nonzero().t()
            blocks.append((source, target, torch.full_like(source, hop)))
            topology.append(near[target, source])
        for hop in range(short_hops + 1, long_hops + 1):
            member = distance == hop
            if neighborhood == 'cumulative':
                member = (distance >= 0) & (distance <= hop)
            inside = everywhere if neighborhood == 'dense' else member
            target, source = inside.nonzero().t()
            blocks.append((source, target, torch.full_like(source, hop)))
            topology.append(member[target, source])

        source, target, self.edge_hop = (
            torch.cat(part) for part in zip(*blocks, strict=True)
        )
        self.edge_index = torch.stack([source, target])
        self.edge_pair = torch.arange(source.numel())
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
        r"""Where each group of edges begins, and the end of the last."""
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
            normalize (str, optional): :obj:`"binary"` zeros and ones;
                :obj:`"row"` divided by the number of neighbors of the target
                in its group; :obj:`"hop"` by that at the same hop, so that
                the node itself weighs as much as each ring around it;
                :obj:`"sym"` by the geometric mean of those of
                target and source. (default: :obj:`"binary"`)
            dtype (torch.dtype, optional): The floating-point type of the
                values, which are computed in double precision. :obj:`None`
                takes the default type. (default: :obj:`None`)
        """
        if normalize not in NORMALIZATIONS:
            raise ValueError(
                f"Expected 'normalize' to be one of {NORMALIZATIONS} (got "
                f"'{normalize}')"
            )
        value = self.topology.double()
        dtype = dtype or torch.get_default_dtype()
        if normalize == 'binary':
            return value.to(dtype)
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
