r"""Groups of many output channels on a CPU. Pairs are taken some at a time, as
many as leave the gathered features in the cache: gather their sources, one
batched product, add the results to their targets. Where one pair alone keeps
the CPU busy, its product is added in place instead, and nothing is gathered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

import torch
from torch import Tensor

from pyg_hcsf.nn.kernels.plan import Wide
from pyg_hcsf.nn.kernels.scratch import CACHE, scratch

LARGE = 2**19  # multiply-adds of a pair from which it is taken alone


def _steps(x: Tensor, weight: Tensor) -> Iterator[tuple[int, slice]]:
    pairs = weight.size(0)
    size = CACHE // max(1, x.size(1) * max(weight.shape[1:]))
    size = max(2, size - size % 2)
    for start in range(0, pairs, size):
        stop = min(start + size, pairs)
        yield stop - start, slice(start, stop)


def _alone(x: Tensor, weight: Tensor, edge_weight: Optional[Tensor]) -> bool:
    work = x.size(1) * weight.size(1) * weight.size(2)
    return edge_weight is None and work >= LARGE


def add_wide(
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
    if _alone(x, weight, edge_weight):
        xs, ws, outs = x.unbind(), weight.unbind(), out.unbind()
        for i in group.missing if fresh else ():
            outs[i].zero_()
        for w, (j, i, beta) in zip(ws, group.ends, strict=True):
            outs[i].addmm_(xs[j], w, beta=beta if fresh else 1)
        return
    (b, c), d = x.shape[1:], weight.size(-1)
    total = scratch(x, 'total', *out.shape).zero_() if fresh else out
    for size, step in _steps(x, weight):
        x_j = scratch(x, 'x_j', size, b, c)
        message = scratch(x, 'message', size, b, d)
        torch.index_select(x, 0, group.source[step], out=x_j)
        if edge_weight is not None:
            x_j.mul_(edge_weight[group.pairs][step].unsqueeze(-1))
        torch.bmm(x_j, weight[step], out=message)
        total.index_add_(0, group.target[step], message)
    if fresh:
        out.copy_(total)


def add_wide_backward(
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
    b, (c, d) = x.size(1), weight.shape[1:]
    if _alone(x, weight, edge_weight):
        own = group.own
        if own:
            grad_x.baddbmm_(grad, weight[:own].mT)
            torch.bmm(x.mT, grad, out=grad_weight[:own])
        xs, gs, ws = x.mT.unbind(), grad.unbind(), weight.mT[own:].unbind()
        grad_xs, grad_ws = grad_x.unbind(), grad_weight[own:].unbind()
        for w, out, (j, i, _) in zip(
            ws, grad_ws, group.ends[own:], strict=True
        ):
            grad_xs[j].addmm_(gs[i], w)
            torch.mm(xs[j], gs[i], out=out)
        return
    grad = scratch(x, 'total', *grad.shape).copy_(grad)
    for size, step in _steps(x, weight):
        x_j = scratch(x, 'x_j', size, b, c)
        grad_i = scratch(x, 'message', size, b, d)
        grad_j = scratch(x, 'grad_j', size, b, c)
        source = group.source[step]
        torch.index_select(x, 0, source, out=x_j)
        torch.index_select(grad, 0, group.target[step], out=grad_i)
        torch.bmm(grad_i, weight[step].mT, out=grad_j)
        if edge_weight is not None:
            a = edge_weight[group.pairs][step].unsqueeze(-1)
            torch.sum(x_j * grad_j, -1, out=grad_edge[group.pairs][step])
            x_j.mul_(a)
            grad_j.mul_(a)
        torch.bmm(x_j.mT, grad_i, out=grad_weight[step])
        grad_x.index_add_(0, source, grad_j)
