from __future__ import annotations

import copy
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import Conv2d, Module

from pyg_hcsf.nn.conv import HCSFConv
from pyg_hcsf.nn.graph import DynamicGraph
from pyg_hcsf.nn.kernels.gathered import add_whole
from pyg_hcsf.nn.kernels.packed import narrow_parts, pack
from pyg_hcsf.nn.kernels.per_pair import add_wide
from pyg_hcsf.nn.kernels.plan import make_plan
from pyg_hcsf.nn.kernels.reference import reference_product
from pyg_hcsf.nn.models.layers import FlatLayer, HopLayer
from pyg_hcsf.nn.tracing import has_values, transformed

SMALL_BATCH = 24


class FoldedUnit(Module):
    r"""A folded layer with its LeakyReLU."""

    def __init__(self, layer: Module, slope: float) -> None:
        super().__init__()
        self.layer = layer
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu_(self.layer(x), self.slope)


class Affine(Module):
    r"""A layer as it is, and a scale and shift for each channel."""

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
    r"""A convolution over time, joint by joint, as one product of the frames
    under its kernel side by side: ``[B, T, N, C]`` to ``[B, T', N, D]``.
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
        stop = x.size(1) - self.dilation * (self.size - 1)
        starts = range(0, self.dilation * self.size, self.dilation)
        taps = [x[:, k : k + stop : self.stride] for k in starts]
        return F.linear(torch.cat(taps, dim=-1), self.weight, self.bias)


class DensePairs(Module):
    r"""Node pairs of few input channels, as one matrix from all nodes to each
    node: ``[N, N * C, D]``.
    """

    weight: Tensor
    bias: Tensor

    def __init__(
        self, weight: Tensor, edge_index: Tensor, n: int, bias: Tensor
    ) -> None:
        super().__init__()
        source, target = edge_index
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
    r"""Node pairs with weights of their own

    .. math::
        \mathbf{h}_i = \sum_{j} a_{ij} \, \mathbf{x}_j \mathbf{W}'_{ij} +
        \Big( \big\Vert_k \sum_j a_{ij} \, \mathbf{x}_j \mathbf{W}_{ij} \Big)
        \mathbf{W}'_a + \mathbf{b}'

    where the first sum runs over the groups whose products with their rows of
    :math:`\mathbf{W}_a` are no larger than they are, and the second over the
    others, the squeezed hops.
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
        plan = make_plan(x, weights, edge_index, whole=False)
        packed = bias.new_empty(0)
        if plan.narrow is not None:
            packed = pack(x.transpose(0, 1), weights, plan.narrow).clone()
        self.register_buffer('packed', packed)

    @property
    def weights(self) -> list[Tensor]:
        return [getattr(self, f'weight_{k}') for k in range(len(self.sizes))]

    def forward(self, x: Tensor) -> Tensor:
        shape = x.shape
        edge_weight = None
        if self.graph is not None:
            edge_weight = self.graph(x).index_select(-1, self.order)
        x = x.reshape(-1, *shape[-2:])
        if edge_weight is not None:
            edge_weight = edge_weight.reshape(-1, self.order.numel())
            if edge_weight.size(0) != x.size(0):  # one graph for T frames
                repeats = x.size(0) // edge_weight.size(0)
                edge_weight = edge_weight.repeat_interleave(repeats, dim=0)
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
        # Calls cost more than arithmetic: as few as there can be, and each
        # weight is read once.
        (b, n, _), width = x.shape, self.bias.numel()
        x_j = x.transpose(0, 1).index_select(0, self.edge_index[0])
        if edge_weight is not None:
            x_j = x_j * edge_weight.t().unsqueeze(-1)
        x_j, sums = x_j.split(self.sizes), self.incidence.split(self.sizes, 1)
        message = torch.bmm(x_j[0], self.weight_0).flatten(1)
        bias = self.bias.expand(b, -1).reshape(-1)
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
        whole, width = x.device.type != 'cpu', self.bias.numel()
        plan = make_plan(x, self.weights, self.edge_index, whole)
        add_group = add_whole if whole else add_wide
        x = x.transpose(0, 1).contiguous()
        if edge_weight is not None:
            edge_weight = edge_weight.t().contiguous()
        out = x.new_empty(*x.shape[:2], width).copy_(self.bias)
        low = x.new_zeros(*x.shape[:2], self.weight_a.size(0))
        for wide in plan.wide:
            weight = getattr(self, f'weight_{wide.group}')
            columns = wide.columns
            into = out if wide.group == 0 else low[..., _less(columns, width)]
            add_group(x, weight, edge_weight, wide, into, wide.group > 0)
        if plan.narrow is not None:
            parts = narrow_parts(x, self.packed, edge_weight, plan.narrow)
            groups, columns_ = plan.narrow.groups, plan.narrow.columns
            for g, part, columns in zip(groups, parts, columns_, strict=True):
                if g == 0:
                    out += part
                else:
                    low[..., _less(columns, width)] = part
        if low.numel() > 0:
            rows = low.view(-1, low.size(-1))
            out.view(-1, width).addmm_(rows, self.weight_a)
        return out.transpose(0, 1)


def _less(columns: slice, width: int) -> slice:
    return slice(columns.start - width, columns.stop - width)


def fold_layer(layer: Module, scale: Tensor, shift: Tensor) -> Module:
    r"""A layer for inference that computes ``layer(x) * scale + shift``.

    Args:
        layer (torch.nn.Module): A layer of a
            :class:`~pyg_hcsf.nn.PoseLifter`; not changed.
        scale (torch.Tensor): The factor of each output channel, ``[C]``, or of
            each of all nodes, ``[N * C]``.
        shift (torch.Tensor): What is added, likewise.
    """
    if isinstance(layer, HopLayer) and layer.conv.foldable:
        return _fold_pairs(layer.conv, layer.graph, scale, shift)
    layer = copy.deepcopy(layer)
    if isinstance(layer, FlatLayer):
        repeats = layer.lin.out_features // scale.numel()
        scale, shift = scale.repeat(repeats), shift.repeat(repeats)
        layer.lin.weight.mul_(scale.view(-1, 1))
        layer.lin.bias.mul_(scale).add_(shift)
        return layer
    return Affine(layer, scale, shift)


def _fold_pairs(
    conv: HCSFConv,
    graph: Optional[DynamicGraph],
    scale: Tensor,
    shift: Tensor,
) -> Module:
    n, ptr = conv.hops.num_nodes, conv.hops.group_ptr
    values, dynamic = conv.adjacency, None
    if graph is not None:
        if graph.offset:
            values, dynamic = torch.ones_like(values), copy.deepcopy(graph)
        else:
            values = graph.base
    direct, low, low_a, direct_pairs, low_pairs = [], [], [], [], []
    column = 0
    for g, weight in enumerate(conv.weights):
        pairs = list(range(ptr[g], ptr[g + 1]))
        weight = weight * values[pairs].view(-1, 1, 1)
        if conv.weight_a is None:
            direct.append(weight * scale)
            direct_pairs += pairs
            continue
        rows = conv.weight_a[0, column : column + weight.size(-1)] * scale
        column += weight.size(-1)
        thin = conv.in_channels <= 4 and dynamic is None
        if thin or rows.size(1) <= rows.size(0):
            direct.append(weight @ rows)
            direct_pairs += pairs
        else:
            low.append(weight)
            low_a.append(rows)
            low_pairs += pairs
    bias = shift.clone()
    if conv.bias is not None:
        bias += conv.bias * scale
    merged = torch.cat(direct)
    order = torch.tensor(direct_pairs + low_pairs, device=bias.device)
    edge_index = conv.template.edge_index[:, order]
    if conv.in_channels <= 4 and dynamic is None:
        return DensePairs(merged, edge_index, n, bias)
    weight_a = torch.cat([bias.new_empty(0, bias.numel()), *low_a])
    weights = [merged, *low]
    return FoldedPairs(weights, edge_index, weight_a, bias, n, dynamic, order)
