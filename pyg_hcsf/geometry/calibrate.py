r"""Least-squares calibration of cameras from joints and their keypoints."""

import warnings
from dataclasses import replace

import torch
from torch import Tensor

from pyg_hcsf.geometry.camera import Camera

# Limits of `refine_pinhole`: the listed camera is kept up to this median
# error (pixels). A fitted one replaces it if its focal lengths (relative) and
# its centre (pixels) are this close to the listed ones, and if it leaves less
# than this share of the error.
_MAX_ERROR, _MAX_FOCAL_CHANGE, _MAX_CENTER_CHANGE = 2.0, 0.01, 6.0
_MAX_ERROR_LEFT = 0.4


def fit_pinhole(x_cam: Tensor, uv: Tensor) -> tuple[Tensor, Tensor]:
    r"""Fits the focal lengths and the principal point of a pinhole camera to
    points and their projections.

    For each axis, the least-squares solution of

    .. math::
        Z_i u_i = f_x X_i + c_x Z_i

    Args:
        x_cam (torch.Tensor): Points :obj:`[F, 3]` in the camera frame in
            millimetres, float64.
        uv (torch.Tensor): Their observed projections :obj:`[F, 2]` in pixels.

    Returns:
        tuple: The focal lengths and the principal point, :obj:`[2]` each, in
        pixels.

    Raises:
        ValueError: If all points lie in one direction from the camera.

    Example:
        >>> focal, center = fit_pinhole(joints[:, 0], keypoints[:, 0])
    """
    depth = x_cam[:, 2:].expand(-1, 2)
    a = torch.stack([x_cam[:, :2], depth], dim=-1).transpose(0, 1)  # [2, F, 2]
    gram = a.mT @ a  # of the normal equations of u and of v
    # The determinant for columns of unit length, 0 for one direction.
    norm = gram.diagonal(dim1=1, dim2=2).prod(dim=1).clamp(min=1e-300)
    if float((torch.linalg.det(gram) / norm).min()) < 1e-9:
        raise ValueError(
            "Expected 'x_cam' in several directions from the camera (got "
            f'{len(x_cam)} points in one), as the focal length cannot be '
            'determined otherwise'
        )
    right = a.mT @ (depth * uv).T.unsqueeze(-1)  # [2, 2, 1]
    focal, center = torch.linalg.solve(gram, right).squeeze(-1).unbind(dim=1)
    return focal, center


def fit_scale(
    root: Tensor,
    relative: Tensor,
    uv: Tensor,
    focal: Tensor,
    center: Tensor,
) -> Tensor:
    r"""Fits the scale of root-relative poses, whose roots are known, to their
    keypoints.

    The least-squares solution :math:`s` of

    .. math::
        (u_i - c_x)(Z + s\, z_i) = f_x (X + s\, x_i)

    and of the same for :math:`v`.

    Args:
        root (torch.Tensor): The roots :math:`(X, Y, Z)` in the camera frame
            in millimetres, :obj:`[F, 1, 3]`, float64.
        relative (torch.Tensor): The joints :math:`(x_i, y_i, z_i)` relative
            to the root up to a common factor, :obj:`[F, N, 3]`.
        uv (torch.Tensor): The keypoints :obj:`[F, N, 2]` in pixels.
        focal (torch.Tensor): :obj:`[2]` in pixels.
        center (torch.Tensor): :obj:`[2]` in pixels.

    Returns:
        torch.Tensor: The factor, a scalar.

    Example:
        >>> joints = root + fit_scale(root, relative, uv, *camera) * relative
    """
    # (u - c)(Z + s z) = f (X + s x) is a s = b for each keypoint and axis.
    ray = uv - center
    a = ray * relative[..., 2:] - focal * relative[..., :2]
    b = focal * root[..., :2] - ray * root[..., 2:]
    return (a * b).sum() / a.square().sum().clamp(min=1e-12)


def refine_pinhole(
    camera: Camera, x_cam: Tensor, uv: Tensor, where: str
) -> Camera:
    r"""Corrects the intrinsics of a listed camera from points and their
    projections.

    A camera fitted by :func:`fit_pinhole` replaces the listed one, with a
    warning, if the median reprojection error of the listed one is above 2
    pixels, if the fitted one has focal lengths within 1 % and a centre within
    6 pixels of the listed values, and if it reduces the error to less than
    40 %.

    Args:
        camera (Camera): The listed camera.
        x_cam (torch.Tensor): Points :obj:`[F, 3]` in the camera frame in
            millimetres, float64.
        uv (torch.Tensor): Their observed projections :obj:`[F, 2]` in pixels.
        where (str): The name of the recording in the warning.

    Returns:
        Camera: The camera to use.

    Example:
        >>> camera = refine_pinhole(camera, joints, keypoints, 'TS3')
    """

    def error(other: Camera) -> float:
        return float((other.project(x_cam) - uv).norm(dim=-1).median())

    if (listed := error(camera)) <= _MAX_ERROR:
        return camera
    try:
        (fx, fy), (cx, cy) = (v.tolist() for v in fit_pinhole(x_cam, uv))
    except ValueError:
        return camera
    (fx0, fy0), (cx0, cy0) = camera.focal, camera.center
    close = (
        abs(fx / fx0 - 1) <= _MAX_FOCAL_CHANGE
        and abs(fy / fy0 - 1) <= _MAX_FOCAL_CHANGE
        and abs(cx - cx0) <= _MAX_CENTER_CHANGE
        and abs(cy - cy0) <= _MAX_CENTER_CHANGE
    )
    if not close:  # also where the fit is NaN
        return camera
    fitted = replace(camera, focal=(fx, fy), center=(cx, cy))
    if (found := error(fitted)) >= _MAX_ERROR_LEFT * listed:
        return camera
    warnings.warn(
        f'The keypoints of {where} are {listed:.1f} pixels from the '
        'projections of its joints by the camera that is listed for it, and '
        f'{found:.1f} by one with focal lengths {fx:.2f}, {fy:.2f} and centre '
        f'{cx:.2f}, {cy:.2f}, which is used instead',
        stacklevel=2,
    )
    return fitted
