r"""Alignment of poses by a similarity transform."""

import roma
import torch
from torch import Tensor


def similarity_align(pred: Tensor, gt: Tensor) -> Tensor:
    r"""Aligns predicted poses to the ground truth, each by its own rotation,
    translation and scale.

    .. math::
        \min_{s, \mathbf{R}, \mathbf{t}} \sum_{i}
        \lVert s \mathbf{R} \mathbf{p}_i + \mathbf{t} - \mathbf{g}_i
        \rVert_2^2 \quad \text{with} \quad \det \mathbf{R} = 1

    Umeyama's closed form, through :mod:`roma`. Reflections are not allowed:
    a mirrored pose stays wrong. A prediction with all its joints in one
    point has no rotation or scale; it is moved to the centre of :obj:`gt`.

    Args:
        pred (torch.Tensor): Predicted joints :obj:`[..., N, 3]`.
        gt (torch.Tensor): True joints :obj:`[..., N, 3]`, in the same unit.

    Returns:
        torch.Tensor: The aligned prediction :obj:`[..., N, 3]`.

    Example:
        >>> aligned = similarity_align(pred, gt)
        >>> error = (aligned - gt).norm(dim=-1)
    """
    center = pred.mean(dim=-2, keepdim=True)
    target = gt.mean(dim=-2, keepdim=True)
    pred, gt = pred - center, gt - target
    # Joints in one point differ from their mean by rounding errors only.
    rounding = 4 * torch.finfo(pred.dtype).eps * center.abs()
    point = (pred.abs() <= rounding).all(dim=-1).all(dim=-1)[..., None, None]
    # Any pose will do here: the registration must not see zeros.
    pred = torch.where(point, gt, pred)
    rotation, shift, scale = roma.rigid_points_registration(
        pred, gt, compute_scaling=True
    )
    aligned = scale[..., None, None] * pred @ rotation.mT + shift[..., None, :]
    return torch.where(point, target, aligned + target)
