r"""Smooths the 2D keypoints of a person, and fills short gaps."""

import numpy as np
from scipy.ndimage import uniform_filter1d

from pyg_hcsf.keypoints.track import Track
from pyg_hcsf.lifting.observation import MIN_SCORE
from pyg_hcsf.lifting.smoothing.bands import MISSING, smooth_whittaker
from pyg_hcsf.lifting.smoothing.networks import BandGains
from pyg_hcsf.lifting.windows import MAX_GAP

#: The confidence of an interpolated joint, relative to its neighbours'.
FILLED = 0.5
#: Keypoints that are this many times as far from the motion below 4 Hz as
#: others around them count as half: detectors sometimes jump.
OUTLIER, OUTLIER_CUTOFF = 3.0, 4.0


def smooth_track(track: Track, fps: float, gains: BandGains) -> Track:
    r"""Smooths the keypoints of a person, and interpolates joints that are
    missing for up to 0.4 s.

    Args:
        track (Track): The keypoints in successive frames, where people who
            are missing have joints of confidence 0.
        fps (float): Frames per second.
        gains (BandGains): The network.
    """
    finite = np.isfinite(track.xy).all(axis=-1)
    seen = finite & (track.score >= MIN_SCORE)
    smooth = gains.smooth(*weigh_keypoints(track.xy, seen, fps), fps)
    score = fill_scores(np.where(seen, track.score, 0.0), MAX_GAP * fps)
    smooth = np.where((score > 0)[..., None], smooth, np.nan)
    return Track(track.name, track.frames, smooth, score)


def weigh_keypoints(
    xy: np.ndarray, seen: np.ndarray, fps: float
) -> tuple[np.ndarray, np.ndarray]:
    r"""Keypoints ``[T, N, 2]`` with zeros where they are not ``seen``
    ``[T, N]``, and their weights for smoothing: ``[T, N]``.
    """
    xy = np.where(seen[..., None], xy, 0.0)
    weight = np.where(seen, outlier_weight(xy, seen, fps), 0.0)
    return xy, weight + MISSING


def outlier_weight(xy: np.ndarray, seen: np.ndarray, fps: float) -> np.ndarray:
    r"""The weight of keypoints ``[T, N, 2]``, less than 1 for those far from
    the smooth motion of their joint, where ``seen`` ``[T, N]``: ``[T, N]``.
    """
    slow = smooth_whittaker(xy, seen + MISSING, OUTLIER_CUTOFF, fps)
    off = np.linalg.norm(xy - slow, axis=-1)
    usual = np.array(
        [
            np.median(values[at]) if at.any() else 0.0
            for values, at in zip(off.T, seen.T, strict=True)
        ]
    )
    off = np.where(seen, off, 0.0)
    # The root mean square of the surrounding second, without outliers.
    size = max(1, round(fps))
    square = np.square(np.minimum(off, OUTLIER * usual))
    total = uniform_filter1d(square, size, axis=0, mode='nearest')
    count = uniform_filter1d(seen * 1.0, size, axis=0, mode='nearest')
    near = np.sqrt(np.maximum(total, 0) / np.maximum(count, 1e-3))
    far = off / np.maximum(OUTLIER * near, 1e-9)
    return 1 / (1 + far**4)


def fill_scores(score: np.ndarray, max_gap: float) -> np.ndarray:
    r"""The confidences ``[T, N]``, with half of the interpolated confidence
    where a joint is missing for up to a number of frames.
    """
    out = score.copy()
    for joint in range(score.shape[1]):
        known = np.flatnonzero(score[:, joint] > 0)
        if len(known) < 2:
            continue
        after = np.searchsorted(known, np.arange(len(score)))
        inside = (after > 0) & (after < len(known))
        gap = np.zeros(len(score))
        gap[inside] = np.diff(known)[after[inside] - 1] - 1
        fill = inside & (score[:, joint] <= 0) & (gap <= max_gap)
        value = np.interp(np.flatnonzero(fill), known, score[known, joint])
        out[fill, joint] = FILLED * value
    return out
