r"""The local frames of the parts of a body, in which points that are no
joints are described.

For speed, joints come first here, and coordinates before windows and frames:
``[17, 3, B, T]``, see :func:`joints_first`.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from pyg_hcsf.skeleton import H36M17

JOINT = {name: number for number, name in enumerate(H36M17.joints)}
# Limbs: those near the trunk, then those that follow them.
_LIMBS = (
    ('LThigh', 'LHip', 'LKnee'),
    ('RThigh', 'RHip', 'RKnee'),
    ('LUpperArm', 'LShoulder', 'LElbow'),
    ('RUpperArm', 'RShoulder', 'RElbow'),
    ('LShank', 'LKnee', 'LFoot'),
    ('RShank', 'RKnee', 'RFoot'),
    ('LForearm', 'LElbow', 'LWrist'),
    ('RForearm', 'RElbow', 'RWrist'),
)
_NEAR = [0, 0, 1, 1]  # legs begin at the pelvis, arms at the chest
_LEGS = [0, 1, 4, 5]  # the limbs that are parts of a leg
#: The sine of the angle of a knee whose axis counts as much as the pelvis.
_STRAIGHT = 0.15
#: The frames of :func:`body_frames`, in order.
PARTS = ('Pelvis', 'Chest', 'Head', *(name for name, _, _ in _LIMBS))
_TOP, _BOTTOM = ([JOINT[limb[end]] for limb in _LIMBS] for end in (1, 2))


def part_number(part: str, side: str) -> int:
    r"""The number of a part in :obj:`PARTS`, of limbs of one side.

    Example:
        >>> part_number('Thigh', 'L'), part_number('Chest', 'L')
        (3, 1)
    """
    return PARTS.index(part if part in PARTS else side + part)


def joints_first(pos: Tensor) -> Tensor:
    r"""Windows ``[B, T, 17, 3]`` as ``[17, 3, B, T]``."""
    return pos.permute(2, 3, 0, 1).contiguous()


def joints_last(points: Tensor) -> Tensor:
    r"""Points ``[N, 3, B, T]`` as windows ``[B, T, N, 3]``."""
    return points.permute(2, 3, 0, 1).contiguous()


def take(x: Tensor, numbers: list[int]) -> Tensor:
    r"""Entries of the first dimension; five times as fast as an index."""
    return x.index_select(0, torch.tensor(numbers, device=x.device))


def leg_length(pos: Tensor) -> Tensor:
    r"""The mean length of both legs from hip to ankle, ``[B, T]``, which all
    rigs define alike.

    Args:
        pos (torch.Tensor): Human3.6M's joints, ``[17, 3, B, T]``.
    """
    top, bottom = ([side[i] for i in _LEGS] for side in (_TOP, _BOTTOM))
    bones = take(pos, top) - take(pos, bottom)
    return bones.square().sum(1).sqrt().sum(0) / 2


class Axes(NamedTuple):
    r"""Unit vectors forward, to the left and up, ``[N, 3, B, T]`` each."""

    ahead: Tensor
    left: Tensor
    up: Tensor

    def of(self, numbers: list[int]) -> 'Axes':
        r"""The axes of some parts."""
        return Axes(*(take(axis, numbers) for axis in self))

    def to_world(self, offset: Tensor) -> Tensor:
        r"""Offsets forward, to the left and up, ``[N, 3, B, 1]``, as vectors
        in the world, ``[N, 3, B, T]``.
        """
        x, y, z = offset.unsqueeze(2).unbind(1)
        out = (x * self.ahead).addcmul_(y, self.left)
        return out.addcmul_(z, self.up)


def body_frames(pos: Tensor) -> Axes:
    r"""The axes of each part of the body: unit vectors forward, to the left
    and up, that is towards the head of a person who stands with arms down.

    The axis up is that from hip to spine in the pelvis, from spine to the
    middle of the shoulders in the chest, from thorax to head in the head,
    and along the bone in limbs. Pelvis, chest and head face forward
    perpendicular to the line between the hips or shoulders. The frame of a
    limb is that of the part before it, by the smallest rotation that aligns
    the axis up: limbs do not twist. A shank has the axis of a bent knee. Feet
    of CMU's training people point forward in it, up to 5 degrees outwards and
    a standard deviation of 8 degrees within a person.

    Args:
        pos (torch.Tensor): Human3.6M's joints in a right-handed frame,
            ``[17, 3, B, T]``.

    Returns:
        Axes: Those of all parts, ``[11, 3, B, T]``, in the order of
        :obj:`PARTS`.

    Example:
        >>> axes = body_frames(joints_first(pos))
        >>> ahead = axes.ahead[PARTS.index('Chest')]
    """
    at = {name: pos[number] for name, number in JOINT.items()}
    middle = (at['LShoulder'] + at['RShoulder']) / 2
    lower, upper = at['Spine'] - at['Hip'], middle - at['Spine']
    up = unit(torch.stack([lower, upper, at['Head'] - at['Thorax']]))
    across = at['LShoulder'] - at['RShoulder']
    left = torch.stack([at['LHip'] - at['RHip'], across, across])
    # Perpendicular to up (Gram-Schmidt)
    left = unit(left - _dot(left, up) * up)
    ahead = cross(left, up)

    bones = take(pos, _TOP) - take(pos, _BOTTOM)
    inner, outer = unit(bones).split(len(_NEAR))
    near = _align(take(ahead, _NEAR), take(up, _NEAR), inner)
    far = _align(near, inner, outer)
    # Knees turn about the axis to the left, as far as they are bent.
    bent = cross(inner[:2], outer[:2])
    straight = cross(outer[:2], far[:2])
    bent = unit(bent + _STRAIGHT * straight)
    legs = cross(bent, outer[:2])

    ahead = torch.cat([ahead, near, legs, far[2:]])
    up = torch.cat([up, inner, outer])
    return Axes(ahead, cross(up, ahead), up)


def _align(ahead: Tensor, before: Tensor, up: Tensor) -> Tensor:
    r"""Applies the smallest rotation from one axis up to another to the axis
    forward, which becomes

    .. math::
        \mathbf{a}^{\prime} = \mathbf{a} - \frac{\mathbf{a} \cdot
        \mathbf{u}^{\prime}}{1 + \mathbf{u} \cdot \mathbf{u}^{\prime}}
        (\mathbf{u} + \mathbf{u}^{\prime})
    """
    share = _dot(ahead, up) / (1 + _dot(before, up)).clamp(min=1e-3)
    return unit(ahead - share * (before + up))


def cross(a: Tensor, b: Tensor) -> Tensor:
    r"""The cross product along the second axis; six times as fast as that of
    PyTorch 2.13 there.
    """
    x, y, z = a.unbind(1)
    u, v, w = b.unbind(1)
    return torch.stack([y * w - z * v, z * u - x * w, x * v - y * u], dim=1)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(dim=1, keepdim=True)


def unit(x: Tensor) -> Tensor:
    r"""Unit vectors of ``[N, 3, ...]`` along the second axis."""
    return x * x.square().sum(1, keepdim=True).clamp(min=1e-12).rsqrt()
