r"""The batched node-pair product for autograd: as a custom operator where a
compiler or a counter of operations looks on, else without its detour, which
takes as long as small products do.
"""

from __future__ import annotations

from typing import Any, Optional

import torch
from torch import Tensor
from torch.autograd import Function
from torch.utils._python_dispatch import is_in_torch_dispatch_mode
from torch.utils.flop_counter import register_flop_formula

from pyg_hcsf.nn.kernels.batched import batched_backward, batched_forward
from pyg_hcsf.nn.kernels.reference import reference_product
from pyg_hcsf.nn.tracing import transformed


def batched_product(
    x: Tensor,
    weights: list[Tensor],
    edge_index: Tensor,
    edge_weight: Optional[Tensor],
    whole: bool,
) -> Tensor:
    r"""See :func:`~pyg_hcsf.nn.kernels.pair_product`."""
    if transformed(x):
        return reference_product(x, weights, edge_index, edge_weight)
    if torch.compiler.is_compiling() or is_in_torch_dispatch_mode():
        return _operator(x, weights, edge_index, edge_weight, whole)
    return _Product.apply(whole, x, edge_index, edge_weight, *weights)


_operator = torch.library.custom_op(
    'pyg_hcsf::pair_product', batched_forward, mutates_args=()
)
_backward_operator = torch.library.custom_op(
    'pyg_hcsf::pair_product_backward', batched_backward, mutates_args=()
)


@_operator.register_fake
def _(x, weights, edge_index, edge_weight, whole):
    width = sum(w.size(-1) for w in weights)
    return x.new_empty(x.size(1), x.size(0), width).transpose(0, 1)


@_backward_operator.register_fake
def _(grad, x, weights, edge_index, edge_weight, whole):
    grad_x = x.new_empty(x.size(1), x.size(0), x.size(2)).transpose(0, 1)
    grad_edge = x.new_empty(0, 0)
    if edge_weight is not None:
        grad_edge = x.new_empty(edge_weight.size(1), edge_weight.size(0))
    return [grad_x, grad_edge.t(), *(x.new_empty(w.shape) for w in weights)]


class _Product(Function):
    @staticmethod
    def forward(
        whole: bool,
        x: Tensor,
        edge_index: Tensor,
        edge_weight: Optional[Tensor],
        *weights: Tensor,
    ) -> Tensor:
        return batched_forward(
            x, list(weights), edge_index, edge_weight, whole
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: Tensor) -> None:
        ctx.whole, *tensors = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Optional[Tensor], ...]:
        grad_x, grad_edge, grads = _gradients(ctx, grad, batched_backward)
        return None, grad_x, None, grad_edge, *grads


def _setup_context(ctx, inputs, output):
    x, weights, edge_index, edge_weight, ctx.whole = inputs
    ctx.save_for_backward(x, edge_index, edge_weight, *weights)


def _backward(ctx, grad):
    grad_x, grad_edge, grads = _gradients(ctx, grad, _backward_operator)
    return grad_x, grads, None, grad_edge, None


_operator.register_autograd(_backward, setup_context=_setup_context)


def _gradients(ctx, grad, backward):
    x, edge_index, edge_weight, *weights = ctx.saved_tensors
    args = (x, weights, edge_index, edge_weight)
    # With create_graph=True, or for several gradients at once:
    if torch.is_grad_enabled() or transformed(grad):
        return _differentiable(grad, *args)
    grad_x, grad_edge, *grads = backward(grad, *args, ctx.whole)
    return grad_x, None if edge_weight is None else grad_edge, grads


def _differentiable(grad, x, weights, edge_index, edge_weight):
    inputs = [x, *weights, *([] if edge_weight is None else [edge_weight])]
    inputs = [
        t if t.requires_grad else t.detach().requires_grad_() for t in inputs
    ]
    x, weights = inputs[0], inputs[1 : 1 + len(weights)]
    if edge_weight is not None:
        edge_weight = inputs[-1]
    again = torch.is_grad_enabled()
    with torch.enable_grad():
        out = reference_product(x, weights, edge_index, edge_weight)
    grad_x, *grads = torch.autograd.grad(out, inputs, grad, create_graph=again)
    grad_edge = None if edge_weight is None else grads.pop()
    return grad_x, grad_edge, grads


@register_flop_formula(torch.ops.pyg_hcsf.pair_product)
def _flops(x_shape, weight_shapes, *args, out_shape=None, **kwargs) -> int:
    return sum(2 * x_shape[0] * p * c * d for p, c, d in weight_shapes)


@register_flop_formula(torch.ops.pyg_hcsf.pair_product_backward)
def _backward_flops(grad_shape, *args, out_shape=None, **kwargs) -> int:
    # One product for the gradient of x and one for those of the weights.
    return 2 * _flops(*args)
