r"""Puts joints that have names or numbers in JSON into the order of a layout."""

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
    if order is None and all(name.isdecimal() for name in union):
        union = _numbers(union, default_layout)
    index = {name: number for number, name in enumerate(union)}
    ordered = []
    for detection, joint_names in zip(found, names, strict=True):
        joints = np.full((len(union), 3), [np.nan, np.nan, 0.0])
        joints[[index[n] for n in joint_names or ()]] = detection.joints
        if order is not None:
            joints = order.pick(joints)
        ordered.append(detection._replace(joints=joints))
    if order is None:
        return ordered, None
    order.warn()
    return ordered, order.layout


def _numbers(names: list[str], default_layout: str | None) -> list[str]:
    r"""The numbers of all joints, from 0 or 1, if joints are named by their
    numbers; a file may lack some of them.
    """
    numbers = sorted(int(name[:9]) for name in names)
    first, last = int(numbers[0] == 1), numbers[-1]
    first *= last in JOINT_COUNTS
    if last >= MAX_JOINTS:
        raise unexpected(f'numbers of joints below {MAX_JOINTS}', last)
    if default_layout is not None:
        last = max(last, get_skeleton(default_layout).num_joints - 1 + first)
    return [str(number) for number in range(first, last + 1)]
