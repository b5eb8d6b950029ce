r"""The packed kernel, for groups of few output channels on a CPU (the squeezed
hops), where gathering the sources would cost more than their products.

The weights of all pairs that leave one source are the rows of one matrix,
padded to the same number :math:`K` of rows for each source. One batched
product computes all messages, and an ``index_add_`` sums them by target.
"""

from __future__ import annotations

from typing import Optional

import torch
from torch import Tensor

from pyg_hcsf.nn.kernels.plan import PackedGroups
from pyg_hcsf.nn.kernels.workspace import workspace


def pack_weights(
    x: Tensor, weights: list[Tensor], packed: PackedGroups
) -> Tensor:
    r"""The rows of each source, ``[N, K, C]``, in a workspace."""
    # One row for each pair and output channel: [P_g * D_g, C]
    rows = [weights[g].mT.reshape(-1, x.size(-1)) for g in packed.groups]
    rows.append(x.new_zeros(1, x.size(-1)))  # for the padding
    out = workspace(x, 'packed', packed.weight_row.numel(), x.size(-1))
    torch.index_select(torch.cat(rows), 0, packed.weight_row, out=out)
    return out.view(x.size(0), -1, x.size(-1))


def _messages(rows: Tensor, x: Tensor) -> Tensor:
    out = workspace(x, 'message', *rows.shape[:2], x.size(1))
    return torch.bmm(rows, x.mT, out=out).flatten(0, 1)  # [N * K, B]


def _edge_rows(edge_weight: Tensor, packed: PackedGroups) -> Tensor:
    padded = _padded(edge_weight)
    return padded.index_select(0, packed.pair)  # [N * K, B]


def _padded(values: Tensor) -> Tensor:
    # Not F.pad, which in torch 2.6 fails for empty batches.
    return torch.cat([values, values.new_zeros(1, values.size(1))])


def _by_group(
    total: Tensor, num_nodes: int, packed: PackedGroups
) -> tuple[Tensor, ...]:
    # Without the last row, which collects the padding: [N, B, D_g] each
    shape = (num_nodes, packed.channels, total.size(-1))
    widths = [columns.stop - columns.start for columns in packed.columns]
    return total[:-1].view(shape).mT.split(widths, dim=-1)


def packed_sums(
    x: Tensor,
    rows: Tensor,
    edge_weight: Optional[Tensor],
    packed: PackedGroups,
) -> tuple[Tensor, ...]:
    r"""The sums of each packed group, ``[N, B, D_g]``."""
    n, b, _ = x.shape
    message = _messages(rows, x)
    if edge_weight is not None:
        message.mul_(_edge_rows(edge_weight, packed))
    total = x.new_zeros(n * packed.channels + 1, b)
    # The last row collects the messages of padding rows.
    total.index_add_(0, packed.target_row, message)
    return _by_group(total, n, packed)


def add_packed_backward(
    grad: Tensor,
    x: Tensor,
    weights: list[Tensor],
    edge_weight: Optional[Tensor],
    packed: PackedGroups,
    grads: tuple[Tensor, list[Tensor], Tensor],
) -> None:
    r"""Writes the gradients of the weights, and adds those of :obj:`x` and of
    edge weights ``[P, B]``.
    """
    grad_x, grad_weights, grad_edge = grads
    n, b, c = x.shape
    total = x.new_zeros(n * packed.channels + 1, b)
    parts = _by_group(total, n, packed)
    # Parts are views: this fills all of total but its last row.
    for part, columns in zip(parts, packed.columns, strict=True):
        part.copy_(grad[..., columns])
    grad_row = workspace(x, 'grad_row', packed.target_row.numel(), b)
    torch.index_select(total, 0, packed.target_row, out=grad_row)  # [N * K, B]
    rows = pack_weights(x, weights, packed)
    if edge_weight is not None:
        message = _messages(rows, x).mul_(grad_row)
        # Pairs of other groups have no rows, so that nothing is added there.
        padded = _padded(grad_edge)
        padded.index_add_(0, packed.pair, message)
        grad_edge.copy_(padded[:-1])
        grad_row.mul_(_edge_rows(edge_weight, packed))
    grad_row = grad_row.view(n, rows.size(1), b)
    grad_x.baddbmm_(grad_row.mT, rows)
    grad_rows = torch.bmm(grad_row, x).view(-1, c)
    grad_rows = grad_rows.index_select(0, packed.packed_row)
    # Back to the order of the weights: [P_g * D_g, C] of each group
    sizes = [weights[g].size(0) * weights[g].size(2) for g in packed.groups]
    for g, part in zip(packed.groups, grad_rows.split(sizes), strict=True):
        grad_weights[g].copy_(part.view(-1, weights[g].size(2), c).mT)
