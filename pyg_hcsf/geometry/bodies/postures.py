r"""Data augmentation of 3D poses: postures around recorded ones."""

import math

import roma
import torch
from torch import Generator, Tensor

from pyg_hcsf.skeleton import H36M17

from .frames import JOINT

# Each joint that bends, and how far compared with a hip.
_BENDS = {
    'LHip': 1.0,
    'RHip': 1.0,
    'LKnee': 0.5,
    'RKnee': 0.5,
    'LShoulder': 1.3,
    'RShoulder': 1.3,
    'LElbow': 1.0,
    'RElbow': 1.0,
    'Thorax': 0.7,
    'Neck': 0.7,
}
_RATE = 0.5  # the probability that a joint bends


def _beyond(joint: str) -> list[int]:
    r"""The joints that turn about a joint: its descendants."""
    out: list[int] = []
    for child, parent in enumerate(H36M17.parents):
        if parent == JOINT[joint] or parent in out:
            out.append(child)  # a parent has a lower number
    return out


_TURNED = {joint: _beyond(joint) for joint in _BENDS}


def bend_joints(pos: Tensor, degrees: float, generator: Generator) -> Tensor:
    r"""Rotates limbs, upper body and head of each window about their joints,
    by the same random rotation in all frames: motion capture has few of the
    postures that people can take. Bone lengths are preserved.

    Each joint bends with a probability of one half, about a random axis by
    an angle whose standard deviation is :obj:`degrees` at hips, half of that
    at knees, 1.3 times at shoulders and 0.7 times at thorax and neck. Limits
    of joints are not checked.

    Args:
        pos (torch.Tensor): Windows of Human3.6M's joints,
            ``[B, T, 17, 3]``.
        degrees (float): The standard deviation at the hips.
        generator (torch.Generator): The source of random numbers.

    Example:
        >>> pos = bend_joints(pos, 12.0, torch.Generator().manual_seed(0))
    """
    shape = (len(_BENDS), len(pos), 3)
    spread = torch.tensor(list(_BENDS.values()))[:, None, None]
    angle = (
        math.radians(degrees)
        * spread
        * torch.randn((*shape[:2], 1), generator=generator)
    )
    axis = torch.randn(shape, generator=generator)
    axis = axis / axis.norm(dim=-1, keepdim=True).clamp(min=1e-6)
    chosen = torch.rand((*shape[:2], 1), generator=generator) < _RATE
    turn = roma.rotvec_to_rotmat(chosen * angle * axis).to(pos)
    out = pos.clone()
    for joint, rotation in zip(_BENDS, turn, strict=True):
        at, moved = out[..., JOINT[joint], None, :], _TURNED[joint]
        limb = out[..., moved, :] - at
        out[..., moved, :] = at + limb @ rotation[:, None].mT
    return out


def mix_legs(pos: Tensor, rate: float, generator: Generator) -> Tensor:
    r"""Gives random windows the legs of others, in the frame of the pelvis:
    recorded people seldom do one thing with their arms and another with
    their legs. The legs keep their own lengths.

    Args:
        pos (torch.Tensor): Windows of Human3.6M's joints,
            ``[B, T, 17, 3]``.
        rate (float): The probability that a window gets other legs.
        generator (torch.Generator): The source of random numbers.

    Example:
        >>> pos = mix_legs(pos, 0.5, torch.Generator().manual_seed(0))
    """
    chosen = torch.rand(len(pos), generator=generator) < rate
    other = torch.randperm(len(pos), generator=generator)
    pelvis = _pelvis(pos)  # rows are axes
    turn = pelvis[other].mT @ pelvis  # from the pelvis of the other
    out = pos.clone()
    for side in 'LR':
        hip, legs = JOINT[f'{side}Hip'], _TURNED[f'{side}Hip']
        leg = pos[other][..., legs, :] - pos[other][..., hip, None, :]
        out[..., legs, :] = pos[..., hip, None, :] + leg @ turn
    return torch.where(chosen[:, None, None, None], out, pos)


def _pelvis(pos: Tensor) -> Tensor:
    r"""The axes left, forward and up of the pelvis, ``[B, T, 3, 3]``."""
    left = pos[..., JOINT['LHip'], :] - pos[..., JOINT['RHip'], :]
    up = pos[..., JOINT['Spine'], :] - pos[..., JOINT['Hip'], :]
    return roma.special_gramschmidt(torch.stack([left, up], dim=-1)).mT
