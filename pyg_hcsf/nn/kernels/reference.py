r"""The reference kernel and the dense kernel: plain differentiable torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

import torch
from torch import Tensor


def _groups(
    weights: Sequence[Tensor], edge_index: Tensor
) -> list[tuple[Tensor, slice, Tensor, Tensor]]:
    r"""Weight, slice of the pairs, sources and targets of each group."""
    out, start = [], 0
    for weight in weights:
        pairs = slice(start, start + weight.size(0))
        source, target = edge_index[:, pairs]
        out.append((weight, pairs, source, target))
        start = pairs.stop
    return out


def reference_product(
    x: Tensor,
    weights: Sequence[Tensor],
    edge_index: Tensor,
    edge_weight: Optional[Tensor],
) -> Tensor:
    r"""The node-pair product by its definition: one message per pair, scaled
    by its edge weight and summed by target.
    """
    b, n, _ = x.shape
    x = x.transpose(0, 1)  # [N, B, C]
    nodes = torch.arange(n, device=x.device).view(-1, 1)
    outs = []
    for weight, pairs, source, target in _groups(weights, edge_index):
        x_j = x.index_select(0, source)  # [P_g, B, C]
        if edge_weight is not None:
            x_j = x_j * edge_weight.t()[pairs].unsqueeze(-1)
        message = torch.bmm(x_j, weight)  # [P_g, B, D_g]
        # Not index_add: ONNX exports it as ScatterElements, which gives wrong
        # sums in ONNX Runtime 1.32 with several threads.
        incidence = (nodes == target).to(message.dtype)  # [N, P_g]
        out = incidence @ message.flatten(1)
        outs.append(out.view(n, b, weight.size(-1)))
    return torch.cat(outs, dim=-1).transpose(0, 1)


def dense_product(
    x: Tensor,
    weights: Sequence[Tensor],
    edge_index: Tensor,
    edge_weight: Optional[Tensor],
) -> Tensor:
    r"""The node-pair product with one matrix from all nodes to each target,
    which is zero between unconnected nodes.
    """
    b, n, c = x.shape
    outs = []
    for weight, pairs, source, target in _groups(weights, edge_index):
        x_i = x.expand(n, b, n, c)  # all sources, for each target
        if edge_weight is not None:
            a = x.new_zeros(n, n, b)
            a = a.index_put((target, source), edge_weight.t()[pairs])
            x_i = x_i * a.transpose(1, 2).unsqueeze(-1)
        # W_ij in row i and column j, zero for other pairs: [N, N, C, D_g]
        blocks = weight.new_zeros(n, n, *weight.shape[1:])
        blocks = blocks.index_put((target, source), weight)
        outs.append(x_i.flatten(2) @ blocks.flatten(1, 2))
    return torch.cat(outs, dim=-1).transpose(0, 1)
