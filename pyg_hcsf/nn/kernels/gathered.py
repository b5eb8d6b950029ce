r"""The gathered kernel, for accelerators: the source features of all pairs of
a group are gathered and multiplied at once. Sums over pairs are products with
incidence matrices, which take few calls and are deterministic, unlike atomic
additions.
"""

from __future__ import annotations

from typing import Optional

import torch
from torch import Tensor

from pyg_hcsf.nn.kernels.plan import Group


def add_gathered(
    x: Tensor,
    weight: Tensor,
    edge_weight: Optional[Tensor],
    group: Group,
    out: Tensor,
    overwrite: bool = True,
) -> None:
    r"""Writes the sums of a group to :obj:`out` ``[N, B, D]``, or adds them
    if :obj:`overwrite` is not set.
    """
    x_j = x.index_select(0, group.source)  # [P_g, B, C]
    if edge_weight is not None:
        x_j.mul_(edge_weight[group.pairs].unsqueeze(-1))
    message = torch.bmm(x_j, weight)
    total = (group.by_target @ message.flatten(1)).view(out.shape)
    if overwrite:
        out.copy_(total)
    else:
        out.add_(total)


def add_gathered_backward(
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
