"""Body height, unit of length and vertical axis of a motion capture clip."""

from __future__ import annotations

import numpy as np

from pyg_hcsf.skeleton import H36M17

# Millimetres per unit of length that files are in. Their ratios are so large
# that a body between these heights fits at most one of them.
UNITS = {
    **{'millimetres': 1.0, 'centimetres': 10.0, 'inches': 25.4},
    **{"CMU's unit of 0.45 to an inch": 25.4 / 0.45},
    **{'feet': 304.8, 'metres': 1000.0},
}
HEIGHTS = (1050.0, 2250.0)  # mm, of the chain of bones from foot to head
UPRIGHT = 0.5  # of the length from feet to thorax, along the axis that is up
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
