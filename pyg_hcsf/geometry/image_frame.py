r"""Image coordinates: normalised pixels, and pixels with a scaled depth."""

from dataclasses import dataclass
from typing import Optional, Union

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

    Example:
        >>> normalize_screen(torch.tensor([500., 501.]), 1000, 1002)  # zeros
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

    Example:
        >>> denormalize_screen(torch.zeros(2), 1000, 1002)  # [500., 501.]
    """
    x, y = xy.unbind(dim=-1)
    return torch.stack([(x + 1) * width / 2, (y * width + height) / 2], dim=-1)


@dataclass(frozen=True)
class ImageFrame:
    r"""A coordinate system of pixels and a scaled depth, in which perspective
    is preserved.

    With :math:`(X, Y, Z)` in the camera frame and :math:`Z_0` the depth of
    the root,

    .. math::
        u = f_x \tfrac{X}{Z} + c_x, \quad v = f_y \tfrac{Y}{Z} + c_y, \quad
        d = \rho \, (Z - Z_0), \quad \rho = \tfrac{f_x}{Z_0} + \epsilon

    after which :math:`u, v` are normalised by :func:`normalize_screen` and
    :math:`d` is multiplied by a constant. The inverse needs :math:`Z_0` and
    the intrinsics, which both papers take from the **ground truth**.

    Args:
        ratio_offset (float): :math:`\epsilon` in pixels per millimetre.
        depth_scale (float, optional): The factor on :math:`d`. If
            :obj:`None`, :math:`2 / W` is used. (default: :obj:`None`)
        size_from_center (bool, optional): If set to :obj:`True`, normalises
            with :math:`W = \lfloor 2 c_x \rfloor, H = \lfloor 2 c_y \rfloor`
            instead of the image size. (default: :obj:`False`)

    Example:
        >>> args = focal, center, image_size, root_depth
        >>> y = LCN_FRAME.decode(LCN_FRAME.encode(y, *args), *args)
    """

    ratio_offset: float
    depth_scale: Optional[float] = None
    size_from_center: bool = False

    def encode(
        self,
        y_cam: Tensor,
        focal: Tensor,
        center: Tensor,
        image_size: Tensor,
        root_depth: Tensor,
    ) -> Tensor:
        r"""Maps camera-frame millimetres to the normalised image frame.

        Args:
            y_cam (torch.Tensor): Joints :obj:`[..., N, 3]`.
            focal (torch.Tensor): :math:`(f_x, f_y)` in pixels,
                :obj:`[..., 1, 2]`.
            center (torch.Tensor): :math:`(c_x, c_y)`, likewise.
            image_size (torch.Tensor): :math:`(W, H)`, likewise.
            root_depth (torch.Tensor): :math:`Z_0` in millimetres,
                :obj:`[..., 1]`.
        """
        width, height = self._screen(center, image_size, y_cam)
        focal, center = focal.to(y_cam), center.to(y_cam)
        root_depth = root_depth.to(y_cam)
        # Pinhole projection, then rho (Z - Z_0) as the third coordinate
        uv = y_cam[..., :2] / y_cam[..., 2:] * focal + center
        ratio = focal[..., 0] / root_depth + self.ratio_offset
        depth = (y_cam[..., 2] - root_depth) * ratio * self._scale(width)
        xy = normalize_screen(uv, width, height)
        return torch.cat([xy, depth.unsqueeze(-1)], dim=-1)

    def decode(
        self,
        target: Tensor,
        focal: Tensor,
        center: Tensor,
        image_size: Tensor,
        root_depth: Tensor,
    ) -> Tensor:
        r"""Inverts :meth:`encode`, given the depth of the root.

        :obj:`target` :obj:`[..., N, 3]` is projected back from its own
        pixels. If a network adds its 2D input to its output, an error of one
        pixel in the input moves a joint sideways by :math:`Z / f`
        millimetres. The other arguments are those of :meth:`encode`.
        """
        width, height = self._screen(center, image_size, target)
        focal, center = focal.to(target), center.to(target)
        root_depth = root_depth.to(target)
        ratio = focal[..., 0] / root_depth + self.ratio_offset
        depth = target[..., 2] / (ratio * self._scale(width)) + root_depth
        depth = depth.unsqueeze(-1)
        uv = denormalize_screen(target[..., :2], width, height)
        return torch.cat([(uv - center) / focal * depth, depth], dim=-1)

    def _screen(
        self, center: Tensor, image_size: Tensor, like: Tensor
    ) -> tuple[Tensor, Tensor]:
        size = (2 * center).floor() if self.size_from_center else image_size
        size = size.to(like)
        return size[..., 0], size[..., 1]

    def _scale(self, width: Tensor) -> Tensor:
        if self.depth_scale is None:
            return 2 / width
        return torch.full_like(width, self.depth_scale)


#: LCN. Its box of 2000 mm around the root is ``2000 f / Z_0 + 1`` pixels wide
#: (``gendb.py:85-132``), hence 1/2000; the depth is scaled by 2 / W
#: (``data.py:145-156``).
LCN_FRAME = ImageFrame(ratio_offset=1 / 2000)

#: SRNet with ``--norm lcn``. It adds 1 outside of the division
#: (``norm_data.py:45``), divides the depth by 1000 (``cam_utils.py:15-24``)
#: and takes ``int(2 c)`` as the image size (``norm_data.py:23-27``).
SRNET_FRAME = ImageFrame(
    ratio_offset=1.0, depth_scale=1e-3, size_from_center=True
)
