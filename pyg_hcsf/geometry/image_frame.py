r"""The image frame of LCN and SRNet: pixels with a scaled depth."""

from dataclasses import dataclass
from typing import Optional

import torch
from torch import Tensor

from pyg_hcsf.geometry.normalize import denormalize_screen, normalize_screen


@dataclass(frozen=True)
class ImageFrame:
    r"""A pixel frame with depth that keeps perspective.

    With :math:`Z_0` the depth of the root in the camera frame,

    .. math::
        u = f_x \tfrac{X}{Z} + c_x, \quad v = f_y \tfrac{Y}{Z} + c_y, \quad
        d = \rho \, (Z - Z_0), \quad \rho = \tfrac{f_x}{Z_0} + \epsilon

    after which :math:`u, v` are normalised by
    :func:`~pyg_hcsf.geometry.normalize.normalize_screen` and :math:`d` is
    multiplied by a constant. The way back needs :math:`Z_0` and the
    intrinsics, which both papers take from the **ground truth**.

    Cameras are tensors that broadcast as :obj:`[..., 1, 2]` against
    :obj:`[..., N, 3]`; the root depth broadcasts as :obj:`[..., 1]` against
    :obj:`[..., N]`.

    Args:
        ratio_offset (float): :math:`\epsilon` in pixels per millimetre.
        depth_scale (float, optional): The factor on :math:`d`. :obj:`None`
            takes :math:`2 / W`. (default: :obj:`None`)
        size_from_center (bool, optional): Normalise with
            :math:`W = \lfloor 2 c_x \rfloor, H = \lfloor 2 c_y \rfloor`
            instead of the image size. (default: :obj:`False`)

    .. code-block:: python

        target = LCN_FRAME.encode(y, focal, center, image_size, y[..., :1, 2])
        y = LCN_FRAME.decode(target, focal, center, image_size, root_depth)
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
            focal (torch.Tensor): :math:`(f_x, f_y)` in pixels.
            center (torch.Tensor): :math:`(c_x, c_y)` in pixels.
            image_size (torch.Tensor): :math:`(W, H)` in pixels.
            root_depth (torch.Tensor): :math:`Z_0` in millimetres.
        """
        width, height = self._screen(center, image_size, y_cam)
        focal, center = focal.to(y_cam), center.to(y_cam)
        root_depth = root_depth.to(y_cam)
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

        The pixels are those of :obj:`target`, whatever they are: for a
        network that adds its input, noise of the input moves the joints
        sideways by :math:`Z / f` millimetres per pixel.
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


#: LCN: the box of 2000 mm around the root is ``2000 f / Z_0 + 1`` pixels wide
#: (``gendb.py:85-132``), hence 1/2000; depth by 2 / W (``data.py:145-156``).
LCN_FRAME = ImageFrame(ratio_offset=1 / 2000)

#: SRNet ``--norm lcn``: the 1 is added outside of the division
#: (``norm_data.py:45``), depth / 1000 (``cam_utils.py:15-24``), and the
#: screen is ``int(2 c)`` (``norm_data.py:23-27``).
SRNET_FRAME = ImageFrame(
    ratio_offset=1.0, depth_scale=1e-3, size_from_center=True
)
