r"""Screen normalisation: pixels to coordinates of about -1 to 1."""

from typing import Union

import torch
from torch import Tensor

Length = Union[int, float, Tensor]


def normalize_screen(uv: Tensor, width: Length, height: Length) -> Tensor:
    r"""Maps pixels to screen coordinates, keeping the aspect ratio.

    .. math::
        x_n = \frac{2 u}{W} - 1, \qquad y_n = \frac{2 v}{W} - \frac{H}{W}

    Both coordinates are divided by the **width** (VideoPose3D
    ``common/camera.py:14-18``, LCN ``tools/data.py:93-113``).

    Args:
        uv (torch.Tensor): Pixels :obj:`[..., 2]`.
        width (float or torch.Tensor): The image width in pixels; a tensor
            must broadcast against :obj:`uv[..., 0]`.
        height (float or torch.Tensor): The image height, likewise.

    .. code-block:: python

        normalize_screen(torch.tensor([500., 501.]), 1000, 1002)  # [0., 0.]
    """
    u, v = uv.unbind(dim=-1)
    return torch.stack([2 * u / width - 1, (2 * v - height) / width], dim=-1)


def denormalize_screen(xy: Tensor, width: Length, height: Length) -> Tensor:
    r"""Inverts :func:`normalize_screen`.

    Args:
        xy (torch.Tensor): Screen coordinates :obj:`[..., 2]`.
        width (float or torch.Tensor): The image width in pixels; a tensor
            must broadcast against :obj:`xy[..., 0]`.
        height (float or torch.Tensor): The image height, likewise.

    .. code-block:: python

        denormalize_screen(torch.zeros(2), 1000, 1002)  # [500., 501.]
    """
    x, y = xy.unbind(dim=-1)
    return torch.stack([(x + 1) * width / 2, (y * width + height) / 2], dim=-1)
