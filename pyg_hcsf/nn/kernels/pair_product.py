from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

import torch
from torch import Tensor

from pyg_hcsf.nn.kernels.operator import batched_product
from pyg_hcsf.nn.kernels.reference import reference_product

KERNELS = ('auto', 'batched', 'dense', 'reference', 'whole')


def pair_product(
    x: Tensor,
    weights: Sequence[Tensor],
    edge_index: Tensor,
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
        edge_index (torch.Tensor): Source :math:`j` and target :math:`i` of
            each of the :math:`P = \sum_g P_g` pairs, group after group:
            ``[2, P]``.
        edge_weight (torch.Tensor, optional): :math:`a_{ij}`, ``[P]`` or
            ``[B, P]``. (default: :obj:`None`, all ones)
        kernel (str, optional): :obj:`"reference"` is the readable one;
            :obj:`"batched"` takes batched matrix products over some pairs at a
            time, as a custom operator for CPUs; :obj:`"whole"` those over all
            pairs of a group, for accelerators; :obj:`"dense"` one matrix from
            all nodes to all nodes with zeros between unconnected ones, for
            inputs of few channels; :obj:`"auto"` chooses by shape and device
            (on a CPU the readable one up to a batch of 32) and the readable
            one while a model is exported. (default: :obj:`"auto"`)

    Returns:
        torch.Tensor: ``[B, N, sum(D_g)]``, contiguous.

    Example:
        >>> weight = torch.randn(2, 3, 8)  # pairs (0, 0) and (0, 1)
        >>> edge_index = torch.tensor([[0, 1], [0, 0]])
        >>> out = pair_product(torch.randn(5, 2, 3), [weight], edge_index)
    """
    if kernel not in KERNELS:
        raise ValueError(
            f"Expected 'kernel' to be one of {KERNELS} (got '{kernel}')"
        )
    out = node_major_product(x, weights, edge_index, edge_weight, kernel)
    return out.contiguous()


def node_major_product(
    x: Tensor,
    weights: Sequence[Tensor],
    edge_index: Tensor,
    edge_weight: Optional[Tensor],
    kernel: str,
) -> Tensor:
    r"""See :func:`pair_product`. The memory of the output may be node-major (a
    transposed view); the fast kernels read both orders.
    """
    if kernel == 'auto':
        kernel = _choose(x)
    autocast = x.device.type != 'meta' and torch.is_autocast_enabled(
        x.device.type
    )
    if autocast and x.dtype != torch.double:  # as torch.bmm has it
        dtype = torch.get_autocast_dtype(x.device.type)
        x, weights = x.to(dtype), [weight.to(dtype) for weight in weights]
        edge_weight = None if edge_weight is None else edge_weight.to(dtype)
    if edge_weight is not None and edge_weight.dim() == 1:
        parts = edge_weight.split([w.size(0) for w in weights])
        weights = [
            w * a.view(-1, 1, 1) for w, a in zip(weights, parts, strict=True)
        ]
        edge_weight = None
    if kernel in ('batched', 'whole'):
        return batched_product(
            x, list(weights), edge_index, edge_weight, kernel == 'whole'
        )
    product = _dense if kernel == 'dense' else reference_product
    return product(x, list(weights), edge_index, edge_weight)


def _choose(x: Tensor) -> str:
    tracing = torch.compiler.is_exporting() or torch.jit.is_tracing()
    if tracing or x.is_meta:
        return 'reference'
    if x.size(-1) <= 4:
        return 'dense'
    if x.device.type != 'cpu':
        return 'whole'
    return 'reference' if x.size(0) <= 32 else 'batched'


def _dense(
    x: Tensor,
    weights: Sequence[Tensor],
    edge_index: Tensor,
    edge_weight: Optional[Tensor],
) -> Tensor:
    b, n, c = x.shape
    outs, start = [], 0
    for weight in weights:
        group = slice(start, start + weight.size(0))
        source, target = edge_index[:, group]
        x_i = x.expand(n, b, n, c)  # what each target may see
        if edge_weight is not None:
            a = x.new_zeros(n, n, b)
            a = a.index_put((target, source), edge_weight.t()[group])
            x_i = x_i * a.transpose(1, 2).unsqueeze(-1)
        blocks = weight.new_zeros(n, n, *weight.shape[1:])
        blocks = blocks.index_put((target, source), weight)
        outs.append(x_i.flatten(2) @ blocks.flatten(1, 2))
        start = group.stop
    return torch.cat(outs, dim=-1).transpose(0, 1)
