r"""The keypoints of detectors on a body: nose, eyes, ears and feet, which
Human3.6M's joints lack, and limbs as people mark them on the surface.
"""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from pyg_hcsf.choices import check_choice
from pyg_hcsf.skeleton import get_skeleton

from .frames import (
    JOINT,
    PARTS,
    Axes,
    body_frames,
    joints_first,
    joints_last,
    leg_length,
    part_number,
    take,
)
from .table import body_table

#: The part of the body and the joint that the keypoints of limbs belong to.
LIMB_POINTS = {
    'Shoulder': ('Chest', 'Shoulder'),
    'Elbow': ('UpperArm', 'Elbow'),
    'Wrist': ('Forearm', 'Wrist'),
    'Hip': ('Pelvis', 'Hip'),
    'Knee': ('Thigh', 'Knee'),
    'Ankle': ('Shank', 'Foot'),
}
_FACE = ('Nose', 'LEye', 'REye', 'LEar', 'REar', 'Head')
_LIMBS = tuple(side + name for name in LIMB_POINTS for side in 'LR')
_FEET = ('LBigToe', 'RBigToe', 'LSmallToe', 'RSmallToe', 'LHeel', 'RHeel')
#: The layouts of :func:`layout_joints`.
LAYOUTS = ('coco17', 'coco18', 'halpe26', 'body25')
# Angles of head (yaw, pitch, roll) and feet (yaw, pitch): the standard
# deviation in degrees, and that of their change in degrees per frame at 25 Hz.
# Heads of CMU's training people have 13 and 8 degrees of yaw and pitch and
# yaw by 0.4 degrees per frame, feet have 9 and 11 (measured by
# experiments/fitting/head_turns.py); other people look around more.
_HEAD_ANGLES = ((25.0, 0.4), (12.0, 0.1), (5.0, 0.0))
_FOOT_ANGLES = ((12.0, 0.1), (15.0, 0.4))


def coco_joints(pos: Tensor, generator: Generator) -> Tensor:
    r"""Converts Human3.6M's joints to those of COCO.

    Limbs are where COCO's keypoints of the body model `Anny
    <https://github.com/naver/anny>`_ are on average, relative to the joints
    of CMU's rig: hips are lower and farther out, shoulders lower, and wrists
    a third of the forearm farther, as the bone of that rig ends before the
    hand. Each has a random offset, the spread over people and postures,
    which is the same for both sides. Shoulders and forearms that are then
    narrower, wider, shorter or longer than those of 95 % of Anny's adults
    get the nearest of such lengths: rigs other than CMU's, such as that of
    DAZ, place these joints elsewhere. As detectors and data sets differ,
    each body has its limbs at a random share of the way from the joints to
    these keypoints.

    Nose, eyes and ears are those of Anny's people. The head is upright along
    the line from thorax to head and faces forward, perpendicular to the line
    between the shoulders, up to random angles: 17 joints do not show where a
    head looks. Its size and the offsets of its points are random too. All
    offsets are constant within a window in the frames of the parts of the
    body; a head turns at a constant random rate.

    Args:
        pos (torch.Tensor): Windows of Human3.6M's joints in any unit in a
            right-handed frame, ``[B, T, 17, 3]``.
        generator (torch.Generator): The source of random numbers.

    Returns:
        torch.Tensor: ``[B, T, 17, 3]`` in the order of COCO.

    Example:
        >>> nose = coco_joints(pos, torch.Generator())[..., 0, :]
    """
    return layout_joints(pos, 'coco17', generator)


def layout_joints(pos: Tensor, layout: str, generator: Generator) -> Tensor:
    r"""Converts Human3.6M's joints to those of a detector, see
    :func:`coco_joints`.

    Feet point where the knee bends, up to random angles: 17 joints do not
    show ankles. Neck and hip are the middle of the shoulders and hips, and
    Halpe's head is the top of the head.

    Args:
        pos (torch.Tensor): See :func:`coco_joints`.
        layout (str): ``'coco17'``, ``'coco18'``, ``'halpe26'`` or
            ``'body25'``.
        generator (torch.Generator): The source of random numbers.

    Returns:
        torch.Tensor: ``[B, T, N, 3]`` in the order of the layout.

    Raises:
        ValueError: If :obj:`layout` is another one.

    Example:
        >>> toe = layout_joints(pos, 'body25', torch.Generator())[..., 19, :]
    """
    check_choice('layout', layout, LAYOUTS)
    joints = joints_first(pos)
    body = _Body(joints, body_frames(joints), leg_length(joints))
    limbs = _limbs(body, generator)
    # Shoulders come first and hips seventh.
    middles = [limbs[i : i + 2].mean(0, keepdim=True) for i in (0, 6)]
    points = [_face(body, generator), limbs, *middles]
    names = get_skeleton(layout).joints
    if 'LHeel' in names:
        points.append(_feet(body, generator))
    known = [*_FACE, *_LIMBS, 'Neck', 'Hip', *_FEET]
    order = [known.index(name.removeprefix('Mid')) for name in names]
    return joints_last(take(torch.cat(points), order))


class _Body(NamedTuple):
    r"""Joints ``[17, 3, B, T]``, the axes of the parts of the body and the
    length of the legs ``[B, T]``.
    """

    joints: Tensor
    axes: Axes
    leg: Tensor

    def randn(self, *shape: int, generator: Generator) -> Tensor:
        r"""Random numbers, one for each window: ``[..., B, 1]``."""
        shape = (*shape, self.leg.size(0), 1)
        return torch.randn(shape, generator=generator).to(self.leg)


class _Offsets(NamedTuple):
    r"""Offsets of points forward, to the left and up.

    Args:
        mean (torch.Tensor): Their means ``[N, 3]``.
        spread (torch.Tensor): Their standard deviations ``[N, 3]``, negative
            to the left for points on the right.
        row (list[int]): The points that are mirror images have the same
            number.
    """

    mean: Tensor
    spread: Tensor
    row: list[int]

    def draw(self, body: _Body, generator: Generator) -> Tensor:
        r"""Random offsets ``[N, 3, B, 1]``, symmetric about the body."""
        noise = body.randn(max(self.row) + 1, 3, generator=generator)
        mean, spread = self.mean.to(noise), self.spread.to(noise)
        shape = (*mean.shape, 1, 1)
        return mean.view(shape) + spread.view(shape) * noise[self.row]


@lru_cache(maxsize=3)
def _offsets(group: str, names: tuple[str, ...]) -> _Offsets:
    r"""The offsets of points in a group of the table."""
    table = body_table()[group]
    whole = [name if name in table else name[1:] for name in names]
    sign = torch.ones(len(names), 3)
    for i, name in enumerate(names):
        sign[i, 1] = -1.0 if name[0] == 'R' else 1.0
    mean, spread = (
        sign * torch.tensor([table[name][key] for name in whole])
        for key in ('mean', 'spread')
    )
    rows = list(dict.fromkeys(whole))
    return _Offsets(mean, spread, [rows.index(name) for name in whole])


@lru_cache(maxsize=1)
def _limb_parts() -> tuple[list[int], list[int]]:
    r"""The frame and the joint of each of the limbs' keypoints."""
    parts, joints = [], []
    for name in _LIMBS:
        part, joint = LIMB_POINTS[name[1:]]
        parts.append(part_number(part, name[0]))
        joints.append(JOINT[name[0] + joint])
    return parts, joints


def _limbs(body: _Body, generator: Generator) -> Tensor:
    r"""The keypoints of limbs ``[12, 3, B, T]``."""
    parts, joints = _limb_parts()
    joint = take(body.joints, joints)
    offset = _offsets('points', _LIMBS).draw(body, generator)
    limbs = joint.addcmul(body.leg, body.axes.of(parts).to_world(offset))
    # Shoulders come first, then elbows and wrists.
    limits = body_table()['limits']
    middle = limbs[:2].mean(0, keepdim=True)
    for start, end, name in (
        (middle, limbs[:2], 'shoulders'),
        (limbs[2:4], limbs[4:6], 'forearm'),
    ):
        step = end - start
        length = step.square().sum(1, keepdim=True).sqrt().clamp(min=1e-6)
        low, high = (limit * body.leg for limit in limits[name])
        end.copy_(start + step * length.clamp(low, high) / length)
    share = torch.rand((body.leg.size(0), 1), generator=generator)
    return joint + share.to(joint) * (limbs - joint)


def _face(body: _Body, generator: Generator) -> Tensor:
    r"""The keypoints of the head ``[6, 3, B, T]``."""
    table = body_table()['face']
    axes = body.axes.of([PARTS.index('Head')])
    neck, head = (body.joints[JOINT[name]] for name in ('Neck', 'Head'))
    # The middle of the ears, up and forward from the neck
    high = ((head - neck) * axes.up[0]).sum(dim=0)
    place = torch.tensor(table['middle_spread']).view(1, 3, 1, 1)
    place = place * body.randn(1, 3, generator=generator)
    place[:, 0] += table['ears_ahead_of_neck']
    middle = neck + table['ears_above_neck'] * high * axes.up
    middle = middle + body.leg * axes.to_world(place)

    ahead, left, up = axes
    yaw, pitch, roll = _angles(_HEAD_ANGLES, body, generator)
    ahead, left = _turn(ahead, left, yaw)
    ahead, up = _turn(ahead, up, pitch)
    left, up = _turn(left, up, roll)
    size = body.randn(generator=generator)
    size = body.leg * (table['size_spread'] * size).exp()
    face = _offsets('face', _FACE).draw(body, generator)
    return middle + size * Axes(ahead, left, up).to_world(face)


def _feet(body: _Body, generator: Generator) -> Tensor:
    r"""Toes and heels ``[6, 3, B, T]``."""
    offset = _offsets('feet', _FEET).draw(body, generator)
    count = len(_FEET) // 2
    numbers = [part_number('Shank', side) for side in 'LR']
    ahead, left, up = body.axes.of(numbers)
    angles = [_angles(_FOOT_ANGLES, body, generator) for _ in 'LR']
    yaw, pitch = torch.stack([torch.stack(side) for side in angles], 1)
    yaw = torch.stack([yaw[0], -yaw[1]])[:, None]
    ahead, left = _turn(ahead, left, yaw)
    ahead, up = _turn(ahead, up, pitch[:, None])
    offset = Axes(ahead, left, up).of([0, 1] * count).to_world(offset)
    ankles = [JOINT['LFoot'], JOINT['RFoot']] * count
    return take(body.joints, ankles).addcmul(body.leg, offset)


def _angles(
    ranges: tuple[tuple[float, float], ...],
    body: _Body,
    generator: Generator,
) -> tuple[Tensor, ...]:
    r"""Random angles in radians, each ``[B, T]``: normally distributed in the
    middle frame, from where they change at a random constant rate.
    """
    frames = body.leg.size(1)
    noise = body.randn(len(ranges), 2, generator=generator)
    spread = torch.tensor(ranges).to(noise).deg2rad()
    angle, rate = (spread[..., None, None] * noise).unbind(dim=1)
    time = torch.arange(frames).to(noise) - (frames - 1) / 2
    return (angle + rate * time).unbind()


def _turn(a: Tensor, b: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    r"""Rotates two axes from the first one towards the second one."""
    cos, sin = angle.cos(), angle.sin()
    return cos * a + sin * b, cos * b - sin * a
