r"""The fifteen actions of Human3.6M as parametric programmes."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable

import numpy as np

from . import postures as at
from .body import stable_rng
from .script import HANG, Hand, Posture, Script, wander

#: Frames per second of all synthetic motion.
FPS = 25.0


def write_script(
    subject: str, action: str, take: int, num_frames: int, seed: int
) -> Script:
    r"""The script of one clip: the programme of :obj:`action`, in the style
    that :obj:`(seed, subject, action, take)` draws.
    """
    rng = stable_rng(seed, 'motion', subject, action, take)
    script = Script(rng, np.arange(num_frames) / FPS)
    script.restless = rng.uniform(0.8, 1.3)
    PROGRAMMES[action](script, take)
    return script


def directions(s: Script, take: int) -> None:
    r"""Points out ways, near and far, with either arm."""
    s.relocate(120.0, 35.0)
    s.act((at.STAND, at.EASY, at.WIDE, at.LUNGE))
    points = (
        at.POINT_AHEAD,
        at.POINT_ASIDE,
        at.POINT_UP,
        at.POINT_ACROSS,
        at.POINT_DOWN,
        at.POINT_BACK,
    )
    side = int(s.rng.integers(2))
    s.handle(side, points + (at.OPEN_ARM,), hold=(0.7, 1.8))
    other = (HANG, at.POCKET, at.POINT_ASIDE, at.POINT_AHEAD, at.HIP)
    s.handle(1 - side, other, hold=(1.0, 3.5))


def discussion(s: Script, take: int) -> None:
    r"""Talks with both hands, each on its own."""
    s.relocate(200.0, 45.0)
    s.act((at.STAND, at.EASY, at.LUNGE, at.ARMS_CROSSED, at.WIDE))
    talk = (
        at.OPEN_ARM,
        at.OPEN_HIGH,
        at.GIVE,
        at.BELLY,
        at.CHEST,
        at.HEIGHT,
        at.POINT_AHEAD,
        at.WAVE,
    )
    s.handle(0, talk + (HANG,), hold=(0.3, 1.4))
    s.handle(1, talk + (at.HIP,), hold=(0.3, 1.4))
    s.gesture = 35.0


def eating(s: Script, take: int) -> None:
    r"""From the plate to the mouth, seated or standing."""
    if take == 1:
        _sit(s, (at.SIT, at.SIT_TUCKED, at.SIT_FORWARD), (2.0, 5.0))
    else:
        s.relocate(80.0, 25.0)
        s.act((at.STAND, at.EASY))
    plate = Hand('chest', (270, 10, -270))
    side = int(s.rng.integers(2))
    s.handle(side, (at.MOUTH, plate, at.MOUTH, at.GIVE), hold=(0.4, 1.2))
    s.handle(1 - side, (plate, at.BELLY, at.MOUTH), hold=(1.5, 4.0))


def greeting(s: Script, take: int) -> None:
    r"""Waves, shakes hands, bows, opens the arms."""
    s.relocate(250.0, 60.0)
    s.act((at.STAND, at.EASY, at.BOW, at.LUNGE), hold=(0.8, 2.2))
    welcome = (at.WAVE, at.SHAKE, at.OPEN_HIGH, at.OVERHEAD, at.CHEST, HANG)
    side = int(s.rng.integers(2))
    s.handle(side, welcome, hold=(0.6, 1.8))
    s.handle(1 - side, (HANG, HANG, at.OPEN_HIGH, at.WAVE), hold=(0.8, 2.5))
    waving = s.hand_weights[side] @ np.array(
        [float(h.frame == 'head') for h in s.hands[side]]
    )
    s.wave[:, side] = waving * np.sin(9.0 * s.time)


def phoning(s: Script, take: int) -> None:
    r"""A hand at the ear, strolling or on a chair."""
    if take == 1:
        _stroll(s, speed=s.rng.uniform(0.3, 0.7))
        s.act((at.STAND, at.EASY), hold=(2.0, 5.0), vary=0.7)
    else:
        _sit(s, (at.SIT, at.SIT_BACK, at.SIT_CROSSED, at.SIT_FORWARD))
    _phone(s)


def photo(s: Script, take: int) -> None:
    r"""Looks through a camera, upright, crouched or on one knee."""
    s.relocate(250.0, 60.0)
    shots = [
        replace(p, gaze=(6, 0, 0), hands=(at.CAMERA, at.CAMERA))
        for p in (at.STAND, at.LUNGE, at.WIDE, at.CROUCH, at.KNEEL_ON_ONE)
    ]
    shots[0] = replace(shots[0], lean=14, spine=(18, 6, 0))
    look = (HANG, at.BELLY)
    lowered = replace(at.EASY, gaze=(30, 0, 0), hands=(at.BELLY, at.BELLY))
    s.act((*shots, lowered, replace(at.STAND, hands=look)), hold=(1.0, 2.5))


def posing(s: Script, take: int) -> None:
    r"""Holds the attitudes of a model."""
    s.relocate(100.0, 50.0)
    model: tuple[Posture, ...] = (
        at.HANDS_ON_HIPS,
        replace(at.EASY, spine=(-4, -12, 12), hands=(at.HIP, HANG)),
        replace(at.EASY, spine=(-6, -10, 0), hands=(at.HIP, at.NECK_BACK)),
        replace(at.WIDE, hands=(at.NECK_BACK, at.NECK_BACK)),
        replace(at.LUNGE, hands=(at.HIP, at.POINT_UP)),
        replace(at.ARMS_CROSSED, gaze=(-8, 8, 25)),
        replace(at.WIDE, hands=(at.OVERHEAD, at.OVERHEAD)),
        replace(at.KNEEL_ON_ONE, hands=(at.KNEE, at.HIP)),
        replace(at.EASY, gaze=(12, -6, 20), hands=(at.TEMPLE, at.BELLY)),
        Posture(  # one foot set up on the knee of the other leg
            tilt=-6,
            feet=((20, 95, 0), (40, -10, 330)),
            knees=((1, 0.1, 0), (0.9, 0.7, 0.2)),
            hands=(at.OPEN_HIGH, at.OPEN_HIGH),
        ),
        replace(at.LUNGE, lean=12, hands=(at.OPEN_ARM, at.POINT_BACK)),
    )
    s.act(model, hold=(0.8, 2.4), vary=1.2)
    s.gesture = 6.0


def purchases(s: Script, take: int) -> None:
    r"""Picks things from the floor and the shelf, carries bags."""
    s.relocate(350.0, 60.0)
    carry = replace(at.STAND, hands=(at.BAG, at.BAG))
    choices = (
        at.STOOP,
        at.CROUCH,
        carry,
        replace(at.EASY, hands=(at.BAG, at.OVERHEAD)),
        replace(at.EASY, hands=(at.BAG, at.POINT_AHEAD)),
        replace(at.STAND, hands=(at.GIVE, at.GIVE)),
        at.STOOP,
        replace(at.EASY, gaze=(28, 0, 0), hands=(at.BELLY, at.CHEST)),
    )
    s.act(choices, hold=(0.5, 1.8))


def sitting(s: Script, take: int) -> None:
    r"""On a chair, restless, legs crossed, spread or tucked in."""
    _sit(s, _CHAIR, hold=(0.5, 1.8), vary=1.2)
    if take == 2:
        side = int(s.rng.integers(2))
        idle = (at.THIGH, at.KNEE, at.TEMPLE, at.GIVE, at.BELLY)
        s.handle(side, idle, hold=(1.0, 2.5))


def sitting_down(s: Script, take: int) -> None:
    r"""Down to the floor: squats, kneels, sits in many ways."""
    s.planted = False
    s.heading = np.full(len(s.time), s.rng.uniform(-3.1, 3.1))
    s.heading += np.deg2rad(20.0) * wander(s.rng, len(s.time), (), 0.15)
    s.act(_FLOOR, hold=(0.4, 1.6), move=(0.9, 1.6), vary=1.2)
    _follow_feet(s)


def smoking(s: Script, take: int) -> None:
    r"""Now and then a hand to the mouth, standing or on a chair."""
    if take == 1:
        s.relocate(120.0, 40.0)
        s.act((at.STAND, at.EASY, at.WIDE))
    else:
        _sit(s, (at.SIT, at.SIT_BACK, at.SIT_CROSSED, at.SIT_FIGURE_FOUR))
    away = at.THIGH if take == 2 else HANG
    side = int(s.rng.integers(2))
    draw = (at.MOUTH, away, at.MOUTH, at.OPEN_ARM)
    s.handle(side, draw, hold=(0.7, 2.2))
    rest = (at.BELLY, at.THIGH) if take == 2 else (at.POCKET, at.BELLY, HANG)
    s.handle(1 - side, rest, hold=(2.0, 5.0))


def waiting(s: Script, take: int) -> None:
    r"""Arms crossed, hands on hips, a look at the watch."""
    if take == 1:
        s.relocate(300.0, 70.0)
        choices: tuple[Posture, ...] = (
            at.ARMS_CROSSED,
            at.HANDS_ON_HIPS,
            at.LOOK_AT_WATCH,
            replace(at.EASY, gaze=(0, 0, 40), hands=(at.POCKET, at.POCKET)),
            replace(at.STAND, hands=(at.BACK, at.BACK)),
            replace(at.STAND, spine=(-8, 0, 0), hands=(at.NECK_BACK, HANG)),
            at.EASY,
        )
        s.act(choices, hold=(1.2, 3.0))
    else:
        watch = replace(at.SIT, gaze=(28, 0, 10), hands=(at.WATCH, at.THIGH))
        chin = replace(at.SIT_FORWARD, hands=(at.MOUTH, at.KNEE))
        _sit(s, (watch, chin, at.SIT_BACK, at.SIT_CROSSED, at.SIT))


def walk_dog(s: Script, take: int) -> None:
    r"""Walks behind a leash, stops, crouches to the dog."""
    _stroll(s, speed=s.rng.uniform(0.6, 1.0))
    side = int(s.rng.integers(2))
    pull = replace(at.LUNGE, lean=-4)
    pet = replace(at.CROUCH, hands=(at.KNEE, at.CROUCH.hands[1]))
    s.act(
        (at.STAND, at.STAND, pet, at.STOOP, pull),
        hold=(0.8, 2.4),
        mirror=False,
    )
    if side == 0:
        s.postures = [p.mirror() for p in s.postures]
    s.hands = [[p.hands[i] for p in s.postures] for i in (0, 1)]
    low = [p.height < 790.0 for p in s.postures]
    s.hands[side] = [
        hand if down else at.LEASH
        for hand, down in zip(s.hands[side], low, strict=True)
    ]
    s.gesture = 40.0
    _stop_when_low(s)


def walking(s: Script, take: int) -> None:
    r"""Walks round and about."""
    _stroll(s, speed=s.rng.uniform(0.95, 1.4))
    s.act((at.STAND,), hold=(3.0, 6.0), vary=0.8)


def walk_together(s: Script, take: int) -> None:
    r"""Walks more slowly, turned to somebody at the side."""
    _stroll(s, speed=s.rng.uniform(0.6, 1.0))
    towards = float(s.rng.choice([-1.0, 1.0]))
    turned = replace(at.STAND, gaze=(4, 4 * towards, 38 * towards))
    s.act((turned, turned, at.STAND), hold=(1.0, 3.0), mirror=False)
    side = 0 if towards > 0 else 1
    around = Hand('reach', (150, 440, 60), (-0.3, 0.3, -1.0))
    s.handle(side, (HANG, around, at.OPEN_ARM, HANG), hold=(1.0, 3.0))
    s.handle(1 - side, (HANG, HANG, at.GIVE, at.POCKET), hold=(1.5, 4.0))


PROGRAMMES: dict[str, Callable[[Script, int], None]] = {
    'Directions': directions,
    'Discussion': discussion,
    'Eating': eating,
    'Greeting': greeting,
    'Phoning': phoning,
    'Photo': photo,
    'Posing': posing,
    'Purchases': purchases,
    'Sitting': sitting,
    'SittingDown': sitting_down,
    'Smoking': smoking,
    'Waiting': waiting,
    'WalkDog': walk_dog,
    'Walking': walking,
    'WalkTogether': walk_together,
}

#: The fifteen actions in the order of the paper's columns.
ACTIONS = tuple(PROGRAMMES)

_CHAIR = (
    at.SIT,
    at.SIT_TUCKED,
    at.SIT_BACK,
    at.SIT_FORWARD,
    at.SIT_CROSSED,
    at.SIT_FIGURE_FOUR,
    at.SIT_SIDEWAYS,
    at.SIT_ASTRIDE,
    at.SIT_HUGGED,
    at.SIT_ARMS_CROSSED,
    at.SIT_HEAD_IN_HANDS,
    at.SIT_TIE_SHOE,
    at.SIT_STRETCH,
)

_FLOOR = (
    at.SQUAT,
    at.SQUAT_HANDS_DOWN,
    at.HANDS_DOWN_BEHIND,
    at.STRETCHED,
    at.STRETCHED_BACK,
    at.TOUCH_FEET,
    at.ONE_KNEE_UP,
    at.KNEES_HUGGED,
    at.TAILOR,
    at.TAILOR_FORWARD,
    at.SIDE_SIT,
    at.ON_HEELS,
    at.KNEEL,
    at.ALL_FOURS,
    at.KNEEL_ON_ONE,
    at.STOOP,
    at.EASY,
)


def _sit(
    s: Script,
    choices: tuple[Posture, ...],
    hold: tuple[float, float] = (1.5, 4.0),
    vary: float = 1.0,
) -> None:
    r"""On a chair of one height, turning on it a little."""
    s.planted = False
    seat = s.rng.normal(0.0, 25.0)
    chosen = [replace(p, height=p.height + seat) for p in choices]
    s.heading = np.deg2rad(15.0) * wander(s.rng, len(s.time), (), 0.15)
    s.act(chosen, hold=hold, vary=vary)
    s.restless *= 0.9


def _stroll(s: Script, speed: float) -> None:
    r"""Walks round and about a small room at :obj:`speed` m/s."""
    rng, n = s.rng, len(s.time)
    axes = rng.uniform(650.0, 950.0, size=2) * [1.0, rng.choice([-1.0, 1.0])]
    lap = 2.0 * np.pi * axes[0] / 1000.0 / speed  # seconds, about
    pace = 1.0 + 0.12 * wander(rng, n, (), 0.2)
    angle = 2.0 * np.pi * (rng.random() + np.cumsum(pace) / FPS / lap)
    s.path = axes * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    s.path += 70.0 * wander(rng, n, (2,), 0.08)
    velocity = np.gradient(s.path, 1.0 / FPS, axis=0)
    s.heading = np.unwrap(np.arctan2(velocity[:, 1], velocity[:, 0]))
    length = 1000.0 * (0.45 + 0.62 * speed) * rng.uniform(0.92, 1.08)
    s.steps = np.cumsum(np.linalg.norm(velocity, axis=-1)) / FPS / length
    s.stride = min(1.0, 0.35 + 0.6 * speed)
    s.arm_swing = 190.0 * s.stride * rng.uniform(0.7, 1.2)


def _stop_when_low(s: Script) -> None:
    r"""Walks only as far as the posture is upright."""
    upright = np.clip((s.blend(lambda p: p.height) - 650.0) / 150.0, 0.0, 1.0)
    for name, idle in (('path', 0.0), ('heading', 0.0), ('steps', 0.6)):
        track = getattr(s, name)
        change = np.diff(track, axis=0, prepend=track[:1])
        weight = upright.reshape(-1, *[1] * (track.ndim - 1))
        change = change * weight + idle / FPS * (1.0 - weight)
        setattr(s, name, track[0] + np.cumsum(change, axis=0))


def _phone(s: Script) -> None:
    side = int(s.rng.integers(2))
    s.handle(side, (at.EAR,), hold=(3.0, 6.0), vary=0.7)
    free = (HANG, at.OPEN_ARM, at.GIVE, at.POCKET)
    if not s.planted:
        free = (at.THIGH, at.OPEN_ARM, at.BELLY, at.KNEE)
    s.handle(1 - side, free, hold=(1.0, 3.0))


def _follow_feet(s: Script) -> None:
    r"""Lets the pelvis go back by half of what the feet come forward."""
    ahead = s.blend(lambda p: np.mean(p.feet, axis=0)[0])
    axes = np.stack([np.cos(s.heading), np.sin(s.heading)], axis=-1)
    s.path = -0.5 * ahead[:, None] * axes
