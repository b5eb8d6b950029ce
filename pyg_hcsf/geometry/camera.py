r"""A pinhole camera with lens distortion, in millimetres and pixels."""

from dataclasses import dataclass
from typing import Literal, Optional

import roma
import torch
from torch import Tensor

from pyg_hcsf.choices import check_choice

# The distortion models of Human3.6M, and all of them.
Distortion = Literal['vp3d', 'm17']
DISTORTIONS = ('vp3d', 'm17')
Lens = Literal['vp3d', 'm17', 'opencv']
LENSES = ('vp3d', 'm17', 'opencv')

# Newton's method in `Camera.undistort`: the largest number of steps, a step
# whose square is below rounding, and the largest error of a solution.
_MAX_STEPS, _MIN_STEP, _MAX_ERROR = 20, 1e-5, 1e-5


def check_distortion(
    distortion: Optional[str], known: tuple[str, ...] = DISTORTIONS
) -> None:
    r"""Raises a :class:`ValueError` unless :obj:`distortion` is known."""
    choices = (None, *known)  # None is the pinhole model
    check_choice('distortion', distortion, choices)


@dataclass(frozen=True)
class Camera:
    r"""A calibrated camera.

    World frame: right-handed, :math:`z` up, millimetres.
    Camera frame: :math:`x` right, :math:`y` down, :math:`z` forward.
    Pixels: :math:`u` right, :math:`v` down.
    With :math:`\mathbf{R}` the rotation of :obj:`orientation` and
    :math:`\mathbf{t}` its :obj:`translation`,

    .. math::
        \mathbf{x}_{\mathrm{cam}} = \mathbf{R}^{-1}
        (\mathbf{x}_{\mathrm{world}} - \mathbf{t}), \qquad
        (u, v) = \left( f_x \tfrac{X}{Z} + c_x,\;
        f_y \tfrac{Y}{Z} + c_y \right)

    All methods take and return tensors with any leading dimensions, and
    preserve their floating point type and device.

    Args:
        name (str): The name, *e.g.*, :obj:`'54138969'`.
        width (int): The image width in pixels.
        height (int): The image height in pixels.
        focal (tuple): The focal lengths :math:`(f_x, f_y)` in pixels.
        center (tuple): The principal point :math:`(c_x, c_y)` in pixels.
        radial (tuple, optional): The radial distortion
            :math:`(k_1, k_2, k_3)`. (default: no distortion)
        tangential (tuple, optional): The tangential distortion
            :math:`(p_1, p_2)`. (default: no distortion)
        orientation (tuple, optional): The quaternion :math:`(w, x, y, z)`
            whose **inverse** rotates world to camera.
            (default: the identity)
        translation (tuple, optional): The camera centre in the world, in
            millimetres. (default: the origin)

    Example:
        >>> camera = Camera('a', 1000, 1000, (1145., 1145.), (512., 515.))
        >>> camera.project(torch.tensor([[0., 0., 4000.]]))  # [[512., 515.]]
    """

    name: str
    width: int
    height: int
    focal: tuple[float, float]
    center: tuple[float, float]
    radial: tuple[float, float, float] = (0.0, 0.0, 0.0)
    tangential: tuple[float, float] = (0.0, 0.0)
    orientation: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    translation: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        if self.width <= 0 or self.height <= 0:
            raise ValueError(
                f"Expected 'width' and 'height' to be positive pixels "
                f'(got {self.width} and {self.height})'
            )
        if min(self.focal) <= 0:
            raise ValueError(
                f"Expected 'focal' to be positive pixels (got {self.focal})"
            )
        if not any(self.orientation):
            raise ValueError(
                f"Expected 'orientation' to be a quaternion (w, x, y, z) "
                f'other than zero (got {self.orientation})'
            )

    @property
    def image_size(self) -> tuple[int, int]:
        r"""The image size as :obj:`(width, height)` in pixels."""
        return self.width, self.height

    @property
    def rotation(self) -> Tensor:
        r"""The camera-to-world rotation, a :obj:`[3, 3]` float64 matrix."""
        quaternion = torch.tensor(self.orientation, dtype=torch.float64)
        quaternion = roma.quat_wxyz_to_xyzw(quaternion)
        return roma.unitquat_to_rotmat(quaternion / quaternion.norm())

    def world_to_camera(self, x: Tensor) -> Tensor:
        r"""Transforms points from the world to the camera frame.

        Args:
            x (torch.Tensor): World points :obj:`[..., 3]` in millimetres.
        """
        _check_points(x, 'x', 3)
        translation = x.new_tensor(self.translation)
        # Points are rows: x R is the transpose of R^-1 x.
        return (x - translation) @ self.rotation.to(x)

    def camera_to_world(self, x: Tensor) -> Tensor:
        r"""Transforms points from the camera to the world frame.

        Args:
            x (torch.Tensor): Camera points :obj:`[..., 3]` in millimetres.
        """
        _check_points(x, 'x', 3)
        translation = x.new_tensor(self.translation)
        return x @ self.rotation.T.to(x) + translation

    def project(
        self,
        x_cam: Tensor,
        distortion: Optional[Lens] = None,
    ) -> Tensor:
        r"""Projects camera points to pixels.

        With :math:`(x, y) = (X / Z, Y / Z)` and :math:`r^2 = x^2 + y^2`,

        .. math::
            \mathbf{x}^{\prime} = \mathbf{x} \left( 1 + k_1 r^2 + k_2 r^4 +
            k_3 r^6 + c \, \mathbf{q}^{\top} \mathbf{x} \right) +
            \mathbf{q} r^2

        the pixels are :math:`(f_x x^{\prime} + c_x, f_y y^{\prime} + c_y)`,
        with :math:`\mathbf{q} = (p_2, p_1)`, :math:`c = 2` for
        :obj:`'opencv'` (OpenCV's calibration); :math:`\mathbf{q} =
        (p_2, p_1)`, :math:`c = 1` for :obj:`'m17'` (the official Human3.6M
        code); and :math:`\mathbf{q} = (p_1, p_2)`, :math:`c = 1` for
        :obj:`'vp3d'` (VideoPose3D's published keypoints), which also clamps
        :math:`x` and :math:`y` to :math:`[-1, 1]` first.

        Args:
            x_cam (torch.Tensor): Camera points :obj:`[..., 3]` in
                millimetres, all in front of the camera.
            distortion (str, optional): :obj:`'opencv'`, :obj:`'vp3d'`,
                :obj:`'m17'`, or :obj:`None` for the pinhole model.
                (default: :obj:`None`)

        Returns:
            torch.Tensor: Pixels :obj:`[..., 2]`.

        Raises:
            ValueError: If a point lies on or behind the camera plane.
        """
        _check_points(x_cam, 'x_cam', 3)
        check_distortion(distortion, LENSES)
        behind = x_cam[..., 2] <= 0
        if behind.any():
            raise ValueError(
                f"Expected 'x_cam' to lie in front of camera "
                f"'{self.name}' (got {int(behind.sum())} points with depth "
                f'<= 0). Move the points into the camera frame with '
                f"'world_to_camera' first"
            )
        xy = x_cam[..., :2] / x_cam[..., 2:]
        if distortion == 'vp3d':
            xy = xy.clamp(-1, 1)
        if distortion is not None:
            # A point (x, y) as x + iy, as in undistort
            z = torch.view_as_complex(xy.contiguous())
            xy = torch.view_as_real(self._distort(z, distortion)[0])
        return xy * xy.new_tensor(self.focal) + xy.new_tensor(self.center)

    def back_project(self, uv: Tensor, depth: Tensor) -> Tensor:
        r"""Inverts the pinhole projection for known depths :math:`Z`.

        .. math::
            (X, Y) = Z \left( \tfrac{u - c_x}{f_x},\,
            \tfrac{v - c_y}{f_y} \right)

        Args:
            uv (torch.Tensor): Pixels :obj:`[..., 2]`, without distortion.
            depth (torch.Tensor): :math:`Z` of each pixel, :obj:`[...]` in
                millimetres.

        Returns:
            torch.Tensor: Camera points :obj:`[..., 3]` in millimetres.
        """
        _check_points(uv, 'uv', 2)
        depth = depth.unsqueeze(-1)
        xy = (uv - uv.new_tensor(self.center)) / uv.new_tensor(self.focal)
        return torch.cat([xy * depth, depth.expand_as(xy[..., :1])], dim=-1)

    def undistort(self, uv: Tensor, distortion: Lens = 'opencv') -> Tensor:
        r"""Removes the lens distortion of pixels: inverts the distortion of
        :meth:`project` by Newton's method.

        Args:
            uv (torch.Tensor): Pixels :obj:`[..., 2]`.
            distortion (str, optional): See :meth:`project`, without its
                clamping. (default: :obj:`'opencv'`)

        Returns:
            torch.Tensor: Pinhole pixels :obj:`[..., 2]`; NaN far outside of
            the image, where the distortion has no inverse.

        Example:
            >>> lens = Camera('a', 9, 9, (7., 7.), (4., 4.), (-.2, .1, 0.))
            >>> lens.undistort(lens.project(x, 'opencv'))  # lens.project(x)
        """
        _check_points(uv, 'uv', 2)
        check_distortion(distortion, LENSES)
        focal, center = uv.new_tensor(self.focal), uv.new_tensor(self.center)
        # Points (x, y) as complex numbers z = x + iy.
        observed = torch.view_as_complex(((uv - center) / focal).contiguous())
        z = observed
        for _ in range(_MAX_STEPS):
            distorted, gain = self._distort(z, distortion)
            by_z, by_conj = self._derivatives(z, gain, distortion)
            error = distorted - observed
            # The step solves by_z step + by_conj conj(step) = error.
            det = by_z.abs().square() - by_conj.abs().square()
            step = (by_z.conj() * error - by_conj * error.conj()) / det
            z = z - step
            if not bool((step.abs() > _MIN_STEP).any()):
                break
        # Where the distortion has no inverse, there is no solution or one
        # that is mirrored: its gain or its determinant is negative.
        solved = error.abs() < _MAX_ERROR * (1 + observed.abs())
        valid = solved & (gain > 0) & (det > 0)
        xy = torch.view_as_real(z) * focal + center
        return torch.where(valid.unsqueeze(-1), xy, torch.nan)

    def _distort(self, z: Tensor, distortion: Lens) -> tuple[Tensor, Tensor]:
        r"""The distorted point of z = x + iy and the factor on z in it."""
        k1, k2, k3 = self.radial
        q, factor = self._tangential(distortion)
        r2 = (z * z.conj()).real
        gain = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        gain = gain + factor * (q.real * z.real + q.imag * z.imag)
        return z * gain + q * r2, gain

    def _derivatives(
        self, z: Tensor, gain: Tensor, distortion: Lens
    ) -> tuple[Tensor, Tensor]:
        r"""The derivatives of the distorted point by z and by conj(z)."""
        k1, k2, k3 = self.radial
        q, factor = self._tangential(distortion)
        r2 = (z * z.conj()).real
        slope = z * (k1 + r2 * (2 * k2 + r2 * (3 * k3))) + factor / 2 * q
        return gain + z * slope.conj() + q * z.conj(), z * (slope + q)

    def _tangential(self, distortion: Lens) -> tuple[complex, int]:
        r"""The terms q (as a complex number) and c of :meth:`project`."""
        p1, p2 = self.tangential
        q = complex(p1, p2) if distortion == 'vp3d' else complex(p2, p1)
        return q, 2 if distortion == 'opencv' else 1


def _check_points(x: Tensor, name: str, size: int) -> None:
    if x.dim() == 0 or x.size(-1) != size or not x.is_floating_point():
        raise ValueError(
            f"Expected '{name}' to be a floating point tensor of shape "
            f'[..., {size}] (got {x.dtype} {list(x.shape)})'
        )
