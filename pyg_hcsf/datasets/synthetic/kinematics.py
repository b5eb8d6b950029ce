r"""Forward and inverse kinematics of the synthetic body, over all frames."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import body as anatomy
from .body import SIDES, Array, Body, Pose

UP = np.array([0.0, 0.0, 1.0])

#: The smallest flexion of elbow and knee in inverse kinematics, radians: the
#: axis of a straight limb's hinge is undefined.
STRAIGHT = {'arm': np.deg2rad(8.0), 'leg': np.deg2rad(3.0)}


def unit(x: Array) -> Array:
    r"""Scales vectors to length one."""
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-9)


def rotate(matrix: Array, x: Array) -> Array:
    r"""Applies rotations ``[..., 3, 3]`` to vectors ``[..., 3]``."""
    return np.einsum('...ij,...j->...i', matrix, x)


def flip(x: Array) -> Array:
    r"""Converts ``[..., 2, 3]`` from y outwards to y to the left, and back."""
    return x * np.stack([np.ones(2), SIDES, np.ones(2)], axis=-1)


def axis_rotation(axis: str, angle: Array) -> Array:
    r"""Rotations about one coordinate axis."""
    c, s = np.cos(angle), np.sin(angle)
    out = np.zeros((*np.shape(angle), 3, 3))
    i, j, k = {'x': (1, 2, 0), 'y': (2, 0, 1), 'z': (0, 1, 2)}[axis]
    out[..., i, i] = out[..., j, j] = c
    out[..., j, i], out[..., i, j] = s, -s
    out[..., k, k] = 1.0
    return out


def spine_rotation(angles: Array) -> Array:
    r"""Rotations of the spine: a twist, then flexion and side bend in one."""
    flexion, side, twist = np.moveaxis(angles, -1, 0)
    size = np.hypot(flexion, side)
    towards = np.arctan2(side, flexion)
    swing = (
        axis_rotation('z', towards)
        @ axis_rotation('y', size)
        @ axis_rotation('z', -towards)
    )
    return swing @ axis_rotation('z', twist)


def leg_directions(leg: Array) -> tuple[Array, Array]:
    r"""Directions of thigh and shank (y outwards) for angles ``[T, 2, 4]``."""
    flexion, abduction, rotation, knee = np.moveaxis(leg, -1, 0)[..., None]
    thigh, back, out = _leg_axes(flexion, abduction)
    bend = np.cos(rotation) * back + np.sin(rotation) * out
    return thigh, np.cos(knee) * thigh + np.sin(knee) * bend


def leg_angles(thigh: Array, shank: Array) -> Array:
    r"""Inverse of :func:`leg_directions`."""
    flexion = np.arctan2(thigh[..., 0], -thigh[..., 2])
    abduction = np.arcsin(np.clip(thigh[..., 1], -1.0, 1.0))
    _, back, out = _leg_axes(flexion[..., None], abduction[..., None])
    rotation = np.arctan2((shank * out).sum(-1), (shank * back).sum(-1))
    return np.stack([flexion, abduction, rotation, _hinge(thigh, shank)], -1)


def _leg_axes(flexion: Array, abduction: Array) -> tuple[Array, Array, Array]:
    sf, cf = np.sin(flexion), np.cos(flexion)
    sa, ca = np.sin(abduction), np.cos(abduction)
    # Hanging down at zero; flexion turns it forward, abduction outwards.
    thigh = np.concatenate([sf * ca, sa, -cf * ca], axis=-1)
    back = np.concatenate([-cf, np.zeros_like(cf), -sf], axis=-1)
    return thigh, back, np.cross(thigh, back)


def arm_directions(arm: Array) -> tuple[Array, Array]:
    r"""Directions of upper arm and forearm (y outwards), ``[T, 2, 4]``."""
    upper, raised, side, azimuth = _arm_axes(arm[..., :2])
    angle = -(arm[..., 2:3] + azimuth)
    bend = np.cos(angle) * raised + np.sin(angle) * side
    elbow = arm[..., 3:]
    return upper, np.cos(elbow) * upper + np.sin(elbow) * bend


def arm_angles(upper: Array, forearm: Array) -> Array:
    r"""Inverse of :func:`arm_directions`."""
    elevation = np.arccos(np.clip(-upper[..., 2], -1.0, 1.0))
    azimuth = np.arctan2(upper[..., 1], upper[..., 0])
    swing = np.stack(
        [elevation * np.cos(azimuth), elevation * np.sin(azimuth)], axis=-1
    )
    _, raised, side, _ = _arm_axes(swing)
    angle = np.arctan2((forearm * side).sum(-1), (forearm * raised).sum(-1))
    rotation = np.remainder(np.pi - angle - azimuth, 2.0 * np.pi) - np.pi
    flexion = _hinge(upper, forearm)
    return np.concatenate(
        [swing, rotation[..., None], flexion[..., None]], axis=-1
    )


def _arm_axes(swing: Array) -> tuple[Array, Array, Array, Array]:
    elevation = np.linalg.norm(swing, axis=-1, keepdims=True)
    azimuth = np.arctan2(swing[..., 1:], swing[..., :1])
    towards = np.concatenate(
        [np.cos(azimuth), np.sin(azimuth), np.zeros_like(azimuth)], axis=-1
    )
    upper = np.sin(elevation) * towards - np.cos(elevation) * UP
    raised = np.cos(elevation) * towards + np.sin(elevation) * UP
    return upper, raised, np.cross(UP, towards), azimuth


def _hinge(first: Array, second: Array) -> Array:
    return np.arccos(np.clip((first * second).sum(-1), -1.0, 1.0))


def two_bone(
    reach: Array, pole: Array, first: Array, second: Array, limb: str
) -> tuple[Array, Array]:
    r"""Inverse kinematics: the directions of two segments whose end is at
    :obj:`reach`, or as close as the limits of the hinge permit.

    Args:
        reach (numpy.ndarray): Vector from the first joint, ``[T, 2, 3]``.
        pole (numpy.ndarray): Direction that the hinge points to,
            ``[T, 2, 3]``.
        first (numpy.ndarray): Length of the first segment, ``[2]``.
        second (numpy.ndarray): Length of the second segment, ``[2]``.
        limb (str): :obj:`'arm'` or :obj:`'leg'`.
    """
    flexion = np.array(
        [np.deg2rad(anatomy.LIMITS[limb][-1][1]), STRAIGHT[limb]]
    )
    # The law of cosines at the largest and at the smallest flexion.
    low, high = np.sqrt(
        first**2 + second**2 + 2.0 * first * second * np.cos(flexion)[:, None]
    )
    distance = np.clip(np.linalg.norm(reach, axis=-1), low, high)[..., None]
    ahead = unit(reach)
    aside = unit(pole - (pole * ahead).sum(-1, keepdims=True) * ahead)
    # The angle between the reach and the first segment, by the same law.
    l1, l2 = first[:, None], second[:, None]
    cos = (l1**2 + distance**2 - l2**2) / (2.0 * l1 * distance)
    cos = np.clip(cos, -1.0, 1.0)
    direction = cos * ahead + np.sqrt(1.0 - cos**2) * aside
    return direction, unit(ahead * distance - l1 * direction)


class Trunk(NamedTuple):
    r"""Joint positions and rotations of the trunk over time."""

    spine: Array  #: joints, [T, 3]
    thorax: Array
    nose: Array
    top: Array
    hips: Array  #: left and right hip, [T, 2, 3]
    chest: Array  #: rotations to the world, [T, 3, 3]
    skull: Array

    @property
    def skull_center(self) -> Array:
        r"""The middle between nose and top of the head, ``[T, 3]``."""
        return 0.5 * (self.nose + self.top)


def trunk(body: Body, root: Array, pelvis: Array, spine: Array) -> Trunk:
    r"""Forward kinematics of the trunk, for angles ``[T, 4, 3]``."""
    lumbar = pelvis @ spine_rotation(spine[:, 0])
    chest = lumbar @ spine_rotation(spine[:, 1])
    neck = chest @ spine_rotation(spine[:, 2])
    skull = neck @ spine_rotation(spine[:, 3])
    middle = root + lumbar[..., 2] * body.lumbar
    thorax = middle + chest[..., 2] * body.thorax
    nose = thorax + neck @ unit(anatomy.NECK_REST) * body.neck
    top = nose + skull @ unit(anatomy.HEAD_REST) * body.head
    hips = np.zeros((2, 3))
    hips[:, 1] = SIDES * body.hip
    hips = root[:, None] + np.einsum('tij,sj->tsi', pelvis, hips)
    return Trunk(middle, thorax, nose, top, hips, chest, skull)


def shoulders(body: Body, core: Trunk, clavicle: Array) -> Array:
    r"""Shoulder positions ``[T, 2, 3]``."""
    elevation = clavicle[..., 0] - anatomy.SHOULDER_SLOPE
    forward = clavicle[..., 1]
    local = np.stack(
        [
            np.sin(forward) * np.cos(elevation),
            np.cos(forward) * np.cos(elevation),
            np.sin(elevation),
        ],
        axis=-1,
    )
    local = flip(local) * body.shoulder[:, None]
    return core.thorax[:, None] + rotate(core.chest[:, None], local)


def forward(body: Body, pose: Pose) -> Array:
    r"""Joint positions ``[T, 17, 3]`` in mm, Human3.6M order."""
    core = trunk(body, pose.root, pose.pelvis, pose.spine)
    hips, shoulder = core.hips, shoulders(body, core, pose.clavicle)
    thigh, shank = (
        rotate(pose.pelvis[:, None], flip(d)) for d in leg_directions(pose.leg)
    )
    upper, fore = (
        rotate(core.chest[:, None], flip(d)) for d in arm_directions(pose.arm)
    )
    knee = hips + thigh * body.thigh[:, None]
    ankle = knee + shank * body.shank[:, None]
    elbow = shoulder + upper * body.upper_arm[:, None]
    wrist = elbow + fore * body.forearm[:, None]
    # Human3.6M's order: right leg, left leg, trunk, left arm, right arm.
    left, right = 0, 1
    joints = [pose.root]
    for side in (right, left):
        joints += [hips[:, side], knee[:, side], ankle[:, side]]
    joints += [core.spine, core.thorax, core.nose, core.top]
    for side in (left, right):
        joints += [shoulder[:, side], elbow[:, side], wrist[:, side]]
    return np.stack(joints, axis=1)
