r"""Splits a motion into frequency bands, and describes how strong each is."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import solveh_banded
from scipy.ndimage import uniform_filter1d

#: Cut-off frequencies in Hz between bands, from high to low.
CUTOFFS = (16.0, 11.0, 8.0, 5.6, 4.0, 2.8, 2.0, 1.4, 1.0, 0.7, 0.5)
#: The cut-offs that a motion can be split at, as shares of its frame rate:
#: faster bands hold nothing, slower ones are numerically unstable.
FASTEST, SLOWEST = 0.35, 1 / 240
ORDER = 3  # of the differences that smoothing penalises: those of jerk
MISSING = 1e-6  # the weight of a missing frame, whose value is interpolated
#: The lowest weight relative to the penalty: with lower ones over a long gap,
#: the matrix is singular in double precision.
REGULAR = 1e-13
NUM_FEATURES = 4 * len(CUTOFFS) + 1


class Bands(NamedTuple):
    r"""A motion as the sum of its slow part and its bands.

    Args:
        slow (numpy.ndarray): What is slower than all bands: ``[T, N, C]``.
        bands (numpy.ndarray): What lies between the cut-offs, from high to
            low frequency; the first also has what is higher:
            ``[K, T, N, C]``. Bands that the frame rate cannot hold are zero.
        valid (numpy.ndarray): The bands that it can hold: ``[K]``, bool.
        fps (float): Frames per second.
    """

    slow: np.ndarray
    bands: np.ndarray
    valid: np.ndarray
    fps: float


def difference_penalty(weight: np.ndarray, order: int) -> np.ndarray:
    r"""The matrix :math:`\mathbf{D}^{\top} \mathrm{diag}(\mathbf{w})
    \mathbf{D}` of the differences of an order, weighted by
    :math:`\mathbf{w}` ``[T - order]``, in the upper banded form of
    :func:`scipy.linalg.solveh_banded`: ``[order + 1, T]``.
    """
    steps = np.diff(np.eye(order + 1), order, axis=0)[0]
    out = np.zeros((order + 1, len(weight) + order))
    for row in range(order + 1):
        for column in range(row, order + 1):
            above = order - (column - row)
            span = slice(column, column + len(weight))
            out[above, span] += steps[row] * steps[column] * weight
    return out


def penalty_of(cutoff: float, fps: float, order: int) -> float:
    r"""The weight of a difference penalty that halves the amplitude of a
    cut-off frequency: :math:`(2 \sin(\pi f / \mathrm{fps}))^{-2
    \mathrm{order}}`. A video has no frequencies above half of its frame rate,
    which is taken for higher cut-offs.
    """
    share = min(cutoff / fps, 0.5)
    return float((2 * np.sin(np.pi * share)) ** (-2 * order))


def smooth_whittaker(
    motion: np.ndarray, weight: np.ndarray, cutoff: float, fps: float
) -> np.ndarray:
    r"""Smooths a motion by the method of Whittaker and Henderson: minimises
    :math:`\sum_t w_t (x_t - y_t)^2 + \lambda \sum_t (\Delta^3 x_t)^2`, in
    linear time. This does not shift the motion in time, and interpolates
    frames of little weight.

    Args:
        motion (numpy.ndarray): Finite values: ``[T, N, C]``.
        weight (numpy.ndarray): The weights: ``[T, N]``.
        cutoff (float): The frequency in Hz whose amplitude is halved.
        fps (float): Frames per second.
    """
    frames, joints = weight.shape
    order = min(ORDER, frames - 1)
    size = penalty_of(cutoff, fps, order)
    penalty = size * difference_penalty(np.ones(frames - order), order)
    weight = np.maximum(weight, REGULAR * size)
    # Joints of the same weights are smoothed at once.
    same = bool((weight == weight[:, :1]).all())
    groups = (
        [slice(None)] if same else [slice(j, j + 1) for j in range(joints)]
    )
    out = np.empty(motion.shape)
    for group in groups:
        matrix = penalty.copy()
        matrix[-1] += weight[:, group][:, 0]
        pulled = weight[:, group, None] * motion[:, group]
        solved = solveh_banded(
            matrix, pulled.reshape(frames, -1),
            overwrite_ab=True, overwrite_b=True, check_finite=False,
        )  # fmt: skip
        out[:, group] = solved.reshape(pulled.shape)
    return out


def split_bands(motion: np.ndarray, weight: np.ndarray, fps: float) -> Bands:
    r"""Splits a motion by smoothing it with ever lower cut-offs
    (:func:`smooth_whittaker`).

    Args:
        motion (numpy.ndarray): Finite values, arbitrary ones in missing
            frames: ``[T, N, C]``.
        weight (numpy.ndarray): The weights: ``[T, N]``.
        fps (float): Frames per second.

    Example:
        >>> bands = split_bands(pose, np.ones(pose.shape[:2]), fps=25.0)
        >>> bands.slow + bands.bands.sum(axis=0)  # equal to pose
    """
    cutoffs = np.array(CUTOFFS)
    valid = (cutoffs <= FASTEST * fps) & (cutoffs >= SLOWEST * fps)
    known = weight > MISSING
    motion = _interpolate(motion, known)
    level = motion
    bands = np.zeros((len(CUTOFFS), *motion.shape))
    for k in np.flatnonzero(valid):
        smooth = smooth_whittaker(motion, weight, cutoffs[k], fps)
        if level is motion:  # missing frames have no part above the first
            level = np.where(known[..., None], motion, smooth)
        bands[k] = level - smooth
        level = smooth
    return Bands(level, bands, valid, fps)


def _interpolate(motion: np.ndarray, known: np.ndarray) -> np.ndarray:
    r"""Fills missing frames by straight lines, so that they hardly matter."""
    out = motion.copy()
    times = np.arange(len(motion))
    for joint in np.flatnonzero(~known.all(axis=0) & known.any(axis=0)):
        at = known[:, joint]
        for values in out[:, joint].T:
            values[~at] = np.interp(times[~at], times[at], values[at])
    return out


def describe_bands(split: Bands) -> np.ndarray:
    r"""What a network is told about each joint at each time: the logarithms
    of the power of each band, in the surrounding 1.5 and 6 periods, in all
    joints, and in the median frame; relative to the power of the noise, which
    is taken to be the median of the fastest band. Independent of the unit of
    the motion.

    Args:
        split (Bands): From :func:`split_bands`.

    Returns:
        numpy.ndarray: ``[T, N, NUM_FEATURES]``, float32.
    """
    _, frames, joints, _ = split.bands.shape
    out = np.zeros((frames, joints, NUM_FEATURES), np.float32)
    valid = np.flatnonzero(split.valid)
    for k in valid:
        power = np.square(split.bands[k]).mean(axis=-1)  # [T, N]
        if k == valid[0]:
            known = power[power > 0]  # missing frames have none
            noise = max(float(np.median(known)) if len(known) else 0, 1e-12)
        power /= noise
        period = split.fps / CUTOFFS[k]
        near = _local_mean(power, 1.5 * period)
        wide = _local_mean(power, max(2 * split.fps, 6 * period))
        everywhere = _local_mean(power.mean(axis=1), 2 * period)[:, None]
        usual = np.median(power, axis=0)
        for i, part in enumerate((near, wide, everywhere, usual)):
            out[..., 4 * k + i] = np.log(part + 1e-4) / 5
    out[..., -1] = np.log(split.fps / 25) / 5
    return out


def _local_mean(values: np.ndarray, frames: float) -> np.ndarray:
    r"""The mean over about some frames around each, in linear time."""
    size = max(1, round(frames))
    mean = uniform_filter1d(values, size, axis=0, mode='nearest')
    mean = uniform_filter1d(mean, size, axis=0, mode='nearest')
    return np.maximum(mean, 0)  # its running sum has rounding errors
