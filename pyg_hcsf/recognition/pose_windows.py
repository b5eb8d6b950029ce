r"""Short clips of poses made as long as a window."""

import torch
from torch import Tensor

MIN_PERIOD = 12  # frames: about half a second


def loop_short(joints: Tensor, length: int) -> Tensor:
    r"""Continues a clip that is shorter than a window: it jumps back from one
    frame to the most similar one, at least 12 frames before, and the root
    moves on.

    Args:
        joints (torch.Tensor): The joints, the root first: ``[T, N, 3]``.
        length (int): The number of frames; longer clips are returned as they
            are.

    Example:
        >>> loop_short(torch.randn(30, 17, 3), 48).shape
        torch.Size([48, 17, 3])
    """
    count = len(joints)
    if count >= length:
        return joints
    root = joints[:, :1]
    flat = (joints - root).flatten(1)
    number, first, after = torch.arange(length), 0, count
    if count > MIN_PERIOD:
        frames = torch.arange(count)
        distance = torch.cdist(flat, flat)
        near = frames[None] - frames[:, None] < MIN_PERIOD
        distance[near] = torch.inf
        first, after = divmod(int(distance.argmin()), count)
    period = after - first
    number = torch.where(
        number < after, number, first + (number - after) % period
    )
    step = torch.zeros_like(root)
    step[1:] = root[1:] - root[:-1]
    step[0] = step[1:].mean(dim=0) if count > 1 else 0
    path = step[number].cumsum(dim=0)
    return joints[number] - root[number] + path - path[:1] + root[:1]
