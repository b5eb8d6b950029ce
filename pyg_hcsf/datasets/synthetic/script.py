r"""What a performance is made of: postures, their timing and smooth noise.

All lengths are millimetres of a 1750 mm tall body and are scaled to the
performer; all angles are degrees.  Sides are canonical: y points outwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Callable, Sequence

import numpy as np

from .body import Array

Vector = tuple[float, float, float]

#: What a hand can be placed relative to.
#: ``hang`` and ``reach``: its shoulder, in the axes of the heading and of the
#: chest; ``chest``: thorax joint; ``head``: middle of the skull; ``hip`` and
#: ``knee``: those of its side; ``floor``: the ground below the pelvis.
FRAMES = ('hang', 'reach', 'chest', 'head', 'hip', 'knee', 'floor')

_ELBOW: dict[str, Vector] = {
    'hang': (-1.0, 0.5, -0.2),
    'reach': (-0.2, 0.7, -1.0),
    'chest': (-0.2, 0.9, -1.0),
    'head': (0.5, 0.7, -1.0),
    'hip': (-1.0, 1.0, 0.0),
    'knee': (-0.4, 1.0, -0.3),
    'floor': (-0.3, 1.0, 0.2),
}


@dataclass(frozen=True)
class Hand:
    r"""A place of the wrist, and the direction the elbow points to.

    Args:
        frame (str): One of :obj:`FRAMES`.
        at (tuple): Offset in that frame (forward, outwards, up).
        elbow (tuple, optional): Direction in the axes of the chest.
            (default: a natural one for :obj:`frame`)
    """

    frame: str
    at: Vector
    elbow: Vector | None = None

    @property
    def pole(self) -> Vector:
        return self.elbow or _ELBOW[self.frame]


HANG = Hand('hang', (40, 60, -545))


@dataclass(frozen=True)
class Posture:
    r"""A still pose of the whole body.

    Args:
        height (float): Of the pelvis over the ankles; lowered where the legs
            would not reach the ground.
        lean (float): Pitch of the pelvis, forwards.
        tilt (float): Roll of the pelvis, to the left.
        turn (float): Yaw of the pelvis against the heading, to the left.
        spine (tuple): Flexion, side bend and twist of the trunk.
        gaze (tuple): The same of neck and head.
        feet (tuple): Ankles, left and right, relative to the ground below
            the pelvis.
        knees (tuple): Directions the knees point to.
        hands (tuple): Left and right :class:`Hand`.
    """

    height: float = 855.0
    lean: float = 3.0
    tilt: float = 0.0
    turn: float = 0.0
    spine: Vector = (4.0, 0.0, 0.0)
    gaze: Vector = (4.0, 0.0, 0.0)
    feet: tuple[Vector, Vector] = ((0, 110, 0), (0, 110, 0))
    knees: tuple[Vector, Vector] = ((1.0, 0.2, 0.0), (1.0, 0.2, 0.0))
    hands: tuple[Hand, Hand] = (HANG, HANG)

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
        r"""A random neighbour: some degrees and centimetres apart."""

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
            hands=(vary_hand(h1, rng, amount), vary_hand(h2, rng, amount)),
        )


def vary_hand(hand: Hand, rng: np.random.Generator, amount: float) -> Hand:
    r"""A random neighbour of a place of the hand."""
    std = 15.0 if hand.frame == 'head' else 40.0
    at = np.asarray(hand.at) + amount * std * rng.normal(size=3)
    pole = np.asarray(hand.pole) + amount * 0.12 * rng.normal(size=3)
    return Hand(hand.frame, tuple(at), tuple(pole))


def wander(
    rng: np.random.Generator, num_frames: int, shape: tuple, hertz: float
) -> Array:
    r"""Band-limited Gaussian noise of unit variance, ``[T, *shape]``.

    White noise under a Gaussian low-pass of width :obj:`hertz`, at 25 Hz;
    drawn twice as long as needed, as the filter is circular.
    """
    n = 2 * num_frames + 64
    noise = rng.normal(size=(n, *shape))
    gain = np.exp(-0.5 * (np.fft.rfftfreq(n, d=1.0 / 25.0) / hertz) ** 2)
    energy = (2.0 * (gain**2).sum() - gain[0] ** 2) / n
    spectrum = np.fft.rfft(noise, axis=0)
    spectrum *= (gain / np.sqrt(energy)).reshape(-1, *[1] * len(shape))
    return np.fft.irfft(spectrum, n=n, axis=0)[:num_frames]


def ease(x: Array) -> Array:
    r"""The minimum-jerk step from 0 to 1."""
    x = np.clip(x, 0.0, 1.0)
    return x**3 * (10.0 - 15.0 * x + 6.0 * x**2)


def stages(
    rng: np.random.Generator,
    time: Array,
    hold: tuple[float, float],
    move: tuple[float, float],
) -> Array:
    r"""Weights ``[T, K]`` of a random sequence of :obj:`K` stages.

    A stage is held for some seconds and left in a minimum-jerk move; the
    weights of a frame sum to one.
    """
    moves: list[tuple[float, float]] = []
    now = -rng.uniform(0.0, hold[1])
    while now < time[-1]:
        start = now + rng.uniform(*hold)
        now = start + rng.uniform(*move)
        if now > time[0]:
            moves.append((start, now))
    begin, end = np.array(moves).T
    done = ease((time[:, None] - begin) / (end - begin))  # [T, K - 1]
    one = np.ones((len(time), 1))
    return np.hstack([one, done]) - np.hstack([done, 0.0 * one])


def sequence(rng: np.random.Generator, choices: Sequence, length: int) -> list:
    r"""A random sequence in which no choice follows itself at once."""
    out: list = []
    last = -1
    for _ in range(length):
        options = [i for i in range(len(choices)) if i != last] or [0]
        last = options[rng.integers(len(options))]
        out.append(choices[last])
    return out


@dataclass
class Script:
    r"""A performance over time, to be carried out by a body.

    An action fills it in; :func:`~.motion.perform` reads it.

    Args:
        rng (numpy.random.Generator): The source of all that is random.
        time (numpy.ndarray): Seconds, ``[T]``.
    """

    rng: np.random.Generator
    time: Array
    postures: list[Posture] = field(default_factory=list)
    weights: Array = field(default_factory=lambda: np.zeros((0, 0)))
    hands: list[list[Hand]] = field(default_factory=list)
    hand_weights: list[Array] = field(default_factory=list)
    path: Array = field(default_factory=lambda: np.zeros((0, 2)))
    heading: Array = field(default_factory=lambda: np.zeros(0))
    steps: Array = field(default_factory=lambda: np.zeros(0))
    wave: Array = field(default_factory=lambda: np.zeros((0, 2)))
    planted: bool = True
    stride: float = 0.0
    arm_swing: float = 0.0
    restless: float = 1.0
    gesture: float = 15.0

    def __post_init__(self) -> None:
        n = len(self.time)
        self.path, self.heading = np.zeros((n, 2)), np.zeros(n)
        self.wave = np.zeros((n, 2))
        self.steps = self.time * self.rng.uniform(0.7, 0.9)

    def act(
        self,
        choices: Sequence[Posture],
        hold: tuple[float, float] = (1.5, 4.0),
        move: tuple[float, float] = (0.7, 1.3),
        vary: float = 1.0,
        mirror: bool = True,
    ) -> None:
        r"""The body goes through random ones of :obj:`choices`."""
        rng = self.rng
        self.weights = stages(rng, self.time, hold, move)
        chosen = sequence(rng, choices, self.weights.shape[1])
        if mirror:
            chosen = [p.mirror() if rng.random() < 0.5 else p for p in chosen]
        self.postures = [p.vary(rng, vary) for p in chosen]
        self.hands = [[p.hands[s] for p in self.postures] for s in (0, 1)]
        self.hand_weights = [self.weights, self.weights]

    def handle(
        self,
        side: int,
        choices: Sequence[Hand],
        hold: tuple[float, float] = (0.6, 2.0),
        move: tuple[float, float] = (0.45, 0.9),
        vary: float = 1.0,
    ) -> None:
        r"""The hand of :obj:`side` goes its own way through `choices`."""
        weights = stages(self.rng, self.time, hold, move)
        chosen = sequence(self.rng, choices, weights.shape[1])
        self.hand_weights[side] = weights
        self.hands[side] = [vary_hand(h, self.rng, vary) for h in chosen]

    def relocate(self, distance: float, turn: float) -> None:
        r"""Now and then the body steps elsewhere and turns."""
        weights = stages(self.rng, self.time, (2.5, 6.0), (1.2, 2.2))
        k = weights.shape[1]
        self.path = weights @ (distance * self.rng.normal(size=(k, 2)))
        angles = np.cumsum(turn * self.rng.normal(size=k))
        self.heading = weights @ np.deg2rad(angles)

    def blend(self, get: Callable[[Posture], object]) -> Array:
        r"""A quantity of the postures over time, ``[T, ...]``."""
        values = np.array([get(p) for p in self.postures], dtype=float)
        return np.tensordot(self.weights, values, axes=1)
