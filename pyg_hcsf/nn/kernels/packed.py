r"""Groups of few output channels: the squeezed hops. Gathering their sources
would cost more than their products. All narrow pairs that leave one source are
the rows of one matrix, padded to the same number for each source; one batched
product makes all messages, and a sum by row brings them home.
"""

from __future__ import annotations

from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor

from pyg_hcsf.nn.kernels.plan import Narrow
from pyg_hcsf.nn.kernels.workspace import scratch


def pack(x: Tensor, weights: list[Tensor], narrow: Narrow) -> Tensor:
    r"""The rows of each source, ``[N, K, C]``, in memory of the thread."""
    rows = [weights[g].mT.reshape(-1, x.size(-1)) for g in narrow.groups]
    rows.append(x.new_zeros(1, x.size(-1)))
    packed = scratch(x, 'packed', narrow.weight_row.numel(), x.size(-1))
    torch.index_select(torch.cat(rows), 0, narrow.weight_row, out=packed)
    return packed.view(x.size(0), -1, x.size(-1))


def _narrow_messages(packed: Tensor, x: Tensor) -> Tensor:
    out = scratch(x, 'message', *packed.shape[:2], x.size(1))
    return torch.bmm(packed, x.mT, out=out).flatten(0, 1)  # [N * K, B]


def _edge_rows(edge_weight: Tensor, narrow: Narrow) -> Tensor:
    padded = F.pad(edge_weight, (0, 0, 0, 1))
    return padded.index_select(0, narrow.pair)  # [N * K, B]


def _split(x: Tensor, narrow: Narrow) -> tuple[Tensor, ...]:
    widths = [columns.stop - columns.start for columns in narrow.columns]
    return x.split(widths, dim=-1)


def narrow_parts(
    x: Tensor,
    packed: Tensor,
    edge_weight: Optional[Tensor],
    narrow: Narrow,
) -> tuple[Tensor, ...]:
    r"""The sums of each narrow group, ``[N, B, D_g]``."""
    n, b, _ = x.shape
    message = _narrow_messages(packed, x)
    if edge_weight is not None:
        message.mul_(_edge_rows(edge_weight, narrow))
    total = x.new_zeros(n * narrow.channels + 1, b)
    total.index_add_(0, narrow.target_row, message)
    return _split(total[:-1].view(n, narrow.channels, b).mT, narrow)


def add_narrow_backward(
    grad: Tensor,
    x: Tensor,
    weights: list[Tensor],
    edge_weight: Optional[Tensor],
    narrow: Narrow,
    grads: tuple[Tensor, list[Tensor], Tensor],
) -> None:
    r"""Writes the gradients of the weights, and adds those of :obj:`x` and of
    edge weights ``[P, B]``.
    """
    grad_x, grad_weights, grad_edge = grads
    n, b, c = x.shape
    total = x.new_zeros(n * narrow.channels + 1, b)
    parts = _split(total[:-1].view(n, narrow.channels, b).mT, narrow)
    for part, columns in zip(parts, narrow.columns, strict=True):
        part.copy_(grad[..., columns])
    pulled = scratch(x, 'pulled', narrow.target_row.numel(), b)
    torch.index_select(total, 0, narrow.target_row, out=pulled)  # [N * K, B]
    packed = pack(x, weights, narrow)
    if edge_weight is not None:
        message = _narrow_messages(packed, x).mul_(pulled)
        # The pairs of wide groups have no rows: nothing is added to them.
        padded = F.pad(grad_edge, (0, 0, 0, 1))
        padded.index_add_(0, narrow.pair, message)
        grad_edge.copy_(padded[:-1])
        pulled.mul_(_edge_rows(edge_weight, narrow))
    pulled = pulled.view(n, packed.size(1), b)
    grad_x.baddbmm_(pulled.mT, packed)
    rows = torch.bmm(pulled, x).view(-1, c).index_select(0, narrow.place)
    sizes = [weights[g].size(0) * weights[g].size(2) for g in narrow.groups]
    for g, part in zip(narrow.groups, rows.split(sizes), strict=True):
        grad_weights[g].copy_(part.view(-1, weights[g].size(2), c).mT)
