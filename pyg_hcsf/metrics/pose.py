r"""Errors of predicted poses.

Every function takes predicted and true joints as :obj:`[F, N, 3]` tensors in
millimetres: frames, joints, coordinates. Nothing here subtracts roots unless
it says so; :meth:`~pyg_hcsf.protocols.PoseProtocol.align` does, by protocol.
"""

from typing import Literal, NamedTuple, Optional, Sequence, Union

import torch
from torch import Tensor

from pyg_hcsf.geometry.procrustes import similarity_align

PCKVariant = Literal['official', 'srnet', 'graphmlp']


class _PCK(NamedTuple):
    joints: tuple[int, ...]
    thresholds: tuple[int, ...]


#: Official: ``mpii_get_pck_auc_joint_groups.m``, which leaves out pelvis,
#: spine and head; SRNet: ``eval_metrics.py:30-42``; GraphMLP:
#: ``eval_cal.py:10-42``. Joints in Human3.6M's order.
_PCK_VARIANTS = {
    'official': _PCK(
        (10, 8, 14, 15, 16, 11, 12, 13, 1, 2, 3, 4, 5, 6),
        tuple(range(0, 151, 5)),
    ),
    'srnet': _PCK(tuple(range(17)), tuple(range(0, 151, 5))),
    'graphmlp': _PCK(tuple(range(17)), tuple(range(150))),
}


def joint_errors(pred: Tensor, gt: Tensor) -> Tensor:
    r"""The distance of each joint to the truth.

    .. math::
        e_{t,i} = \lVert \mathbf{p}_{t,i} - \mathbf{g}_{t,i} \rVert_2

    Args:
        pred (torch.Tensor): Predicted joints :obj:`[F, N, 3]` in mm.
        gt (torch.Tensor): True joints :obj:`[F, N, 3]` in mm.

    Returns:
        torch.Tensor: The errors :obj:`[F, N]` in mm.

    .. code-block:: python

        joint_errors(pred, gt).mean(dim=0)  # per joint
    """
    _check(pred, gt)
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
        per_frame (bool, optional): If set, returns :obj:`[F]` instead of
            the mean over frames. (default: :obj:`False`)

    .. code-block:: python

        mpjpe(*protocol.align(pred, gt))
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
    :func:`~pyg_hcsf.geometry.procrustes.similarity_align`.

    Args:
        pred (torch.Tensor): Predicted joints :obj:`[F, N, 3]` in mm.
        gt (torch.Tensor): True joints :obj:`[F, N, 3]` in mm.
        per_frame (bool, optional): If set, returns :obj:`[F]` instead of
            the mean over frames. (default: :obj:`False`)

    .. code-block:: python

        pa_mpjpe(2 * pred + 10, pred)  # 0, up to rounding
    """
    _check(pred, gt)
    return _reduce((similarity_align(pred, gt) - gt).norm(dim=-1), per_frame)


def n_mpjpe(pred: Tensor, gt: Tensor, per_frame: bool = False) -> Tensor:
    r"""The error after scaling the prediction of every frame, for poses
    relative to the root.

    .. math::
        \frac{1}{FN} \sum_{t,i} \lVert s_t \mathbf{p}_{t,i} -
        \mathbf{g}_{t,i} \rVert_2, \qquad
        s_t = \frac{\sum_i \langle \mathbf{g}_{t,i}, \mathbf{p}_{t,i}
        \rangle}{\sum_i \langle \mathbf{p}_{t,i}, \mathbf{p}_{t,i} \rangle}

    As VideoPose3D's ``common/loss.py``. A prediction of zeros stays zero.

    Args:
        pred (torch.Tensor): Predicted joints :obj:`[F, N, 3]` in mm,
            relative to the root.
        gt (torch.Tensor): True joints :obj:`[F, N, 3]` in mm, relative to
            the root.
        per_frame (bool, optional): If set, returns :obj:`[F]` instead of
            the mean over frames. (default: :obj:`False`)

    .. code-block:: python

        n_mpjpe(2 * gt, gt)  # 0
    """
    _check(pred, gt)
    size = pred.square().sum(dim=(-2, -1), keepdim=True)
    scale = (gt * pred).sum(dim=(-2, -1), keepdim=True)
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
    clip. As VideoPose3D's ``common/loss.py``, which is run on one clip.

    Args:
        pred (torch.Tensor): Predicted joints :obj:`[F, N, 3]` in mm, the
            frames of each clip in order and without gaps.
        gt (torch.Tensor): True joints :obj:`[F, N, 3]` in mm.
        clip_ids (torch.Tensor): The clip (and camera) of each frame
            :obj:`[F]`, as integers.

    Raises:
        ValueError: If no clip has two frames.

    .. code-block:: python

        mpjve(pred, gt, torch.tensor([0, 0, 0, 1, 1]))
    """
    _check(pred, gt)
    if clip_ids.shape != pred.shape[:1]:
        raise ValueError(
            f"Expected 'clip_ids' of shape [{pred.size(0)}], one per frame "
            f'(got {list(clip_ids.shape)})'
        )
    same = (clip_ids[1:] == clip_ids[:-1]).to(pred.device)
    if not same.any():
        raise ValueError(
            f"Expected 'clip_ids' with at least two frames in a row of one "
            f'clip (got {pred.size(0)} frames without)'
        )
    return (pred - gt).diff(dim=0)[same].norm(dim=-1).mean()


def pck(
    pred: Tensor,
    gt: Tensor,
    threshold: float = 150.0,
    variant: PCKVariant = 'official',
) -> Tensor:
    r"""The percentage of correct 3D keypoints of MPI-INF-3DHP.

    .. math::
        \mathrm{PCK}_\tau = \frac{100}{F |\mathcal{J}|} \sum_t
        \sum_{i \in \mathcal{J}} [\, e_{t,i} < \tau \,]

    The comparison is strict. :obj:`'official'` averages 14 joints (no
    pelvis, spine and head); :obj:`'srnet'` and :obj:`'graphmlp'` average
    all 17, where a root that is zero in both raises the score.

    Args:
        pred (torch.Tensor): Predicted joints :obj:`[F, 17, 3]` in mm, in
            Human3.6M's order, relative to the root.
        gt (torch.Tensor): True joints :obj:`[F, 17, 3]` in mm, likewise.
        threshold (float, optional): :math:`\tau` in mm.
            (default: :obj:`150.0`)
        variant (str, optional): :obj:`'official'`, :obj:`'srnet'` or
            :obj:`'graphmlp'`. (default: :obj:`'official'`)

    .. code-block:: python

        pck(pred - pred[:, :1], gt - gt[:, :1])
    """
    errors = _variant_errors(pred, gt, variant)
    return 100 * (errors < threshold).double().mean()


def auc(pred: Tensor, gt: Tensor, variant: PCKVariant = 'official') -> Tensor:
    r"""The area under the PCK curve of MPI-INF-3DHP, in percent: the mean of
    :func:`pck` over thresholds.

    .. math::
        \mathrm{AUC} = \frac{1}{|\mathcal{T}|} \sum_{\tau \in \mathcal{T}}
        \mathrm{PCK}_\tau

    :math:`\mathcal{T} = \{0, 5, \ldots, 150\}` for :obj:`'official'` and
    :obj:`'srnet'`; as nothing is below 0, a perfect prediction has
    :math:`30/31 = 96.8`. :math:`\mathcal{T} = \{0, 1, \ldots, 149\}` for
    :obj:`'graphmlp'`.

    Args:
        pred (torch.Tensor): Predicted joints :obj:`[F, 17, 3]` in mm, as
            for :func:`pck`.
        gt (torch.Tensor): True joints :obj:`[F, 17, 3]` in mm.
        variant (str, optional): See :func:`pck`.
            (default: :obj:`'official'`)

    .. code-block:: python

        auc(gt, gt)  # 96.77
    """
    errors = _variant_errors(pred, gt, variant)
    return torch.stack(
        [
            100 * (errors < threshold).double().mean()
            for threshold in _PCK_VARIANTS[variant].thresholds
        ]
    ).mean()


def pck_by_group(
    pred: Tensor,
    gt: Tensor,
    groups: Sequence[str],
    variant: PCKVariant = 'official',
    order: Optional[Sequence[str]] = None,
) -> dict[str, dict[str, float]]:
    r"""The results of MPI-INF-3DHP as its tables have them: PCK at 150 mm,
    AUC and MPJPE for the frames of each scene, and of all frames.

    The frames of a group are pooled, so that TS1 with 603 weighs more in
    :obj:`'GS'` than TS2 with 540.

    Args:
        pred (torch.Tensor): Predicted joints :obj:`[F, 17, 3]` in mm, in
            Human3.6M's order, relative to the root.
        gt (torch.Tensor): True joints :obj:`[F, 17, 3]` in mm, likewise.
        groups (list[str]): The scene of each frame, of length :obj:`F`.
        variant (str, optional): See :func:`pck`.
            (default: :obj:`'official'`)
        order (list[str], optional): The order of groups; those without a
            frame are left out. (default: as they come)

    Returns:
        dict: Of each group, and of :obj:`'All'`, :obj:`pck` and :obj:`auc` in
        percent, :obj:`mpjpe` in mm over all 17 joints, and :obj:`frames`.

    Raises:
        ValueError: If there is not one group for each frame.

    .. code-block:: python

        pck_by_group(pred, gt, ['GS', 'GS', 'Outdoor'])['Outdoor']['pck']
    """
    _check(pred, gt)
    if len(groups) != len(pred):
        raise ValueError(
            f"Expected 'groups' with one name for each of {len(pred)} frames "
            f'(got {len(groups)})'
        )
    names = dict.fromkeys([*(order or ()), *groups])
    masks = {
        name: torch.tensor([group == name for group in groups])
        for name in names
    }
    masks['All'] = torch.ones(len(pred), dtype=torch.bool)
    return {
        name: {
            'pck': float(pck(pred[mask], gt[mask], variant=variant)),
            'auc': float(auc(pred[mask], gt[mask], variant)),
            'mpjpe': float(mpjpe(pred[mask], gt[mask])),
            'frames': int(mask.sum()),
        }
        for name, mask in masks.items()
        if mask.any()
    }


def hard_pose_statistics(
    errors: Tensor,
) -> dict[str, Union[float, dict[int, float]]]:
    r"""How a method does on the poses that are hard for it, from the
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

    .. code-block:: python

        hard_pose_statistics(mpjpe(pred, gt, per_frame=True))['worst_5']
    """
    if errors.dim() != 1 or errors.numel() == 0:
        raise ValueError(
            f"Expected 'errors' of shape [F], one per frame (got "
            f'{list(errors.shape)})'
        )
    if not torch.isfinite(errors).all():
        raise ValueError(
            f"Expected 'errors' to be finite (got "
            f'{int((~torch.isfinite(errors)).sum())} values that are not)'
        )
    errors = errors.double().sort(descending=True).values
    curve = {
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


def _variant_errors(pred: Tensor, gt: Tensor, variant: str) -> Tensor:
    if variant not in _PCK_VARIANTS:
        raise ValueError(
            f"Expected 'variant' to be one of {tuple(_PCK_VARIANTS)} (got "
            f'{variant!r})'
        )
    errors = joint_errors(pred, gt)
    if errors.size(1) != 17:
        raise ValueError(
            f"Expected 'pred' with 17 joints in Human3.6M's order (got "
            f'{errors.size(1)})'
        )
    return errors[:, list(_PCK_VARIANTS[variant].joints)]


def _check(pred: Tensor, gt: Tensor) -> None:
    if pred.shape != gt.shape or pred.dim() != 3 or pred.size(-1) != 3:
        raise ValueError(
            f"Expected 'pred' and 'gt' of one shape [F, N, 3] (got "
            f'{list(pred.shape)} and {list(gt.shape)}). Stored clips are '
            f"[N, T, 3]: 'clip.joints.transpose(0, 1)'"
        )
    if pred.numel() == 0:
        raise ValueError(
            f"Expected 'pred' to have at least one frame and joint (got "
            f'{list(pred.shape)})'
        )
    for name, x in (('pred', pred), ('gt', gt)):
        bad = ~torch.isfinite(x).all(dim=-1)
        if bad.any():
            frame, joint = bad.nonzero()[0].tolist()
            raise ValueError(
                f"Expected '{name}' to be finite (got {int(bad.sum())} "
                f'joints that are not, the first in frame {frame}, joint '
                f'{joint})'
            )
