r"""Data augmentation of 3D poses: random bone lengths, random rotations, and
random positions of nose, eyes and ears where the skeleton has none.
"""

import math

import roma
import torch
from torch import Generator, Tensor

from pyg_hcsf.geometry.root_ray import SIZE_PER_HEIGHT, body_size
from pyg_hcsf.skeleton import H36M17

_JOINT = {name: number for number, name in enumerate(H36M17.joints)}
_PARENTS = [max(parent, 0) for parent in H36M17.parents]
#: Of each joint and its mirror image the one with the lower number.
_UNSIDED = [min(pair) for pair in enumerate(H36M17.mirrored)]
_MIN_DEPTH = 100.0  # mm in front of the camera


def _bones_to_root() -> Tensor:
    r"""A matrix ``[17, 17]``, 1 where bone j is on the path from the root to
    joint i. Bone j leads from the parent of joint j to joint j.
    """
    paths = torch.eye(H36M17.num_joints)
    for joint, parent in enumerate(H36M17.parents):
        if parent >= 0:  # a parent has a lower number than its children
            paths[joint] += paths[parent]
    return paths


_BONES_TO_ROOT = _bones_to_root()


def vary_proportions(
    pos: Tensor, spread: float, generator: Generator
) -> Tensor:
    r"""Scales the bones of each body by random factors, which are the same
    for left and right and in all frames of a window. Joint angles are
    preserved.

    Args:
        pos (torch.Tensor): Windows of Human3.6M's joints,
            ``[B, T, 17, 3]``.
        spread (float): The standard deviation of the logarithm of the
            factors.
        generator (torch.Generator): The source of random numbers.

    Example:
        >>> pos = vary_proportions(pos, 0.08, torch.Generator().manual_seed(0))
    """
    root = pos[..., H36M17.root, None, :]
    shape = (pos.size(0), H36M17.num_joints)
    factor = (spread * torch.randn(shape, generator=generator)).exp()
    factor = factor[:, None, _UNSIDED, None].to(pos)
    bones = factor * (pos - pos[..., _PARENTS, :])
    # A joint is the sum of the bones on the path from the root.
    return root + _BONES_TO_ROOT.to(pos) @ bones


def vary_bodies(
    x: Tensor,
    y: Tensor,
    spread: float,
    focal: Tensor,
    generator: Generator,
) -> tuple[Tensor, Tensor]:
    r"""Applies :func:`vary_proportions` to the person of each lifting window,
    at the same root position in the same camera.

    Keypoints move as far as the projections of their joints do, so that
    detector errors and lens distortion are preserved:

    .. math::
        \mathbf{x}^{\prime} = \mathbf{x} + \mathbf{f}
        \left( \tfrac{(X^{\prime}, Y^{\prime})}{Z^{\prime}} -
        \tfrac{(X, Y)}{Z} \right)

    A window is left unchanged if a joint would have a depth below 10 cm.

    Args:
        x (torch.Tensor): Keypoints ``[B, T, 17, 2]`` in pixels.
        y (torch.Tensor): Their joints :math:`(X, Y, Z)` in the camera frame
            in millimetres, absolute, ``[B, T, 17, 3]``.
        spread (float): See :func:`vary_proportions`.
        focal (torch.Tensor): The focal lengths :math:`\mathbf{f}` in pixels,
            ``[B, 1, 1, 2]``.
        generator (torch.Generator): The source of random numbers.

    Returns:
        tuple[Tensor, Tensor]: The new keypoints and joints.

    Example:
        >>> x, y = vary_bodies(x, y, 0.08, focal, torch.Generator())
    """
    other = vary_proportions(y, spread, generator)
    near = (other[..., 2] < _MIN_DEPTH).flatten(1).any(dim=1)
    other = torch.where(near[:, None, None, None], y, other)
    plane, plane_before = (p[..., :2] / p[..., 2:] for p in (other, y))
    return x + (plane - plane_before) * focal.to(x), other


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
    rotation = roma.unitquat_to_rotmat(_unit(quaternion)).to(pos)
    chosen = torch.rand(len(pos), generator=generator) < rate
    root = pos[:, -1:, H36M17.root, None]
    rotated = root + (pos - root) @ rotation[:, None]
    return torch.where(chosen[:, None, None, None], rotated, pos)


# Nose, left and right eye, left and right ear relative to the middle between
# the ears, in millimetres (forward, left, up): round numbers for an adult of
# 1.7 m with a head width of 150 mm, chosen for this project.
_FACE = torch.tensor(
    [
        [100.0, 0.0, -20.0],
        [75.0, 32.0, 20.0],
        [75.0, -32.0, 20.0],
        [0.0, 75.0, 0.0],
        [0.0, -75.0, 0.0],
    ]
)
_EARS_ABOVE_NECK = 90.0  # mm
_LIMBS = [
    _JOINT[side + name]
    for name in ('Shoulder', 'Elbow', 'Wrist', 'Hip', 'Knee', 'Foot')
    for side in 'LR'
]


def coco_joints(pos: Tensor, generator: Generator) -> Tensor:
    r"""Converts Human3.6M's joints to those of COCO, with a random face.

    The head is upright along the line from thorax to head and faces forward,
    perpendicular to the line between the shoulders, up to a random yaw and
    pitch with standard deviations of 30 and 15 degrees. Nose, eyes and ears
    are those of an average face, each with a random offset of 12 mm per
    coordinate, so that no network relies on them. Yaw, pitch and face are the
    same in all frames of a window.

    Args:
        pos (torch.Tensor): Windows of Human3.6M's joints in millimetres in a
            right-handed frame, ``[B, T, 17, 3]``.
        generator (torch.Generator): The source of random numbers.

    Returns:
        torch.Tensor: ``[B, T, 17, 3]`` in the order of COCO.

    Example:
        >>> nose = coco_joints(pos, torch.Generator())[..., 0, :]
    """
    neck, head, thorax, left, right = (
        pos[..., _JOINT[name], :]
        for name in ('Neck', 'Head', 'Thorax', 'LShoulder', 'RShoulder')
    )
    up = _unit(head - thorax)
    side = left - right
    # Perpendicular to up (Gram-Schmidt)
    side = _unit(side - (side * up).sum(dim=-1, keepdim=True) * up)
    ahead = torch.linalg.cross(side, up)

    size = (pos.size(0), 1, 1)
    yaw, pitch = (
        math.radians(degrees) * torch.randn(size, generator=generator).to(pos)
        for degrees in (30.0, 15.0)
    )
    ahead, side = (
        yaw.cos() * ahead + yaw.sin() * side,
        yaw.cos() * side - yaw.sin() * ahead,
    )
    ahead, up = (
        pitch.cos() * ahead - pitch.sin() * up,
        pitch.cos() * up + pitch.sin() * ahead,
    )
    axes = torch.stack([ahead, side, up], dim=-2)  # [B, T, 3, 3]

    shape = (pos.size(0), 1, *_FACE.shape)
    face = _FACE + 12.0 * torch.randn(shape, generator=generator)
    # The face is that of an adult of 1.7 m.
    scale = body_size(pos)[..., None, None] / (1700 * SIZE_PER_HEIGHT)
    middle = neck.unsqueeze(-2) + _EARS_ABOVE_NECK * scale * axes[..., 2:, :]
    face = middle + scale * (face.to(pos) @ axes)
    return torch.cat([face, pos[..., _LIMBS, :]], dim=-2)


def _unit(x: Tensor) -> Tensor:
    return x / x.norm(dim=-1, keepdim=True).clamp(min=1e-6)
