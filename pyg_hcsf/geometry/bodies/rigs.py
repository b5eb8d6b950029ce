r"""Data augmentation of 3D poses: joints as other rigs define them."""

from functools import lru_cache

import torch
from torch import Generator, Tensor

from pyg_hcsf.choices import check_range
from pyg_hcsf.skeleton import H36M17

from .frames import (
    JOINT,
    body_frames,
    joints_first,
    joints_last,
    leg_length,
    part_number,
)
from .table import body_table

#: The part of the body in whose frame a joint is displaced.
RIG_PARTS = {
    'Hip': 'Pelvis',
    'Knee': 'Thigh',
    'Foot': 'Shank',
    'Spine': 'Pelvis',
    'Thorax': 'Chest',
    'Neck': 'Head',
    'Head': 'Head',
    'Shoulder': 'Chest',
    'Elbow': 'UpperArm',
    'Wrist': 'Forearm',
}


def shift_joints(pos: Tensor, scale: float, generator: Generator) -> Tensor:
    r"""Displaces the joints of each body as if another rig had defined them.

    Rigs put spine, thorax, neck and head at points that are 20 to 90 mm
    apart, shoulders 25 to 40 mm, and wrists 45 mm along the forearm. The
    offset of a joint is normally distributed with the standard deviation
    over the rigs of CMU, of DAZ and of the body model Anny. It is constant
    within a window in the frame of a part of the body, so that it moves with
    the body, the same for both sides, and in proportion to the length of the
    legs. The root is kept.

    Applied to a pose before it is projected, input and target change alike:
    a network learns to keep the joints that it gets, whatever their
    definition, as an unknown rig needs. Applied to the points that are
    projected only, the target keeps the definitions of its rig: a network
    learns to distrust the trunk of the input, as a detector needs whose
    joints are not those of the rig.

    Args:
        pos (torch.Tensor): Windows of Human3.6M's joints in a right-handed
            frame, ``[B, T, 17, 3]``.
        scale (float): A factor of the offsets; :obj:`1.0` is as far as rigs
            differ.
        generator (torch.Generator): The source of random numbers.

    Raises:
        ValueError: If :obj:`scale` is negative.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> both = shift_joints(pos, 1.0, generator)
    """
    check_range('scale', scale, 0.0)
    spread, row, parts = _rigs()
    joints = joints_first(pos)
    shape = (max(row) + 1, 3, len(pos), 1)
    noise = torch.randn(shape, generator=generator).to(joints)
    offset = scale * spread.to(joints)[..., None, None] * noise[row]
    offset = body_frames(joints).of(parts).to_world(offset)
    return joints_last(joints.addcmul(leg_length(joints), offset))


@lru_cache(maxsize=1)
def _rigs() -> tuple[Tensor, list[int], list[int]]:
    r"""The spread of each joint ``[17, 3]``, negative to the left for those
    on the right; a number that is the same for mirror images; and the frame.
    """
    table, names = body_table()['rigs'], list(RIG_PARTS)
    spread = torch.zeros(H36M17.num_joints, 3)
    row, parts = [0] * len(spread), [0] * len(spread)
    for name, joint in JOINT.items():
        if joint == H36M17.root:
            continue
        whole = name if name in RIG_PARTS else name[1:]
        spread[joint] = torch.tensor(table[whole])
        spread[joint, 1] *= -1.0 if name[0] == 'R' else 1.0
        row[joint] = names.index(whole)
        parts[joint] = part_number(RIG_PARTS[whole], name[0])
    return spread, row, parts
