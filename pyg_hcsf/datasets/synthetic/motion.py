r"""Carries out a script with a body: postures in, joint positions out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from .actions import ACTIONS, write_script
from .body import (
    SEX,
    SIDES,
    Array,
    Body,
    Pose,
    clamp,
    clamp_arm,
    clamp_clavicle,
    clamp_leg,
    clamp_spine,
    make_body,
    shoulder_scale,
)
from .kinematics import (
    STRAIGHT,
    UP,
    about,
    arm_angles,
    flip,
    forward,
    leg_angles,
    leg_directions,
    rotate,
    shoulders,
    trunk,
    two_bone,
    unit,
)
from .script import FRAMES, Script, ease, wander

#: How a trunk or neck angle is shared by its two joints: flexion, side bend,
#: twist of lumbar, thorax, neck and head.  The lumbar spine hardly twists.
SHARE = np.array(
    [[0.55, 0.5, 0.15], [0.45, 0.5, 0.85], [0.6, 0.6, 0.6], [0.4, 0.4, 0.4]]
)

#: Fraction of a stride until the heel comes off the ground.
DUTY = 0.52

#: Radii of trunk and thighs that wrists keep out of, mm.
TRUNK_RADIUS, THIGH_RADIUS, SKULL_RADIUS = 150.0, 75.0, 105.0


def perform(body: Body, script: Script) -> Pose:
    r"""Solves a script for joint angles within the joint limits."""
    scale, rng, n = body.scale, script.rng, len(script.time)
    restless, sway = script.restless, wander(rng, n, (3,), 0.35)
    feet = _feet(script, scale)

    # Pelvis: posture, sway and what walking adds.
    phase = 2.0 * np.pi * script.steps
    lean, tilt, turn = np.deg2rad(
        script.blend(lambda p: (p.lean, p.tilt, p.turn)).T
        + restless * wander(rng, n, (3,), 0.5).T * [[2.0], [1.5], [3.0]]
    )
    yaw = script.heading + turn - script.stride * 0.10 * np.cos(phase)
    roll = tilt - script.stride * 0.06 * np.sin(phase)
    pelvis = about('z', yaw) @ about('y', lean) @ about('x', -roll)
    root = np.zeros((n, 3))
    root[:, :2] = script.path + restless * 18.0 * scale * sway[:, :2]
    height = script.blend(lambda p: p.height) * scale
    height += restless * 6.0 * sway[:, 2]
    root[:, 2] = _standing(body, root, yaw, feet, height)

    # Trunk, neck and head.
    bend, gaze = script.blend(lambda p: (p.spine, p.gaze)).swapaxes(0, 1)
    bend = bend + restless * 4.0 * wander(rng, n, (3,), 0.5)
    gaze = gaze + restless * 8.0 * wander(rng, n, (3,), 0.6)
    bend[:, 2] += script.stride * 11.0 * np.cos(phase)
    spine = np.stack([bend, bend, gaze, gaze], axis=1) * SHARE
    spine = spine + restless * 1.0 * wander(rng, n, (4, 3), 0.8)
    spine = clamp_spine(np.deg2rad(spine))
    core = trunk(body, root, pelvis, spine)

    # Legs: the ankles are where the feet are, the knees where they point.
    poles = unit(script.blend(lambda p: p.knees))
    poles = poles + restless * 0.06 * wander(rng, n, (2, 3), 0.4)
    into_pelvis = pelvis.swapaxes(1, 2)[:, None]
    heading = about('z', yaw)[:, None]
    poles = flip(rotate(into_pelvis, rotate(heading, flip(poles))))
    reach = flip(rotate(into_pelvis, feet - core['hips']))
    leg = leg_angles(*two_bone(reach, poles, body.thigh, body.shank, 'leg'))
    leg = _calm(clamp_leg(leg), 0.8)
    thigh = rotate(pelvis[:, None], flip(leg_directions(leg)[0]))
    knees = core['hips'] + thigh * body.thigh[:, None]

    # Arms: shoulder girdle follows the hand, then the wrists are placed.
    still = np.zeros((n, 2, 2))
    target = _targets(script, body, core, shoulders(body, core, still), knees)
    into_chest = core['chest'].swapaxes(1, 2)[:, None]
    offset = rotate(into_chest, target - core['thorax'][:, None])
    girdle = np.stack(
        [offset[..., 2] / 25.0 / scale, (offset[..., 0] - 150.0) / 25.0],
        axis=-1,
    )
    girdle = girdle + restless * 2.0 * wander(rng, n, (2, 2), 0.5)
    clavicle = clamp_clavicle(np.deg2rad(girdle))
    shoulder = shoulders(body, core, clavicle)
    reach = _within_cone(flip(rotate(into_chest, target - shoulder)))
    poles = _elbows(script, reach)
    arm = arm_angles(
        *two_bone(reach, poles, body.upper_arm, body.forearm, 'arm')
    )
    arm = arm + restless * np.deg2rad(1.5) * wander(rng, n, (2, 4), 0.9)
    arm = _calm(clamp_arm(arm), 1.6)
    return clamp(Pose(root, pelvis, spine, clavicle, arm, leg))


def _calm(angles: Array, frames: float) -> Array:
    r"""Smooths over the corners where a limb runs into a limit."""
    return gaussian_filter1d(angles, frames, axis=0, mode='nearest')


def ground(body: Body, pose: Pose) -> Array:
    r"""Joint positions ``[T, 17, 3]`` with the lowest joint on the floor."""
    pos = forward(body, pose)
    lowest = gaussian_filter1d(pos[..., 2].min(1), 2.0, mode='nearest')
    pos[..., 2] -= lowest[:, None]
    return pos


def _feet(script: Script, scale: float) -> Array:
    r"""Ankle targets ``[T, 2, 3]`` in the world, with steps where needed."""
    feet = script.blend(lambda p: p.feet) * scale
    n = len(script.time)
    if not script.planted:  # on a chair or the floor: feet slide into place
        speed = np.gradient(feet[..., :2], axis=0) * 25.0
        speed = np.linalg.norm(speed, axis=-1)
        feet[..., 2] += 80.0 * speed / (speed + 600.0)
        return _place(script, np.arange(n)[:, None], feet)
    out = np.empty_like(feet)
    for side in (0, 1):
        cycle = script.steps + 0.5 * side
        first, last = int(np.floor(cycle[0])), int(np.floor(cycle[-1])) + 2
        middle = np.arange(first, last) + 0.5 * DUTY
        at = np.interp(middle, cycle, np.arange(n))
        at = np.rint(at).astype(int)
        prints = _place(script, at[:, None], feet[at])[:, side]
        k = np.floor(cycle).astype(int) - first
        swing = np.clip((cycle % 1.0 - DUTY) / (1.0 - DUTY), 0.0, 1.0)
        here, there = prints[k], prints[np.minimum(k + 1, len(prints) - 1)]
        out[:, side] = here + ease(swing)[:, None] * (there - here)
        far = np.linalg.norm(there - here, axis=-1)
        # The heel comes up early and high, the foot lands flat and slowly.
        lift = np.minimum(0.16 * far, 170.0 * scale)
        out[:, side, 2] += lift * 2.6 * swing * (1.0 - swing) ** 1.35
    return out


def _place(script: Script, at: NDArray[np.integer], feet: Array) -> Array:
    r"""Canonical offsets ``[K, 2, 3]`` at frames ``[K, 1]``, in the world."""
    out = rotate(about('z', script.heading[at]), flip(feet))
    out[..., :2] += script.path[at]
    return out


def _standing(
    body: Body, root: Array, yaw: Array, feet: Array, height: Array
) -> Array:
    r"""Pelvis height at which both legs reach their feet."""
    hips = np.stack([-np.sin(yaw), np.cos(yaw)], -1)[:, None]
    hips = root[:, None, :2] + hips * (SIDES * body.hip)[:, None]
    away = np.linalg.norm(feet[..., :2] - hips, axis=-1)
    longest = (body.thigh + body.shank) * np.cos(STRAIGHT['leg'])
    longest = longest * 0.997
    highest = np.sqrt(np.maximum(longest**2 - away**2, 0.0)) + feet[..., 2]
    height = np.minimum(height, highest.min(axis=1))
    return gaussian_filter1d(height, 1.5, mode='nearest')


def _targets(
    script: Script, body: Body, core: dict, shoulder: Array, knees: Array
) -> Array:
    r"""Wrist targets ``[T, 2, 3]``: the weighted mean over their frames."""
    n, rng, scale = len(script.time), script.rng, body.scale
    yaw = np.arctan2(core['chest'][:, 1, 0], core['chest'][:, 0, 0])
    level, chest, skull = about('z', yaw), core['chest'], core['skull']
    middle = 0.5 * (core['nose'] + core['top'])
    below = core['hips'].mean(axis=1) * [1.0, 1.0, 0.0]
    out = np.zeros((n, 2, 3))
    for side in (0, 1):
        frames = {
            'hang': (shoulder[:, side], level),
            'reach': (shoulder[:, side], chest),
            'chest': (core['thorax'], chest),
            'head': (middle, skull),
            'hip': (core['hips'][:, side], level),
            'knee': (knees[:, side], level),
            'floor': (below, level),
        }
        weights, hands = script.hand_weights[side], script.hands[side]
        mirror = np.array([1.0, SIDES[side], 1.0])
        for name in FRAMES:
            mine = np.array([h.frame == name for h in hands], dtype=float)
            if not mine.any():
                continue
            share = weights @ mine
            at = weights @ (mine[:, None] * [h.at for h in hands])
            at = at * scale * mirror
            if name == 'hang' and script.arm_swing:
                phase = 2.0 * np.pi * (script.steps + 0.5 * side - 0.05)
                swing = script.arm_swing * scale * np.cos(phase)
                at[:, 0] -= share * swing
                at[:, 2] += share * (20.0 + 0.25 * np.maximum(-swing, 0.0))
            origin, axes = frames[name]
            out[:, side] += share[:, None] * origin + rotate(axes, at)
    moving = script.gesture * scale
    out += moving * wander(rng, n, (2, 3), 0.8)
    out += 90.0 * scale * script.wave[..., None] * chest[:, None, :, 1]
    for side in (0, 1):
        hip, knee = core['hips'][:, side], knees[:, side]
        out = _avoid(
            out, hip[:, None], knee[:, None], THIGH_RADIUS * scale, UP
        )
    low, high = core['hips'].mean(axis=1), core['thorax']
    aside = SIDES[:, None] * chest[:, None, :, 1]
    for start, end, radius in (
        (low, high, TRUNK_RADIUS),
        (middle, middle, SKULL_RADIUS),
    ):
        out = _avoid(out, start[:, None], end[:, None], radius * scale, aside)
    out[..., 2] = np.maximum(out[..., 2], 25.0)
    return out


def _avoid(
    x: Array, start: Array, end: Array, radius: float, aside: Array
) -> Array:
    r"""Pushes points out of a capsule, rather to the side :obj:`aside`."""
    axis = end - start
    along = ((x - start) * axis).sum(-1) / ((axis**2).sum(-1) + 1e-9)
    nearest = start + np.clip(along, 0.0, 1.0)[..., None] * axis
    away = np.linalg.norm(x - nearest, axis=-1, keepdims=True)
    push = np.maximum(radius - away, 0.0)
    return x + push * unit(x - nearest + 0.8 * radius * aside)


def _within_cone(reach: Array) -> Array:
    r"""Keeps the hands out of where no arm goes, far behind the trunk."""
    ahead = unit(reach)
    elevation = np.arccos(np.clip(-ahead[..., 2], -1.0, 1.0))
    level = unit(ahead * [1.0, 1.0, 0.0])
    elevation *= shoulder_scale(elevation[..., None] * level[..., :2])
    ahead = np.sin(elevation)[..., None] * level
    ahead[..., 2] = -np.cos(elevation)
    return ahead * np.linalg.norm(reach, axis=-1, keepdims=True)


def _elbows(script: Script, reach: Array) -> Array:
    r"""Where the elbows point to ``[T, 2, 3]``, in the axes of the chest.

    What the hands ask for, plus the direction (backwards and outwards for a
    hanging arm) carried along by the shortest turn of the reach: it keeps
    the elbow from flipping over where the first lies along the reach.
    """
    poles = [
        weights @ unit(np.array([h.pole for h in hands]))
        for weights, hands in zip(
            script.hand_weights, script.hands, strict=True
        )
    ]
    ahead, rest = unit(reach), unit(np.array([-1.0, 0.5, 0.0]))
    turn = (ahead @ rest) / np.maximum(1.0 - ahead[..., 2], 0.1)
    natural = rest - turn[..., None] * (ahead - UP)
    return np.stack(poles, axis=1) + 0.5 * natural


def synthesize_motion(
    subject: str,
    action: str,
    take: int,
    num_frames: int = 400,
    seed: int = 0,
) -> Array:
    r"""Makes the motion of one clip, the same in every process.

    Args:
        subject (str): One of Human3.6M's subjects with 3D labels,
            :obj:`'S1'` to :obj:`'S11'`; decides the body.
        action (str): One of Human3.6M's fifteen actions.
        take (int): :obj:`1` or :obj:`2`; some actions are done standing in
            one take and seated in the other.
        num_frames (int, optional): The number of frames :obj:`T`, at 25 Hz.
            (default: :obj:`400`)
        seed (int, optional): The seed, not negative. (default: :obj:`0`)

    Returns:
        numpy.ndarray: The 17 joints in world millimetres, z up, the lowest
        joint near the floor :math:`z = 0`: :obj:`[T, 17, 3]`.

    Raises:
        ValueError: If an argument is none of those above.

    Example:
        >>> synthesize_motion('S9', 'Walking', 1).shape
        (400, 17, 3)
    """
    for name, value, known in (
        ('subject', subject, tuple(SEX)),
        ('action', action, ACTIONS),
        ('take', take, (1, 2)),
    ):
        if value not in known:
            raise ValueError(
                f"Expected '{name}' to be one of {known} (got {value!r})"
            )
    for name, value, least in (
        ('num_frames', num_frames, 1),
        ('seed', seed, 0),
    ):
        if int(value) != value or value < least:
            raise ValueError(
                f"Expected '{name}' to be a whole number of at least {least} "
                f'(got {value!r})'
            )
    body = make_body(subject, seed)
    # Very short clips are cut from one that has room for a posture.
    script = write_script(subject, action, take, max(num_frames, 50), seed)
    return ground(body, perform(body, script))[:num_frames]
