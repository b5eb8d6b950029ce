r"""Folds batch norm and constant factors into the layers of a
:class:`~pyg_hcsf.nn.PoseLifter`.
"""

from __future__ import annotations

import copy
from typing import Optional

import torch
from torch import Tensor
from torch.nn import Module

from pyg_hcsf.nn.conv import HCSFConv
from pyg_hcsf.nn.graph import DynamicGraph
from pyg_hcsf.nn.models.folded import (
    Affine,
    DensePairs,
    FoldedPairs,
    FoldedTemporalConv,
    FoldedUnit,
)
from pyg_hcsf.nn.models.layers import FlatLayer, HopLayer, TemporalConv, Unit

FEW_CHANNELS = 4  # input channels up to which DensePairs is faster


def fold_unit(unit: Module) -> Module:
    r"""The unit for inference, with its batch norm folded into its layer."""
    if not isinstance(unit, Unit):  # already folded
        return unit
    state = unit.norm.state_dict()
    # Batch norm in evaluation is y * scale + shift.
    scale = state['weight'] / (state['running_var'] + unit.norm.eps).sqrt()
    shift = state['bias'] - state['running_mean'] * scale
    if isinstance(unit.layer, TemporalConv):
        layer: Module = FoldedTemporalConv(unit.layer.conv, scale, shift)
    else:
        layer = fold_layer(unit.layer, scale, shift)
    return FoldedUnit(layer, unit.slope)


def fold_layer(layer: Module, scale: Tensor, shift: Tensor) -> Module:
    r"""A layer for inference that computes ``layer(x) * scale + shift``.

    Args:
        layer (torch.nn.Module): A layer of a
            :class:`~pyg_hcsf.nn.PoseLifter`; not changed.
        scale (torch.Tensor): The factor of each output channel, ``[C]``, or of
            each channel of each node, ``[N * C]``.
        shift (torch.Tensor): The addend, of the same shape.

    Returns:
        torch.nn.Module: The folded layer, or a copy within :class:`Affine`
        where the layer cannot be folded.
    """
    if isinstance(layer, HopLayer) and _foldable(layer.conv):
        return _fold_pairs(layer.conv, layer.graph, scale, shift)
    layer = copy.deepcopy(layer)
    if isinstance(layer, FlatLayer):
        repeats = layer.lin.out_features // scale.numel()
        # Rows of the matrix are (joint, channel).
        scale, shift = scale.repeat(repeats), shift.repeat(repeats)
        layer.lin.weight.mul_(scale.view(-1, 1))
        layer.lin.bias.mul_(scale).add_(shift)
        return layer
    return Affine(layer, scale, shift)


def _foldable(conv: HCSFConv) -> bool:
    r"""Whether each pair has its own weight and at most one matrix follows
    the sums.
    """
    if conv.sharing != 'pair' or conv.weight_a is None:
        return conv.sharing == 'pair'
    return len(conv.fusion.stages) == 0 and conv.weight_a.size(0) == 1


def _fold_pairs(
    conv: HCSFConv,
    graph: Optional[DynamicGraph],
    scale: Tensor,
    shift: Tensor,
) -> Module:
    # Static values a_ij go into the weights; dynamic ones stay factors.
    values, dynamic = conv.adjacency, None
    if graph is not None and graph.offset:
        values, dynamic = torch.ones_like(values), copy.deepcopy(graph)
    elif graph is not None:
        values = graph.base
    dense = conv.in_channels <= FEW_CHANNELS and dynamic is None
    direct, low, low_a = [], [], []
    direct_pairs: list[int] = []
    low_pairs: list[int] = []
    column, ptr = 0, conv.hops.group_ptr
    for weight, start, stop in zip(conv.weights, ptr, ptr[1:], strict=False):
        pairs = range(start, stop)
        weight = weight * values[start:stop].view(-1, 1, 1)
        if conv.weight_a is None:
            direct.append(weight * scale)
            direct_pairs += pairs
            continue
        # The rows of W_a that multiply the sums of this group: [C_k, C_out]
        rows = conv.weight_a[0, column : column + weight.size(-1)] * scale
        column += weight.size(-1)
        # W_ij W_a is not larger than W_ij: one product instead of two
        if dense or rows.size(1) <= rows.size(0):
            direct.append(weight @ rows)
            direct_pairs += pairs
        else:
            low.append(weight)
            low_a.append(rows)
            low_pairs += pairs
    bias = shift.clone()
    if conv.bias is not None:
        bias += conv.bias * scale
    order = torch.tensor(direct_pairs + low_pairs, device=bias.device)
    edge_index = conv.template.edge_index[:, order]
    n, merged = conv.hops.num_nodes, torch.cat(direct)
    if dense:
        return DensePairs(merged, edge_index, n, bias)
    return FoldedPairs(
        weights=[merged, *low],
        edge_index=edge_index,
        weight_a=torch.cat([bias.new_empty(0, bias.numel()), *low_a]),
        bias=bias,
        n=n,
        graph=dynamic,
        order=order,
    )
