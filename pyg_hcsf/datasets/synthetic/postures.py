r"""Postures of the whole body that motion is blended from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from . import hands as hand
from .hands import Hand, Vector, both


@dataclass(frozen=True)
class Posture:
    r"""A posture of the whole body.

    Lengths are in millimetres for a body of 1750 mm, and are scaled to others;
    angles are in degrees. Both sides are written as if they were the left
    one: y points outwards.
    """

    #: The height of the pelvis above the ankles; lowered if the legs do not
    #: reach the ground.
    height: float = 855.0
    lean: float = 3.0  #: pitch of the pelvis, forward
    tilt: float = 0.0  #: roll of the pelvis, to the left
    turn: float = 0.0  #: yaw of the pelvis from the heading, to the left
    #: Flexion, side bend and twist of the trunk, and of neck and head.
    spine: Vector = (4.0, 0.0, 0.0)
    gaze: Vector = (4.0, 0.0, 0.0)
    #: The left and right ankle relative to the ground below the pelvis.
    feet: tuple[Vector, Vector] = ((0, 110, 0), (0, 110, 0))
    #: The directions that the knees point to.
    knees: tuple[Vector, Vector] = ((1.0, 0.2, 0.0), (1.0, 0.2, 0.0))
    hands: tuple[Hand, Hand] = (hand.HANG, hand.HANG)  #: their targets

    def mirror(self) -> Posture:
        r"""The posture with left and right exchanged."""
        (f, s, t), (n, m, r) = self.spine, self.gaze
        return replace(
            self,
            tilt=-self.tilt,
            turn=-self.turn,
            spine=(f, -s, -t),
            gaze=(n, -m, -r),
            feet=self.feet[::-1],
            knees=self.knees[::-1],
            hands=self.hands[::-1],
        )

    def vary(self, rng: np.random.Generator, amount: float = 1.0) -> Posture:
        r"""A random posture nearby, some degrees and centimetres away."""

        def near(v: Vector, std: float) -> Vector:
            x, y, z = np.asarray(v) + amount * std * rng.normal(size=3)
            return (x, y, z)

        def foot(v: Vector) -> Vector:
            x, y, _ = near(v, 35.0)
            return (x, y, v[2])

        (f1, f2), (k1, k2), (h1, h2) = self.feet, self.knees, self.hands
        return replace(
            self,
            height=self.height + 12.0 * amount * rng.normal(),
            lean=self.lean + 3.0 * amount * rng.normal(),
            tilt=self.tilt + 2.0 * amount * rng.normal(),
            turn=self.turn + 5.0 * amount * rng.normal(),
            spine=near(self.spine, 5.0),
            gaze=near(self.gaze, 9.0),
            feet=(foot(f1), foot(f2)),
            knees=(near(k1, 0.12), near(k2, 0.12)),
            hands=(h1.vary(rng, amount), h2.vary(rng, amount)),
        )


# fmt: off
# Standing.
STAND = Posture()
EASY = Posture(
    height=850, tilt=5, spine=(3, -5, 0), feet=((20, 130, 0), (90, 100, 0)),
    knees=((1, 0.2, 0), (1, 0.45, 0)),
)
WIDE = Posture(height=820, feet=both((0, 210, 0)))
LUNGE = Posture(
    height=800, lean=6, spine=(8, 0, 10), feet=((240, 110, 0), (-230, 110, 0)),
)
ARMS_CROSSED = replace(EASY, hands=(hand.FOREARM_LEFT, hand.FOREARM_RIGHT))
HANDS_ON_HIPS = replace(WIDE, spine=(-4, 0, 0), hands=both(hand.HIP))
LOOK_AT_WATCH = replace(EASY, gaze=(26, 0, 12), hands=(hand.WATCH, hand.HANG))
BOW = Posture(
    height=835, lean=28, spine=(28, 0, 0), gaze=(14, 0, 0),
    hands=both(Hand('hang', (40, 30, -540))),
)

# Bending and crouching, feet on the ground.
STOOP = Posture(
    height=760, lean=48, spine=(45, 0, 8), gaze=(4, 0, 0),
    feet=((0, 150, 0), (120, 150, 0)),
    hands=(Hand('floor', (470, 100, 130)), Hand('floor', (400, 170, 190))),
)
CROUCH = Posture(
    height=330, lean=18, spine=(38, 0, 5), gaze=(-6, 0, 0),
    feet=((130, 135, 0), (60, 150, 0)), knees=both((1, 0.45, 0.3)),
    hands=(Hand('floor', (520, 120, 110)), Hand('floor', (470, 150, 160))),
)
KNEEL_ON_ONE = Posture(
    height=420, lean=8, spine=(16, 0, 6), feet=((330, 120, 0), (-400, 95, 0)),
    knees=((1, 0.2, 0.4), (0.9, 0.05, -1)),
    hands=(hand.KNEE, Hand('floor', (470, 130, 260))),
)

# On a chair.
SIT = Posture(
    height=440, lean=-4, spine=(12, 0, 0), feet=both((390, 120, 0)),
    knees=both((1, 0.15, 0.8)), hands=both(hand.THIGH),
)
SIT_TUCKED = replace(
    SIT, lean=4, spine=(8, 0, 0), feet=((210, 120, 0), (250, 120, 0)),
    knees=both((1, 0.15, 0.5)),
)
SIT_BACK = replace(
    SIT, lean=-22, spine=(14, 3, 0), feet=((620, 120, 0), (500, 140, 0)),
    hands=(Hand('hip', (150, 60, 110)), hand.THIGH),
)
SIT_FORWARD = replace(
    SIT, lean=14, spine=(30, 0, 0), gaze=(-14, 0, 0),
    feet=((330, 170, 0), (290, 170, 0)), knees=both((1, 0.4, 0.8)),
    hands=(Hand('knee', (120, -90, 60)), Hand('knee', (130, -110, 40))),
)
SIT_CROSSED = replace(
    SIT, lean=-10, spine=(16, 0, 6), feet=((520, -40, 230), (400, 60, 0)),
    knees=((1, -0.12, 1.5), (1, 0.0, 0.8)),
    hands=(hand.THIGH, Hand('knee', (-60, -120, 130))),
)
SIT_FIGURE_FOUR = replace(
    SIT, lean=-8, feet=((380, -110, 400), (390, 130, 0)),
    knees=((0.8, 1.0, 0.5), (1, 0.15, 0.8)),
    hands=(hand.KNEE, Hand('knee', (-60, -20, 150))),
)
SIT_SIDEWAYS = replace(
    SIT, turn=25, tilt=8, spine=(10, -14, 24), gaze=(4, 0, 20),
    feet=((330, 90, 0), (420, 120, 0)),
    hands=(Hand('hip', (-160, 190, 190), (-1, 1, 0)), hand.THIGH),
)
SIT_ASTRIDE = replace(
    SIT, lean=6, spine=(20, 0, 0), feet=both((230, 330, 0)),
    knees=both((1, 0.9, 0.7)), hands=both(hand.KNEE),
)
SIT_HUGGED = replace(
    SIT, lean=-8, spine=(34, 0, 0), gaze=(12, 0, 0),
    feet=((235, 30, 400), (330, 110, 0)),
    knees=((0.7, 0.2, 1.0), (1, 0.15, 0.8)),
    hands=(Hand('knee', (60, -40, -110)), Hand('knee', (40, -190, 140))),
)
SIT_ARMS_CROSSED = replace(
    SIT_BACK, hands=(hand.FOREARM_LEFT, hand.FOREARM_RIGHT),
)
SIT_HEAD_IN_HANDS = replace(
    SIT_FORWARD, gaze=(16, 0, 0), hands=both(hand.MOUTH),
)
SIT_TIE_SHOE = replace(
    SIT_FORWARD, lean=24, spine=(52, 0, 8), gaze=(10, 0, 0),
    feet=((340, 110, 0), (230, 140, 0)),
    hands=(Hand('floor', (330, 110, 150)), Hand('floor', (320, -30, 150))),
)
SIT_STRETCH = replace(
    SIT_BACK, spine=(-2, 0, 0), hands=both(hand.NECK_BACK),
)

# On the floor.
SQUAT = Posture(
    height=240, lean=10, spine=(50, 0, 0), gaze=(-20, 0, 0),
    feet=both((120, 150, 0)), knees=both((1, 0.6, 0.7)),
    hands=(Hand('knee', (100, -120, 10)), Hand('knee', (110, -130, 40))),
)
SQUAT_HANDS_DOWN = replace(
    SQUAT, height=300, lean=28,
    hands=(Hand('floor', (430, 180, 20)), Hand('floor', (400, 190, 20))),
)
HANDS_DOWN_BEHIND = replace(
    SQUAT, height=170, lean=-24, spine=(34, 0, 0), gaze=(18, 0, 10),
    feet=((330, 150, 0), (360, 130, 0)),
    hands=(Hand('floor', (-260, 250, 20)), Hand('floor', (-280, 230, 20))),
)
STRETCHED = Posture(
    height=30, lean=-14, spine=(34, 0, 0), gaze=(10, 0, 0),
    feet=((838, 110, 0), (825, 120, 0)), knees=both((0.2, 0.2, 1)),
    hands=(hand.THIGH, hand.KNEE),
)
STRETCHED_BACK = replace(
    STRETCHED, lean=-32, spine=(24, 0, 0), gaze=(22, 0, 0),
    hands=(Hand('floor', (-330, 240, 20)), Hand('floor', (-350, 220, 20))),
)
TOUCH_FEET = replace(
    STRETCHED, lean=16, spine=(58, 0, 0), gaze=(-4, 0, 0),
    hands=(Hand('floor', (690, 160, 90)), Hand('floor', (660, 170, 90))),
)
ONE_KNEE_UP = replace(
    STRETCHED, lean=-12, spine=(40, 0, 6), feet=((330, 110, 0), (820, 130, 0)),
    knees=((0.8, 0.2, 1), (0.2, 0.2, 1)),
    hands=(Hand('knee', (70, -60, -60)), Hand('floor', (-160, 270, 20))),
)
KNEES_HUGGED = replace(
    STRETCHED, lean=-16, spine=(62, 0, 0), gaze=(20, 0, 0),
    feet=((330, 80, 0), (340, 80, 0)), knees=both((1, 0.1, 1)),
    hands=(Hand('knee', (60, -70, -130)), Hand('knee', (70, -80, -90))),
)
TAILOR = Posture(
    height=80, lean=-8, spine=(42, 0, 0), gaze=(8, 0, 0),
    feet=((335, -95, 0), (245, -90, 65)), knees=both((0.5, 1.0, 0.55)),
    hands=(Hand('knee', (0, -30, 85)), Hand('knee', (-30, -60, 90))),
)
TAILOR_FORWARD = replace(
    TAILOR, lean=6, spine=(52, 0, 8),
    hands=(Hand('floor', (300, 110, 120)), Hand('floor', (330, 120, 140))),
)
SIDE_SIT = Posture(
    height=110, lean=-4, tilt=12, spine=(32, -14, -10),
    feet=((60, -330, 10), (-60, 430, 10)),
    knees=((1.0, 0.6, 0.2), (1.0, -0.2, 0.2)),
    hands=(Hand('floor', (-40, 380, 20)), Hand('hip', (250, 0, 110))),
)
ON_HEELS = Posture(
    height=225, lean=2, spine=(26, 0, 0), gaze=(8, 0, 0),
    feet=both((-60, 90, 0)), knees=both((1, 0.25, 0.2)),
    hands=both(hand.THIGH),
)
KNEEL = Posture(
    height=425, lean=2, spine=(10, 0, 0), feet=both((-415, 110, 0)),
    knees=both((1, 0.05, -1)), hands=(hand.HIP, hand.HANG),
)
ALL_FOURS = Posture(
    height=420, lean=62, spine=(22, 0, 0), gaze=(-22, 0, 0),
    feet=both((-420, 110, 0)), knees=both((1, 0.05, -1)),
    hands=(Hand('floor', (480, 170, 20)), Hand('floor', (470, 180, 20))),
)

#: The postures of Sitting and of SittingDown.
ON_CHAIR = (
    SIT, SIT_TUCKED, SIT_BACK, SIT_FORWARD, SIT_CROSSED, SIT_FIGURE_FOUR,
    SIT_SIDEWAYS, SIT_ASTRIDE, SIT_HUGGED, SIT_ARMS_CROSSED, SIT_HEAD_IN_HANDS,
    SIT_TIE_SHOE, SIT_STRETCH,
)
ON_FLOOR = (
    SQUAT, SQUAT_HANDS_DOWN, HANDS_DOWN_BEHIND, STRETCHED, STRETCHED_BACK,
    TOUCH_FEET, ONE_KNEE_UP, KNEES_HUGGED, TAILOR, TAILOR_FORWARD, SIDE_SIT,
    ON_HEELS, KNEEL, ALL_FOURS, KNEEL_ON_ONE, STOOP, EASY,
)
# fmt: on
