r"""Euler angles of rotations over time, without jumps."""

import numpy as np

GIMBAL_COSINE = 1e-7  # of the second angle, below which two axes coincide


def euler_angles(rotation: np.ndarray, order: str) -> np.ndarray:
    r"""Intrinsic Euler angles about three different axes.

    In gimbal lock (a second angle of 90 degrees), only the sum or difference
    of the other two is determined: the third keeps its last value.

    Args:
        rotation (numpy.ndarray): Rotations over time: :obj:`[T, 3, 3]`.
        order (str): The axes, such as :obj:`'ZXY'`.

    Returns:
        Radians, the second within :math:`\pm\pi/2`: :obj:`[T, 3]`.
    """
    i, j, k = ('XYZ'.index(axis) for axis in order)
    # R[i, k] is the sine of the second angle, negative for odd permutations.
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    sine = np.clip(sign * rotation[:, i, k], -1.0, 1.0)
    cosine = np.hypot(rotation[:, i, i], rotation[:, i, j])
    first = np.arctan2(-sign * rotation[:, j, k], rotation[:, k, k])
    third = np.arctan2(-sign * rotation[:, i, j], rotation[:, i, i])
    locked = cosine < GIMBAL_COSINE
    if locked.any():
        free = np.where(locked, 0, np.arange(1, len(rotation) + 1))
        last = np.maximum.accumulate(free)  # 0: no free frame yet
        third = np.concatenate([[0.0], third])[last]
        both = np.arctan2(sign * rotation[:, k, j], rotation[:, j, j])
        first = np.where(locked, both - sign * np.sign(sine) * third, first)
    return np.stack([first, np.arctan2(sine, cosine), third], axis=1)


def unwrap_euler(angles: np.ndarray) -> np.ndarray:
    r"""Equivalent Euler angles :obj:`[T, N, 3]` in radians that change as
    little as possible from frame to frame. Other than :func:`numpy.unwrap`,
    it uses that :math:`(a, b, c)` and :math:`(a + \pi, \pi - b, c + \pi)`
    are the same rotation.
    """
    turn = 2 * np.pi
    other = angles + np.pi
    other[..., 1] = np.pi - angles[..., 1]
    both = np.stack([angles, other])  # [2, T, N, 3]
    out = angles.copy()
    joints = np.arange(angles.shape[1])
    for t in range(1, len(angles)):
        # Whole turns bring each candidate next to the frame before.
        near = both[:, t] + turn * np.round((out[t - 1] - both[:, t]) / turn)
        change = np.square(near - out[t - 1]).sum(axis=2)  # [2, N]
        out[t] = near[change.argmin(axis=0), joints]
    return out
