r"""Reads VideoPose3D's :obj:`data_3d_h36m.npz` and :obj:`data_2d_h36m_*.npz`
of Human3.6M.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
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
from pyg_hcsf.safe_io.shown import cause, shortened, shown


def read_positions_3d(
    content: bytes, name: str
) -> dict[str, dict[str, np.ndarray]]:
    r"""Reads VideoPose3D's :obj:`data_3d_h36m.npz`.

    Args:
        content (bytes): The file.
        name (str): The name of the file for error messages.

    Returns:
        For each subject and take, such as :obj:`'Directions 1'`, the joints
        :obj:`[T, 17, 3]` in the world frame, z up, in **metres**.

    Raises:
        ValueError: If the file is damaged or has other content.

    Example:
        >>> read_positions_3d(content, 'data_3d_h36m.npz')['S9']['Photo 1']
    """
    subjects = _takes(load_npz(content, name), 'positions_3d', name)
    out: dict[str, dict[str, np.ndarray]] = {}
    for subject, takes in subjects.items():
        out[subject] = {}
        for take, value in takes.items():
            try:
                action_of(take)
            except ValueError as e:
                raise ValueError(f"{cause(e)}, in '{name}'") from e
            where = f'{subject} {take}'
            joints = _frames(value, (17, 32), (3,), where, name)
            if np.abs(joints).max() > MAX_MM / 1000:
                raise ValueError(
                    f"Expected metres in '{name}' (got a joint at "
                    f'{np.abs(joints).max():.0f} in {where})'
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

    Args:
        content (bytes): The file.
        name (str): The name of the file for error messages.

    Returns:
        For each subject and take a list with the keypoints :obj:`[T, 17, 2]`
        or :obj:`[T, 16, 2]` of each camera, in pixels.

    Raises:
        ValueError: If the file is damaged, has other content or states no
            known order of joints.

    Example:
        >>> x = read_positions_2d(content, 'data_2d_h36m_gt.npz')
        >>> x['S9']['Photo 1'][0].shape
    """
    arrays = load_npz(content, name)
    subjects = _takes(arrays, 'positions_2d', name)
    order = joint_order(arrays.get('metadata'), name)
    out: dict[str, dict[str, list[np.ndarray]]] = {}
    for subject in subjects.keys() & set(SUBJECTS):  # the others have no 3D
        out[subject] = {}
        for take, views in subjects[subject].items():
            where = f'{subject} {shortened(take, 80)}'
            if isinstance(views, np.ndarray) and views.ndim:
                views = list(views)
            if (
                not isinstance(views, (list, tuple))
                or len(views) != NUM_CAMERAS
            ):
                raise unexpected(
                    f'keypoints of {NUM_CAMERAS} cameras for {where}',
                    views,
                    name,
                )
            out[subject][take] = [
                order.convert(frames[..., :2])
                for frames in (
                    _frames(view, (order.num_joints,), (2, 3), where, name)
                    for view in views
                )
            ]
    return out


def _takes(
    arrays: Mapping[str, np.ndarray], key: str, name: str
) -> dict[str, dict[str, Any]]:
    value = arrays.get(key)
    if value is None or value.dtype != object or value.shape != ():
        raise ValueError(
            f"Expected a dictionary '{key}' in '{name}', as VideoPose3D "
            f'writes it (got {shown(sorted(arrays))})'
        )
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
        raise unexpected(f"subjects and their takes as '{key}'", value, name)
    return subjects


def _frames(
    value: Any,
    num_joints: tuple[int, ...],
    channels: tuple[int, ...],
    where: str,
    name: str,
) -> np.ndarray:
    shapes = [(None, *shape) for shape in product(num_joints, channels)]
    if not any(is_array(value, *shape) for shape in shapes):
        raise unexpected(
            f'frames of {" or ".join(map(str, num_joints))} joints with '
            f'{channels[0]} numbers each for {where}',
            value,
            name,
        )
    if not is_credible(value):
        raise ValueError(
            f'Expected finite numbers of at most a million for {where} in '
            f"'{name}' (got NaN, infinity or larger ones): get it again"
        )
    return value.astype(np.float32, copy=False)
