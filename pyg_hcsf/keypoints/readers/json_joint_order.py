r"""Orders joints with names or numbers in JSON as in a layout."""

import numpy as np

from pyg_hcsf.keypoints.detections import JOINT_COUNTS, MAX_JOINTS, Detection
from pyg_hcsf.keypoints.joint_names import match_names
from pyg_hcsf.keypoints.messages import file_error, unexpected
from pyg_hcsf.skeleton import get_skeleton

Names = tuple[str, ...] | None


def order_joints(
    found: list[Detection], names: list[Names], default_layout: str | None
) -> tuple[list[Detection], str | None]:
    r"""Puts joints with names into the order of a layout, or of the numbers
    that are their names; also returns the layout.
    """
    if not any(names):
        return found, None
    union = list(
        dict.fromkeys(n for x in dict.fromkeys(names) for n in x or ())
    )
    if len(union) > MAX_JOINTS or None in names:
        raise file_error('expected the same joints of each person')
    order = match_names(union)
    index = {name: number for number, name in enumerate(union)}
    count = len(union)
    if order is None and all(n.isascii() and n.isdecimal() for n in union):
        index, count = _by_number(union, default_layout)
    ordered = []
    for detection, joint_names in zip(found, names, strict=True):
        joints = np.full((count, 3), [np.nan, np.nan, 0.0])
        joints[[index[n] for n in joint_names or ()]] = detection.joints
        if order is not None:
            joints = order.pick(joints)
        ordered.append(detection._replace(joints=joints))
    if order is None:
        return ordered, None
    order.warn()
    return ordered, order.layout


def _by_number(
    names: list[str], default_layout: str | None
) -> tuple[dict[str, int], int]:
    r"""The index of each joint whose name is its number, from 0 or 1, and how
    many joints there are; a file may lack some of them.
    """
    numbers = {name: int(name[:9]) for name in names}
    first, last = min(numbers.values()), max(numbers.values())
    start = 1 if first == 1 and last in JOINT_COUNTS else 0
    if last >= MAX_JOINTS or len(set(numbers.values())) < len(names):
        expected = f'different numbers of joints below {MAX_JOINTS}'
        raise unexpected(expected, names)
    count = last + 1 - start
    if default_layout is not None:
        count = max(count, get_skeleton(default_layout).num_joints)
    return {name: number - start for name, number in numbers.items()}, count
