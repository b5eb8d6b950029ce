r"""Weights of node pairs, shared or not, and their sums over neighbors."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import ParameterList
from torch_geometric.typing import OptTensor

from pyg_hcsf.hops import HopEdges
from pyg_hcsf.nn.constants import ConstantBuffers
from pyg_hcsf.nn.conv.template import TemplateEdges, repeat_frames
from pyg_hcsf.nn.kernels import node_major_product

SHARINGS = ('pair', 'source', 'target', 'hop', 'all')


class HopWeights(ConstantBuffers):
    r"""The part of :class:`~pyg_hcsf.nn.HCSFConv` that owns the weights
    :math:`\mathbf{W}_{ij}` and the static adjacency :math:`a_{ij}`: for each
    hop group one parameter ``[number of matrices, C_in, C_k]``.
    """

    hops: HopEdges
    in_channels: int
    out_channels: int
    base_channels: int
    squeeze: float
    hierarchy: bool
    hop_aware: bool
    decay_origin: str
    sharing: str
    kernel: str
    adjacency: Tensor  # [E]
    _slot: Tensor  # [E]: the matrix of each edge, numbered through all groups
    _cell: Tensor  # [K, N, N]: the edge in each cell of dense adjacencies

    @property
    def hop_channels(self) -> dict[int, int]:
        r"""The output width :math:`C_k` of each group by its furthest hop."""
        first, *rest = self.hops.group_hops
        if not self.hierarchy:
            return dict.fromkeys([first, *rest], self.out_channels)
        out = {first: self.base_channels}
        origin = first if self.decay_origin == 'S' else self.hops.long_hops
        for hop in rest:
            # Eq. 6
            exponent = hop - origin if self.hop_aware else 1
            width = self.base_channels * self.squeeze**exponent
            out[hop] = max(1, round(width))
        return out

    def make_weights(self, widths: list[int], normalize: str) -> None:
        r"""Registers the weights, of these output widths, and the constants
        that say which edge uses which weight.
        """
        hops, sharing, group = self.hops, self.sharing, self.hops.edge_group
        groups = len(widths)
        # The number of weight matrices of each group
        counts = {
            'pair': group.bincount().tolist(),
            'source': [hops.num_nodes] * groups,
            'target': [hops.num_nodes] * groups,
            'hop': [hops.short_hops + 1] + [1] * (groups - 1),
            'all': [1] * groups,
        }[sharing]
        self.template = TemplateEdges(hops)
        self.normalize = normalize
        self.weights = ParameterList(
            torch.empty(count, self.in_channels, width)
            for count, width in zip(counts, widths, strict=True)
        )
        with torch.device('cpu'):
            # The matrix of each edge within its group, then within all groups
            slot = {
                'pair': hops.edge_pair - torch.tensor(hops.group_ptr)[group],
                'source': hops.edge_index[0],
                'target': hops.edge_index[1],
                'hop': hops.edge_hop.where(group == 0, 0),
                'all': torch.zeros_like(group),
            }[sharing]
            slot = slot + torch.tensor([0, *counts[:-1]]).cumsum(0)[group]
            adjacency = hops.edge_weight(normalize, torch.double)
            constants = {'adjacency': adjacency, '_slot': slot}
            if sharing != 'pair':
                # One adjacency per group if weights belong to nodes, else one
                # per weight; cells without an edge hold the number E.
                plane = group if sharing in ('source', 'target') else slot
                shape = (int(plane.max()) + 1, hops.num_nodes, hops.num_nodes)
                cell = torch.full(shape, hops.num_pairs)
                source, target = hops.edge_index
                cell[plane, target, source] = hops.edge_pair
                constants['_cell'] = cell
        # Ones need not be multiplied.
        self._unit = bool((adjacency == 1).all())
        self.register_constants(**constants)

    def reset_weights(self) -> None:
        r"""Draws the weights from Glorot's uniform distribution, where the
        fan-in is :math:`C_{in}` times the sum of :math:`a_{ij}^2` over the
        edges of the group to the target node.
        """
        group, target = self.hops.edge_group, self.hops.edge_index[1]
        square = self.hops.edge_weight(self.normalize).square()
        degree = square.new_zeros(len(self.weights), self.hops.num_nodes)
        degree.index_put_((group, target), square, accumulate=True)  # [K, N]
        for g, weight in enumerate(self.weights):
            if self.sharing == 'pair':
                scale = degree[g, target[group == g]]  # a matrix for each edge
            elif self.sharing == 'target':
                scale = degree[g]  # a matrix for each target
            else:
                # A matrix for many targets: their mean
                scale = degree[g][degree[g] > 0].mean().repeat(weight.size(0))
            fan = scale * self.in_channels + weight.size(-1)
            bound = (6 / fan).sqrt().view(-1, 1, 1).to(weight)
            with torch.no_grad():
                weight.copy_((2 * torch.rand_like(weight) - 1) * bound)

    def hop_sums(self, x: Tensor, edge_weight: OptTensor) -> Tensor:
        r"""The sums :math:`\mathbf{h}_{k,i}` of all groups side by side,
        without a message per edge.

        Args:
            x (torch.Tensor): Node features ``[B, N, C_in]``.
            edge_weight (torch.Tensor, optional): ``[E]``, or ``[*, E]`` for
                all samples or for the clips that they are frames of.
        """
        pairs = self.hops.num_pairs
        # Whether samples have edge weights of their own
        each = edge_weight is not None and (
            edge_weight.dim() > 1 or edge_weight.size(0) != pairs
        )
        if self.sharing != 'pair':
            return self._shared_sums(x, edge_weight, each)
        if edge_weight is None and not self._unit:
            edge_weight = self.adjacency
        elif each:
            edge_weight = edge_weight.reshape(-1, pairs)
            edge_weight = repeat_frames(edge_weight, x.size(0))
        return node_major_product(
            x,
            list(self.weights),
            self.template.edge_index,
            edge_weight,
            self.kernel,
        )

    def _shared_sums(
        self, x: Tensor, edge_weight: OptTensor, each: bool
    ) -> Tensor:
        shape = x.shape
        if edge_weight is None:
            edge_weight = self.adjacency
        elif each:
            # [B, T, N, C]: one adjacency for all T frames, not repeated
            edge_weight = edge_weight.reshape(-1, 1, self.hops.num_pairs)
            clips = edge_weight.size(0)
            frames = x.size(0) // clips if x.size(0) > 0 else 0
            x = x.unflatten(0, (clips, frames))
        # The padding is the weight of cells without an edge.
        adjacency = F.pad(edge_weight, (0, 1))[..., self._cell]
        planes = iter(adjacency.unbind(-3))  # K of [*, N, N]
        outs = []
        for weight in self.weights:
            if self.sharing == 'source':
                # Pre-aggregation: transform, then sum over neighbors
                h = torch.einsum('...nc,ncd->...nd', x, weight)
                outs.append(next(planes) @ h)
            elif self.sharing == 'target':
                # Post-aggregation: sum over neighbors, then transform
                h = next(planes) @ x
                outs.append(torch.einsum('...nc,ncd->...nd', h, weight))
            else:
                # One matrix for each hop of the group, or for all
                outs.append(sum(next(planes) @ (x @ w) for w in weight))
        out = torch.cat(outs, dim=-1)
        return out.reshape(*shape[:-1], out.size(-1))

    def hop_messages(self, x_j: Tensor, edge_pair: Tensor) -> Tensor:
        r"""The messages :math:`\mathbf{x}_j \mathbf{W}_{ij}` of edges, each in
        the columns of its group: ``[*, E, sum(C_k)]``. There is one matrix
        product per weight, over all edges that use it.

        Args:
            x_j (torch.Tensor): Source features ``[*, E, C_in]``.
            edge_pair (torch.Tensor): The pair of each edge, ``[E]``.
        """
        slot = self._slot[edge_pair]
        copies = slot.numel() // self._slot.numel()
        counts = (copies * self._slot.bincount()).tolist()
        # Edges that use the same matrix become neighbors.
        order = slot.argsort()
        chunks = x_j.index_select(-2, order).split(counts, dim=-2)
        # Each matrix, and the zeros to the left and right of its columns
        total = sum(weight.size(-1) for weight in self.weights)
        matrices, start = [], 0
        for weight in self.weights:
            stop = start + weight.size(-1)
            matrices += [(w, (start, total - stop)) for w in weight.unbind()]
            start = stop
        outs = [
            F.pad(chunk @ weight, padding)
            for chunk, (weight, padding) in zip(chunks, matrices, strict=False)
        ]
        return torch.cat(outs, dim=-2).index_select(-2, order.argsort())
