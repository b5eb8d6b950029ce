from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

import torch
from torch import Tensor
from torch.utils.flop_counter import register_flop_formula

KERNELS = ('auto', 'loop', 'reference')


def pair_product(
    x: Tensor,
    weights: Sequence[Tensor],
    source: Sequence[int],
    target: Sequence[int],
    edge_weight: Optional[Tensor] = None,
    kernel: str = 'auto',
) -> Tensor:
    r"""The node-pair product, for all groups of pairs side by side

    .. math::
        \mathbf{h}_i = \big\Vert_g \sum_{(i, j) \in \mathcal{E}_g} a_{ij}
        \, \mathbf{x}_j \mathbf{W}_{ij}

    where every node pair :math:`(i, j)` of a small template graph has a weight
    matrix of its own, used by all samples at once: no weight is ever gathered
    per batched edge.

    Args:
        x (torch.Tensor): Node features ``[B, N, C]``.
        weights (list[torch.Tensor]): For each group its weights
            ``[P_g, C, D_g]``.
        source (list[int]): The source :math:`j` of each of the
            :math:`P = \sum_g P_g` pairs, group after group.
        target (list[int]): The target :math:`i` of each pair.
        edge_weight (torch.Tensor, optional): :math:`a_{ij}`, ``[P]`` or
            ``[B, P]``. (default: :obj:`None`, all ones)
        kernel (str, optional): :obj:`"reference"` is the readable one;
            :obj:`"loop"` accumulates one matrix product per pair in place;
            :obj:`"auto"` takes :obj:`"loop"`, and :obj:`"reference"` while a
            model is exported. (default: :obj:`"auto"`)

    Returns:
        torch.Tensor: ``[B, N, sum(D_g)]``.

    Example:
        >>> weight = torch.randn(2, 3, 8)  # pairs (0, 0) and (0, 1)
        >>> out = pair_product(torch.randn(5, 2, 3), [weight], [0, 1], [0, 0])
    """
    if kernel not in KERNELS:
        raise ValueError(
            f"Expected 'kernel' to be one of {KERNELS} (got '{kernel}')"
        )
    if kernel == 'auto':
        exporting = (
            torch.compiler.is_exporting() or torch.onnx.is_in_onnx_export()
        )
        kernel = 'reference' if exporting else 'loop'
    if torch.is_autocast_enabled(x.device.type):
        dtype = torch.get_autocast_dtype(x.device.type)
        x, weights = x.to(dtype), [weight.to(dtype) for weight in weights]
        edge_weight = None if edge_weight is None else edge_weight.to(dtype)
    if kernel == 'reference':
        return _reference(x, weights, source, target, edge_weight)
    if edge_weight is not None and edge_weight.dim() == 1:
        parts = edge_weight.split([w.size(0) for w in weights])
        weights = [
            w * a.view(-1, 1, 1) for w, a in zip(weights, parts, strict=True)
        ]
        edge_weight = None
    return _loop(x, list(weights), list(source), list(target), edge_weight)


def _reference(
    x: Tensor,
    weights: Sequence[Tensor],
    source: Sequence[int],
    target: Sequence[int],
    edge_weight: Optional[Tensor],
) -> Tensor:
    sources = torch.tensor(source, device=x.device)
    targets = torch.tensor(target, device=x.device)
    nodes = torch.arange(x.size(-2), device=x.device)
    incidence = (nodes.view(-1, 1) == targets).to(x.dtype)  # [N, P]
    outs, start = [], 0
    for weight in weights:
        group = slice(start, start + weight.size(0))
        message = torch.einsum('bpc,pcd->bpd', x[:, sources[group]], weight)
        if edge_weight is not None:
            message = message * edge_weight[..., group].unsqueeze(-1)
        outs.append(incidence[:, group] @ message)  # [B, N, D_g]
        start = group.stop
    return torch.cat(outs, dim=-1)


def _pairs(
    weights: list[Tensor], source: list[int], target: list[int]
) -> list[tuple[int, int, int, int, slice]]:
    out, column, pair = [], 0, 0
    for group, weight in enumerate(weights):
        columns = slice(column, column + weight.size(-1))
        for row in range(weight.size(0)):
            out.append((group, row, source[pair], target[pair], columns))
            pair += 1
        column = columns.stop
    return out


@torch.library.custom_op('pyg_hcsf::pair_product', mutates_args=())
def _loop(
    x: Tensor,
    weights: list[Tensor],
    source: list[int],
    target: list[int],
    edge_weight: Optional[Tensor],
) -> Tensor:
    out = x.new_zeros(*x.shape[:2], sum(w.size(-1) for w in weights))
    for p, (g, r, j, i, cols) in enumerate(_pairs(weights, source, target)):
        x_j = x[:, j]
        if edge_weight is not None:
            x_j = x_j * edge_weight[:, p : p + 1]
        out[:, i, cols].addmm_(x_j, weights[g][r])
    return out


@_loop.register_fake
def _(x, weights, source, target, edge_weight):
    return x.new_empty(*x.shape[:2], sum(w.size(-1) for w in weights))


@torch.library.custom_op('pyg_hcsf::pair_product_backward', mutates_args=())
def _loop_backward(
    grad: Tensor,
    x: Tensor,
    weights: list[Tensor],
    source: list[int],
    target: list[int],
    edge_weight: Optional[Tensor],
) -> list[Tensor]:
    grad = grad.contiguous()
    grad_x = torch.zeros_like(x)
    grad_weights = [torch.empty_like(w) for w in weights]
    grad_edge = x.new_empty(0)
    if edge_weight is not None:
        grad_edge = torch.empty_like(edge_weight)
    for p, (g, r, j, i, cols) in enumerate(_pairs(weights, source, target)):
        x_j, grad_i, weight = x[:, j], grad[:, i, cols], weights[g][r]
        if edge_weight is None:
            grad_x[:, j].addmm_(grad_i, weight.t())
        else:
            a = edge_weight[:, p : p + 1]
            pulled = grad_i @ weight.t()
            grad_edge[:, p] = (x_j * pulled).sum(-1)
            grad_x[:, j].addcmul_(pulled, a)
            x_j = x_j * a
        torch.mm(x_j.t(), grad_i, out=grad_weights[g][r])
    return [grad_x, grad_edge, *grad_weights]


@_loop_backward.register_fake
def _(grad, x, weights, source, target, edge_weight):
    grad_edge = x.new_empty(0)
    if edge_weight is not None:
        grad_edge = torch.empty_like(edge_weight)
    weights = [torch.empty_like(w) for w in weights]
    return [torch.empty_like(x), grad_edge, *weights]


def _setup_context(ctx, inputs, output):
    x, weights, ctx.source, ctx.target, edge_weight = inputs
    ctx.num_weights = len(weights)
    ctx.save_for_backward(x, edge_weight, *weights)


def _backward(ctx, grad):
    x, edge_weight, *weights = ctx.saved_tensors
    grad_x, grad_edge, *grad_weights = _loop_backward(
        grad, x, weights, ctx.source, ctx.target, edge_weight
    )
    if edge_weight is None:
        grad_edge = None
    return grad_x, grad_weights, None, None, grad_edge


_loop.register_autograd(_backward, setup_context=_setup_context)


@register_flop_formula(torch.ops.pyg_hcsf.pair_product)
def _flops(x_shape, weight_shapes, *args, out_shape=None, **kwargs) -> int:
    return sum(2 * x_shape[0] * p * c * d for p, c, d in weight_shapes)
