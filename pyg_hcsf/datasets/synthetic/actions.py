r"""The fifteen actions of Human3.6M: random motion plans for each."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable

import numpy as np

from . import hands as hand
from . import postures as pose
from .body import stable_rng
from .hands import Hand, both
from .plan import FPS, MotionPlan
from .postures import Posture


def make_plan(
    subject: str, action: str, take: int, num_frames: int, seed: int
) -> MotionPlan:
    r"""The motion plan of one clip, which depends on the arguments only."""
    rng = stable_rng(seed, 'motion', subject, action, take)
    plan = MotionPlan(rng, np.arange(num_frames) / FPS)
    plan.sway = rng.uniform(0.8, 1.3)
    PLANNERS[action](plan, take)
    return plan


def directions(plan: MotionPlan, take: int) -> None:
    r"""Points in all directions with either arm."""
    plan.step_around(120.0, 35.0)
    plan.set_postures(pose.STAND, pose.EASY, pose.WIDE, pose.LUNGE)
    side = plan.random_side()
    plan.set_hand(side, *hand.POINTING, hold=(0.7, 1.8))
    other = hand.HANG, hand.POCKET, hand.POINT_ASIDE, hand.POINT_AHEAD
    plan.set_hand(1 - side, *other, hand.HIP, hold=(1.0, 3.5))


def discussion(plan: MotionPlan, take: int) -> None:
    r"""Talks with both hands, independently of each other."""
    plan.step_around(200.0, 45.0)
    plan.set_postures(
        pose.STAND, pose.EASY, pose.LUNGE, pose.ARMS_CROSSED, pose.WIDE
    )
    plan.set_hand(0, *hand.TALKING, hand.HANG, hold=(0.3, 1.4))
    plan.set_hand(1, *hand.TALKING, hand.HIP, hold=(0.3, 1.4))
    plan.gesture = 35.0


def eating(plan: MotionPlan, take: int) -> None:
    r"""Moves a hand from the plate to the mouth, seated or standing."""
    if take == 1:
        plan.sit(pose.SIT, pose.SIT_TUCKED, pose.SIT_FORWARD, hold=(2.0, 5.0))
    else:
        plan.step_around(80.0, 25.0)
        plan.set_postures(pose.STAND, pose.EASY)
    plate = Hand('chest', (270, 10, -270))
    bites = hand.MOUTH, plate, hand.MOUTH, hand.GIVE
    side = plan.random_side()
    plan.set_hand(side, *bites, hold=(0.4, 1.2))
    plan.set_hand(1 - side, plate, hand.BELLY, hand.MOUTH, hold=(1.5, 4.0))


def greeting(plan: MotionPlan, take: int) -> None:
    r"""Waves, shakes hands, bows and opens the arms."""
    plan.step_around(250.0, 60.0)
    plan.set_postures(
        pose.STAND, pose.EASY, pose.BOW, pose.LUNGE, hold=(0.8, 2.2)
    )
    welcome = hand.WAVE, hand.SHAKE, hand.OPEN_HIGH, hand.OVERHEAD, hand.CHEST
    rest = hand.HANG, hand.HANG, hand.OPEN_HIGH, hand.WAVE
    side = plan.random_side()
    plan.set_hand(side, *welcome, hand.HANG, hold=(0.6, 1.8))
    plan.set_hand(1 - side, *rest, hold=(0.8, 2.5))
    waving = plan.hand_weights[side] @ np.array(
        [float(h.frame == 'head') for h in plan.hands[side]]
    )
    plan.wave[:, side] = waving * np.sin(9.0 * plan.time)


def phoning(plan: MotionPlan, take: int) -> None:
    r"""Holds a phone to the ear, walking or seated."""
    if take == 1:
        plan.walk(speed=plan.rng.uniform(0.3, 0.7))
        plan.set_postures(pose.STAND, pose.EASY, hold=(2.0, 5.0), vary=0.7)
        free = hand.HANG, hand.OPEN_ARM, hand.GIVE, hand.POCKET
    else:
        plan.sit(pose.SIT, pose.SIT_BACK, pose.SIT_CROSSED, pose.SIT_FORWARD)
        free = hand.THIGH, hand.OPEN_ARM, hand.BELLY, hand.KNEE
    side = plan.random_side()
    plan.set_hand(side, hand.EAR, hold=(3.0, 6.0), vary=0.7)
    plan.set_hand(1 - side, *free, hold=(1.0, 3.0))


def photo(plan: MotionPlan, take: int) -> None:
    r"""Looks through a camera, upright, crouched or on one knee."""
    plan.step_around(250.0, 60.0)
    stand = replace(pose.STAND, lean=14, spine=(18, 6, 0))
    shots = stand, pose.LUNGE, pose.WIDE, pose.CROUCH, pose.KNEEL_ON_ONE
    aims = [replace(p, gaze=(6, 0, 0), hands=both(hand.CAMERA)) for p in shots]
    plan.set_postures(
        *aims,
        replace(pose.EASY, gaze=(30, 0, 0), hands=both(hand.BELLY)),
        replace(pose.STAND, hands=(hand.HANG, hand.BELLY)),
        hold=(1.0, 2.5),
    )


def posing(plan: MotionPlan, take: int) -> None:
    r"""Poses as a model."""
    plan.step_around(100.0, 50.0)
    foot_on_knee = Posture(
        tilt=-6,
        feet=((20, 95, 0), (40, -10, 330)),
        knees=((1, 0.1, 0), (0.9, 0.7, 0.2)),
        hands=both(hand.OPEN_HIGH),
    )
    plan.set_postures(
        pose.HANDS_ON_HIPS,
        replace(pose.EASY, spine=(-4, -12, 12), hands=(hand.HIP, hand.HANG)),
        replace(
            pose.EASY, spine=(-6, -10, 0), hands=(hand.HIP, hand.NECK_BACK)
        ),
        replace(pose.WIDE, hands=both(hand.NECK_BACK)),
        replace(pose.LUNGE, hands=(hand.HIP, hand.POINT_UP)),
        replace(pose.ARMS_CROSSED, gaze=(-8, 8, 25)),
        replace(pose.WIDE, hands=both(hand.OVERHEAD)),
        replace(pose.KNEEL_ON_ONE, hands=(hand.KNEE, hand.HIP)),
        replace(pose.EASY, gaze=(12, -6, 20), hands=(hand.TEMPLE, hand.BELLY)),
        foot_on_knee,
        replace(pose.LUNGE, lean=12, hands=(hand.OPEN_ARM, hand.POINT_BACK)),
        hold=(0.8, 2.4),
        vary=1.2,
    )
    plan.gesture = 6.0


def purchases(plan: MotionPlan, take: int) -> None:
    r"""Picks things from the floor and a shelf, and carries bags."""
    plan.step_around(350.0, 60.0)
    plan.set_postures(
        pose.STOOP,
        pose.CROUCH,
        replace(pose.STAND, hands=both(hand.BAG)),
        replace(pose.EASY, hands=(hand.BAG, hand.OVERHEAD)),
        replace(pose.EASY, hands=(hand.BAG, hand.POINT_AHEAD)),
        replace(pose.STAND, hands=both(hand.GIVE)),
        pose.STOOP,
        replace(pose.EASY, gaze=(28, 0, 0), hands=(hand.BELLY, hand.CHEST)),
        hold=(0.5, 1.8),
    )


def sitting(plan: MotionPlan, take: int) -> None:
    r"""Sits on a chair and often changes the posture."""
    plan.sit(*pose.ON_CHAIR, hold=(0.5, 1.8), vary=1.2)
    if take == 2:
        idle = hand.THIGH, hand.KNEE, hand.TEMPLE, hand.GIVE, hand.BELLY
        plan.set_hand(plan.random_side(), *idle, hold=(1.0, 2.5))


def sitting_down(plan: MotionPlan, take: int) -> None:
    r"""Squats, kneels and sits on the floor."""
    plan.feet_on_floor = False
    plan.heading = np.full(len(plan.time), plan.rng.uniform(-3.1, 3.1))
    plan.heading += np.deg2rad(20.0) * plan.noise((), 0.15)
    plan.set_postures(
        *pose.ON_FLOOR, hold=(0.4, 1.6), move=(0.9, 1.6), vary=1.2
    )
    plan.balance_feet()


def smoking(plan: MotionPlan, take: int) -> None:
    r"""Moves a hand to the mouth now and then, standing or seated."""
    if take == 1:
        plan.step_around(120.0, 40.0)
        plan.set_postures(pose.STAND, pose.EASY, pose.WIDE)
        away, rest = hand.HANG, [hand.POCKET, hand.BELLY, hand.HANG]
    else:
        away, rest = hand.THIGH, [hand.BELLY, hand.THIGH]
        plan.sit(
            pose.SIT, pose.SIT_BACK, pose.SIT_CROSSED, pose.SIT_FIGURE_FOUR
        )
    side = plan.random_side()
    draw = hand.MOUTH, away, hand.MOUTH, hand.OPEN_ARM
    plan.set_hand(side, *draw, hold=(0.7, 2.2))
    plan.set_hand(1 - side, *rest, hold=(2.0, 5.0))


def waiting(plan: MotionPlan, take: int) -> None:
    r"""Crosses the arms, puts hands on hips, looks at the watch."""
    if take == 1:
        plan.step_around(300.0, 70.0)
        at_neck = hand.NECK_BACK, hand.HANG
        plan.set_postures(
            pose.ARMS_CROSSED,
            pose.HANDS_ON_HIPS,
            pose.LOOK_AT_WATCH,
            replace(pose.EASY, gaze=(0, 0, 40), hands=both(hand.POCKET)),
            replace(pose.STAND, hands=both(hand.BACK)),
            replace(pose.STAND, spine=(-8, 0, 0), hands=at_neck),
            pose.EASY,
            hold=(1.2, 3.0),
        )
    else:
        at_watch = hand.WATCH, hand.THIGH
        plan.sit(
            replace(pose.SIT, gaze=(28, 0, 10), hands=at_watch),
            replace(pose.SIT_FORWARD, hands=(hand.MOUTH, hand.KNEE)),
            pose.SIT_BACK,
            pose.SIT_CROSSED,
            pose.SIT,
        )


def walk_dog(plan: MotionPlan, take: int) -> None:
    r"""Walks with a leash, stops, and crouches to the dog."""
    plan.walk(speed=plan.rng.uniform(0.6, 1.0))
    side = plan.random_side()
    pull = replace(pose.LUNGE, lean=-4)
    pet = replace(pose.CROUCH, hands=(hand.KNEE, pose.CROUCH.hands[1]))
    stops = pose.STAND, pose.STAND, pet, pose.STOOP, pull
    plan.set_postures(*stops, hold=(0.8, 2.4), mirror=False)
    if side == 0:
        plan.postures = [p.mirror() for p in plan.postures]
    plan.hands = [[p.hands[i] for p in plan.postures] for i in (0, 1)]
    plan.hands[side] = [
        p.hands[side] if p.height < 790.0 else hand.LEASH
        for p in plan.postures
    ]
    plan.gesture = 40.0
    plan.stop_when_low()


def walking(plan: MotionPlan, take: int) -> None:
    r"""Walks around the room."""
    plan.walk(speed=plan.rng.uniform(0.95, 1.4))
    plan.set_postures(pose.STAND, hold=(3.0, 6.0), vary=0.8)


def walk_together(plan: MotionPlan, take: int) -> None:
    r"""Walks more slowly, turned to somebody at one side."""
    plan.walk(speed=plan.rng.uniform(0.6, 1.0))
    towards = float(plan.rng.choice([-1.0, 1.0]))
    turned = replace(pose.STAND, gaze=(4, 4 * towards, 38 * towards))
    plan.set_postures(turned, turned, pose.STAND, hold=(1, 3), mirror=False)
    side = 0 if towards > 0 else 1
    around = Hand('reach', (150, 440, 60), (-0.3, 0.3, -1.0))
    near = hand.HANG, around, hand.OPEN_ARM, hand.HANG
    far = hand.HANG, hand.HANG, hand.GIVE, hand.POCKET
    plan.set_hand(side, *near, hold=(1.0, 3.0))
    plan.set_hand(1 - side, *far, hold=(1.5, 4.0))


#: By the names of the actions, in the order of published tables.
PLANNERS: dict[str, Callable[[MotionPlan, int], None]] = {
    plan.__name__.title().replace('_', ''): plan
    for plan in (
        directions, discussion, eating, greeting, phoning, photo, posing,
        purchases, sitting, sitting_down, smoking, waiting, walk_dog, walking,
        walk_together,
    )
}  # fmt: skip
ACTIONS = tuple(PLANNERS)
