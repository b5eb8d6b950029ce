r"""Orders of joints in VideoPose3D's :obj:`data_2d_h36m_*.npz`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pyg_hcsf.safe_io.shown import shown

#: Joints of stacked hourglass networks, in MPII's order, that are Human3.6M's
#: without Neck/Nose (SemGCN, ``data/prepare_data_2d_h36m_sh.py``).
H36M16_OF_MPII = (6, 2, 1, 0, 3, 4, 5, 7, 8, 9, 13, 14, 15, 12, 11, 10)


class JointOrder(NamedTuple):
    r"""An order of joints.

    Args:
        layout (str): Its name in the entry :obj:`layout_name`.
        num_joints (int): The number of joints.
        left, right (tuple[int, ...]): The joints of each side, in the entry
            :obj:`keypoints_symmetry`.
    """

    layout: str
    num_joints: int
    left: tuple[int, ...]
    right: tuple[int, ...]

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


def _from_coco(coco: np.ndarray) -> np.ndarray:
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
    found = [o for o in ORDERS if sides is None or _has_sides(o, sides)]
    if not found or (sides is None and layout is None):
        raise _unknown('keypoints_symmetry', sides)
    if layout is not None:
        known = isinstance(layout, str)
        found = [o for o in found if known and o.layout == layout]
        if not found:
            raise _unknown('layout_name', layout)
    if number is not None:
        known = isinstance(number, (int, np.integer))
        found = [o for o in found if known and o.num_joints == number]
    if len(found) != 1:
        raise _unknown('num_joints', number)
    return found[0]


def _has_sides(order: JointOrder, sides: Any) -> bool:
    sides = _to_list(sides)
    return len(sides) == 2 and all(
        len(side) == len(expected)
        and all(isinstance(joint, (int, np.integer)) for joint in side)
        and sorted(side) == list(expected)
        for side, expected in zip(
            map(_to_list, sides), (order.left, order.right), strict=True
        )
    )


def _to_list(value: Any) -> list[Any]:
    if isinstance(value, np.ndarray) and value.ndim:
        value = value.tolist()
    return list(value) if isinstance(value, (list, tuple)) else []


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
