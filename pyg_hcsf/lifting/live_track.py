r"""The state of one person in a running video."""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pyg_hcsf.geometry.root_ray import RootRay
from pyg_hcsf.keypoints import LiveSideSwapFixer
from pyg_hcsf.lifting.smoothing.live import LiveSmoother


class LiveFrame(NamedTuple):
    r"""The observation of a person in one frame.

    Args:
        number (int): The number of the frame.
        observed (RootRay): The keypoints, smooth if wanted: ``[1, ...]``.
        raw (RootRay): As detected, likewise.
    """

    number: int
    observed: RootRay
    raw: RootRay


@dataclass
class LiveTrack:
    r"""The state of one person.

    Args:
        frames (deque): The last frames, of one segment.
        fixer (LiveSideSwapFixer, optional): Undoes swaps of left and right.
        smoother (LiveSmoother, optional): Smooths the motion.
        pending (int, optional): How many of these frames, the last, are not
            lifted yet. (default: :obj:`0`)
        pushed (int, optional): The number of the last push.
            (default: :obj:`0`)
    """

    frames: deque[LiveFrame]
    fixer: LiveSideSwapFixer | None
    smoother: LiveSmoother | None
    pending: int = 0
    pushed: int = 0

    def clear(self) -> None:
        r"""Forgets the motion so far, at the start of a segment."""
        self.frames.clear()
        if self.smoother is not None:
            self.smoother.clear()

    def smooth_keypoints(
        self, frame: int, xy: np.ndarray, score: np.ndarray
    ) -> np.ndarray:
        r"""See :class:`LiveSmoother`; without one, as they are."""
        if self.smoother is None:
            return xy
        return self.smoother.smooth_keypoints(frame, xy, score)

    def smooth_pose(
        self, frame: int, pose: np.ndarray, root: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        r"""See :class:`LiveSmoother`; without one, as they are."""
        if self.smoother is None:
            return pose, root
        return self.smoother.smooth_pose(frame, pose, root)
