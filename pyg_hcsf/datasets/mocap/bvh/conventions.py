r"""Infers the conventions of a BVH file: its joints, its unit of length and
its vertical axis.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from pyg_hcsf.skeleton import H36M17

from ..joint_positions import (
    JointMap,
    body_height,
    is_plausible_height,
    to_h36m17,
    unit_of,
    up_axis_of,
)
from .joint_names import split_names
from .reader import BVH
from .rig import Rig, find_rig, sample_frames

# The name and the millimetres of the unit of a family of rigs.
RIG_UNITS = {'MMD': ("MMD's unit of 8 cm", 80.0)}
FORWARD = 0.15  # least distance of a toe or bent knee ahead, in shins


class Conventions(NamedTuple):
    r"""What was inferred about a BVH file."""

    rig: Rig  #: which of its joints are Human3.6M's
    scale: float  #: millimetres per unit of length
    unit: str  #: the name of the unit; empty if the scale was given
    up: str  #: the vertical axis, :obj:`'y'` or :obj:`'z'`
    warnings: tuple[str, ...]  #: guesses that may be wrong


def infer_conventions(
    bvh: BVH,
    joint_map: JointMap | None = None,
    scale: float | None = None,
    up: str | None = None,
) -> Conventions:
    r"""Infers the conventions that are not given, see
    :class:`~pyg_hcsf.datasets.BVHMotion`.

    Args:
        bvh (BVH): The file.
        joint_map (Mapping, optional): A map for
            :func:`~pyg_hcsf.datasets.mocap.to_h36m17`.
            (default: :obj:`None`)
        scale (float, optional): Millimetres per unit of length.
            (default: :obj:`None`)
        up (str, optional): The vertical axis. (default: :obj:`None`)

    Raises:
        ValueError: If the joints or the unit cannot be inferred.

    Example:
        >>> found = infer_conventions(bvh)
        >>> joints = bvh.joint_positions(found.scale, found.up)
        >>> pose = to_h36m17(joints, bvh.joints, found.rig.joint_map)
    """
    rig = find_rig(bvh) if joint_map is None else Rig('', joint_map, False)
    joint_map = rig.joint_map
    some = sample_frames(bvh)
    joints = some.joint_positions(1.0, 'z')  # unit and axes of the file
    pose = to_h36m17(joints, bvh.joints, joint_map)
    warnings = []
    if several := _several_people(bvh, joint_map):
        warnings.append(
            f'there are several {several}: only one person is read'
        )
    if _is_mirrored(bvh, joints, pose, joint_map):
        warnings.append(
            'left and right look exchanged, by where the toes point: check '
            'the names, or whether the axes are left-handed'
        )
    rig_unit = RIG_UNITS.get(rig.name) if scale is None else None
    unit, scale, problem = _infer_unit(body_height(pose), scale, rig_unit)
    warnings += [problem] * bool(problem)
    # The skeleton without its motion.
    rest = replace(bvh, motion=np.zeros_like(bvh.motion[:1]))
    rest_pose = to_h36m17(
        rest.joint_positions(1.0, 'z'), bvh.joints, joint_map
    )
    up, problem = _infer_up_axis(up_axis_of(rest_pose), up_axis_of(pose), up)
    warnings += [problem] * bool(problem)
    return Conventions(rig, scale, unit, up, tuple(warnings))


def _several_people(bvh: BVH, joint_map: JointMap) -> str:
    r"""What indicates several people, :obj:`'roots'` or :obj:`'people'`."""
    if bvh.parents.count(-1) > 1:
        return 'roots'
    split = dict(zip(bvh.joints, split_names(bvh.joints), strict=True))
    number = Counter(split.values())
    limbs = [joint_map[f'{s}{j}'] for s in 'LR' for j in ('Hip', 'Shoulder')]
    twice = all(isinstance(j, str) and number[split[j]] > 1 for j in limbs)
    return 'people' if twice else ''


def _infer_unit(
    height: float, scale: float | None, rig_unit: tuple[str, float] | None
) -> tuple[str, float, str]:
    r"""The name and the millimetres of the unit in which a body has a
    plausible height, and what is wrong with a given scale. The unit of the
    rig is preferred.
    """
    name, unit = unit_of(height) or ('', 0.0)
    if rig_unit and is_plausible_height(height * rig_unit[1]):
        name, unit = rig_unit
    if scale is None:
        if not name:
            raise ValueError(
                'the unit of length is not known: the person is '
                f'{height * 10:,.4g} mm tall if it is centimetres. Pass the '
                "millimetres per unit as 'scale'"
            )
        return name, unit, ''
    if is_plausible_height(height * scale):
        return '', scale, ''
    problem = (
        f'with scale={scale:g} the person is {height * scale:,.0f} mm tall'
    )
    return '', scale, problem + (f'; scale={unit:g} fits' if name else '')


def _infer_up_axis(
    at_rest: str | None, moving: str | None, up: str | None
) -> tuple[str, str]:
    r"""The vertical axis, from those along which the person stands at rest
    and while moving (:obj:`None` if the person lies), and what may be wrong
    with it.
    """
    found = moving or at_rest
    if found is None or up not in (None, found, at_rest):
        up = up or 'y'
        return up, (
            f"the person does not stand along {up}, which is taken as 'up': "
            'check it'
        )
    if up is None and moving and at_rest not in (moving, None):
        return moving, (
            f'the person stands along {moving} while moving and along '
            f"{at_rest} at rest: {moving} is taken as 'up'. Pass "
            f"up='{at_rest}' if this is somebody who lies"
        )
    if up is None and found == 'z' and at_rest is None:
        return 'z', "the person stands along z, which is taken as 'up'"
    return found, ''


def _is_mirrored(
    bvh: BVH, joints: np.ndarray, pose: np.ndarray, joint_map: JointMap
) -> bool:
    r"""Whether the left hip is to the right of the direction in which toes
    and bent knees point. The arguments are all joints, :obj:`[T, J, 3]`, and
    those of Human3.6M, :obj:`[T, 17, 3]`.
    """
    at = {name: pose[:, i] for i, name in enumerate(H36M17.joints)}
    hips = at['LHip'] - at['RHip']
    votes = []
    for side in 'LR':
        hip, knee, foot = (at[f'{side}{j}'] for j in ('Hip', 'Knee', 'Foot'))
        steps = [2 * knee - hip - foot]  # forward, if the knee is bent
        name = joint_map[f'{side}Foot']
        ankle = bvh.joints.index(name) if isinstance(name, str) else -1
        toes = [i for i, parent in enumerate(bvh.parents) if parent == ankle]
        if toes:
            length = _norm(joints[:, toes] - joints[:, [ankle]]).mean(axis=0)
            steps.append(joints[:, toes[length.argmax()]] - joints[:, ankle])
        shin = _norm(knee - foot)
        down = (foot - knee) / np.maximum(shin, 1e-9)[:, None]
        for step in steps:
            # The component of the step that is perpendicular to the shin.
            step = step - (step * down).sum(axis=-1, keepdims=True) * down
            # Up x forward points to the left, as the vector between the hips
            # should.
            left = np.cross(at['Thorax'] - at['Hip'], step)
            cosine = (left * hips).sum(axis=-1) / np.maximum(
                _norm(left) * _norm(hips), 1e-9
            )
            cosine = cosine[_norm(step) > FORWARD * shin]
            if len(cosine):
                votes.append(float(np.median(cosine)))
    return bool(votes) and max(votes) < -0.5


def _norm(vectors: np.ndarray) -> np.ndarray:
    return np.linalg.norm(vectors, axis=-1)
