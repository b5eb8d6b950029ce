r"""Sums over the pairs of one group at a time.

On a CPU, messages of nodes to themselves are one ``bmm``, without copying
features. The other pairs are processed in steps whose gathered features fit
into the cache: gather the sources, one ``bmm``, add the results to the
targets. Where a single pair is large enough to use the CPU well, its product
is accumulated in place by ``addmm_``, and nothing is gathered.

On accelerators, all pairs of the group are gathered and multiplied at once.
Sums over pairs are products with incidence matrices, which take few calls and
are deterministic, unlike atomic additions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

import torch
from torch import Tensor

from pyg_hcsf.nn.kernels.plan import Group
from pyg_hcsf.nn.kernels.workspace import CACHE, workspace

LARGE = 2**15  # elements B * C of a node from which addmm_ is used per pair


def _use_addmm(x: Tensor, edge_weight: Optional[Tensor]) -> bool:
    return edge_weight is None and x[0].numel() >= LARGE


def _steps(
    x: Tensor, weight: Tensor, start: int, at_once: bool
) -> Iterator[tuple[int, slice]]:
    # The pairs whose features [B, C] or [B, D] fit into the cache together
    size = CACHE // max(1, x.size(1) * max(weight.shape[1:]))
    size = weight.size(0) if at_once else max(2, size - size % 2)
    for begin in [0] if at_once else range(start, weight.size(0), size):
        stop = min(begin + size, weight.size(0))
        yield stop - begin, slice(begin, stop)


def add_sums(
    x: Tensor,
    weight: Tensor,
    edge_weight: Optional[Tensor],
    group: Group,
    out: Tensor,
    overwrite: bool = True,
) -> None:
    r"""Writes the sums of a group to :obj:`out` ``[N, B, D]``, or adds them
    if :obj:`overwrite` is not set; :obj:`x` is ``[N, B, C]``,
    :obj:`edge_weight` ``[P, B]``.
    """
    (b, c), d, loops = x.shape[1:], weight.size(-1), group.num_loops
    gathered = group.by_target is not None
    if not gathered and _use_addmm(x, edge_weight):
        xs, ws, outs = x.unbind(), weight.unbind(), out.unbind()
        for i in group.unreached if overwrite else ():
            outs[i].zero_()
        for w, (j, i, beta) in zip(ws, group.ends, strict=True):
            outs[i].addmm_(xs[j], w, beta=beta if overwrite else 1)
        return
    # Added up in contiguous memory, which a part of the output columns is not
    own = overwrite and not gathered
    total = workspace(x, 'total', *out.shape) if own else out
    a = None if edge_weight is None else edge_weight[group.pairs].unsqueeze(-1)
    if loops:
        x_j = x
        if a is not None:
            x_j = torch.mul(x, a[:loops], out=workspace(x, 'x_j', loops, b, c))
        total.baddbmm_(x_j, weight[:loops], beta=0 if overwrite else 1)
    elif own:
        total.zero_()
    for size, step in _steps(x, weight, loops, gathered):
        x_j = workspace(x, 'x_j', size, b, c)
        message = workspace(x, 'message', size, b, d)
        torch.index_select(x, 0, group.source[step], out=x_j)
        if a is not None:
            x_j.mul_(a[step])
        torch.bmm(x_j, weight[step], out=message)
        if group.by_target is None:
            total.index_add_(0, group.target[step], message)
        else:
            sums = (group.by_target @ message.flatten(1)).view(out.shape)
            total = sums if overwrite else total.add_(sums)
    if overwrite:
        out.copy_(total)


def add_gradients(
    grad: Tensor,
    x: Tensor,
    weight: Tensor,
    edge_weight: Optional[Tensor],
    group: Group,
    grads: tuple[Tensor, Tensor, Tensor],
) -> None:
    r"""Adds the gradient of :obj:`x` to the first of :obj:`grads`; writes
    those of :obj:`weight` and of edge weights ``[P, B]`` to the others.
    """
    grad_x, grad_weight, grad_edge = grads
    (b, c), d, loops = x.shape[1:], weight.size(-1), group.num_loops
    gathered = group.by_source is not None
    use_addmm = not gathered and _use_addmm(x, edge_weight)
    if not use_addmm and not gathered:
        grad = workspace(x, 'total', *grad.shape).copy_(grad)
    if edge_weight is not None:
        loops = 0  # their features are scaled, so that they are copied too
        a, grad_a = (e[group.pairs] for e in (edge_weight, grad_edge))
    if loops:
        grad_x.baddbmm_(grad, weight[:loops].mT)
        torch.bmm(x.mT, grad, out=grad_weight[:loops])
    if use_addmm:
        xs, gs, ws = x.mT.unbind(), grad.unbind(), weight.mT[loops:].unbind()
        grad_xs, grad_ws = grad_x.unbind(), grad_weight[loops:].unbind()
        for w, out, (j, i, _) in zip(
            ws, grad_ws, group.ends[loops:], strict=True
        ):
            grad_xs[j].addmm_(gs[i], w)
            torch.mm(xs[j], gs[i], out=out)
        return
    for size, step in _steps(x, weight, loops, gathered):
        x_j = workspace(x, 'x_j', size, b, c)
        grad_i = workspace(x, 'message', size, b, d)
        grad_j = workspace(x, 'grad_j', size, b, c)
        source = group.source[step]
        torch.index_select(x, 0, source, out=x_j)
        torch.index_select(grad, 0, group.target[step], out=grad_i)
        torch.bmm(grad_i, weight[step].mT, out=grad_j)
        if edge_weight is not None:
            product = workspace(x, 'product', size, b, c)
            torch.mul(x_j, grad_j, out=product)
            torch.sum(product, -1, out=grad_a[step])
            grad_i.mul_(a[step].unsqueeze(-1))
            grad_j.mul_(a[step].unsqueeze(-1))
        torch.bmm(x_j.mT, grad_i, out=grad_weight[step])
        if group.by_source is None:
            grad_x.index_add_(0, source, grad_j)
        else:
            grad_x.flatten(1).addmm_(group.by_source, grad_j.flatten(1))
