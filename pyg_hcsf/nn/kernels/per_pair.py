r"""Groups of many output channels on a CPU. What the nodes send to themselves
is one batched product over the features as they lie. The other pairs are taken
some at a time, as many as leave the gathered features in the cache: gather
their sources, one batched product, add the results to their targets. Where one
pair alone keeps the CPU busy, its product is added in place instead, and
nothing is gathered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

import torch
from torch import Tensor

from pyg_hcsf.nn.kernels.plan import Wide
from pyg_hcsf.nn.kernels.workspace import CACHE, scratch

LARGE = 2**15  # features of a source from which its pairs are taken alone


def _alone(x: Tensor, edge_weight: Optional[Tensor]) -> bool:
    return edge_weight is None and x[0].numel() >= LARGE


def _steps(x: Tensor, weight: Tensor, own: int) -> Iterator[tuple[int, slice]]:
    size = CACHE // max(1, x.size(1) * max(weight.shape[1:]))
    size = max(2, size - size % 2)
    for start in range(own, weight.size(0), size):
        stop = min(start + size, weight.size(0))
        yield stop - start, slice(start, stop)


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
    (b, c), d, own = x.shape[1:], weight.size(-1), group.own
    if _alone(x, edge_weight):
        xs, ws, outs = x.unbind(), weight.unbind(), out.unbind()
        for i in group.missing if fresh else ():
            outs[i].zero_()
        for w, (j, i, beta) in zip(ws, group.ends, strict=True):
            outs[i].addmm_(xs[j], w, beta=beta if fresh else 1)
        return
    total = scratch(x, 'total', *out.shape) if fresh else out
    a = None if edge_weight is None else edge_weight[group.pairs].unsqueeze(-1)
    if own:
        x_j = x
        if a is not None:
            x_j = torch.mul(x, a[:own], out=scratch(x, 'x_j', own, b, c))
        total.baddbmm_(x_j, weight[:own], beta=0 if fresh else 1)
    elif fresh:
        total.zero_()
    for size, step in _steps(x, weight, own):
        x_j = scratch(x, 'x_j', size, b, c)
        message = scratch(x, 'message', size, b, d)
        torch.index_select(x, 0, group.source[step], out=x_j)
        if a is not None:
            x_j.mul_(a[step])
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
    (b, c), d, own = x.shape[1:], weight.size(-1), group.own
    alone = _alone(x, edge_weight)
    if not alone:
        grad = scratch(x, 'total', *grad.shape).copy_(grad)
    if edge_weight is not None:
        own = 0  # their features are scaled, so that they are copied too
        a, grad_a = (e[group.pairs] for e in (edge_weight, grad_edge))
    if own:
        grad_x.baddbmm_(grad, weight[:own].mT)
        torch.bmm(x.mT, grad, out=grad_weight[:own])
    if alone:
        xs, gs, ws = x.mT.unbind(), grad.unbind(), weight.mT[own:].unbind()
        grad_xs, grad_ws = grad_x.unbind(), grad_weight[own:].unbind()
        for w, out, (j, i, _) in zip(
            ws, grad_ws, group.ends[own:], strict=True
        ):
            grad_xs[j].addmm_(gs[i], w)
            torch.mm(xs[j], gs[i], out=out)
        return
    for size, step in _steps(x, weight, own):
        x_j = scratch(x, 'x_j', size, b, c)
        grad_i = scratch(x, 'message', size, b, d)
        grad_j = scratch(x, 'grad_j', size, b, c)
        source = group.source[step]
        torch.index_select(x, 0, source, out=x_j)
        torch.index_select(grad, 0, group.target[step], out=grad_i)
        torch.bmm(grad_i, weight[step].mT, out=grad_j)
        if edge_weight is not None:
            product = scratch(x, 'product', size, b, c)
            torch.mul(x_j, grad_j, out=product)
            torch.sum(product, -1, out=grad_a[step])
            grad_i.mul_(a[step].unsqueeze(-1))
            grad_j.mul_(a[step].unsqueeze(-1))
        torch.bmm(x_j.mT, grad_i, out=grad_weight[step])
        grad_x.index_add_(0, source, grad_j)
