r"""Layers of a :class:`~pyg_hcsf.nn.PoseLifter` for inference, with batch norm
and constant factors folded into their weights.
"""

from __future__ import annotations

from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import Conv2d, Module

from pyg_hcsf.nn.conv.template import repeat_frames
from pyg_hcsf.nn.graph import DynamicGraph
from pyg_hcsf.nn.kernels.packed import pack_weights, packed_sums
from pyg_hcsf.nn.kernels.per_pair import add_sums
from pyg_hcsf.nn.kernels.plan import make_plan
from pyg_hcsf.nn.kernels.reference import reference_product
from pyg_hcsf.nn.tracing import has_values, transformed

SMALL_BATCH = 24  # poses up to which FoldedPairs makes the fewest calls


class FoldedUnit(Module):
    r"""A folded layer with its LeakyReLU."""

    def __init__(self, layer: Module, slope: float) -> None:
        super().__init__()
        self.layer = layer
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu_(self.layer(x), self.slope)


class Affine(Module):
    r"""A layer that cannot be folded, then a scale and shift per channel."""

    scale: Tensor
    shift: Tensor

    def __init__(self, layer: Module, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.layer = layer
        self.register_buffer('scale', scale)
        self.register_buffer('shift', shift)

    def forward(self, x: Tensor) -> Tensor:
        return torch.addcmul(self.shift, self.layer(x), self.scale)


class FoldedTemporalConv(Module):
    r"""A temporal convolution of each joint as one matrix product over the
    concatenated frames of its kernel: ``[B, T, N, C]`` to ``[B, T', N, D]``.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, conv: Conv2d, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        weight = conv.weight.squeeze(-1) * scale.view(-1, 1, 1)
        self.size = weight.size(-1)
        self.stride, self.dilation = conv.stride[0], conv.dilation[0]
        self.register_buffer('weight', weight.mT.flatten(1))  # [D, F * C]
        bias = shift if conv.bias is None else conv.bias * scale + shift
        self.register_buffer('bias', bias)

    def forward(self, x: Tensor) -> Tensor:
        # The input frames of each place of the kernel: F of [B, T', N, C]
        stop = x.size(1) - self.dilation * (self.size - 1)
        starts = range(0, self.dilation * self.size, self.dilation)
        taps = [x[:, k : k + stop : self.stride] for k in starts]
        return F.linear(torch.cat(taps, dim=-1), self.weight, self.bias)


class DensePairs(Module):
    r"""Pair weights of few input channels as one matrix from all nodes to
    each node: ``[N, N * C, D]``.
    """

    weight: Tensor
    bias: Tensor

    def __init__(
        self, weight: Tensor, edge_index: Tensor, n: int, bias: Tensor
    ) -> None:
        super().__init__()
        source, target = edge_index
        # Pairs of nodes that are in several groups are added up.
        dense = weight.new_zeros(n, n, *weight.shape[1:])
        dense.index_put_((target, source), weight, accumulate=True)
        self.register_buffer('weight', dense.flatten(1, 2))
        self.register_buffer('bias', bias)

    def forward(self, x: Tensor) -> Tensor:
        shape = x.shape
        x = x.reshape(-1, shape[-2] * shape[-1])
        x = x.expand(self.weight.size(0), -1, -1)  # [N, B, N * C]
        out = torch.baddbmm(self.bias.view(1, 1, -1), x, self.weight)
        return out.transpose(0, 1).reshape(*shape[:-1], self.bias.numel())


class FoldedPairs(Module):
    r"""Pair weights in factored form

    .. math::
        \mathbf{h}_i = \sum_{j} a_{ij} \, \mathbf{x}_j \mathbf{W}'_{ij} +
        \Bigl( \bigl\Vert_k \sum_j a_{ij} \, \mathbf{x}_j \mathbf{W}_{ij}
        \Bigr) \mathbf{W}'_a + \mathbf{b}'

    The first sum runs over the pairs whose weights were multiplied by their
    rows of :math:`\mathbf{W}_a`, because the product is not larger (the first
    of :obj:`weights`); the second over the squeezed hops.
    """

    edge_index: Tensor
    weight_a: Tensor
    bias: Tensor
    incidence: Tensor
    order: Tensor
    packed: Tensor
    weight_0: Tensor

    def __init__(
        self,
        weights: list[Tensor],
        edge_index: Tensor,
        weight_a: Tensor,
        bias: Tensor,
        n: int,
        graph: Optional[DynamicGraph],
        order: Tensor,
    ) -> None:
        super().__init__()
        self.graph: Optional[Module] = graph
        self.sizes = [weight.size(0) for weight in weights]
        for number, weight in enumerate(weights):
            self.register_buffer(f'weight_{number}', weight)
        self.register_buffer('edge_index', edge_index)
        self.register_buffer('weight_a', weight_a)
        self.register_buffer('bias', bias)
        self.register_buffer('order', order)
        nodes = torch.arange(n, device=bias.device).view(-1, 1)
        incidence = (nodes == edge_index[1]).to(bias.dtype)
        self.register_buffer('incidence', incidence)  # [N, P]
        x = bias.new_empty(0, n, weights[0].size(1))
        plan = make_plan(x, weights, edge_index, gathered=False)
        # Weights are constant here, so that they are packed once.
        rows = bias.new_empty(0)
        if plan.packed is not None:
            rows = pack_weights(x.transpose(0, 1), weights, plan.packed)
        self.register_buffer('packed', rows.clone())

    @property
    def weights(self) -> list[Tensor]:
        return [getattr(self, f'weight_{k}') for k in range(len(self.sizes))]

    def forward(self, x: Tensor) -> Tensor:
        shape, frames = x.shape, x.reshape(-1, *x.shape[-2:])
        edge_weight = None
        if self.graph is not None:
            edge_weight = self.graph(x).index_select(-1, self.order)
            edge_weight = edge_weight.reshape(-1, self.order.numel())
            edge_weight = repeat_frames(edge_weight, frames.size(0))
        x = frames
        if (
            not has_values(x)
            or transformed(x)
            or x.requires_grad
            or torch.is_autocast_enabled(x.device.type)
        ):
            out = self._traced(x, edge_weight)
        elif x.size(0) <= SMALL_BATCH:
            out = self._small(x, edge_weight)
        else:
            out = self._large(x, edge_weight)
        return out.reshape(*shape[:-1], self.bias.numel())

    def _traced(self, x: Tensor, edge_weight: Optional[Tensor]) -> Tensor:
        edge_index, width = self.edge_index, self.bias.numel()
        h = reference_product(x, self.weights, edge_index, edge_weight)
        out = h[..., :width] + self.bias
        if self.weight_a.numel() == 0:
            return out
        return out + h[..., width:] @ self.weight_a

    def _small(self, x: Tensor, edge_weight: Optional[Tensor]) -> Tensor:
        # At small batches the number of calls costs more than arithmetic.
        (b, n, _), width = x.shape, self.bias.numel()
        x_j = x.transpose(0, 1).index_select(0, self.edge_index[0])
        if edge_weight is not None:
            x_j = x_j * edge_weight.t().unsqueeze(-1)
        x_j, sums = x_j.split(self.sizes), self.incidence.split(self.sizes, 1)
        message = torch.bmm(x_j[0], self.weight_0).flatten(1)
        bias = self.bias.expand(b, -1).reshape(-1)
        # The sum over pairs and the bias are one call.
        out = torch.addmm(bias, sums[0], message).view(n * b, width)
        row = 0
        for number in range(1, len(self.sizes)):
            weight = getattr(self, f'weight_{number}')
            low = torch.bmm(x_j[number], weight).flatten(1)
            low = (sums[number] @ low).view(n * b, weight.size(-1))
            rows = self.weight_a[row : row + weight.size(-1)]
            out.addmm_(low, rows)
            row += weight.size(-1)
        return out.view(n, b, width).transpose(0, 1)

    def _large(self, x: Tensor, edge_weight: Optional[Tensor]) -> Tensor:
        gathered, width = x.device.type != 'cpu', self.bias.numel()
        plan = make_plan(x, self.weights, self.edge_index, gathered)
        x = x.transpose(0, 1).contiguous()  # [N, B, C]
        if edge_weight is not None:
            edge_weight = edge_weight.t().contiguous()  # [P, B]
        # Columns of plan: first those of out, then those of low
        out = x.new_empty(*x.shape[:2], width).copy_(self.bias)
        low = x.new_zeros(*x.shape[:2], self.weight_a.size(0))

        def low_columns(columns: slice) -> Tensor:
            return low[..., columns.start - width : columns.stop - width]

        for group in plan.groups:
            weight = getattr(self, f'weight_{group.number}')
            first = group.number == 0
            into = out if first else low_columns(group.columns)
            add_sums(x, weight, edge_weight, group, into, overwrite=not first)
        if (packed := plan.packed) is not None:
            parts = packed_sums(x, self.packed, edge_weight, packed)
            for g, columns, part in zip(
                packed.groups, packed.columns, parts, strict=True
            ):
                if g == 0:
                    out += part
                else:
                    low_columns(columns).copy_(part)
        if low.numel() > 0:
            rows = low.view(-1, low.size(-1))
            out.view(-1, width).addmm_(rows, self.weight_a)
        return out.transpose(0, 1)
