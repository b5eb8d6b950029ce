from __future__ import annotations

import numpy as np

GIMBAL = 1e-7  # the cosine below which two of the axes are one


def euler_angles(rotation: np.ndarray, order: str) -> np.ndarray:
    r"""Angles about three different axes, each of the frame that those before
    it have turned.

    Where the second is a right angle, and only the sum or difference of the
    others matters, the third stays as it was in the frame before.

    Args:
        rotation (numpy.ndarray): A motion: :obj:`[T, 3, 3]`.
        order (str): The axes, such as :obj:`'ZXY'`.

    Returns:
        Radians, the second of at most a right angle: :obj:`[T, 3]`.

    Example:
        >>> euler_angles(np.eye(3)[None], 'ZXY')
        array([[0., 0., 0.]])
    """
    i, j, k = ('XYZ'.index(axis) for axis in order)
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    sine = np.clip(sign * rotation[:, i, k], -1.0, 1.0)
    cosine = np.hypot(rotation[:, i, i], rotation[:, i, j])
    first = np.arctan2(-sign * rotation[:, j, k], rotation[:, k, k])
    third = np.arctan2(-sign * rotation[:, i, j], rotation[:, i, i])
    locked = cosine < GIMBAL
    if locked.any():
        free = np.where(locked, 0, np.arange(1, len(rotation) + 1))
        last = np.maximum.accumulate(free)  # 0: not yet
        third = np.concatenate([[0.0], third])[last]
        both = np.arctan2(sign * rotation[:, k, j], rotation[:, j, j])
        side = sign * np.sign(sine)
        first = np.where(locked, both - side * third, first)
    return np.stack([first, np.arctan2(sine, cosine), third], axis=1)


def continuous(angles: np.ndarray) -> np.ndarray:
    r"""The same rotations by angles that change as little as may be from
    frame to frame.

    Args:
        angles (numpy.ndarray): Radians about three different axes:
            :obj:`[T, N, 3]`.

    Example:
        >>> continuous(np.radians([[[179, 0, 0]], [[-179, 0, 0]]]))  # 181
    """
    turn = 2 * np.pi
    other = angles + np.pi  # the same rotation the other way round
    other[..., 1] = np.pi - angles[..., 1]
    both = np.stack([angles, other])  # [2, T, N, 3]
    out = angles.copy()
    joints = np.arange(angles.shape[1])
    for t in range(1, len(angles)):
        near = both[:, t] + turn * np.round((out[t - 1] - both[:, t]) / turn)
        change = np.square(near - out[t - 1]).sum(axis=2)
        out[t] = near[change.argmin(axis=0), joints]
    return out
