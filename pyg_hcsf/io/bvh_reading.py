"""How a BVH file is read of which nothing is known."""

from __future__ import annotations

import json
from typing import NamedTuple

from pyg_hcsf.io.bvh import BVH
from pyg_hcsf.io.bvh_body import body_height, map_pose, unit_of, up_of
from pyg_hcsf.io.bvh_rig import Rig, find_rig, sample
from pyg_hcsf.io.mocap import JointMap


class Reading(NamedTuple):
    r"""How a file is read.

    Args:
        rig (Rig): Its joints.
        scale (float): Millimetres per unit.
        unit (str): The name of the unit, empty if it was given.
        up (str): The axis that points up.
        warnings (tuple[str, ...]): What its owner should know.
    """

    rig: Rig
    scale: float
    unit: str
    up: str
    warnings: tuple[str, ...]


def plan_reading(
    bvh: BVH,
    joint_map: JointMap | None = None,
    scale: float | None = None,
    up: str | None = None,
) -> Reading:
    r"""Finds out what is not given: the joints, the unit and the axis that
    points up, see
    :class:`pyg_hcsf.datasets.BVHMotion`.

    Raises:
        ValueError: If the joints or the unit cannot be found out.
    """
    said = []
    rig = find_rig(bvh) if joint_map is None else Rig('', joint_map, False)
    if rig.guessed:
        text = json.dumps(rig.joint_map, ensure_ascii=False)
        said.append(
            'the rig is not known, and its joints were guessed: check them '
            f'and pass them as joint_map: {text}'
        )
    if bvh.parents.count(-1) > 1:
        said.append('there are several roots: only one person is read')
    few = sample(bvh)
    pose, mirrored = map_pose(few, rig.joint_map)
    if mirrored:
        said.append(
            'left and right look exchanged, by where the toes point: check '
            'the names, or whether the axes are left-handed'
        )
    height = body_height(pose)
    unit = unit_of(height)
    if scale is None and unit is None:
        raise ValueError(
            'the unit of length is not known: the person is '
            f'{height * 10:.0f} mm tall if it is centimetres. Pass the '
            "millimetres per unit as 'scale'"
        )
    name, fits = unit or ('', 0.0)
    if scale is not None and scale != fits:
        name = ''
        if unit_of(height * scale) != ('millimetres', 1.0):
            remedy = f'; scale={fits:g} fits' if unit else ''
            said.append(
                f'with scale={scale:g} the person is {height * scale:.0f} mm '
                f'tall{remedy}'
            )
    seen = up_of(pose)
    if seen is not None and up is None and seen != 'y':
        said.append("the person stands along z, which is taken as 'up'")
    if seen is None or up not in (None, seen):
        said.append(
            f'the person does not stand along {up or "y"}, which is taken as '
            "'up': check it"
        )
    return Reading(rig, scale or fits, name, up or seen or 'y', tuple(said))
