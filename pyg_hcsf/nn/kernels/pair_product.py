r"""The node-pair product and the choice of its kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Optional

import torch
from torch import Tensor

from pyg_hcsf.choices import check_choice
from pyg_hcsf.nn.kernels.operator import batched_product
from pyg_hcsf.nn.kernels.reference import dense_product, reference_product
from pyg_hcsf.nn.tracing import exporting

KERNELS = ('auto', 'batched', 'dense', 'gathered', 'reference')


def pair_product(
    x: Tensor,
    weights: Sequence[Tensor],
    edge_index: Tensor,
    edge_weight: Optional[Tensor] = None,
    kernel: str = 'auto',
) -> Tensor:
    r"""The node-pair product, for all groups of pairs side by side

    .. math::
        \mathbf{h}_i = \bigl\Vert_g \sum_{(i, j) \in \mathcal{E}_g} a_{ij}
        \, \mathbf{x}_j \mathbf{W}_{ij}

    where each node pair :math:`(i, j)` of a small template graph has a weight
    matrix of its own. All samples of a batch use it in one product; weights
    are never gathered for the edges of a batch.

    Args:
        x (torch.Tensor): Node features ``[B, N, C]``.
        weights (list[torch.Tensor]): For each group its weights
            ``[P_g, C, D_g]``.
        edge_index (torch.Tensor): Source :math:`j` and target :math:`i` of
            each of the :math:`P = \sum_g P_g` pairs, group after group:
            ``[2, P]``.
        edge_weight (torch.Tensor, optional): :math:`a_{ij}`, ``[P]`` or
            ``[B, P]``; :obj:`None` for ones. (default: :obj:`None`)
        kernel (str, optional): :obj:`"reference"`, :obj:`"dense"`,
            :obj:`"batched"` (CPU) or :obj:`"gathered"` (accelerators), see
            :mod:`pyg_hcsf.nn.kernels`; :obj:`"auto"` chooses by shape and
            device. (default: :obj:`"auto"`)

    Returns:
        torch.Tensor: ``[B, N, sum(D_g)]``, contiguous.

    Raises:
        ValueError: If there is no such kernel.

    Example:
        >>> weight = torch.randn(2, 3, 8)  # pairs (0, 0) and (0, 1)
        >>> edge_index = torch.tensor([[0, 1], [0, 0]])
        >>> out = pair_product(torch.randn(5, 2, 3), [weight], edge_index)
    """
    check_choice('kernel', kernel, KERNELS)
    out = node_major_product(x, weights, edge_index, edge_weight, kernel)
    return out.contiguous()


def node_major_product(
    x: Tensor,
    weights: Sequence[Tensor],
    edge_index: Tensor,
    edge_weight: Optional[Tensor],
    kernel: str,
) -> Tensor:
    r"""Like :func:`pair_product`, but the memory of the output may be
    node-major (a transposed view of ``[N, B, D]``).
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
    # Factors that all samples share are multiplied to the weights, which is
    # less work than to features.
    if edge_weight is not None and edge_weight.dim() == 1:
        parts = edge_weight.split([w.size(0) for w in weights])
        weights = [
            w * a.view(-1, 1, 1) for w, a in zip(weights, parts, strict=True)
        ]
        edge_weight = None
    if kernel in ('batched', 'gathered'):
        return batched_product(
            x, list(weights), edge_index, edge_weight, kernel == 'gathered'
        )
    product = dense_product if kernel == 'dense' else reference_product
    return product(x, list(weights), edge_index, edge_weight)


def _choose(x: Tensor) -> str:
    # Exported models must not contain custom operators.
    if exporting() or x.is_meta:
        return 'reference'
    if x.size(-1) <= 4:
        return 'dense'
    if x.device.type != 'cpu':
        return 'gathered'
    return 'reference' if x.size(0) <= 32 else 'batched'


def by_rows(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    r"""Applies a function of rows ``[R, C]`` to node features ``[*, N, C]``.
    Features in node-major memory, as :func:`node_major_product` returns them,
    are passed and returned without a transposing copy.

    Args:
        function (callable): Maps ``[R, C]`` to ``[R, D]``; must act on each
            row independently, or like batch norm not depend on their order.
        x (torch.Tensor): Node features ``[*, N, C]``.

    Example:
        >>> out = by_rows(torch.nn.Linear(16, 32), torch.randn(8, 17, 16))
    """
    node_major = x.dim() > 2 and x.movedim(-2, 0).is_contiguous()
    if node_major:
        x = x.movedim(-2, 0)
    out = function(x.reshape(-1, x.size(-1))).unflatten(0, x.shape[:-1])
    return out.movedim(0, -2) if node_major else out
