r"""Groups on an accelerator: all pairs at once. Sums over pairs are products
with matrices of zeros and ones: few calls, and the same bits each time, where
atomic additions give others.
"""

from __future__ import annotations

from typing import Optional

import torch
from torch import Tensor

from pyg_hcsf.nn.kernels.plan import Wide


def add_whole(
    x: Tensor,
    weight: Tensor,
    edge_weight: Optional[Tensor],
    group: Wide,
    out: Tensor,
    fresh: bool = True,
) -> None:
    r"""Writes the sums of a group, ``[N, B, D]``, to :obj:`out`, or adds them
    if :obj:`fresh` is not set.
    """
    x_j = x.index_select(0, group.source)
    if edge_weight is not None:
        x_j.mul_(edge_weight[group.pairs].unsqueeze(-1))
    message = torch.bmm(x_j, weight)
    total = (group.by_target @ message.flatten(1)).view(out.shape)
    if fresh:
        out.copy_(total)
    else:
        out.add_(total)


def add_whole_backward(
    grad: Tensor,
    x: Tensor,
    weight: Tensor,
    edge_weight: Optional[Tensor],
    group: Wide,
    grads: tuple[Tensor, Tensor, Tensor],
) -> None:
    r"""Writes the gradient of :obj:`weight`, and of edge weights
    ``[P, B]``; adds that of :obj:`x`.
    """
    grad_x, grad_weight, grad_edge = grads
    x_j = x.index_select(0, group.source)
    grad_i = grad.index_select(0, group.target)
    grad_j = torch.bmm(grad_i, weight.mT)
    if edge_weight is not None:
        torch.sum(x_j * grad_j, -1, out=grad_edge[group.pairs])
        a = edge_weight[group.pairs].unsqueeze(-1)
        x_j.mul_(a)
        grad_j.mul_(a)
    torch.bmm(x_j.mT, grad_i, out=grad_weight)
    grad_x.flatten(1).addmm_(group.by_source, grad_j.flatten(1))
