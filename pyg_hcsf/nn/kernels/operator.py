r"""The batched and the gathered kernel with gradients. A compiler or a counter
of operations sees a custom operator; eager calls use an autograd function,
because the dispatch of custom operators takes as long as a small product.
"""

from __future__ import annotations

from typing import Any, Optional

import torch
from torch import Tensor
from torch.autograd import Function
from torch.utils._python_dispatch import is_in_torch_dispatch_mode
from torch.utils.flop_counter import register_flop_formula

from pyg_hcsf.nn.kernels.packed import (
    add_packed_backward,
    pack_weights,
    packed_sums,
)
from pyg_hcsf.nn.kernels.per_pair import add_gradients, add_sums
from pyg_hcsf.nn.kernels.plan import make_plan
from pyg_hcsf.nn.kernels.reference import reference_product
from pyg_hcsf.nn.tracing import transformed


def batched_product(
    x: Tensor,
    weights: list[Tensor],
    edge_index: Tensor,
    edge_weight: Optional[Tensor],
    gathered: bool,
) -> Tensor:
    r"""The node-pair product by the gathered kernel, or by the per-pair and
    packed kernels; see :func:`~pyg_hcsf.nn.kernels.pair_product`.
    """
    if transformed(x):
        return reference_product(x, weights, edge_index, edge_weight)
    if torch.compiler.is_compiling() or is_in_torch_dispatch_mode():
        return _operator(x, weights, edge_index, edge_weight, gathered)
    return _Product.apply(gathered, x, edge_index, edge_weight, *weights)


def _forward(
    x: Tensor,
    weights: list[Tensor],
    edge_index: Tensor,
    edge_weight: Optional[Tensor],
    gathered: bool,
) -> Tensor:
    plan = make_plan(x, weights, edge_index, gathered)
    # Node-major: the features of a node are one block for all samples.
    x = x.transpose(0, 1).contiguous()  # [N, B, C]
    if edge_weight is not None:
        edge_weight = edge_weight.t().contiguous()  # [P, B]
    out = x.new_empty(*x.shape[:2], sum(w.size(-1) for w in weights))
    for group in plan.groups:
        part = out[..., group.columns]
        add_sums(x, weights[group.number], edge_weight, group, part)
    if plan.packed is not None:
        rows = pack_weights(x, weights, plan.packed)
        parts = packed_sums(x, rows, edge_weight, plan.packed)
        for part, columns in zip(parts, plan.packed.columns, strict=True):
            out[..., columns] = part
    return out.transpose(0, 1)


def _backward(
    grad: Tensor,
    x: Tensor,
    weights: list[Tensor],
    edge_index: Tensor,
    edge_weight: Optional[Tensor],
    gathered: bool,
) -> list[Tensor]:
    r"""The gradients of x, of edge weights (empty if none) and of weights."""
    plan = make_plan(x, weights, edge_index, gathered)
    x, grad = x.transpose(0, 1).contiguous(), grad.transpose(0, 1)
    grad_x = torch.zeros_like(x)  # [N, B, C]
    grad_weights = [x.new_empty(w.shape) for w in weights]
    grad_edge = x.new_empty(0, 0)
    if edge_weight is not None:
        edge_weight = edge_weight.t().contiguous()
        grad_edge = torch.zeros_like(edge_weight)  # [P, B]
    for group in plan.groups:
        part, weight = grad[..., group.columns], weights[group.number]
        grads = (grad_x, grad_weights[group.number], grad_edge)
        add_gradients(part, x, weight, edge_weight, group, grads)
    if plan.packed is not None:
        all_grads = (grad_x, grad_weights, grad_edge)
        add_packed_backward(
            grad, x, weights, edge_weight, plan.packed, all_grads
        )
    return [grad_x.transpose(0, 1), grad_edge.t(), *grad_weights]


# Older releases of torch cannot infer the schema from `list[Tensor]`.
_INPUTS = (
    'Tensor x, Tensor[] weights, Tensor edge_index, Tensor? edge_weight, '
    'bool gathered'
)
_operator = torch.library.custom_op(
    'pyg_hcsf::pair_product',
    _forward,
    mutates_args=(),
    schema=f'({_INPUTS}) -> Tensor',
)
_backward_operator = torch.library.custom_op(
    'pyg_hcsf::pair_product_backward',
    _backward,
    mutates_args=(),
    schema=f'(Tensor grad, {_INPUTS}) -> Tensor[]',
)


@_operator.register_fake
def _(x, weights, edge_index, edge_weight, gathered):
    width = sum(w.size(-1) for w in weights)
    return x.new_empty(x.size(1), x.size(0), width).transpose(0, 1)


@_backward_operator.register_fake
def _(grad, x, weights, edge_index, edge_weight, gathered):
    grad_x = x.new_empty(x.size(1), x.size(0), x.size(2)).transpose(0, 1)
    grad_edge = x.new_empty(0, 0)
    if edge_weight is not None:
        grad_edge = x.new_empty(edge_weight.size(1), edge_weight.size(0))
    grad_weights = [x.new_empty(w.shape) for w in weights]
    return [grad_x, grad_edge.t(), *grad_weights]


class _Product(Function):
    @staticmethod
    def forward(
        gathered: bool,
        x: Tensor,
        edge_index: Tensor,
        edge_weight: Optional[Tensor],
        *weights: Tensor,
    ) -> Tensor:
        return _forward(x, list(weights), edge_index, edge_weight, gathered)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: Tensor) -> None:
        ctx.gathered, *tensors = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Optional[Tensor], ...]:
        grad_x, grad_edge, grads = _gradients(ctx, grad, _backward)
        return None, grad_x, None, grad_edge, *grads


def _operator_setup_context(ctx, inputs, output):
    x, weights, edge_index, edge_weight, ctx.gathered = inputs
    ctx.save_for_backward(x, edge_index, edge_weight, *weights)


def _operator_backward(ctx, grad):
    grad_x, grad_edge, grads = _gradients(ctx, grad, _backward_operator)
    return grad_x, grads, None, grad_edge, None


_operator.register_autograd(
    _operator_backward, setup_context=_operator_setup_context
)


def _gradients(ctx, grad, backward):
    x, edge_index, edge_weight, *weights = ctx.saved_tensors
    # With create_graph=True, or for a batch of gradients:
    if torch.is_grad_enabled() or transformed(grad):
        return _differentiable(grad, x, weights, edge_index, edge_weight)
    grad_x, grad_edge, *grads = backward(
        grad, x, weights, edge_index, edge_weight, ctx.gathered
    )
    return grad_x, None if edge_weight is None else grad_edge, grads


def _differentiable(grad, x, weights, edge_index, edge_weight):
    r"""Gradients that can be differentiated again, by the reference."""
    # Gradients are wanted for all inputs, whether they need them or not.
    inputs = [
        t if t.requires_grad else t.detach().requires_grad_()
        for t in (x, *weights, edge_weight)
        if t is not None
    ]
    x, weights = inputs[0], inputs[1 : 1 + len(weights)]
    if edge_weight is not None:
        edge_weight = inputs[-1]
    create_graph = torch.is_grad_enabled()
    with torch.enable_grad():
        out = reference_product(x, weights, edge_index, edge_weight)
    grad_x, *grads = torch.autograd.grad(
        out, inputs, grad, create_graph=create_graph
    )
    grad_edge = None if edge_weight is None else grads.pop()
    return grad_x, grad_edge, grads


@register_flop_formula(torch.ops.pyg_hcsf.pair_product)
def _flops(x_shape, weight_shapes, *args, out_shape=None, **kwargs) -> int:
    return sum(2 * x_shape[0] * p * c * d for p, c, d in weight_shapes)


@register_flop_formula(torch.ops.pyg_hcsf.pair_product_backward)
def _backward_flops(grad_shape, *args, out_shape=None, **kwargs) -> int:
    # One product for the gradient of x and one for those of the weights.
    return 2 * _flops(*args)
