r"""Short clips of poses made as long as a window."""

import torch
from torch import Tensor

MIN_PERIOD = 12  # frames: about half a second


def loop_short(joints: Tensor, length: int) -> Tensor:
    r"""Continues a clip that is shorter than a window: its last frame is
    followed by those after the most similar frame, at least 12 frames before.
    The root moves on by the steps of the clip.

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
    pose = joints - root
    first = 0  # the frame like the last one
    if count > MIN_PERIOD:
        likely = pose[: count - MIN_PERIOD] - pose[-1]
        first = int(likely.flatten(1).norm(dim=1).argmin())
    period = max(1, count - 1 - first)
    more = torch.arange(length - count) % period + first + 1
    more = more.clamp(max=count - 1)
    steps = root.diff(dim=0, prepend=root[:1])[more]
    path = torch.cat([root, root[-1:] + steps.cumsum(dim=0)])
    return torch.cat([pose, pose[more]]) + path
