r"""The orders of joints in VideoPose3D's files of keypoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from pyg_hcsf.safe_io.shown import shown

#: What stacked hourglass networks find, in MPII's order, to Human3.6M's
#: without Neck/Nose (SemGCN, ``data/prepare_data_2d_h36m_sh.py``).
H36M16_OF_MPII = (6, 2, 1, 0, 3, 4, 5, 7, 8, 9, 13, 14, 15, 12, 11, 10)


class JointOrder(NamedTuple):
    r"""An order of joints.

    Args:
        layout (str): What VideoPose3D calls it in :obj:`layout_name`.
        num_joints (int): The number of joints.
        left, right (tuple[int, ...]): The joints of either side, of which
            :obj:`keypoints_symmetry` consists.
        convert (callable): Turns :obj:`[T, N, 2]` into Human3.6M's order, of
            17 joints or of 16 without Neck/Nose.
    """

    layout: str
    num_joints: int
    left: tuple[int, ...]
    right: tuple[int, ...]
    convert: Callable[[np.ndarray], np.ndarray]


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


def _as_it_is(keypoints: np.ndarray) -> np.ndarray:
    return keypoints


ORDERS = (
    JointOrder(
        *('h36m', 17, (4, 5, 6, 11, 12, 13), (1, 2, 3, 14, 15, 16)),
        _as_it_is,
    ),
    JointOrder(
        *('h36m', 16, (4, 5, 6, 10, 11, 12), (1, 2, 3, 13, 14, 15)),
        _as_it_is,
    ),
    JointOrder(
        *('mpii', 16, (3, 4, 5, 13, 14, 15), (0, 1, 2, 10, 11, 12)),
        lambda keypoints: keypoints[:, H36M16_OF_MPII],
    ),
    JointOrder(
        *('coco', 17, (*range(1, 16, 2),), (*range(2, 17, 2),)),
        _from_coco,
    ),
)


def joint_order(metadata: Any, name: str) -> JointOrder:
    r"""Tells the order of joints of a :obj:`data_2d_h36m_*.npz` by its
    :obj:`metadata`: by :obj:`keypoints_symmetry`, which lists the joints of
    the left and of the right side, or else by :obj:`layout_name` and
    :obj:`num_joints`.

    Args:
        metadata: What the file holds as that.
        name (str): What errors call it.

    Raises:
        ValueError: If there is no such order, or the metadata contradicts
            itself; names file, entry and value.

    Example:
        >>> sides = [[3, 4, 5, 13, 14, 15], [0, 1, 2, 10, 11, 12]]
        >>> joint_order({'keypoints_symmetry': sides}, 'sh.npz').layout
        'mpii'
    """
    if isinstance(metadata, np.ndarray) and metadata.shape == ():
        metadata = metadata.item()
    if not isinstance(metadata, dict):
        metadata = {}
    sides = metadata.get('keypoints_symmetry')
    layout, number = metadata.get('layout_name'), metadata.get('num_joints')
    if sides is None and layout is None:
        raise _unknown(name, 'keypoints_symmetry', sides)
    found = [o for o in ORDERS if sides is None or _is_of(sides, o)]
    if not found:
        raise _unknown(name, 'keypoints_symmetry', sides)
    for key, value, place in (
        ('layout_name', layout, 0),
        ('num_joints', number, 1),
    ):
        if value is not None:
            kind = str if place == 0 else (int, np.integer)
            good = isinstance(value, kind)
            found = [o for o in found if good and o[place] == value]
            if not found:
                raise _unknown(name, key, value)
    if len(found) > 1:
        raise _unknown(name, 'num_joints', number)
    return found[0]


def _is_of(sides: Any, order: JointOrder) -> bool:
    sides = _list(sides, 2)
    return sides is not None and all(
        sorted(_list(side, len(wanted), int) or ()) == list(wanted)
        for side, wanted in zip(sides, (order.left, order.right), strict=True)
    )


def _list(value: Any, length: int, kind: type = object) -> list[Any] | None:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, (list, tuple)) or len(value) != length:
        return None
    values = [v.item() if isinstance(v, np.generic) else v for v in value]
    return values if all(isinstance(v, kind) for v in values) else None


def _unknown(name: str, key: str, value: Any) -> ValueError:
    known = ', '.join(
        f"'{o.layout}' of {o.num_joints} joints with {list(o.left)} left and "
        f'{list(o.right)} right'
        for o in ORDERS
    )
    return ValueError(
        f"Expected 'metadata' of '{name}' to state a known order of joints: "
        f"{known} (got '{key}' {shown(value)}): bring the keypoints into one "
        'of these orders and state it, or get the file again'
    )
