r"""Splits a motion into frequency bands, and describes how strong each is."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_solve_banded, cholesky_banded
from scipy.ndimage import uniform_filter1d

#: Cut-off frequencies in Hz between bands, from high to low.
CUTOFFS = (16.0, 11.0, 8.0, 5.6, 4.0, 2.8, 2.0, 1.4, 1.0, 0.7, 0.5)
#: The cut-offs that a motion can be split at, as shares of its frame rate:
#: faster bands hold nothing, slower ones are numerically unstable.
FASTEST, SLOWEST = 0.35, 1 / 240
ORDER = 3  # of the differences that smoothing penalises: those of jerk
MISSING = 1e-6  # the weight of a missing frame, whose value is interpolated
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
    \mathrm{order}}`.
    """
    return float((2 * np.sin(np.pi * cutoff / fps)) ** (-2 * order))


def split_bands(motion: np.ndarray, weight: np.ndarray, fps: float) -> Bands:
    r"""Splits a motion by smoothing it with ever lower cut-offs.

    Each smoothing is that of Whittaker and Henderson: it minimises
    :math:`\sum_t w_t (x_t - y_t)^2 + \lambda \sum_t (\Delta^3 x_t)^2`, in
    linear time. It does not shift the motion in time, and fills frames of
    the weight :data:`MISSING` by interpolation.

    Args:
        motion (numpy.ndarray): Finite values, arbitrary ones in missing
            frames: ``[T, N, C]``.
        weight (numpy.ndarray): The weights: ``[T, N]``.
        fps (float): Frames per second.

    Example:
        >>> bands = split_bands(pose, np.ones(pose.shape[:2]), fps=25.0)
        >>> bands.slow + bands.bands.sum(axis=0)  # equal to pose
    """
    frames, joints = weight.shape
    order = min(ORDER, frames - 1)
    penalty = difference_penalty(np.ones(frames - order), order)
    cutoffs = np.array(CUTOFFS)
    valid = (cutoffs <= FASTEST * fps) & (cutoffs >= SLOWEST * fps)
    # Joints of the same weights are smoothed at once.
    same = bool((weight == weight[:, :1]).all())
    groups = (
        [slice(None)] if same else [slice(j, j + 1) for j in range(joints)]
    )
    known = weight > MISSING
    motion = _interpolate(motion, known)
    level = motion
    bands = np.zeros((len(CUTOFFS), *motion.shape))
    for k in np.flatnonzero(valid):
        smooth = np.empty(motion.shape)
        for group in groups:
            matrix = penalty_of(cutoffs[k], fps, order) * penalty
            matrix[-1] += weight[:, group][:, 0]
            factor = cholesky_banded(matrix, overwrite_ab=True)
            pulled = weight[:, group, None] * motion[:, group]
            solved = cho_solve_banded(
                (factor, False), pulled.reshape(frames, -1)
            )
            smooth[:, group] = solved.reshape(pulled.shape)
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
    power = np.square(split.bands).mean(axis=-1)  # [K, T, N]
    noise = 0.0
    if split.valid.any():
        noise = float(np.median(power[int(split.valid.argmax())]))
    parts = []
    for band, cutoff in zip(power, CUTOFFS, strict=True):
        period = split.fps / cutoff
        everywhere = _local_mean(band.mean(axis=1), 2 * period)[:, None]
        parts += [
            _local_mean(band, 1.5 * period),
            _local_mean(band, max(2 * split.fps, 6 * period)),
            np.broadcast_to(everywhere, band.shape),
            np.broadcast_to(np.median(band, axis=0), band.shape),
        ]
    out = np.log(np.stack(parts, axis=-1) / max(noise, 1e-12) + 1e-4)
    out = np.where(split.valid.repeat(4), out, 0.0)
    rate = np.full((*out.shape[:2], 1), np.log(split.fps / 25))
    return (np.concatenate([out, rate], axis=-1) / 5).astype(np.float32)


def _local_mean(values: np.ndarray, frames: float) -> np.ndarray:
    r"""The mean over about some frames around each, in linear time."""
    size = max(1, round(frames))
    mean = uniform_filter1d(values, size, axis=0, mode='nearest')
    return uniform_filter1d(mean, size, axis=0, mode='nearest')
