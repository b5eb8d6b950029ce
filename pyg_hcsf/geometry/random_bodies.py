r"""Changes bodies at random: bones of other lengths, other directions, and a
face for rigs that have none.
"""

import math

import roma
import torch
from torch import Generator, Tensor

from pyg_hcsf.geometry.root_ray import SIZE_PER_HEIGHT, body_size
from pyg_hcsf.skeleton import H36M17

_JOINT = {name: number for number, name in enumerate(H36M17.joints)}
_PARENTS = [max(parent, 0) for parent in H36M17.parents]
_NEAR = 100.0  # mm before the camera
_SIDELESS = [min(pair) for pair in enumerate(H36M17.mirrored)]


def _chains() -> Tensor:
    # chains[i, j] is 1 if bone j is on the way from the root to joint i.
    chains = torch.eye(H36M17.num_joints)
    for joint, parent in enumerate(H36M17.parents):
        if parent >= 0:  # parents come first
            chains[joint] += chains[parent]
    return chains


_CHAINS = _chains()


def vary_proportions(
    pos: Tensor, spread: float, generator: Generator
) -> Tensor:
    r"""Gives each body bones of other lengths, the same left and right and in
    all frames of a window. Joint angles stay as they are.

    Args:
        pos (torch.Tensor): Windows of the joints of Human3.6M:
            ``[B, T, 17, 3]``.
        spread (float): The standard deviation of the logarithm of the
            factors.
        generator (torch.Generator): The source of random numbers.

    .. code-block:: python

        pos = vary_proportions(pos, 0.08, torch.Generator().manual_seed(0))
    """
    root = pos[..., H36M17.root, None, :]
    shape = (pos.size(0), H36M17.num_joints)
    factor = (spread * torch.randn(shape, generator=generator)).exp()
    factor = factor[:, None, _SIDELESS, None].to(pos)
    bones = factor * (pos - pos[..., _PARENTS, :])
    return root + _CHAINS.to(pos) @ bones


def vary_bodies(
    x: Tensor,
    y: Tensor,
    spread: float,
    focal: Tensor,
    generator: Generator,
) -> tuple[Tensor, Tensor]:
    r"""Gives the person of each lifting window bones of other lengths by
    :func:`vary_proportions`, the root in its place before the same camera.

    Keypoints move as far as the projections of their joints do, so that the
    errors of a detector and of a lens stay what they are:

    .. math::
        \mathbf{x}^{\prime} = \mathbf{x} + \mathbf{f}
        \left( \tfrac{(X^{\prime}, Y^{\prime})}{Z^{\prime}} -
        \tfrac{(X, Y)}{Z} \right)

    A window stays as it is if a joint would come nearer than 10 cm to the
    plane of the camera.

    Args:
        x (torch.Tensor): Keypoints in pixels: ``[B, T, 17, 2]``.
        y (torch.Tensor): The joints :math:`(X, Y, Z)` in the camera's frame
            in millimetres, absolute: ``[B, T, 17, 3]``.
        spread (float): See :func:`vary_proportions`.
        focal (torch.Tensor): The focal length in pixels: ``[B, 1, 1, 2]``.
        generator (torch.Generator): The source of random numbers.

    Returns:
        tuple[Tensor, Tensor]: The keypoints and the joints of the other
        people.

    .. code-block:: python

        x, y = vary_bodies(x, y, 0.08, focal, torch.Generator())
    """
    other = vary_proportions(y, spread, generator)
    near = (other[..., 2] < _NEAR).flatten(1).any(dim=1)
    other = torch.where(near[:, None, None, None], y, other)
    plane, plane_before = (p[..., :2] / p[..., 2:] for p in (other, y))
    return x + (plane - plane_before) * focal.to(x), other


def tumble(pos: Tensor, rate: float, generator: Generator) -> Tensor:
    r"""Turns some bodies about their root in all directions: people lie,
    fall and stand on their hands more often than motion capture has it.

    Args:
        pos (torch.Tensor): Windows ``[B, T, 17, 3]``.
        rate (float): The share of windows.
        generator (torch.Generator): The source of random numbers.

    .. code-block:: python

        pos = tumble(pos, 0.15, torch.Generator().manual_seed(0))
    """
    quaternion = torch.randn((len(pos), 4), generator=generator)
    rotation = roma.unitquat_to_rotmat(_unit(quaternion)).to(pos)
    chosen = torch.rand(len(pos), generator=generator) < rate
    root = pos[:, -1:, H36M17.root, None]
    turned = root + (pos - root) @ rotation[:, None]
    return torch.where(chosen[:, None, None, None], turned, pos)


# Nose, left and right eye, left and right ear from the middle between the
# ears, in millimetres forward, left and up: round numbers for an adult of
# 1.7 m, whose head is 150 mm wide (this project's choice).
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
    r"""The joints of COCO of bodies whose rig has no face.

    The head stands on the neck, upright along the line from thorax to head,
    and looks ahead, across the line between the shoulders, but for a random
    turn of 30 degrees (one standard deviation) and nod of 15; nose, eyes and
    ears are where an average face has them, each 12 mm off at random, so
    that no network relies on them. One turn and one face per window.

    Args:
        pos (torch.Tensor): Windows of the joints of Human3.6M in millimetres
            in a right-handed frame: ``[B, T, 17, 3]``.
        generator (torch.Generator): The source of random numbers.

    Returns:
        torch.Tensor: ``[B, T, 17, 3]`` in the order of COCO.

    .. code-block:: python

        nose = coco_joints(pos, torch.Generator().manual_seed(0))[..., 0, :]
    """
    neck, head, thorax, left, right = (
        pos[..., _JOINT[name], :]
        for name in ('Neck', 'Head', 'Thorax', 'LShoulder', 'RShoulder')
    )
    up = _unit(head - thorax)
    side = left - right
    side = _unit(side - (side * up).sum(dim=-1, keepdim=True) * up)
    ahead = torch.linalg.cross(side, up)

    size = (pos.size(0), 1, 1)
    turn, nod = (
        math.radians(degrees) * torch.randn(size, generator=generator).to(pos)
        for degrees in (30.0, 15.0)
    )
    ahead, side = (
        turn.cos() * ahead + turn.sin() * side,
        turn.cos() * side - turn.sin() * ahead,
    )
    ahead, up = (
        nod.cos() * ahead - nod.sin() * up,
        nod.cos() * up + nod.sin() * ahead,
    )
    axes = torch.stack([ahead, side, up], dim=-2)  # [B, T, 3, 3]

    shape = (pos.size(0), 1, *_FACE.shape)
    face = _FACE + 12.0 * torch.randn(shape, generator=generator)
    scale = body_size(pos)[..., None, None] / (1700 * SIZE_PER_HEIGHT)
    middle = neck.unsqueeze(-2) + _EARS_ABOVE_NECK * scale * axes[..., 2:, :]
    face = middle + scale * (face.to(pos) @ axes)
    return torch.cat([face, pos[..., _LIMBS, :]], dim=-2)


def _unit(x: Tensor) -> Tensor:
    return x / x.norm(dim=-1, keepdim=True).clamp(min=1e-6)
