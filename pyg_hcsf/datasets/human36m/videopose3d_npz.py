r"""Reads VideoPose3D's :obj:`data_3d_h36m.npz` and :obj:`data_2d_h36m_*.npz`
of Human3.6M.

The readers take the content of a file and its name for error messages. They
raise a :class:`ValueError` if the file is damaged or has other content.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pyg_hcsf.datasets.human36m.constants import (
    NUM_CAMERAS,
    SUBJECTS,
    action_of,
    select_joints,
)
from pyg_hcsf.datasets.human36m.videopose3d_joints import joint_order
from pyg_hcsf.datasets.pose_checks import (
    MAX_MM,
    is_array,
    is_credible,
    unexpected,
)
from pyg_hcsf.safe_io.npy import load_npz
from pyg_hcsf.safe_io.shown import explained, shortened

Subjects = dict[str, dict[str, Any]]  # by subject and take


def read_positions_3d(
    content: bytes, name: str
) -> dict[str, dict[str, np.ndarray]]:
    r"""Reads VideoPose3D's :obj:`data_3d_h36m.npz`.

    Returns:
        For each subject and take, such as :obj:`'Directions 1'`, the joints
        :obj:`[T, 17, 3]` in the world frame, z up, in **metres**.

    Example:
        >>> read_positions_3d(content, 'data_3d_h36m.npz')['S9']['Photo 1']
    """
    arrays = load_npz(content, name)
    out: Subjects = {}
    with explained(f"'{name}' is not a data_3d_h36m.npz of VideoPose3D"):
        for subject, takes in _subjects(arrays, 'positions_3d').items():
            out[subject] = {}
            for take, value in takes.items():
                action_of(take)
                joints = _frames(value, (17, 32), 3, f'{subject} {take}')
                largest = np.abs(joints).max()
                if largest > MAX_MM / 1000:
                    raise ValueError(
                        f'expected metres, got a joint at {largest:.0f} in '
                        f'{subject} {take}'
                    )
                out[subject][take] = select_joints(joints)
    return out


def read_positions_2d(
    content: bytes, name: str
) -> dict[str, dict[str, list[np.ndarray]]]:
    r"""Reads VideoPose3D's :obj:`data_2d_h36m_*.npz`.

    The file states its order of joints, see
    :func:`~pyg_hcsf.datasets.human36m.videopose3d_joints.joint_order`, which
    is converted to that of Human3.6M. Stacked hourglass networks
    (:obj:`sh_pt_mpii`, :obj:`sh_ft_h36m`) give 16 joints without Neck/Nose, as
    in SemGCN. Of COCO's joints (:obj:`detectron_pt_coco`), hip, thorax, spine
    and head are the means of their neighbours.

    Returns:
        For each subject and take a list with the keypoints :obj:`[T, 17, 2]`
        or :obj:`[T, 16, 2]` of each camera, in pixels.

    Example:
        >>> x = read_positions_2d(content, 'data_2d_h36m_gt.npz')
        >>> x['S9']['Photo 1'][0].shape
    """
    arrays = load_npz(content, name)
    out: Subjects = {}
    with explained(f"'{name}' is not a data_2d_h36m_*.npz of VideoPose3D"):
        subjects = _subjects(arrays, 'positions_2d')
        order = joint_order(arrays.get('metadata'))
        for subject in subjects.keys() & set(SUBJECTS):  # others have no 3D
            out[subject] = {}
            for take, views in subjects[subject].items():
                where = f'{subject} {shortened(take, 80)}'
                if len(views) != NUM_CAMERAS:
                    raise unexpected(
                        f'keypoints of {NUM_CAMERAS} cameras for {where}',
                        views,
                    )
                frames = [
                    _frames(view, (order.num_joints,), (2, 3), where)
                    for view in views
                ]
                out[subject][take] = [
                    order.to_human36m(view[..., :2]) for view in frames
                ]
    return out


def _subjects(arrays: dict[str, np.ndarray], key: str) -> Subjects:
    value = arrays.get(key)
    if value is None or value.dtype != object or value.shape != ():
        raise unexpected(f"a dictionary '{key}'", sorted(arrays))
    subjects = value.item()
    if (
        not isinstance(subjects, dict)
        or not subjects
        or not all(isinstance(takes, dict) for takes in subjects.values())
        or not all(
            isinstance(text, str)
            for subject, takes in subjects.items()
            for text in (subject, *takes)
        )
    ):
        raise unexpected(f"subjects and their takes as '{key}'", subjects)
    return subjects


def _frames(
    value: Any,
    num_joints: tuple[int, ...],
    channels: int | tuple[int, ...],
    where: str,
) -> np.ndarray:
    if not is_array(value, None, num_joints, channels):
        joints = ' or '.join(map(str, num_joints))
        raise unexpected(f'frames of {joints} joints for {where}', value)
    if not is_credible(value):
        raise ValueError(f'NaN, infinite or huge numbers for {where}')
    return value.astype(np.float32, copy=False)
