r"""Which frames a network is shown of a person who is not always seen."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pyg_hcsf.geometry.root_ray import RootRay

#: A person who is not seen for longer than this, in seconds, starts anew.
MAX_GAP = 0.4

#: A person whose root moves by more than this between a frame and the next,
#: in root mean squares of the joints about it (some 0.4 m of an adult), is
#: another, whom a tracker has taken for the first: 30 m/s at 25 Hz.
JUMP = 3.0


def frame_stride_of(fps: float, trained: float) -> float:
    r"""How many frames of a video make one of the frame rate that a network
    was trained at: the nearest whole number, for an even rhythm, unless that
    makes the window longer than in the training. At a rate of 25 Hz, 1 for a
    video of 30 Hz, 2 for 60 Hz, 1.6 for 40 Hz and 0.4 for 10 Hz.
    """
    return min(max(1, round(fps / trained)), fps / trained)


def max_gap_of(fps: float) -> int:
    r"""The longest step between frames of one window: :data:`MAX_GAP`."""
    return max(1, round(MAX_GAP * fps))


def offsets_of(frames: int, target: int, frame_stride: float) -> list[int]:
    r"""The frames of a window about the one that is lifted: those nearest in
    time to the frames of the training, the same more than once if there are
    too few.

    Example:
        >>> offsets_of(5, target=4, frame_stride=0.4)
        [-2, -1, -1, 0, 0]
    """
    return [round(frame_stride * (k - target)) for k in range(frames)]


def starts(frames: Tensor, seen: RootRay, max_gap: int) -> Tensor:
    r"""Where a window may not reach across: at the first frame, after one
    that is more than :obj:`max_gap` before, and after a jump (:data:`JUMP`).

    Args:
        frames (torch.Tensor): The numbers of the frames, ascending: ``[T]``.
        seen (RootRay): The same frames, all liftable.
        patience (int): The longest step.

    Returns:
        torch.Tensor: ``[T]``, bool.
    """
    step = frames.diff()
    count = (seen.score[:-1] > 0).sum(dim=-1).clamp(min=1)
    square = seen.plane[:-1].square().sum(dim=(-1, -2)) / count
    moved = seen.rotation[:, 2].diff(dim=0).norm(dim=-1)
    jump = moved > JUMP * step * square.sqrt()
    first = frames.new_ones(min(1, len(frames)), dtype=torch.bool)
    return torch.cat([first, (step > max_gap) | jump])


def windows(frames: Tensor, starts: Tensor, offsets: Sequence[int]) -> Tensor:
    r"""The frames of each window. One that was not seen is taken by the last
    before it; before the first and after the last frame between two
    :func:`starts` those are held.

    Args:
        frames (torch.Tensor): The numbers of the frames, ascending: ``[T]``.
        starts (torch.Tensor): See :func:`starts`: ``[T]``.
        offsets (sequence of int): See :func:`offsets_of`: :obj:`W`.

    Returns:
        torch.Tensor: Their places in :obj:`frames`: ``[T, W]``.

    Example:
        >>> windows(torch.tensor([4, 5, 7]), torch.eye(3)[0] > 0, [-1, 0])
        tensor([[0, 0], [0, 1], [1, 2]])
    """
    wanted = frames[:, None] + torch.tensor(offsets)
    found = torch.searchsorted(frames, wanted, side='right') - 1
    part = starts.cumsum(0)
    first = torch.searchsorted(part, part)
    last = torch.searchsorted(part, part, side='right') - 1
    return found.clamp(first[:, None], last[:, None])
