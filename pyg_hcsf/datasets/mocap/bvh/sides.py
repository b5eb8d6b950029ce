"""Maps the joints of a BVH file to Human3.6M's and finds mirrored rigs."""

from __future__ import annotations

import numpy as np

from pyg_hcsf.datasets.mocap.bvh.reader import BVH
from pyg_hcsf.datasets.mocap.text import JointMap, to_h36m17
from pyg_hcsf.skeleton import H36M17

AHEAD = 0.15  # of a shin, by which a toe or bent knee is ahead


def map_pose(bvh: BVH, joint_map: JointMap) -> tuple[np.ndarray, bool]:
    r"""The 17 joints of Human3.6M in the unit and axes of a file,
    :obj:`[T, 17, 3]`, and whether left and right look exchanged.

    Args:
        bvh (BVH): The file.
        joint_map (Mapping): See
        :func:`pyg_hcsf.datasets.mocap.text.to_h36m17`.

    Example:
        >>> pose, mirrored = map_pose(bvh, DAZ_JOINTS)
    """
    joints = bvh.joint_positions(1.0, 'z')
    pose = to_h36m17(joints, bvh.joints, joint_map)
    return pose, is_mirrored(bvh, joints, pose, joint_map)


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
