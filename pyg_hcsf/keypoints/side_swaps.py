r"""Corrects frames in which a detector exchanged left and right."""

from dataclasses import replace

import numpy as np

from pyg_hcsf.keypoints.checks.body import mean_joint
from pyg_hcsf.keypoints.track import Keypoints, Track, map_tracks
from pyg_hcsf.skeleton import get_skeleton

#: Costs, in sizes of the person (root mean square distances of the joints
#: from their mean): of a swap that begins or ends, so that people who turn
#: around are not swapped, and of each swapped frame, so that the solution
#: with fewer swaps is taken where motion does not decide.
CHANGE, SWAPPED = 0.02, 1e-4
MAX_COST = 1000 * SWAPPED  # bounds the memory of a live stream
MAX_GAP = 10  # frames; before a longer one, frames do not count


def fix_side_swaps(keypoints: Keypoints) -> tuple[Keypoints, int]:
    r"""Corrects frames in which a detector exchanged the left and right
    joints of a person, all at once.

    Each frame :math:`\mathbf{x}_t` of a person is kept
    (:math:`s_t = 0`) or swapped (:math:`s_t = 1`), so that joints move
    least from frame to frame, by dynamic programming:

    .. math::
        \min_{s} \sum_t \tfrac{1}{h_t} \lVert \mathbf{x}_t^{(s_t)} -
        \mathbf{x}_{t+1}^{(s_{t+1})} \rVert + 0.02\, |s_{t+1} - s_t|
        + 10^{-4} s_t

    with the mean distance over the joints that both frames have, and the
    size :math:`h_t` of the person in the image. Motion does not show which
    of the two sides is right: most frames are taken to be.

    Args:
        keypoints (Keypoints): The keypoints of a video.

    Returns:
        tuple: The corrected keypoints, and the number of swapped frames.

    Example:
        >>> keypoints, count = fix_side_swaps(read_keypoints('results.json'))
        >>> check_keypoints(keypoints)
    """
    mirrored = list(get_skeleton(keypoints.layout).mirrored)
    count = 0

    def fix(track: Track) -> Track:
        nonlocal count
        wrong = _swapped_frames(track, mirrored)
        count += int(wrong.sum())
        xy = np.where(wrong[:, None, None], track.xy[:, mirrored], track.xy)
        score = np.where(wrong[:, None], track.score[:, mirrored], track.score)
        return replace(track, xy=xy, score=score)

    return map_tracks(keypoints, fix), count


class LiveSideSwapFixer:
    r"""Corrects side swaps of one person frame by frame.

    This is :func:`fix_side_swaps` without looking ahead: a frame is swapped
    if that costs less up to this frame. The sides in the first frame, and
    after a gap, are taken to be right; if they were wrong, the fixer recovers
    after 1,000 frames.

    Args:
        layout (str): The layout of the joints.

    Example:
        >>> fixer = LiveSideSwapFixer('coco17')
        >>> xy, score = fixer.push(0, xy, score)
    """

    def __init__(self, layout: str) -> None:
        self._mirrored = list(get_skeleton(layout).mirrored)
        self._cost = np.array([0.0, MAX_COST])
        self._last: tuple[int, np.ndarray] | None = None

    def push(
        self, frame: int, xy: np.ndarray, score: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        r"""Returns the joints and confidences of the next frame, swapped if
        necessary.

        Args:
            frame (int): The frame number.
            xy (numpy.ndarray): Pixels, NaN where missing: ``[N, 2]``.
            score (numpy.ndarray): Confidence: ``[N]``.
        """
        if self._last is not None:
            before, joints = self._last
            frames, pair = np.array([before, frame]), np.stack([joints, xy])
            (step,) = _step_costs(frames, pair, self._mirrored)
            cost = (self._cost[:, None] + step).min(axis=0) + [0.0, SWAPPED]
            self._cost = (cost - cost.min()).clip(max=MAX_COST)
            if not step.any():  # after a gap
                self._cost = np.array([0.0, MAX_COST])
        self._last = frame, xy
        if self._cost.argmin() == 1:
            return xy[self._mirrored], score[self._mirrored]
        return xy, score


def _swapped_frames(track: Track, mirrored: list[int]) -> np.ndarray:
    r"""Whether left and right are exchanged in each frame: ``[T]``."""
    # Viterbi: the least cost up to each frame if it is kept or swapped [2],
    # and the state of the frame before on that path.
    cost, previous = np.array([0.0, SWAPPED]), []
    for step in _step_costs(track.frames, track.xy, mirrored):
        total = cost[:, None] + step
        previous.append(total.argmin(axis=0))
        cost = total.min(axis=0) + [0.0, SWAPPED]
    out = [int(cost.argmin())]
    for before in reversed(previous):
        out.append(int(before[out[-1]]))
    return np.array(out[::-1], bool)


def _step_costs(
    frames: np.ndarray, xy: np.ndarray, mirrored: list[int]
) -> np.ndarray:
    r"""The cost from each frame to the next, if the first (dimension 1) and
    the second (dimension 2) are kept or swapped: ``[T - 1, 2, 2]``.
    """
    both = (xy, xy[:, mirrored])  # each frame as it is, and swapped
    off = xy - mean_joint(xy)[:, None]
    size = np.sqrt(mean_joint(np.square(off).sum(axis=-1)))
    cost = np.zeros((len(frames) - 1, 2, 2))
    for a, before in enumerate(both):
        for b, after in enumerate(both):
            moved = np.linalg.norm(after[1:] - before[:-1], axis=-1)
            cost[:, a, b] = mean_joint(moved) / size[1:] + CHANGE * (a != b)
    unknown = ~np.isfinite(cost).all(axis=(1, 2))
    cost[unknown | (np.diff(frames) > MAX_GAP)] = 0.0
    return cost
