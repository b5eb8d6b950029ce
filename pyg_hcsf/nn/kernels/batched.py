r"""The node-pair product in batched matrix products, as a custom operator.

Tensors are node-major inside, ``[N, B, C]``: the features of a node are one
matrix.
"""

from __future__ import annotations

from typing import Optional

import torch
from torch import Tensor
from torch.utils.flop_counter import register_flop_formula

from pyg_hcsf.nn.kernels.narrow import (
    add_narrow_backward,
    narrow_parts,
    pack,
)
from pyg_hcsf.nn.kernels.plan import make_plan
from pyg_hcsf.nn.kernels.reference import reference_product
from pyg_hcsf.nn.kernels.whole import add_whole, add_whole_backward
from pyg_hcsf.nn.kernels.wide import add_wide, add_wide_backward


@torch.library.custom_op('pyg_hcsf::pair_product', mutates_args=())
def batched_product(
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


@batched_product.register_fake
def _(x, weights, edge_index, edge_weight, whole):
    width = sum(w.size(-1) for w in weights)
    return x.new_empty(x.size(1), x.size(0), width).transpose(0, 1)


@torch.library.custom_op('pyg_hcsf::pair_product_backward', mutates_args=())
def _batched_backward(
    grad: Tensor,
    x: Tensor,
    weights: list[Tensor],
    edge_index: Tensor,
    edge_weight: Optional[Tensor],
    whole: bool,
) -> list[Tensor]:
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


@_batched_backward.register_fake
def _(grad, x, weights, edge_index, edge_weight, whole):
    grad_x = x.new_empty(x.size(1), x.size(0), x.size(2)).transpose(0, 1)
    grad_edge = x.new_empty(0, 0)
    if edge_weight is not None:
        grad_edge = x.new_empty(edge_weight.size(1), edge_weight.size(0))
    return [grad_x, grad_edge.t(), *(x.new_empty(w.shape) for w in weights)]


def _setup_context(ctx, inputs, output):
    x, weights, edge_index, edge_weight, ctx.whole = inputs
    ctx.save_for_backward(x, edge_index, edge_weight, *weights)


def _backward(ctx, grad):
    x, edge_index, edge_weight, *weights = ctx.saved_tensors
    if torch.is_grad_enabled():  # create_graph=True
        return _differentiable_backward(
            grad, x, weights, edge_index, edge_weight
        )
    grad_x, grad_edge, *grad_weights = _batched_backward(
        grad, x, weights, edge_index, edge_weight, ctx.whole
    )
    if edge_weight is None:
        grad_edge = None
    return grad_x, grad_weights, None, grad_edge, None


def _differentiable_backward(grad, x, weights, edge_index, edge_weight):
    inputs = [x, *weights]
    if edge_weight is not None:
        inputs.append(edge_weight)
    inputs = [t if t.requires_grad else t.requires_grad_() for t in inputs]
    out = reference_product(x, weights, edge_index, edge_weight)
    grad_x, *grads = torch.autograd.grad(out, inputs, grad, create_graph=True)
    grad_edge = None if edge_weight is None else grads.pop()
    return grad_x, grads, None, grad_edge, None


batched_product.register_autograd(_backward, setup_context=_setup_context)


@register_flop_formula(torch.ops.pyg_hcsf.pair_product)
def _flops(x_shape, weight_shapes, *args, out_shape=None, **kwargs) -> int:
    return sum(2 * x_shape[0] * p * c * d for p, c, d in weight_shapes)
