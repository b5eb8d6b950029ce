r"""Reads VideoPose3D's :obj:`data_3d_h36m.npz` and :obj:`data_2d_h36m_*.npz`
of Human3.6M.

Each reader takes the content of a file, and the name of the file, which it
uses in error messages. It raises a :class:`ValueError` if the file is damaged
or has other content.
"""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np

from pyg_hcsf.datasets.pose_checks import (
    MAX_MM,
    is_array,
    is_credible,
    unexpected,
)
from pyg_hcsf.safe_io.npy import load_npz
from pyg_hcsf.safe_io.shown import explained, shortened, shown

from .constants import NUM_CAMERAS, SUBJECTS, action_of, select_joints

Subjects = dict[str, dict[str, Any]]  # by subject and take
#: Joints of stacked hourglass networks, in MPII's order, that are Human3.6M's
#: without Neck/Nose (SemGCN, ``data/prepare_data_2d_h36m_sh.py``).
H36M16_OF_MPII = (6, 2, 1, 0, 3, 4, 5, 7, 8, 9, 13, 14, 15, 12, 11, 10)


class JointOrder(NamedTuple):
    r"""An order of joints."""

    layout: str  #: its name in the entry :obj:`layout_name`
    num_joints: int
    #: The joints of each side, in the entry :obj:`keypoints_symmetry`.
    left: tuple[int, ...]
    right: tuple[int, ...]

    @property
    def sides(self) -> list[list[int]]:
        r"""Left and right joints, as :obj:`keypoints_symmetry` has them."""
        return [[*self.left], [*self.right]]

    def to_human36m(self, x: np.ndarray) -> np.ndarray:
        r"""Converts :obj:`[T, N, 2]` to Human3.6M's order of 17 joints, or of
        16 without Neck/Nose.
        """
        if self.layout == 'coco':
            return _from_coco(x)
        return x[:, H36M16_OF_MPII] if self.layout == 'mpii' else x


ORDERS = (
    JointOrder('h36m', 17, (4, 5, 6, 11, 12, 13), (1, 2, 3, 14, 15, 16)),
    JointOrder('h36m', 16, (4, 5, 6, 10, 11, 12), (1, 2, 3, 13, 14, 15)),
    JointOrder('mpii', 16, (3, 4, 5, 13, 14, 15), (0, 1, 2, 10, 11, 12)),
    JointOrder('coco', 17, tuple(range(1, 16, 2)), tuple(range(2, 17, 2))),
)


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

    The file states its order of joints, see :func:`joint_order`, which is
    converted to that of Human3.6M. Stacked hourglass networks
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
                frames = (
                    _frames(view, (order.num_joints,), (2, 3), where)
                    for view in views
                )
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


def _from_coco(coco: np.ndarray) -> np.ndarray:
    # COCO has no hip, spine, thorax and head: means of their neighbours.
    out = np.empty_like(coco)
    out[:, (9, 11, 12, 13)] = coco[:, (0, 5, 7, 9)]  # nose, left arm
    out[:, (14, 15, 16)] = coco[:, (6, 8, 10)]
    out[:, (1, 2, 3)] = coco[:, (12, 14, 16)]  # right leg
    out[:, (4, 5, 6)] = coco[:, (11, 13, 15)]
    out[:, 0] = coco[:, (11, 12)].mean(axis=1)
    out[:, 8] = coco[:, (5, 6)].mean(axis=1)
    out[:, 7] = (out[:, 0] + out[:, 8]) / 2
    out[:, 10] = coco[:, (1, 2)].mean(axis=1)  # between the eyes
    return out


def joint_order(metadata: Any) -> JointOrder:
    r"""Finds the order of joints that the :obj:`metadata` of a
    :obj:`data_2d_h36m_*.npz` states by :obj:`keypoints_symmetry`, the lists
    of left and right joints, or else by :obj:`layout_name` and
    :obj:`num_joints`. Raises a :class:`ValueError` if it is unknown.

    Example:
        >>> sides = [[3, 4, 5, 13, 14, 15], [0, 1, 2, 10, 11, 12]]
        >>> joint_order({'keypoints_symmetry': sides}).layout
        'mpii'
    """
    if isinstance(metadata, np.ndarray) and metadata.shape == ():
        metadata = metadata.item()
    if not isinstance(metadata, dict):
        metadata = {}
    sides = metadata.get('keypoints_symmetry')
    layout, number = metadata.get('layout_name'), metadata.get('num_joints')
    # Each entry that the file has must agree; together they leave one order.
    stated = _sorted_sides(sides)
    found = [o for o in ORDERS if sides is None or o.sides == stated]
    if not found or (sides is None and layout is None):
        raise _unknown('keypoints_symmetry', sides)
    if layout is not None:
        known = isinstance(layout, str)  # others may not be comparable
        found = [o for o in found if known and o.layout == layout]
        if not found:
            raise _unknown('layout_name', layout)
    if number is not None:
        known = isinstance(number, (int, np.integer))
        found = [o for o in found if known and o.num_joints == number]
    if len(found) != 1:
        raise _unknown('num_joints', number)
    return found[0]


def _sorted_sides(sides: Any) -> list[list[int]]:
    try:
        pair = sides if len(sides) == 2 else ()
        return [sorted(map(operator.index, side)) for side in pair]
    except (TypeError, ValueError):  # no lists of whole numbers
        return []


def _unknown(key: str, value: Any) -> ValueError:
    known = ', '.join(
        f"'{o.layout}' of {o.num_joints} joints with {list(o.left)} left and "
        f'{list(o.right)} right'
        for o in ORDERS
    )
    return ValueError(
        f"expected 'metadata' with a known order of joints: {known}, got "
        f"'{key}' {shown(value)}: bring the keypoints into one of these orders"
    )
