r"""The anthropometric body of the synthetic subjects and its joint limits.

Local axes are x forward, y left, z up. The angles of both sides are written as
if they were the left one (y points outwards), so a mirrored pose has its sides
swapped and is otherwise the same.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: +1 for the left and -1 for the right side: the sign of "outwards" in y.
SIDES = np.array([1.0, -1.0])

#: Mean and standard deviation of the stature in mm, by sex: ANSUR II,
#: Gordon et al., "2012 Anthropometric Survey of U.S. Army Personnel" (2014).
STATURE = {'male': (1756.0, 69.0), 'female': (1629.0, 64.0)}

#: Sex of Human3.6M's subjects with 3D labels.
SEX = dict.fromkeys(('S1', 'S5', 'S7'), 'female')
SEX |= dict.fromkeys(('S6', 'S8', 'S9', 'S11'), 'male')

#: Segment lengths as fractions of the stature. Limbs, shoulders and the
#: trunk (0.818 H - 0.530 H): Drillis and Contini (1966), as tabulated by
#: Winter, "Biomechanics and Motor Control of Human Movement", Fig. 4.1. The
#: split of the trunk, the hip centres and the two head segments follow the
#: proportions of Human3.6M's own 17-joint skeleton.
SEGMENTS = {
    'hip': 0.076,
    'thigh': 0.245,
    'shank': 0.246,
    'lumbar': 0.137,
    'thorax': 0.151,
    'neck': 0.069,
    'head': 0.066,
    'shoulder': 0.0875,  # biacromial 0.259 less the glenohumeral inset
    'upper_arm': 0.186,
    'forearm': 0.146,
}

#: Rest directions of the neck and head segments in the chest frame: joint 9
#: of Human3.6M lies at the nose, ahead of the line from thorax to head top.
NECK_REST = np.array([0.40, 0.0, 0.917])
HEAD_REST = np.array([-0.16, 0.0, 0.987])

#: The shoulder lies lower than the thorax joint by this angle, radians.
SHOULDER_SLOPE = np.deg2rad(8.0)

#: Ranges of motion in degrees. Magnitudes: Kapandji, "The Physiology of the
#: Joints" (hip flexion 145 passive, lateral rotation 60, up to 90 in the
#: tailor's seat; knee 160 passive; lumbar 60/35/20/5; thoracic 45/25/20/35;
#: elbow 145 active, 160 passive) and AAOS, "Joint Motion" (1965) for the
#: neck (45/45/45/80, split over its two segments) and the shoulder girdle.
LIMITS: dict[str, tuple[tuple[float, float], ...]] = {
    # flexion, side bend (left), twist (left)
    'lumbar': ((-30.0, 55.0), (-20.0, 20.0), (-8.0, 8.0)),
    'thorax': ((-22.0, 42.0), (-20.0, 20.0), (-35.0, 35.0)),
    'neck': ((-32.0, 30.0), (-25.0, 25.0), (-45.0, 45.0)),
    'head': ((-25.0, 20.0), (-18.0, 18.0), (-35.0, 35.0)),
    # elevation, protraction
    'clavicle': ((-10.0, 30.0), (-20.0, 25.0)),
    # flexion, abduction, medial rotation, flexion of the knee
    'leg': ((-30.0, 145.0), (-32.0, 60.0), (-80.0, 45.0), (0.0, 155.0)),
    # (elevation: SHOULDER_CONE), medial rotation, flexion of the elbow
    'arm': ((-85.0, 100.0), (0.0, 150.0)),
}

#: The largest elevation of the upper arm (second row) by the direction it is
#: raised in (first row), in degrees: 0 forwards, 90 outwards, 180 backwards,
#: 270 across the body. A joint sinus cone through Kapandji's flexion 180,
#: abduction 180, extension 50, adduction 45 and horizontal flexion 140, below
#: 180 where azimuths are undefined.
SHOULDER_CONE = (
    (0.0, 45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0),
    (165.0, 165.0, 165.0, 110.0, 60.0, 45.0, 45.0, 120.0),
)


@dataclass(frozen=True)
class Body:
    r"""Segment lengths of one subject in mm.

    Paired segments are arrays ``[2]``, left first.
    """

    stature: float
    hip: Array
    thigh: Array
    shank: Array
    lumbar: float
    thorax: float
    neck: float
    head: float
    shoulder: Array
    upper_arm: Array
    forearm: Array

    @property
    def scale(self) -> float:
        r"""The size relative to the body of 1750 mm of the postures."""
        return self.stature / 1750.0


@dataclass(frozen=True)
class Pose:
    r"""A clip as joint angles in radians, over :obj:`T` frames."""

    root: Array  #: position of the pelvis [T, 3] in mm
    pelvis: Array  #: rotations from pelvis to world [T, 3, 3]
    #: Flexion, side bend and twist of lumbar, thorax, neck and head:
    #: [T, 4, 3].
    spine: Array
    clavicle: Array  #: elevation and protraction [T, 2, 2]
    #: Swing forwards, swing outwards, medial rotation and elbow flexion:
    #: [T, 2, 4].
    arm: Array
    #: Hip flexion, abduction, medial rotation and knee flexion: [T, 2, 4].
    leg: Array


def stable_rng(*key: int | str) -> np.random.Generator:
    r"""A random generator that is the same for a key in every process."""
    words = [
        zlib.crc32(k.encode()) if isinstance(k, str) else int(k) for k in key
    ]
    return np.random.default_rng(np.random.SeedSequence(words))


def make_body(subject: str, seed: int = 0) -> Body:
    r"""Draws the body of :obj:`subject`: stature, proportions, asymmetry."""
    rng = stable_rng(seed, 'body', subject)
    mean, std = STATURE[SEX[subject]]
    stature = mean + std * float(np.clip(rng.normal(), -2.0, 2.0))
    lengths: dict[str, float | Array] = {}
    for name, fraction in SEGMENTS.items():
        length = fraction * stature * (1.0 + 0.03 * rng.uniform(-1.5, 1.5))
        if name in ('lumbar', 'thorax', 'neck', 'head'):
            lengths[name] = length
        else:  # left and right differ by some millimetres
            asymmetry = 0.004 * rng.uniform(-1.5, 1.5)
            lengths[name] = length * (1.0 + asymmetry * SIDES)
    return Body(stature=stature, **lengths)  # type: ignore[arg-type]


def shoulder_scale(swing: Array) -> Array:
    r"""The factor, at most 1, that brings a swing into the shoulder cone."""
    # Swings are vectors: their length is the elevation, in radians.
    azimuth = np.arctan2(swing[..., 1], swing[..., 0])
    grid, cone = np.deg2rad(SHOULDER_CONE)
    largest = np.interp(azimuth, grid, cone, period=2.0 * np.pi)
    elevation = np.linalg.norm(swing, axis=-1)
    return np.minimum(1.0, largest / np.maximum(elevation, 1e-9))


def clamp_angles(angles: Array, *parts: str) -> Array:
    r"""Clamps angles to the :obj:`LIMITS` of one or more parts of the body, of
    the spine ``[T, 4, 3]``, the clavicles ``[T, 2, 2]`` or legs ``[T, 2, 4]``.
    """
    limits = np.deg2rad([LIMITS[part] for part in parts])
    return np.clip(angles, limits[..., 0], limits[..., 1])


def clamp_spine(spine: Array) -> Array:
    r"""Clamps the angles of lumbar, thorax, neck and head, ``[T, 4, 3]``."""
    return clamp_angles(spine, 'lumbar', 'thorax', 'neck', 'head')


def clamp_arm(arm: Array) -> Array:
    r"""Clamps arm angles ``[T, 2, 4]`` to the cone and :obj:`LIMITS`."""
    swing = arm[..., :2] * shoulder_scale(arm[..., :2])[..., None]
    rest = clamp_angles(arm[..., 2:], 'arm')
    return np.concatenate([swing, rest], axis=-1)


def clamp(pose: Pose) -> Pose:
    r"""The pose with every angle clamped to the joint limits."""
    return replace(
        pose,
        spine=clamp_spine(pose.spine),
        clavicle=clamp_angles(pose.clavicle, 'clavicle'),
        arm=clamp_arm(pose.arm),
        leg=clamp_angles(pose.leg, 'leg'),
    )
