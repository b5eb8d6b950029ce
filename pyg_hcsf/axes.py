r"""Axis orders of sequences: frames first on disk, in loaders and in networks,
nodes first in :obj:`torch_geometric.data.Data`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from torch import Tensor
from torch_geometric.data import Data


def nodes_first(x: Tensor) -> Tensor:
    r"""A view with the node axis moved to the front.

    Args:
        x (torch.Tensor): A sequence :obj:`[T, N, C]`, :obj:`[T, M, N, C]`
            (:math:`M` bodies) or :obj:`[T, N]`.

    Example:
        >>> nodes_first(torch.rand(300, 2, 25, 3)).shape
        torch.Size([25, 300, 2, 3])
    """
    return x.movedim(max(1, x.dim() - 2), 0)


def frames_first(x: Tensor) -> Tensor:
    r"""The inverse of :func:`nodes_first`.

    Args:
        x (torch.Tensor): A sequence :obj:`[N, T, C]`, :obj:`[N, T, M, C]` or
            :obj:`[N, T]`.

    Example:
        >>> frames_first(torch.rand(25, 300, 2, 3)).shape
        torch.Size([300, 2, 25, 3])
    """
    return x.movedim(0, max(1, x.dim() - 2))


def to_data(clip: Mapping[str, Any], keys: Collection[str]) -> Data:
    r"""Makes a PyG graph of a clip. This is the only place where stored
    sequences become node-first.

    Args:
        clip (Mapping): All attributes; sequences have frames first.
        keys (collection of str): The names of the sequences.

    Example:
        >>> to_data({'x': torch.rand(9, 17, 2)}, ('x',))
        Data(x=[17, 9, 2])
    """
    return Data.from_dict(
        {
            name: nodes_first(value).contiguous() if name in keys else value
            for name, value in clip.items()
        }
    )


def to_frames(data: Data, keys: Collection[str]) -> dict[str, Any]:
    r"""The inverse of :func:`to_data`; sequences are views.

    Args:
        data (torch_geometric.data.Data): The clip.
        keys (collection of str): The names of the sequences. Attributes that
            are not tensors of two dimensions or more are left as they are.

    Example:
        >>> to_frames(Data(x=torch.rand(17, 9, 2)), ('x',))['x'].shape
        torch.Size([9, 17, 2])
    """
    return {
        name: frames_first(value)
        if name in keys and isinstance(value, Tensor) and value.dim() > 1
        else value
        for name, value in data.to_dict().items()
    }
