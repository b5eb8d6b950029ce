r"""The node-pair product in batched matrix products.

Tensors are node-major inside, ``[N, B, C]``: the features of a node are one
matrix.
"""

from __future__ import annotations

from typing import Optional

import torch
from torch import Tensor

from pyg_hcsf.nn.kernels.gathered import add_whole, add_whole_backward
from pyg_hcsf.nn.kernels.packed import (
    add_narrow_backward,
    narrow_parts,
    pack,
)
from pyg_hcsf.nn.kernels.per_pair import add_wide, add_wide_backward
from pyg_hcsf.nn.kernels.plan import make_plan


def batched_forward(
    x: Tensor,
    weights: list[Tensor],
    edge_index: Tensor,
    edge_weight: Optional[Tensor],
    whole: bool,
) -> Tensor:
    r"""See :func:`~pyg_hcsf.nn.kernels.pair_product`."""
    plan = make_plan(x, weights, edge_index, whole)
    add_group = add_whole if whole else add_wide
    x = x.transpose(0, 1).contiguous()
    if edge_weight is not None:
        edge_weight = edge_weight.t().contiguous()
    out = x.new_empty(*x.shape[:2], sum(w.size(-1) for w in weights))
    for wide in plan.wide:
        weight, part = weights[wide.group], out[..., wide.columns]
        add_group(x, weight, edge_weight, wide, part)
    if plan.narrow is not None:
        packed = pack(x, weights, plan.narrow)
        parts = narrow_parts(x, packed, edge_weight, plan.narrow)
        for part, columns in zip(parts, plan.narrow.columns, strict=True):
            out[..., columns] = part
    return out.transpose(0, 1)


def batched_backward(
    grad: Tensor,
    x: Tensor,
    weights: list[Tensor],
    edge_index: Tensor,
    edge_weight: Optional[Tensor],
    whole: bool,
) -> list[Tensor]:
    r"""The gradients of :obj:`x`, of edge weights (empty without) and of the
    weights.
    """
    plan = make_plan(x, weights, edge_index, whole)
    add_group = add_whole_backward if whole else add_wide_backward
    x, grad = x.transpose(0, 1).contiguous(), grad.transpose(0, 1)
    grad_x = torch.zeros_like(x)
    grad_weights = [x.new_empty(w.shape) for w in weights]
    grad_edge = x.new_empty(0, 0)
    if edge_weight is not None:
        edge_weight = edge_weight.t().contiguous()
        grad_edge = torch.zeros_like(edge_weight)
    for wide in plan.wide:
        part, weight = grad[..., wide.columns], weights[wide.group]
        grads = (grad_x, grad_weights[wide.group], grad_edge)
        add_group(part, x, weight, edge_weight, wide, grads)
    if plan.narrow is not None:
        all_grads = (grad_x, grad_weights, grad_edge)
        add_narrow_backward(
            grad, x, weights, edge_weight, plan.narrow, all_grads
        )
    return [grad_x.transpose(0, 1), grad_edge.t(), *grad_weights]
