from __future__ import annotations

from dataclasses import replace
from typing import Optional

import numpy as np

from pyg_hcsf.keypoints.checks.evidence import mean_seen
from pyg_hcsf.keypoints.convert import map_tracks
from pyg_hcsf.keypoints.track import Keypoints, Track
from pyg_hcsf.skeleton import get_skeleton

#: What it costs to take one frame exchanged and the next not, and each frame
#: that is exchanged, in sizes of the person (root mean squares of the joints
#: about their mean): nobody who turns is exchanged, and of two ways that move
#: as little, that with fewer exchanges is taken.
CHANGE, EXCHANGED = 0.02, 1e-4
SURE = 1000 * EXCHANGED  # the most that is remembered of a live stream
GAP = 10  # frames; after more, what was before tells nothing


def fix_side_swaps(keypoints: Keypoints) -> tuple[Keypoints, int]:
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
        >>> keypoints, count = fix_side_swaps(read_keypoints('results.json'))
        >>> check_keypoints(keypoints)
    """
    swap = list(get_skeleton(keypoints.layout).mirrored)
    count = 0

    def fix_side_swaps(track: Track) -> Track:
        nonlocal count
        wrong = swapped_frames(track, swap)
        count += int(wrong.sum())
        xy = np.where(wrong[:, None, None], track.xy[:, swap], track.xy)
        score = np.where(wrong[:, None], track.score[:, swap], track.score)
        return replace(track, xy=xy, score=score)

    return map_tracks(keypoints, fix_side_swaps), count


def swapped_frames(track: Track, swap: list[int]) -> np.ndarray:
    r"""Where left and right are exchanged.

    Args:
        track (Track): A person.
        swap (list[int]): The joint on the other side of each joint.

    Returns:
        numpy.ndarray: ``[T]``, bool.
    """
    cost, came = np.array([0.0, EXCHANGED]), []
    for step in step_costs(track.frames, track.xy, swap):
        total = cost[:, None] + step
        came.append(total.argmin(axis=0))
        cost = total.min(axis=0) + [0.0, EXCHANGED]
    out = [int(cost.argmin())]
    for before in reversed(came):
        out.append(int(before[out[-1]]))
    return np.array(out[::-1], bool)


class LiveSideSwapFixer:
    r"""Does what :func:`fix_side_swaps` does for one person as frames come: each
    is exchanged if that costs less up to it, and nothing is looked ahead.

    What a person is at first, or after a gap, is taken to be right; if it was
    wrong, that is forgotten after 1,000 frames.

    Args:
        layout (str): What the joints are.

    Example:
        >>> fixer = LiveSideSwapFixer('coco17')
        >>> xy, score = fixer.push(0, xy, score)
    """

    def __init__(self, layout: str) -> None:
        self._swap = list(get_skeleton(layout).mirrored)
        self._cost = np.array([0.0, SURE])
        self._last: Optional[tuple[int, np.ndarray]] = None

    def push(
        self, frame: int, xy: np.ndarray, score: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        r"""Takes the next frame; gives its joints, exchanged or not.

        Args:
            frame (int): The number of the frame.
            xy (numpy.ndarray): Pixels, NaN where missing: ``[N, 2]``.
            score (numpy.ndarray): Confidence: ``[N]``.
        """
        if self._last is not None:
            before, points = self._last
            two = np.array([before, frame]), np.stack([points, xy])
            (step,) = step_costs(*two, self._swap)
            cost = (self._cost[:, None] + step).min(axis=0) + [0.0, EXCHANGED]
            self._cost = (cost - cost.min()).clip(max=SURE)
            if not step.any():  # nothing is known of what was before
                self._cost = np.array([0.0, SURE])
        self._last = frame, xy
        if self._cost.argmin() == 1:
            return xy[self._swap], score[self._swap]
        return xy, score


def step_costs(
    frames: np.ndarray, xy: np.ndarray, swap: list[int]
) -> np.ndarray:
    r"""The cost from each frame to the next, of which one or both are
    exchanged.

    Args:
        frames (numpy.ndarray): Their numbers: ``[T]``.
        xy (numpy.ndarray): Pixels, NaN where missing: ``[T, N, 2]``.
        swap (list[int]): The joint on the other side of each joint.

    Returns:
        numpy.ndarray: ``[T - 1, 2, 2]``.
    """
    ways = (xy, xy[:, swap])
    off = xy - mean_seen(xy)[:, None]
    size = np.sqrt(mean_seen(np.square(off).sum(axis=-1)))
    cost = np.zeros((len(frames) - 1, 2, 2))
    for a, before in enumerate(ways):
        for b, after in enumerate(ways):
            moved = np.linalg.norm(after[1:] - before[:-1], axis=-1)
            cost[:, a, b] = mean_seen(moved) / size[1:] + CHANGE * (a != b)
    unknown = ~np.isfinite(cost).all(axis=(1, 2))
    cost[unknown | (np.diff(frames) > GAP)] = 0.0
    return cost
