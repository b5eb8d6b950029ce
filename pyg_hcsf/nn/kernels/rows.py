from __future__ import annotations

from collections.abc import Callable

from torch import Tensor


def by_rows(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    r"""Applies a function of rows ``[R, C]`` to node features ``[*, N, C]``,
    the rows being in the order of memory: features that lie node by node, as
    the node-pair product leaves them, stay so, and nothing is transposed.

    Args:
        function (callable): Maps ``[R, C]`` to ``[R, D]``, a row not caring
            about its place.
        x (torch.Tensor): Node features ``[*, N, C]``.

    Example:
        >>> out = by_rows(torch.nn.Linear(16, 32), torch.randn(8, 17, 16))
    """
    by_node = x.dim() > 2 and x.movedim(-2, 0).is_contiguous()
    if by_node:
        x = x.movedim(-2, 0)
    out = function(x.reshape(-1, x.size(-1))).unflatten(0, x.shape[:-1])
    return out.movedim(0, -2) if by_node else out
