r"""Joint positions of motion capture clips: selecting the joints of Human3.6M,
turning the vertical axis, and the height, unit and up axis of a body.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Union

import numpy as np

from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import H36M17

# For each Human3.6M joint the name of a joint of the file, or several names
# for the point midway between them.
JointMap = Mapping[str, Union[str, tuple[str, ...]]]
SHOWN = 100  # joints named in an error
CHUNK = 2**17  # rotations computed at a time, 72 bytes each

# Millimetres per unit of length. The units differ so much that a body within
# the height limits fits at most one of them.
UNITS = {
    'millimetres': 1.0,
    'centimetres': 10.0,
    'inches': 25.4,
    "CMU's unit of 0.45 to an inch": 25.4 / 0.45,
    'feet': 304.8,
    'metres': 1000.0,
}
HEIGHTS = (1050.0, 2250.0)  # mm, see body_height
UPRIGHT = 0.5  # least component of the vector from feet to thorax that is up


def positions_in_chunks(
    forward: Callable[[np.ndarray], np.ndarray],
    motion: np.ndarray,
    joints: int,
) -> np.ndarray:
    r"""Applies forward kinematics to chunks of frames, :obj:`[t, channels]`
    to :obj:`[t, joints, 3]`, which bounds the memory for rotations.
    """
    out = np.empty((len(motion), joints, 3))
    step = max(1, CHUNK // joints)
    for i in range(0, len(out), step):
        out[i : i + step] = forward(motion[i : i + step])
    return out


def z_up(positions: np.ndarray, up: str = 'y') -> np.ndarray:
    r"""Rotates positions :obj:`[..., 3]` about the x-axis so that the axis
    :obj:`up`, :obj:`'y'` or :obj:`'z'`, becomes z.
    """
    if up not in ('y', 'z'):
        raise ValueError(f"Expected 'up' to be 'y' or 'z' (got '{up}')")
    if up == 'z':
        return positions
    return positions[..., [0, 2, 1]] * np.array([1.0, -1.0, 1.0])


def to_h36m17(
    positions: np.ndarray, joints: tuple[str, ...], joint_map: JointMap
) -> np.ndarray:
    r"""Selects the 17 joints of Human3.6M.

    Args:
        positions (numpy.ndarray): All joints, of shape :obj:`[T, J, 3]`.
        joints (tuple[str, ...]): Their names.
        joint_map (Mapping): For each of the 17 joints, in any order, the name
            of one joint, or several names for the point midway between them.

    Returns:
        The joints in the order of :obj:`~pyg_hcsf.skeleton.H36M17`, of shape
        :obj:`[T, 17, 3]`.

    Raises:
        ValueError: If the keys of the map are not the 17 joints, or a value
            is not the name of a joint.

    Example:
        >>> asf = read_asf('01.asf')
        >>> pose = asf.joint_positions(read_amc('01_01.amc', asf))
        >>> pose = to_h36m17(pose, asf.joints, ASF_JOINTS)  # [T, 17, 3]
    """
    if set(joint_map) != set(H36M17.joints):
        raise ValueError(
            f"Expected 'joint_map' to have the keys {list(H36M17.joints)} "
            f'(got {shown([*joint_map])})'
        )
    number = {name: i for i, name in enumerate(joints)}
    out = np.empty((len(positions), H36M17.num_joints, 3))
    for i, target in enumerate(H36M17.joints):
        entry = joint_map[target]
        names = [entry] if isinstance(entry, str) else list(entry)
        missing = [name for name in names if name not in number]
        if missing or not names:
            raise ValueError(
                f"Expected 'joint_map' to name joints of the file (got "
                f"{shown(missing)} for '{target}'); it has "
                f'{", ".join(shown(name) for name in joints[:SHOWN])}'
            )
        out[:, i] = positions[:, [number[n] for n in names]].mean(axis=1)
    return out


def body_height(pose: np.ndarray) -> float:
    r"""The median length of the bones from foot to head, through a leg and
    the trunk. It does not depend on the posture.

    Args:
        pose (numpy.ndarray): The joints of Human3.6M in any unit, of shape
            :obj:`[T, 17, 3]`.
    """
    parents = np.array(H36M17.parents)
    lengths = np.linalg.norm(pose[:, 1:] - pose[:, parents[1:]], axis=-1)
    bones = dict(
        zip(H36M17.joints[1:], np.median(lengths, axis=0), strict=True)
    )
    # Both legs are summed, and halved below.
    legs = sum(bones[f'{s}{j}'] for s in 'LR' for j in ('Knee', 'Foot'))
    trunk = sum(bones[j] for j in ('Spine', 'Thorax', 'Neck', 'Head'))
    return float(legs / 2 + trunk)


def is_plausible_height(height: float) -> bool:
    r"""Whether a :func:`body_height` in millimetres is that of a person."""
    return HEIGHTS[0] <= height < HEIGHTS[1]


def unit_of(height: float) -> tuple[str, float] | None:
    r"""The name and the millimetres of the unit in which a
    :func:`body_height` is plausible; :obj:`None` if there is none.

    Example:
        >>> unit_of(160.0)
        ('centimetres', 10.0)
    """
    for name, unit in UNITS.items():
        if is_plausible_height(height * unit):
            return name, unit
    return None


def up_axis_of(pose: np.ndarray) -> str | None:
    r"""The axis, :obj:`'y'` or :obj:`'z'`, along which a person stands for
    most of a clip :obj:`[T, 17, 3]`; :obj:`None` if neither, as for somebody
    who lies.
    """
    at = {name: pose[:, i] for i, name in enumerate(H36M17.joints)}
    body = at['Thorax'] - (at['LFoot'] + at['RFoot']) / 2
    body = body / np.maximum(np.linalg.norm(body, axis=1, keepdims=True), 1e-9)
    # The largest component decides, if it is large enough.
    along = np.median(body, axis=0)
    for up, axis in (('y', 1), ('z', 2)):
        if along[axis] == np.abs(along).max() > UPRIGHT:
            return up
    return None
