r"""Errors of predicted poses.

Every function takes predicted and true joints as :obj:`[F, N, 3]` tensors in
millimetres: frames, joints, coordinates. Roots are not subtracted; use
:meth:`~pyg_hcsf.protocols.PoseProtocol.align` first.
"""

from typing import Union

import torch
from torch import Tensor

from pyg_hcsf.choices import check_finite
from pyg_hcsf.geometry.procrustes import similarity_align


def joint_errors(pred: Tensor, gt: Tensor) -> Tensor:
    r"""The distance of each joint to the true one.

    .. math::
        e_{t,i} = \lVert \mathbf{p}_{t,i} - \mathbf{g}_{t,i} \rVert_2

    Args:
        pred (torch.Tensor): Predicted joints :obj:`[F, N, 3]` in mm.
        gt (torch.Tensor): True joints :obj:`[F, N, 3]` in mm.

    Returns:
        torch.Tensor: The errors :obj:`[F, N]` in mm.

    Example:
        >>> joint_errors(pred, gt).mean(dim=0)  # per joint
    """
    check_poses(pred, gt)
    return (pred - gt).norm(dim=-1)


def mpjpe(pred: Tensor, gt: Tensor, per_frame: bool = False) -> Tensor:
    r"""The mean per joint position error, "Protocol #1", over all joints
    including the root.

    .. math::
        \mathrm{MPJPE} = \frac{1}{FN} \sum_{t,i}
        \lVert \mathbf{p}_{t,i} - \mathbf{g}_{t,i} \rVert_2

    Args:
        pred (torch.Tensor): Predicted joints :obj:`[F, N, 3]` in mm.
        gt (torch.Tensor): True joints :obj:`[F, N, 3]` in mm.
        per_frame (bool, optional): If set to :obj:`True`, returns the error
            of each frame :obj:`[F]`. (default: :obj:`False`)

    Returns:
        torch.Tensor: The error in mm.

    Raises:
        ValueError: If shapes do not fit or a joint is not finite.

    Example:
        >>> mpjpe(*protocol.align(pred, gt))
    """
    return _reduce(joint_errors(pred, gt), per_frame)


def pa_mpjpe(pred: Tensor, gt: Tensor, per_frame: bool = False) -> Tensor:
    r"""The error after Procrustes alignment of every frame, "Protocol #2".

    .. math::
        \frac{1}{FN} \sum_{t} \min_{s, \mathbf{R}, \mathbf{t}} \sum_{i}
        \lVert s \mathbf{R} \mathbf{p}_{t,i} + \mathbf{t} - \mathbf{g}_{t,i}
        \rVert_2

    where the minimum is that of the *squared* distances, and
    :math:`\mathbf{R}` is a rotation without reflection, as in VideoPose3D's
    ``common/loss.py:27-66``. (LCN's code allows reflections.) See
    :func:`~pyg_hcsf.geometry.similarity_align`.

    Arguments are those of :func:`mpjpe`.

    Example:
        >>> pa_mpjpe(2 * pred + 10, pred)  # 0, up to rounding
    """
    check_poses(pred, gt)
    return _reduce((similarity_align(pred, gt) - gt).norm(dim=-1), per_frame)


def n_mpjpe(pred: Tensor, gt: Tensor, per_frame: bool = False) -> Tensor:
    r"""The error after scaling the prediction of every frame, for poses
    relative to the root.

    .. math::
        \frac{1}{FN} \sum_{t,i} \lVert s_t \mathbf{p}_{t,i} -
        \mathbf{g}_{t,i} \rVert_2, \qquad
        s_t = \frac{\sum_i \langle \mathbf{g}_{t,i}, \mathbf{p}_{t,i}
        \rangle}{\sum_i \langle \mathbf{p}_{t,i}, \mathbf{p}_{t,i} \rangle}

    As in VideoPose3D's ``common/loss.py``. A prediction of zeros stays zero.

    Arguments are those of :func:`mpjpe`.

    Example:
        >>> n_mpjpe(2 * gt, gt)  # 0
    """
    check_poses(pred, gt)
    size = pred.square().sum(dim=(-2, -1), keepdim=True)
    scale = (gt * pred).sum(dim=(-2, -1), keepdim=True)
    # Least squares, with a scale of 0 for a prediction of zeros
    scale = scale / torch.where(size > 0, size, torch.ones_like(size))
    return _reduce((scale * pred - gt).norm(dim=-1), per_frame)


def mpjve(pred: Tensor, gt: Tensor, clip_ids: Tensor) -> Tensor:
    r"""The mean per joint velocity error in **mm per frame**; multiply by
    the frame rate for mm per second.

    .. math::
        \frac{1}{|\mathcal{P}| N} \sum_{t \in \mathcal{P}} \sum_i \lVert
        (\mathbf{p}_{t+1,i} - \mathbf{p}_{t,i}) -
        (\mathbf{g}_{t+1,i} - \mathbf{g}_{t,i}) \rVert_2

    where :math:`\mathcal{P}` are the frames followed by one of the same
    clip. For a single clip as in VideoPose3D's ``common/loss.py``.

    Args:
        pred (torch.Tensor): Predicted joints :obj:`[F, N, 3]` in mm, the
            frames of each clip in order and without gaps.
        gt (torch.Tensor): True joints :obj:`[F, N, 3]` in mm.
        clip_ids (torch.Tensor): The clip (and camera) of each frame
            :obj:`[F]`, as integers.

    Raises:
        ValueError: If no clip has two frames.

    Example:
        >>> mpjve(pred, gt, torch.tensor([0, 0, 0, 1, 1]))
    """
    check_poses(pred, gt)
    if clip_ids.shape != pred.shape[:1]:
        raise ValueError(
            f"Expected 'clip_ids' of shape [{pred.size(0)}], one per frame "
            f'(got {list(clip_ids.shape)})'
        )
    # Velocities across the border of two clips do not count.
    same = (clip_ids[1:] == clip_ids[:-1]).to(pred.device)
    if not same.any():
        raise ValueError(
            f"Expected 'clip_ids' with at least two frames in a row of one "
            f'clip (got {pred.size(0)} frames without)'
        )
    return (pred - gt).diff(dim=0)[same].norm(dim=-1).mean()


def hard_pose_statistics(
    errors: Tensor,
) -> dict[str, Union[float, dict[int, float]]]:
    r"""The error of a method on its hardest poses, from the
    `"Learning Skeletal Graph Neural Networks for Hard 3D Pose Estimation"
    <https://arxiv.org/abs/2108.07181>`_ paper.

    .. math::
        h(q) = \frac{1}{|\mathcal{W}_q|} \sum_{t \in \mathcal{W}_q} e_t

    where :math:`\mathcal{W}_q` are the :math:`\lceil qF/100 \rceil` frames
    with the largest error :math:`e_t`.

    Args:
        errors (torch.Tensor): The error of each frame :obj:`[F]` in mm,
            *e.g.*, from :func:`mpjpe` with :obj:`per_frame=True`.

    Returns:
        dict: :obj:`above_60`, :obj:`above_40` and :obj:`below_30`, the
        percentage of frames with an error strictly above or below so many
        mm; :obj:`worst_5`, :math:`h(5)` in mm; and :obj:`curve`, a
        dictionary from :math:`q = 50, 45, \ldots, 5` to :math:`h(q)` in mm.

    Example:
        >>> hard_pose_statistics(mpjpe(pred, gt, per_frame=True))['worst_5']
    """
    if errors.dim() != 1 or errors.numel() == 0:
        raise ValueError(
            f"Expected 'errors' of shape [F], one per frame (got "
            f'{list(errors.shape)})'
        )
    check_finite("'errors'", errors)
    errors = errors.double().sort(descending=True).values
    curve = {
        # ceil(q F / 100) in integers
        q: float(errors[: -(-q * errors.numel() // 100)].mean())
        for q in range(50, 0, -5)
    }
    return {
        'above_60': 100 * int((errors > 60).sum()) / errors.numel(),
        'above_40': 100 * int((errors > 40).sum()) / errors.numel(),
        'below_30': 100 * int((errors < 30).sum()) / errors.numel(),
        'worst_5': curve[5],
        'curve': curve,
    }


def _reduce(errors: Tensor, per_frame: bool) -> Tensor:
    errors = errors.mean(dim=-1)
    return errors if per_frame else errors.mean()


def check_poses(pred: Tensor, gt: Tensor) -> None:
    r"""Raises a :class:`ValueError` unless both are finite and of the same
    shape :obj:`[F, N, 3]`.
    """
    if pred.shape != gt.shape or pred.dim() != 3 or pred.size(-1) != 3:
        raise ValueError(
            f"Expected 'pred' and 'gt' of one shape [F, N, 3] (got "
            f'{list(pred.shape)} and {list(gt.shape)}). Stored clips are '
            f"[N, T, 3]: transpose them with 'clip.y.transpose(0, 1)'"
        )
    if pred.numel() == 0:
        raise ValueError(
            f"Expected 'pred' to have at least one frame and joint (got "
            f'{list(pred.shape)})'
        )
    check_finite("'pred'", pred)
    check_finite("'gt'", gt)
