r"""Data augmentation of 3D poses: random rotations."""

import roma
import torch
from torch import Generator, Tensor

from pyg_hcsf.skeleton import H36M17


def tumble(pos: Tensor, rate: float, generator: Generator) -> Tensor:
    r"""Rotates random windows about the root of the last frame, uniformly
    in all directions, as motion capture has few people who lie, fall or
    stand on their hands.

    Args:
        pos (torch.Tensor): Windows ``[B, T, 17, 3]``.
        rate (float): The probability that a window is rotated.
        generator (torch.Generator): The source of random numbers.

    Example:
        >>> pos = tumble(pos, 0.15, torch.Generator().manual_seed(0))
    """
    quaternion = torch.randn((len(pos), 4), generator=generator)
    rotation = roma.unitquat_to_rotmat(
        quaternion / quaternion.norm(dim=1, keepdim=True)
    ).to(pos)
    chosen = torch.rand(len(pos), generator=generator) < rate
    root = pos[:, -1:, H36M17.root, None]
    rotated = root + (pos - root) @ rotation[:, None]
    return torch.where(chosen[:, None, None, None], rotated, pos)
