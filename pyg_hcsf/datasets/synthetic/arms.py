r"""Places the hands: targets of the wrists, collisions, elbow directions."""

from __future__ import annotations

import numpy as np

from .body import SIDES, Array, Body, shoulder_scale
from .hands import FRAMES
from .kinematics import UP, Trunk, axis_rotation, rotate, unit
from .plan import MotionPlan

#: Radii of the capsules that wrists are kept out of, mm.
TRUNK_RADIUS, THIGH_RADIUS, SKULL_RADIUS = 150.0, 75.0, 105.0


def wrist_targets(
    plan: MotionPlan, body: Body, core: Trunk, shoulder: Array, knees: Array
) -> Array:
    r"""Positions of the wrists in the world ``[T, 2, 3]``, out of the body and
    above the floor.
    """
    out = np.stack(
        [
            _blend_targets(plan, body, core, shoulder, knees, side)
            for side in (0, 1)
        ],
        axis=1,
    )
    scale, aside = body.scale, core.chest[:, None, :, 1]
    out += plan.gesture * scale * plan.noise((2, 3), 0.8)
    out += 90.0 * scale * plan.wave[..., None] * aside
    for side in (0, 1):
        hip, knee = core.hips[:, side, None], knees[:, side, None]
        out = _push_out(out, hip, knee, THIGH_RADIUS * scale, UP)
    outwards, skull = SIDES[:, None] * aside, core.skull_center[:, None]
    pelvis, thorax = core.hips.mean(axis=1)[:, None], core.thorax[:, None]
    out = _push_out(out, pelvis, thorax, TRUNK_RADIUS * scale, outwards)
    out = _push_out(out, skull, skull, SKULL_RADIUS * scale, outwards)
    out[..., 2] = np.maximum(out[..., 2], 25.0)
    return out


def _blend_targets(
    plan: MotionPlan,
    body: Body,
    core: Trunk,
    shoulder: Array,
    knees: Array,
    side: int,
) -> Array:
    r"""The weighted mean of the targets of one hand, ``[T, 3]``."""
    yaw = np.arctan2(core.chest[:, 1, 0], core.chest[:, 0, 0])
    level = axis_rotation('z', yaw)
    frames = {  # origins [T, 3] and axes [T, 3, 3]
        'hang': (shoulder[:, side], level),
        'reach': (shoulder[:, side], core.chest),
        'chest': (core.thorax, core.chest),
        'head': (core.skull_center, core.skull),
        'hip': (core.hips[:, side], level),
        'knee': (knees[:, side], level),
        'floor': (core.hips.mean(axis=1) * [1.0, 1.0, 0.0], level),
    }
    weights, hands = plan.hand_weights[side], plan.hands[side]
    mirror = np.array([1.0, SIDES[side], 1.0])
    out = np.zeros((len(plan.time), 3))
    for name in FRAMES:
        mine = np.array([h.frame == name for h in hands], dtype=float)
        if not mine.any():
            continue
        # The weight of all targets in this frame [T], and the weighted sum of
        # their offsets [T, 3].
        share = weights @ mine
        offset = weights @ (mine[:, None] * [h.offset for h in hands])
        offset = offset * body.scale * mirror
        if name == 'hang' and plan.arm_swing:
            # Hands swing in turn, half a stride apart.
            phase = 2.0 * np.pi * (plan.steps + 0.5 * side - 0.05)
            swing = plan.arm_swing * body.scale * np.cos(phase)
            offset[:, 0] -= share * swing
            offset[:, 2] += share * (20.0 + 0.25 * np.maximum(-swing, 0.0))
        origin, axes = frames[name]
        out += share[:, None] * origin + rotate(axes, offset)
    return out


def _push_out(
    x: Array, start: Array, end: Array, radius: float, aside: Array
) -> Array:
    r"""Moves points out of a capsule, rather in the direction ``aside``."""
    axis = end - start
    # The nearest point of the capsule's axis.
    along = ((x - start) * axis).sum(-1) / ((axis**2).sum(-1) + 1e-9)
    nearest = start + np.clip(along, 0.0, 1.0)[..., None] * axis
    away = np.linalg.norm(x - nearest, axis=-1, keepdims=True)
    push = np.maximum(radius - away, 0.0)
    return x + push * unit(x - nearest + 0.8 * radius * aside)


def within_cone(reach: Array) -> Array:
    r"""Rotates the vectors from shoulder to wrist into the shoulder cone."""
    ahead = unit(reach)
    elevation = np.arccos(np.clip(-ahead[..., 2], -1.0, 1.0))
    level = unit(ahead * [1.0, 1.0, 0.0])
    elevation *= shoulder_scale(elevation[..., None] * level[..., :2])
    ahead = np.sin(elevation)[..., None] * level
    ahead[..., 2] = -np.cos(elevation)
    return ahead * np.linalg.norm(reach, axis=-1, keepdims=True)


def elbow_directions(plan: MotionPlan, reach: Array) -> Array:
    r"""The directions that the elbows point to ``[T, 2, 3]``, in the axes of
    the chest.

    They are those of the targets, plus the direction of a hanging arm
    (backward and outward) under the smallest rotation to the reach, which
    keeps the elbow from flipping where the former is parallel to the reach.
    """
    poles = [
        weights @ unit(np.array([h.pole for h in hands]))
        for weights, hands in zip(plan.hand_weights, plan.hands, strict=True)
    ]
    ahead, rest = unit(reach), unit(np.array([-1.0, 0.5, 0.0]))
    turn = (ahead @ rest) / np.maximum(1.0 - ahead[..., 2], 0.1)
    natural = rest - turn[..., None] * (ahead - UP)
    return np.stack(poles, axis=1) + 0.5 * natural
