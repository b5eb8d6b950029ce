r"""The frames of a network's input windows, for videos with missing frames."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from pyg_hcsf.geometry.root_ray import RootRay
from pyg_hcsf.lifting.lifter_weights import LifterInfo

USUAL_FPS = 25.0  # of a video whose frame rate is not known

#: Seconds without a frame of a person after which a window starts anew, and up
#: to which smoothing interpolates.
MAX_GAP = 0.4

#: Distance that a root can move from one frame to the next, in root mean
#: squares of the joints about it (some 0.4 m for an adult): 30 m/s at 25 Hz.
#: A larger jump means that the tracker has switched to another person.
JUMP = 3.0


def frame_stride_of(fps: float, trained: float) -> float:
    r"""The stride, in frames of a video, at which a network sees the frame
    rate that it was trained at: rounded to a whole number for an even rhythm,
    unless that makes the window longer than in training. For a network of
    25 Hz, it is 1 at 30 Hz, 2 at 60 Hz, 1.6 at 40 Hz and 0.4 at 10 Hz.
    """
    return min(max(1, round(fps / trained)), fps / trained)


def offsets_of(frames: int, target: int, frame_stride: float) -> list[int]:
    r"""The frames of a window relative to its target frame. A stride below 1
    repeats frames.

    Example:
        >>> offsets_of(5, target=4, frame_stride=0.4)
        [-2, -1, -1, 0, 0]
    """
    return [round(frame_stride * (k - target)) for k in range(frames)]


class WindowPlan:
    r"""The windows of a network at the frame rate of a video.

    Args:
        info (LifterInfo): The network.
        fps (float, optional): Frames per second of the video. :obj:`None`
            assumes 25. (default: :obj:`None`)
    """

    def __init__(self, info: LifterInfo, fps: float | None = None) -> None:
        self.fps = fps or USUAL_FPS
        self.frame_stride = frame_stride_of(self.fps, info.fps)
        self.offsets = offsets_of(
            info.frames, info.target or 0, self.frame_stride
        )
        self.max_gap = max(1, round(MAX_GAP * self.fps))  # frames

    @property
    def delay(self) -> int:
        r"""The number of frames that a window looks ahead."""
        return self.offsets[-1]

    def segment_starts(self, frames: Tensor, observed: RootRay) -> Tensor:
        r"""Marks the frames that start a segment, which windows do not cross:
        the first frame, frames after a gap of more than :obj:`max_gap`
        frames, and frames after a jump (:data:`JUMP`).

        Args:
            frames (torch.Tensor): The frame numbers, ascending: ``[T]``.
            observed (RootRay): The observations in these frames.

        Returns:
            torch.Tensor: ``[T]``, bool.
        """
        step = frames.diff()
        count = (observed.score[:-1] > 0).sum(dim=-1).clamp(min=1)
        square = observed.plane[:-1].square().sum(dim=(-1, -2)) / count
        moved = observed.rotation[:, 2].diff(dim=0).norm(dim=-1)
        jump = moved > JUMP * step * square.sqrt()
        first = frames.new_ones(min(1, len(frames)), dtype=torch.bool)
        return torch.cat([first, (step > self.max_gap) | jump])


def window_rows(
    frames: np.ndarray,
    offsets: Sequence[int],
    starts: np.ndarray | None = None,
) -> Tensor:
    r"""The rows of :obj:`frames` ``[T]`` in the window of each frame:
    ``[T, W]``, by the ``W`` numbers of :func:`offsets_of`. A missing frame is
    replaced by the last one before it; beyond the ends of a segment
    (:meth:`WindowPlan.segment_starts`), its first or last frame is repeated.

    Example:
        >>> window_rows(np.array([4, 5, 7]), [-1, 0])
        tensor([[0, 0], [0, 1], [1, 2]])
    """
    wanted = frames[:, None] + np.array(offsets)
    rows = np.searchsorted(frames, wanted, side='right') - 1
    if starts is None:
        return torch.from_numpy(rows.clip(0))
    segment = starts.cumsum()  # the number of each frame's segment, sorted
    first = np.searchsorted(segment, segment)
    last = np.searchsorted(segment, segment, side='right') - 1
    return torch.from_numpy(rows.clip(first[:, None], last[:, None]))
