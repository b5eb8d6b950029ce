"""The size of a person in a file, which way is up, and left and right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyg_hcsf.io.mocap import JointMap, to_h36m17
from pyg_hcsf.skeleton import H36M17

if TYPE_CHECKING:
    from pyg_hcsf.io.bvh import BVH

# Millimetres per unit of length that files are in. Their ratios are so large
# that a body between these heights fits at most one of them.
UNITS = {
    **{'millimetres': 1.0, 'centimetres': 10.0, 'inches': 25.4},
    **{"CMU's unit of 0.45 to an inch": 25.4 / 0.45},
    **{'feet': 304.8, 'metres': 1000.0},
}
HEIGHTS = (1050.0, 2250.0)  # mm, of the chain of bones from foot to head
UPRIGHT = 0.5  # of the length from feet to thorax, along the axis that is up
AHEAD = 0.15  # of a shin, by which a toe or bent knee is ahead
_UP = {'y': 1, 'z': 2}


def body_height(pose: np.ndarray) -> float:
    r"""The length of a leg, the trunk and the head of a person in any
    posture.

    Args:
        pose (numpy.ndarray): The 17 joints of Human3.6M, in any unit, of
            shape :obj:`[T, 17, 3]`.

    Example:
        >>> body_height(dataset[0].pos.transpose(0, 1).numpy())
    """
    parents = np.array(H36M17.parents)
    bones = np.linalg.norm(pose[:, 1:] - pose[:, parents[1:]], axis=-1)
    bones = dict(zip(H36M17.joints[1:], np.median(bones, axis=0), strict=True))
    legs = sum(bones[f'{s}{j}'] for s in 'LR' for j in ('Knee', 'Foot'))
    trunk = sum(bones[j] for j in ('Spine', 'Thorax', 'Neck', 'Head'))
    return float(legs / 2 + trunk)


def unit_of(height: float) -> tuple[str, float] | None:
    r"""The unit in which a person is as tall as people are, and its length
    in millimetres; :obj:`None` if there is none.

    Args:
        height (float): See :func:`body_height`, in the unit.

    Example:
        >>> unit_of(160.0)
        ('centimetres', 10.0)
    """
    for name, unit in UNITS.items():
        if HEIGHTS[0] <= height * unit < HEIGHTS[1]:
            return name, unit
    return None


def up_of(pose: np.ndarray) -> str | None:
    r"""The axis along which a person stands for most of a clip; :obj:`None`
    if it is neither y nor z, as of somebody who lies.

    Args:
        pose (numpy.ndarray): The 17 joints of Human3.6M in the axes of the
            file, of shape :obj:`[T, 17, 3]`.

    Example:
        >>> up_of(pose)
        'y'
    """
    at = {name: pose[:, i] for i, name in enumerate(H36M17.joints)}
    body = at['Thorax'] - (at['LFoot'] + at['RFoot']) / 2
    body = body / np.maximum(np.linalg.norm(body, axis=1, keepdims=True), 1e-9)
    along = np.median(body, axis=0)
    for up, axis in _UP.items():
        if along[axis] == np.abs(along).max() > UPRIGHT:
            return up
    return None


def is_mirrored(
    bvh: BVH, joints: np.ndarray, pose: np.ndarray, joint_map: JointMap
) -> bool:
    r"""Whether the left hip is to the right of somebody who looks where toes
    point and bent knees are.

    Args:
        bvh (BVH): The file.
        joints (numpy.ndarray): All its joints: :obj:`[T, J, 3]`.
        pose (numpy.ndarray): The 17 joints of Human3.6M: :obj:`[T, 17, 3]`.
        joint_map (Mapping): Where these are in the file.

    Example:
        >>> joints = bvh.joint_positions()
        >>> pose = to_h36m17(joints, bvh.joints, DAZ_JOINTS)
        >>> is_mirrored(bvh, joints, pose, DAZ_JOINTS)
        False
    """
    at = {name: pose[:, i] for i, name in enumerate(H36M17.joints)}
    hips = at['LHip'] - at['RHip']
    votes = []
    for side in 'LR':
        hip, knee, foot = (at[f'{side}{j}'] for j in ('Hip', 'Knee', 'Foot'))
        steps = [2 * knee - hip - foot]  # ahead, of a bent knee
        below = joint_map[f'{side}Foot']
        number = bvh.joints.index(below) if isinstance(below, str) else -1
        toes = [i for i, parent in enumerate(bvh.parents) if parent == number]
        if toes:
            long = _length(joints[:, toes] - joints[:, [number]]).mean(axis=0)
            steps.append(joints[:, toes[long.argmax()]] - joints[:, number])
        size = _length(knee - foot)
        for step in steps:
            down = (foot - knee) / np.maximum(size, 1e-9)[:, None]
            step = step - (step * down).sum(axis=-1, keepdims=True) * down
            left = np.cross(at['Thorax'] - at['Hip'], step)
            share = (left * hips).sum(axis=-1) / np.maximum(
                _length(left) * _length(hips), 1e-9
            )
            share = share[_length(step) > AHEAD * size]
            if len(share):
                votes.append(float(np.median(share)))
    return bool(votes) and max(votes) < -0.5


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.linalg.norm(vectors, axis=-1)


def map_pose(bvh: BVH, joint_map: JointMap) -> tuple[np.ndarray, bool]:
    r"""The 17 joints of Human3.6M in the unit and axes of a file,
    :obj:`[T, 17, 3]`, and whether left and right look exchanged.

    Args:
        bvh (BVH): The file.
        joint_map (Mapping): See :func:`pyg_hcsf.io.mocap.to_h36m17`.

    Example:
        >>> pose, mirrored = map_pose(bvh, DAZ_JOINTS)
    """
    joints = bvh.joint_positions(1.0, 'z')
    pose = to_h36m17(joints, bvh.joints, joint_map)
    return pose, is_mirrored(bvh, joints, pose, joint_map)
