r"""What images tell of the camera that took them, where joints are known."""

import warnings
from dataclasses import replace

import torch
from torch import Tensor

from pyg_hcsf.geometry.camera import Camera

# A listed camera is kept if points are seen as near to where it says. Another
# one is taken if its focal lengths and centre are as near to the listed ones
# and it leaves less than a share of the error.
_GOOD, _FOCAL, _CENTER, _LEFT = 2.0, 0.01, 6.0, 0.4  # pixels, share, pixels


def fit_pinhole(x_cam: Tensor, uv: Tensor) -> tuple[Tensor, Tensor]:
    r"""Fits the pinhole camera that sees points where they were seen.

    For each axis, the least squares solution of

    .. math::
        Z_i u_i = f_x X_i + c_x Z_i

    Args:
        x_cam (torch.Tensor): Points :obj:`[F, 3]` in the camera's frame in
            millimetres, float64.
        uv (torch.Tensor): Where they were seen, :obj:`[F, 2]` in pixels.

    Returns:
        tuple: The focal lengths and the principal point, :obj:`[2]` each, in
        pixels.

    Raises:
        ValueError: If there are fewer than two directions among the points.

    .. code-block:: python

        focal, center = fit_pinhole(joints[:, 0], keypoints[:, 0])
    """
    depth = x_cam[:, 2]
    focal, center = [], []
    for axis in (0, 1):
        a = torch.stack([x_cam[:, axis], depth], dim=-1)
        gram = a.T @ a
        # Of unit columns: 0 where all points lie in one direction.
        norm = gram.diagonal().prod().clamp(min=1e-300)
        if float(torch.linalg.det(gram) / norm) < 1e-9:
            raise ValueError(
                "Expected 'x_cam' in several directions from the camera (got "
                f'{len(x_cam)} points in one): its focal length does not show'
            )
        f, c = torch.linalg.solve(gram, a.T @ (depth * uv[:, axis])).unbind()
        focal.append(f)
        center.append(c)
    return torch.stack(focal), torch.stack(center)


def fit_scale(
    root: Tensor,
    relative: Tensor,
    uv: Tensor,
    focal: Tensor,
    center: Tensor,
) -> Tensor:
    r"""Fits the size of poses whose roots are known to what a camera saw.

    The least squares solution :math:`s` of

    .. math::
        (u_i - c_x)(Z + s\, z_i) = f_x (X + s\, x_i)

    and of the same for :math:`v`.

    Args:
        root (torch.Tensor): The roots :obj:`[F, 1, 3]` in the camera's frame
            in millimetres, float64.
        relative (torch.Tensor): The joints from there, up to a common factor:
            :obj:`[F, N, 3]`.
        uv (torch.Tensor): Where they were seen, :obj:`[F, N, 2]` in pixels.
        focal (torch.Tensor): :obj:`[2]` in pixels.
        center (torch.Tensor): :obj:`[2]` in pixels.

    Returns:
        torch.Tensor: The factor, a scalar.

    .. code-block:: python

        joints = root + fit_scale(root, relative, uv, *camera) * relative
    """
    ray = uv - center
    a = ray * relative[..., 2:] - focal * relative[..., :2]
    b = focal * root[..., :2] - ray * root[..., 2:]
    return (a * b).sum() / a.square().sum().clamp(min=1e-12)


def refine_pinhole(
    camera: Camera, x_cam: Tensor, uv: Tensor, where: str
) -> Camera:
    r"""Corrects a listed camera by where points were seen.

    If the points are seen more than 2 pixels (median) from where the camera
    projects them, and a camera whose focal lengths are within 1 % and whose
    centre is within 6 pixels leaves less than 0.4 of that, it is taken in its
    place with a warning.

    Args:
        camera (Camera): The listed camera.
        x_cam (torch.Tensor): Points :obj:`[F, 3]` in the camera's frame in
            millimetres, float64.
        uv (torch.Tensor): Where they were seen, :obj:`[F, 2]` in pixels.
        where (str): What the warning calls them.

    Returns:
        Camera: The camera to take.

    .. code-block:: python

        camera = refine_pinhole(camera, joints, keypoints, 'TS3')
    """

    def error(other: Camera) -> float:
        return float((other.project(x_cam) - uv).norm(dim=-1).median())

    if (listed := error(camera)) <= _GOOD:
        return camera
    try:
        (fx, fy), (cx, cy) = (v.tolist() for v in fit_pinhole(x_cam, uv))
    except ValueError:
        return camera
    near = all(
        abs(new / old - 1) <= _FOCAL
        for new, old in zip((fx, fy), camera.focal, strict=True)
    ) and all(
        abs(new - old) <= _CENTER
        for new, old in zip((cx, cy), camera.center, strict=True)
    )
    if not near:
        return camera
    fitted = replace(camera, focal=(fx, fy), center=(cx, cy))
    if (found := error(fitted)) >= _LEFT * listed:
        return camera
    warnings.warn(
        f'The keypoints of {where} are {listed:.1f} pixels from the '
        'projections of its joints by the camera that is listed for it, and '
        f'{found:.1f} by one with focal lengths {fx:.2f}, {fy:.2f} and centre '
        f'{cx:.2f}, {cy:.2f}, which is taken instead',
        stacklevel=2,
    )
    return fitted
