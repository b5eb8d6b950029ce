r"""The percentage of correct keypoints (PCK) of MPI-INF-3DHP and its area
under the curve (AUC).
"""

from typing import Literal, NamedTuple, Optional, Sequence

import torch
from torch import Tensor

from pyg_hcsf.choices import check_choice
from pyg_hcsf.metrics.pose import check_poses, joint_errors, mpjpe

PCKVariant = Literal['official', 'srnet', 'graphmlp']


class _Variant(NamedTuple):
    joints: tuple[int, ...]  # in Human3.6M's order
    thresholds: tuple[int, ...]  # of the AUC, in mm


#: Official: ``mpii_get_pck_auc_joint_groups.m``, without pelvis, spine and
#: head; SRNet: ``eval_metrics.py:30-42``; GraphMLP: ``eval_cal.py:10-42``.
_VARIANTS = {
    'official': _Variant(
        (10, 8, 14, 15, 16, 11, 12, 13, 1, 2, 3, 4, 5, 6),
        tuple(range(0, 151, 5)),
    ),
    'srnet': _Variant(tuple(range(17)), tuple(range(0, 151, 5))),
    'graphmlp': _Variant(tuple(range(17)), tuple(range(150))),
}


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

    with the error :math:`e_{t,i}` of :func:`~pyg_hcsf.metrics.joint_errors`.
    :obj:`'official'` averages 14 joints (without pelvis, spine and head);
    :obj:`'srnet'` and :obj:`'graphmlp'` average all 17, where a root that is
    zero in both poses raises the result.

    Args:
        pred (torch.Tensor): Predicted joints :obj:`[F, 17, 3]` in mm, in
            Human3.6M's order, relative to the root.
        gt (torch.Tensor): True joints :obj:`[F, 17, 3]` in mm, likewise.
        threshold (float, optional): :math:`\tau` in mm.
            (default: :obj:`150.0`)
        variant (str, optional): :obj:`'official'`, :obj:`'srnet'` or
            :obj:`'graphmlp'`. (default: :obj:`'official'`)

    Example:
        >>> pck(pred - pred[:, :1], gt - gt[:, :1])
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
    :obj:`'srnet'`; as no error is below 0, a perfect prediction has an AUC of
    :math:`30/31 = 96.8` %. :math:`\mathcal{T} = \{0, 1, \ldots, 149\}` for
    :obj:`'graphmlp'`.

    Args:
        pred (torch.Tensor): Predicted joints :obj:`[F, 17, 3]` in mm, as
            for :func:`pck`.
        gt (torch.Tensor): True joints :obj:`[F, 17, 3]` in mm.
        variant (str, optional): See :func:`pck`.
            (default: :obj:`'official'`)

    Example:
        >>> auc(gt, gt)  # 96.77
    """
    errors = _variant_errors(pred, gt, variant)
    thresholds = errors.new_tensor(_VARIANTS[variant].thresholds)
    # Counts by threshold add up to the same integers in one pass.
    below = torch.bucketize(errors, thresholds, right=True)
    return 100 * (len(thresholds) - below).double().mean() / len(thresholds)


def pck_by_group(
    pred: Tensor,
    gt: Tensor,
    groups: Sequence[str],
    variant: PCKVariant = 'official',
    order: Optional[Sequence[str]] = None,
) -> dict[str, dict[str, float]]:
    r"""The results of MPI-INF-3DHP as in published tables: PCK at 150 mm, AUC
    and MPJPE over the frames of each scene, and over all frames.

    The frames of a scene are pooled, so that TS1 with 603 frames has a larger
    weight in :obj:`'GS'` than TS2 with 540.

    Args:
        pred (torch.Tensor): Predicted joints :obj:`[F, 17, 3]` in mm, in
            Human3.6M's order, relative to the root.
        gt (torch.Tensor): True joints :obj:`[F, 17, 3]` in mm, likewise.
        groups (list[str]): The scene of each frame, of length :obj:`F`.
        variant (str, optional): See :func:`pck`.
            (default: :obj:`'official'`)
        order (list[str], optional): The order of the scenes in the result;
            those without a frame are omitted. (default: as in :obj:`groups`)

    Returns:
        dict: For each scene, and for :obj:`'All'`, a dictionary of :obj:`pck`
        and :obj:`auc` in percent, :obj:`mpjpe` in mm over all 17 joints, and
        the number of :obj:`frames`.

    Raises:
        ValueError: If the length of :obj:`groups` is not :obj:`F`.

    Example:
        >>> pck_by_group(pred, gt, ['GS', 'GS', 'Outdoor'])['Outdoor']['pck']
    """
    check_poses(pred, gt)
    if len(groups) != len(pred):
        raise ValueError(
            f"Expected 'groups' with one name for each of {len(pred)} frames "
            f'(got {len(groups)})'
        )
    names = dict.fromkeys([*(order or ()), *groups])
    # [F] for each scene
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


def _variant_errors(pred: Tensor, gt: Tensor, variant: str) -> Tensor:
    r"""The errors of the joints that a variant averages."""
    check_choice('variant', variant, _VARIANTS)
    errors = joint_errors(pred, gt)
    if errors.size(1) != 17:
        raise ValueError(
            f"Expected 'pred' with 17 joints in Human3.6M's order (got "
            f'{errors.size(1)})'
        )
    return errors[:, list(_VARIANTS[variant].joints)]
