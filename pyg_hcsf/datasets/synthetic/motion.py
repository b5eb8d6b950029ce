r"""Turns motion plans into joint angles and joint positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from . import body as anatomy
from . import kinematics as kin
from .actions import ACTIONS, make_plan
from .arms import elbow_directions, within_cone, wrist_targets
from .body import SIDES, Array, Body, Pose
from .plan import FPS, MotionPlan, minimum_jerk

#: The shares of lumbar, thorax, neck and head in flexion, side bend and twist
#: of trunk or neck. The lumbar spine hardly twists.
SHARE = np.array(
    [[0.55, 0.5, 0.15], [0.45, 0.5, 0.85], [0.6, 0.6, 0.6], [0.4, 0.4, 0.4]]
)

#: The share of a stride during which a foot is on the ground.
DUTY = 0.52


def solve_angles(body: Body, plan: MotionPlan) -> Pose:
    r"""The joint angles of a motion plan, within the joint limits."""
    # Every function draws from plan.rng: their order decides the motion.
    sway = plan.noise((3,), 0.35)
    feet = _ankle_targets(plan, body.scale)
    root, pelvis, yaw = _solve_pelvis(body, plan, sway, feet)
    spine = _solve_spine(plan)
    core = kin.trunk(body, root, pelvis, spine)
    leg = _solve_legs(body, plan, core, pelvis, yaw, feet)
    thigh = kin.rotate(pelvis[:, None], kin.flip(kin.leg_directions(leg)[0]))
    knees = core.hips + thigh * body.thigh[:, None]
    clavicle, arm = _solve_arms(body, plan, core, knees)
    return anatomy.clamp(Pose(root, pelvis, spine, clavicle, arm, leg))


def _solve_pelvis(
    body: Body, plan: MotionPlan, sway: Array, feet: Array
) -> tuple[Array, Array, Array]:
    r"""Position, rotation and yaw: posture, sway and the motion of walking."""
    scale, phase = body.scale, 2.0 * np.pi * plan.steps
    lean, tilt, turn = np.deg2rad(
        plan.blend(lambda p: (p.lean, p.tilt, p.turn)).T
        + plan.sway * plan.noise((3,), 0.5).T * [[2.0], [1.5], [3.0]]
    )
    # The pelvis turns and rolls with each stride.
    yaw = plan.heading + turn - plan.stride * 0.10 * np.cos(phase)
    roll = tilt - plan.stride * 0.06 * np.sin(phase)
    pelvis = (
        kin.axis_rotation('z', yaw)
        @ kin.axis_rotation('y', lean)
        @ kin.axis_rotation('x', -roll)
    )
    root = np.zeros((len(plan.time), 3))
    root[:, :2] = plan.path + plan.sway * 18.0 * scale * sway[:, :2]
    height = plan.blend(lambda p: p.height) * scale
    height += plan.sway * 6.0 * sway[:, 2]
    root[:, 2] = _reachable_height(body, root, yaw, feet, height)
    return root, pelvis, yaw


def _solve_spine(plan: MotionPlan) -> Array:
    r"""Angles ``[T, 4, 3]`` of trunk, neck and head."""
    bend, gaze = plan.blend(lambda p: (p.spine, p.gaze)).swapaxes(0, 1)
    bend = bend + plan.sway * 4.0 * plan.noise((3,), 0.5)
    gaze = gaze + plan.sway * 8.0 * plan.noise((3,), 0.6)
    bend[:, 2] += plan.stride * 11.0 * np.cos(2.0 * np.pi * plan.steps)
    spine = np.stack([bend, bend, gaze, gaze], axis=1) * SHARE
    spine = spine + plan.sway * 1.0 * plan.noise((4, 3), 0.8)
    return anatomy.clamp_spine(np.deg2rad(spine))


def _solve_legs(
    body: Body,
    plan: MotionPlan,
    core: kin.Trunk,
    pelvis: Array,
    yaw: Array,
    feet: Array,
) -> Array:
    r"""Angles ``[T, 2, 4]`` that bring the ankles to the feet."""
    poles = kin.unit(plan.blend(lambda p: p.knees))
    poles = poles + plan.sway * 0.06 * plan.noise((2, 3), 0.4)
    into_pelvis = pelvis.swapaxes(1, 2)[:, None]
    heading = kin.axis_rotation('z', yaw)[:, None]
    poles = kin.flip(
        kin.rotate(into_pelvis, kin.rotate(heading, kin.flip(poles)))
    )
    reach = kin.flip(kin.rotate(into_pelvis, feet - core.hips))
    leg = kin.leg_angles(
        *kin.two_bone(reach, poles, body.thigh, body.shank, 'leg')
    )
    return _smooth(anatomy.clamp_angles(leg, 'leg'), 0.8)


def _solve_arms(
    body: Body, plan: MotionPlan, core: kin.Trunk, knees: Array
) -> tuple[Array, Array]:
    r"""Angles of the clavicles, which follow the hands, and of the arms, which
    bring the wrists to their targets.
    """
    still = np.zeros((len(plan.time), 2, 2))
    shoulder = kin.shoulders(body, core, still)
    target = wrist_targets(plan, body, core, shoulder, knees)
    into_chest = core.chest.swapaxes(1, 2)[:, None]
    offset = kin.rotate(into_chest, target - core.thorax[:, None])
    # Shoulders go up with high hands and forward with far ones.
    girdle = np.stack(
        [offset[..., 2] / 25.0 / body.scale, (offset[..., 0] - 150.0) / 25.0],
        axis=-1,
    )
    girdle = girdle + plan.sway * 2.0 * plan.noise((2, 2), 0.5)
    clavicle = anatomy.clamp_angles(np.deg2rad(girdle), 'clavicle')
    shoulder = kin.shoulders(body, core, clavicle)
    reach = within_cone(kin.flip(kin.rotate(into_chest, target - shoulder)))
    poles = elbow_directions(plan, reach)
    arm = kin.arm_angles(
        *kin.two_bone(reach, poles, body.upper_arm, body.forearm, 'arm')
    )
    arm = arm + plan.sway * np.deg2rad(1.5) * plan.noise((2, 4), 0.9)
    return clavicle, _smooth(anatomy.clamp_arm(arm), 1.6)


def _smooth(angles: Array, frames: float) -> Array:
    r"""Smooths angles over time, as they have corners at joint limits."""
    return gaussian_filter1d(angles, frames, axis=0, mode='nearest')


def joint_positions(body: Body, pose: Pose) -> Array:
    r"""Joint positions ``[T, 17, 3]`` in mm, the lowest one on the floor."""
    pos = kin.forward(body, pose)
    lowest = gaussian_filter1d(pos[..., 2].min(1), 2.0, mode='nearest')
    pos[..., 2] -= lowest[:, None]
    return pos


def _ankle_targets(plan: MotionPlan, scale: float) -> Array:
    r"""Positions of the ankles in the world ``[T, 2, 3]``."""
    feet = plan.blend(lambda p: p.feet) * scale
    n = len(plan.time)
    if not plan.feet_on_floor:
        speed = np.gradient(feet[..., :2], axis=0) * FPS
        speed = np.linalg.norm(speed, axis=-1)
        feet[..., 2] += 80.0 * speed / (speed + 600.0)
        return _to_world(plan, np.arange(n)[:, None], feet)
    out = np.empty_like(feet)
    for side in (0, 1):
        # Feet step in turn: the right one is half a stride later.
        cycle = plan.steps + 0.5 * side
        first, last = int(np.floor(cycle[0])), int(np.floor(cycle[-1])) + 2
        # Footprints, where the posture has the feet in the middle of a step.
        middle = np.arange(first, last) + 0.5 * DUTY
        frame = np.interp(middle, cycle, np.arange(n))
        frame = np.rint(frame).astype(int)
        prints = _to_world(plan, frame[:, None], feet[frame])[:, side]
        # Of each frame, the number of the footprint that a foot comes from.
        k = np.floor(cycle).astype(int) - first
        swing = np.clip((cycle % 1.0 - DUTY) / (1.0 - DUTY), 0.0, 1.0)
        here, there = prints[k], prints[np.minimum(k + 1, len(prints) - 1)]
        out[:, side] = here + minimum_jerk(swing)[:, None] * (there - here)
        far = np.linalg.norm(there - here, axis=-1)
        # The heel comes up early and high, the foot lands flat and slowly.
        lift = np.minimum(0.16 * far, 170.0 * scale)
        out[:, side, 2] += lift * 2.6 * swing * (1.0 - swing) ** 1.35
    return out


def _to_world(
    plan: MotionPlan, frame: NDArray[np.integer], feet: Array
) -> Array:
    r"""Offsets ``[K, 2, 3]`` from the pelvis in frames ``[K, 1]``, in the
    world.
    """
    out = kin.rotate(
        kin.axis_rotation('z', plan.heading[frame]), kin.flip(feet)
    )
    out[..., :2] += plan.path[frame]
    return out


def _reachable_height(
    body: Body, root: Array, yaw: Array, feet: Array, height: Array
) -> Array:
    r"""The height of the pelvis, lowered until both legs reach the feet."""
    hips = np.stack([-np.sin(yaw), np.cos(yaw)], -1)[:, None]
    hips = root[:, None, :2] + hips * (SIDES * body.hip)[:, None]
    away = np.linalg.norm(feet[..., :2] - hips, axis=-1)
    # Legs never stretch fully, see STRAIGHT.
    longest = (body.thigh + body.shank) * np.cos(kin.STRAIGHT['leg'])
    longest = longest * 0.997
    highest = np.sqrt(np.maximum(longest**2 - away**2, 0.0)) + feet[..., 2]
    height = np.minimum(height, highest.min(axis=1))
    return gaussian_filter1d(height, 1.5, mode='nearest')


def synthesize_motion(
    subject: str,
    action: str,
    take: int,
    num_frames: int = 400,
    seed: int = 0,
) -> Array:
    r"""Generates the motion of one clip. It depends on the arguments only and
    is the same in every process.

    Args:
        subject (str): One of Human3.6M's subjects with 3D labels,
            :obj:`'S1'` to :obj:`'S11'`; decides the body.
        action (str): One of Human3.6M's fifteen actions.
        take (int): :obj:`1` or :obj:`2`; some actions are done standing in
            one take and seated in the other.
        num_frames (int, optional): The number of frames :obj:`T`, at 25 Hz.
            (default: :obj:`400`)
        seed (int, optional): The seed, at least 0. (default: :obj:`0`)

    Returns:
        numpy.ndarray: The 17 joints in world millimetres (:math:`z` up), with
        the lowest joint near the floor :math:`z = 0`, :obj:`[T, 17, 3]`.

    Raises:
        ValueError: If an argument is none of those above.

    Example:
        >>> synthesize_motion('S9', 'Walking', 1).shape
        (400, 17, 3)
    """
    # The generator imports nothing of the package around it, nor torch.
    for name, value, known in (
        ('subject', subject, tuple(anatomy.SEX)),
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
    body = anatomy.make_body(subject, seed)
    # Very short clips are cut from one that has room for a posture.
    plan = make_plan(subject, action, take, max(num_frames, 50), seed)
    return joint_positions(body, solve_angles(body, plan))[:num_frames]
