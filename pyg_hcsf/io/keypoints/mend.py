from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from pyg_hcsf.io.keypoints.convert import map_tracks
from pyg_hcsf.io.keypoints.track import Keypoints, Track
from pyg_hcsf.skeleton import get_skeleton

#: What it costs to take one frame exchanged and the next not, and each frame
#: that is exchanged, in sizes of the person: people who turn are exchanged by
#: nobody, and of two ways that move as little, that with fewer exchanges is
#: taken.
CHANGE, EXCHANGED = 0.02, 1e-4
GAP = 10  # frames; after more, what was before tells nothing


def mend_sides(keypoints: Keypoints) -> tuple[Keypoints, int]:
    r"""Exchanges left and right where a detector has taken the one for the
    other for some frames: all joints of a person at once.

    Each frame :math:`\mathbf{x}_t` of a person is taken as it is
    (:math:`s_t = 0`) or exchanged (:math:`s_t = 1`), so that joints move
    least from frame to frame, by dynamic programming:

    .. math::
        \min_{s} \sum_t \tfrac{1}{h_t} \lVert \mathbf{x}_t^{(s_t)} -
        \mathbf{x}_{t+1}^{(s_{t+1})} \rVert + 0.02\, |s_{t+1} - s_t|
        + 10^{-4} s_t

    with the mean distance over the joints that both frames have, and the
    size :math:`h_t` of the person in the image. Which of the two is right
    cannot be seen from motion: it is what most frames are.

    Args:
        keypoints (Keypoints): Those of a video.

    Returns:
        tuple: The keypoints, and in how many frames left and right were
        exchanged.

    Example:
        >>> keypoints, count = mend_sides(read_keypoints('results.json'))
        >>> check_keypoints(keypoints)
    """
    swap = list(get_skeleton(keypoints.layout).mirrored)
    count = 0

    def mend(track: Track) -> Track:
        nonlocal count
        wrong = exchanged_frames(track, swap)
        count += int(wrong.sum())
        xy = np.where(wrong[:, None, None], track.xy[:, swap], track.xy)
        score = np.where(wrong[:, None], track.score[:, swap], track.score)
        return replace(track, xy=xy, score=score)

    return map_tracks(keypoints, mend), count


def exchanged_frames(track: Track, swap: list[int]) -> np.ndarray:
    r"""Where left and right are exchanged.

    Args:
        track (Track): A person.
        swap (list[int]): The joint on the other side of each joint.

    Returns:
        numpy.ndarray: ``[T]``, bool.
    """
    cost, came = np.array([0.0, EXCHANGED]), []
    for step in _steps(track, swap):
        total = cost[:, None] + step
        came.append(total.argmin(axis=0))
        cost = total.min(axis=0) + [0.0, EXCHANGED]
    out = [int(cost.argmin())]
    for before in reversed(came):
        out.append(int(before[out[-1]]))
    return np.array(out[::-1], bool)


def _steps(track: Track, swap: list[int]) -> np.ndarray:
    r"""The cost from each frame to the next: ``[T-1, 2, 2]``."""
    ways = (track.xy, track.xy[:, swap])
    off = track.xy - _mean(track.xy)[:, None]
    size = np.sqrt(_mean(np.square(off).sum(axis=-1)))
    cost = np.zeros((len(track.frames) - 1, 2, 2))
    for a, before in enumerate(ways):
        for b, after in enumerate(ways):
            moved = np.linalg.norm(after[1:] - before[:-1], axis=-1)
            cost[:, a, b] = _mean(moved) / size[1:] + CHANGE * (a != b)
    unknown = ~np.isfinite(cost).all(axis=(1, 2))
    cost[unknown | (np.diff(track.frames) > GAP)] = 0.0
    return cost


def _mean(values: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():  # nothing is seen in some frames
        warnings.simplefilter('ignore', RuntimeWarning)
        return np.nanmean(values, axis=1)
