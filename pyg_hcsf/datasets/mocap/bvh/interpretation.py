"""How a BVH file is read of which nothing is known."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from pyg_hcsf.datasets.mocap.body import HEIGHTS, body_height, unit_of, up_of
from pyg_hcsf.datasets.mocap.bvh.joint_names import split_names
from pyg_hcsf.datasets.mocap.bvh.reader import BVH
from pyg_hcsf.datasets.mocap.bvh.rig import Rig, find_rig, sample
from pyg_hcsf.datasets.mocap.bvh.sides import map_pose
from pyg_hcsf.datasets.mocap.text import JointMap

# The name and millimetres of the unit of a family of rigs.
OWN_UNITS = {'MMD': ("MMD's unit of 8 cm", 80.0)}


class Reading(NamedTuple):
    r"""How a file is read.

    Args:
        rig (Rig): Its joints.
        scale (float): Millimetres per unit.
        unit (str): The name of the unit, empty if it was given.
        up (str): The axis that points up.
        notes (tuple[str, ...]): What is doubtful.
    """

    rig: Rig
    scale: float
    unit: str
    up: str
    notes: tuple[str, ...]


def plan_reading(
    bvh: BVH,
    joint_map: JointMap | None = None,
    scale: float | None = None,
    up: str | None = None,
) -> Reading:
    r"""Finds out what is not given: the joints, the unit and the axis that
    points up, see :class:`pyg_hcsf.datasets.BVHMotion`.

    Args:
        bvh (BVH): The file.
        joint_map (Mapping, optional): See
            :func:`pyg_hcsf.datasets.mocap.text.to_h36m17`. (default:
            :obj:`None`)
        scale (float, optional): Millimetres per unit.
            (default: :obj:`None`)
        up (str, optional): The axis that points up. (default: :obj:`None`)

    Raises:
        ValueError: If the joints or the unit cannot be found out.

    Example:
        >>> plan = plan_reading(bvh)
        >>> joints = bvh.joint_positions(plan.scale, plan.up)
        >>> pose = to_h36m17(joints, bvh.joints, plan.rig.joint_map)
    """
    rig = find_rig(bvh) if joint_map is None else Rig('', joint_map, False)
    notes = []
    pose, mirrored = map_pose(sample(bvh), rig.joint_map)
    if several := _several(bvh, rig.joint_map):
        notes.append(f'there are several {several}: only one person is read')
    if mirrored:
        notes.append(
            'left and right look exchanged, by where the toes point: check '
            'the names, or whether the axes are left-handed'
        )
    own = OWN_UNITS.get(rig.name) if scale is None else None
    unit, scale, note = _scale(body_height(pose), scale, own)
    notes += note
    up, note = _up(bvh, pose, rig.joint_map, up)
    return Reading(rig, scale, unit, up, (*notes, *note))


def _several(bvh: BVH, joint_map: JointMap) -> str:
    r"""What shows that there may be several people, or nothing."""
    if bvh.parents.count(-1) > 1:
        return 'roots'
    split = dict(zip(bvh.joints, split_names(bvh.joints), strict=True))
    number = Counter(split.values())
    limbs = [joint_map[f'{s}{j}'] for s in 'LR' for j in ('Hip', 'Shoulder')]
    twice = all(isinstance(j, str) and number[split[j]] > 1 for j in limbs)
    return 'people' * twice


def _scale(
    height: float, scale: float | None, own: tuple[str, float] | None = None
) -> tuple[str, float, tuple[str, ...]]:
    r"""The unit of a person of this height, its length in millimetres, and
    what is wrong with the one that was given. A unit of the rig's own goes
    before others that fit.
    """
    name, fits = unit_of(height) or ('', 0.0)
    if own and HEIGHTS[0] <= height * own[1] < HEIGHTS[1]:
        name, fits = own
    if scale is None and not name:
        raise ValueError(
            'the unit of length is not known: the person is '
            f'{height * 10:,.4g} mm tall if it is centimetres. Pass the '
            "millimetres per unit as 'scale'"
        )
    if scale is None:
        return name, fits, ()
    tall = height * scale
    if HEIGHTS[0] <= tall < HEIGHTS[1]:
        return '', scale, ()
    remedy = f'; scale={fits:g} fits' if name else ''
    note = f'with scale={scale:g} the person is {tall:,.0f} mm tall{remedy}'
    return '', scale, (note,)


def _up(
    bvh: BVH, pose: np.ndarray, joint_map: JointMap, up: str | None
) -> tuple[str, tuple[str, ...]]:
    r"""The axis that points up: along which the person stands, or would at
    rest; and what is doubtful about it.
    """
    rest = replace(bvh, motion=np.zeros_like(bvh.motion[:1]))
    at_rest = up_of(map_pose(rest, joint_map)[0])
    moving = up_of(pose)
    found = moving or at_rest  # nobody stands who lies
    if found is None or up not in (None, found, at_rest):
        return up or 'y', (
            f'the person does not stand along {up or "y"}, which is taken as '
            "'up': check it",
        )
    if up is None and moving and at_rest not in (moving, None):
        return moving, (
            f'the person stands along {moving} while moving and along '
            f"{at_rest} at rest: {moving} is taken as 'up'. Pass "
            f"up='{at_rest}' if this is somebody who lies",
        )
    if up is None and found == 'z' and at_rest is None:
        return 'z', ("the person stands along z, which is taken as 'up'",)
    return found, ()
