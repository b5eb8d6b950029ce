"""Where keypoints are on the people of Anny, relative to joints."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from experiments.fitting.anny_people import AnnyModel, People
from experiments.fitting.rig_motion import legs
from pyg_hcsf.geometry.bodies.frames import (
    JOINT,
    body_frames,
    joints_first,
    part_number,
    unit,
)
from pyg_hcsf.geometry.bodies.keypoints import LIMB_POINTS

FACE = ('Nose', 'Eye', 'Ear', 'Head')
FEET = ('BigToe', 'SmallToe', 'Heel')


def local_points(
    model: AnnyModel,
    people: People,
    heights: Tensor,
    point: str,
    place: tuple[str, str],
) -> Tensor:
    """Points relative to a joint in the frame of a part, over the length of a
    leg, as if all were on the left: ``[2 N, 3]``.

    Args:
        model: The names of the points.
        people: The people.
        heights: Those of the joints of the trunk.
        point: The point without its side.
        place: Its part and joint, likewise.
    """
    part, joint = place
    joints = people.joints(heights)
    first = joints_first(joints[:, None])
    axes = torch.stack(body_frames(first), dim=1)[..., 0]
    leg = legs(joints)[:, None]
    out = []
    for side, sign in (('L', 1.0), ('R', -1.0)):
        at = people.points[:, model.names.index(side + point)]
        step = (at - joints[:, JOINT[side + joint]]) / leg
        frame = axes[part_number(part, side)]  # axis, coordinate, person
        step = torch.einsum('acn,nc->na', frame, step)
        out.append(step * step.new_tensor([1.0, sign, 1.0]))
    return torch.cat(out)


def fit_points(
    model: AnnyModel, moved: People, heights: Tensor, offset: Tensor
) -> dict[str, Any]:
    """The keypoints of limbs relative to the joints of CMU: those of Anny
    relative to its own joints, plus the offset of these ``[17, 3]``, which is
    along the bone except for shoulders and hips.
    """
    out = {}
    for name, place in LIMB_POINTS.items():
        local = local_points(model, moved, heights, name, place)
        shift = offset[JOINT['L' + place[1]]].clone()
        if name not in ('Shoulder', 'Hip'):
            shift[:2] = 0
        out[name] = moments(local, shift)
    return out


def fit_feet(
    model: AnnyModel, people: People, heights: Tensor
) -> dict[str, Any]:
    """Toes and heels of people at rest relative to the ankle, in the frame of
    the shank.
    """
    out = {}
    for name in FEET:
        local = local_points(model, people, heights, name, ('Shank', 'Foot'))
        out[name] = moments(local)
    return out


def fit_face(model: AnnyModel, people: People, cmu: Tensor) -> dict[str, Any]:
    """Nose, eyes, ears and the top of the head relative to the middle of the
    ears, in the frame of the head; and that middle relative to the neck of
    CMU's rig.
    """
    leg = legs(people.limbs)
    left = [model.names.index(name) for name in ('Nose', 'LEye', 'LEar')]
    middle = people.points[:, left[-1]] + people.points[:, left[-1] + 1]
    points = [*people.points[:, left].unbind(1), people.spine[:, -1]]
    face = torch.stack(points, dim=1) - middle[:, None] / 2
    face = face @ people.head.mT / leg[:, None, None]
    size = face.norm(dim=-1).mean(dim=1)
    face = face / (size / size.mean())[:, None, None]
    # Forward and up from the hips, in the rest pose of Anny
    ears = (middle / 2 - people.limbs[:, 0]) / leg[:, None]
    ears = torch.stack([-ears[:, 1], 0 * leg, ears[:, 2]], dim=1)
    neck, head = cmu[JOINT['Neck']], cmu[JOINT['Head']]
    up = unit((head - cmu[JOINT['Thorax']])[None])[0]
    step = ears.mean(dim=0) - neck
    ahead = up.flip(0) * up.new_tensor([1.0, 0.0, -1.0])
    above = float((step * up).sum() / ((head - neck) * up).sum())
    return {
        'size_spread': round(float(size.log().std()), 3),
        'ears_above_neck': round(above, 2),  # 0 at the neck, 1 at the head
        'ears_ahead_of_neck': round(float((step * ahead).sum()), 3),
        'middle_spread': rounded(ears.std(dim=0)),
        **{name: moments(face[:, i]) for i, name in enumerate(FACE)},
    }


def fit_limits(model: AnnyModel, people: People) -> dict[str, Any]:
    """Half the distance of the shoulders and the length of the forearm, two
    standard deviations below and above the mean.
    """
    at = dict(zip(model.names, people.points.unbind(1), strict=True))
    lengths = {
        'shoulders': (at['LShoulder'] - at['RShoulder']).norm(dim=1) / 2,
        'forearm': (at['LElbow'] - at['LWrist']).norm(dim=1),
    }
    out = {}
    for name, length in lengths.items():
        length = length / legs(people.limbs)
        step = 2 * length.std()
        out[name] = rounded([length.mean() - step, length.mean() + step])
    return out


def moments(x: Tensor, shift: Tensor | float = 0.0) -> dict[str, Any]:
    """The mean of points ``[N, 3]``, with a shift, and their spread."""
    mean, spread = x.mean(dim=0) + shift, x.std(dim=0)
    return {'mean': rounded(mean), 'spread': rounded(spread)}


def rounded(x: Any, digits: int = 4) -> Any:
    """Lists of rounded numbers."""
    return np.round(np.asarray(x, dtype=float), digits).tolist()
