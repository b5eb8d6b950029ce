r"""Random motion plans: sequences of postures, paths and smooth noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from .body import Array
from .hands import Hand
from .postures import Posture

T = TypeVar('T')
Range = tuple[float, float]

#: Frames per second of all synthetic motion.
FPS = 25.0


@dataclass
class MotionPlan:
    r"""What a body is to do over time: postures, targets of the hands, and the
    path of the pelvis. An action fills it in, and
    :func:`~.motion.solve_angles` turns it into joint angles.
    """

    rng: np.random.Generator  #: the source of random numbers
    time: Array  #: of each frame in seconds, [T]
    postures: list[Posture] = field(default_factory=list)  #: a sequence of K
    weights: Array = field(init=False)  #: blending weights of these, [T, K]
    #: The targets of the left and right hand, and their blending weights.
    hands: list[list[Hand]] = field(default_factory=list)
    hand_weights: list[Array] = field(default_factory=list)
    path: Array = field(init=False)  #: the pelvis on the floor in mm, [T, 2]
    heading: Array = field(init=False)  #: yaw of the body in radians, [T]
    steps: Array = field(init=False)  #: phase of walking in strides, [T]
    wave: Array = field(init=False)  #: sideways motion of the hands, [T, 2]
    #: Whether feet rest on the floor between steps, or else move with the
    #: postures, as on a chair.
    feet_on_floor: bool = True
    stride: float = 0.0  #: how much the trunk moves with the steps
    arm_swing: float = 0.0  #: amplitude of hanging hands while walking, mm
    sway: float = 1.0  #: factor on the random motion of all joints
    gesture: float = 15.0  #: amplitude of the random motion of the hands, mm

    def __post_init__(self) -> None:
        n = len(self.time)
        self.weights = np.zeros((n, 0))
        self.path, self.heading = np.zeros((n, 2)), np.zeros(n)
        self.wave = np.zeros((n, 2))
        self.steps = self.time * self.rng.uniform(0.7, 0.9)

    def set_postures(
        self,
        *choices: Posture,
        hold: Range = (1.5, 4.0),
        move: Range = (0.7, 1.3),
        vary: float = 1.0,
        mirror: bool = True,
    ) -> None:
        r"""Sets a random sequence of :obj:`choices`, each varied at random and
        held for a time in the range :obj:`hold` in seconds.
        """
        rng = self.rng
        self.weights = blending_weights(rng, self.time, hold, move)
        chosen = _random_sequence(rng, choices, self.weights.shape[1])
        if mirror:
            chosen = [p.mirror() if rng.random() < 0.5 else p for p in chosen]
        self.postures = [p.vary(rng, vary) for p in chosen]
        self.hands = [[p.hands[s] for p in self.postures] for s in (0, 1)]
        self.hand_weights = [self.weights, self.weights]

    def set_hand(
        self,
        side: int,
        *choices: Hand,
        hold: Range = (0.6, 2.0),
        move: Range = (0.45, 0.9),
        vary: float = 1.0,
    ) -> None:
        r"""Sets a random sequence of targets of one hand (0 left, 1 right),
        in place of the targets of the postures.
        """
        weights = blending_weights(self.rng, self.time, hold, move)
        chosen = _random_sequence(self.rng, choices, weights.shape[1])
        self.hand_weights[side] = weights
        self.hands[side] = [h.vary(self.rng, vary) for h in chosen]

    def random_side(self) -> int:
        r"""0 for left or 1 for right."""
        return int(self.rng.integers(2))

    def noise(self, shape: tuple[int, ...], hertz: float) -> Array:
        r"""Noise ``[T, *shape]``, see :func:`smooth_noise`."""
        return smooth_noise(self.rng, len(self.time), shape, hertz)

    def step_around(self, distance: float, turn: float) -> None:
        r"""Steps to random places now and then, and turns: standard deviations
        in mm and degrees.
        """
        weights = blending_weights(self.rng, self.time, (2.5, 6.0), (1.2, 2.2))
        k = weights.shape[1]
        self.path = weights @ (distance * self.rng.normal(size=(k, 2)))
        angles = np.cumsum(turn * self.rng.normal(size=k))
        self.heading = weights @ np.deg2rad(angles)

    def sit(
        self, *choices: Posture, hold: Range = (1.5, 4.0), vary: float = 1.0
    ) -> None:
        r"""Sets postures on a chair of random height, turning a little."""
        self.feet_on_floor = False
        seat = self.rng.normal(0.0, 25.0)
        chosen = [replace(p, height=p.height + seat) for p in choices]
        self.heading = np.deg2rad(15.0) * self.noise((), 0.15)
        self.set_postures(*chosen, hold=hold, vary=vary)
        self.sway *= 0.9

    def walk(self, speed: float) -> None:
        r"""Walks on an ellipse in a small room at about :obj:`speed` m/s."""
        rng = self.rng
        axes = rng.uniform(650.0, 950.0, 2) * [1.0, rng.choice([-1.0, 1.0])]
        # The ellipse's perimeter is about that of a circle.
        lap = 2.0 * np.pi * axes[0] / 1000.0 / speed  # seconds, about
        tempo = 1.0 + 0.12 * self.noise((), 0.2)
        angle = 2.0 * np.pi * (rng.random() + np.cumsum(tempo) / FPS / lap)
        self.path = axes * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        self.path += 70.0 * self.noise((2,), 0.08)
        velocity = np.gradient(self.path, 1.0 / FPS, axis=0)
        self.heading = np.unwrap(np.arctan2(velocity[:, 1], velocity[:, 0]))
        # A stride in mm, which grows with the speed.
        length = 1000.0 * (0.45 + 0.62 * speed) * rng.uniform(0.92, 1.08)
        distance = np.cumsum(np.linalg.norm(velocity, axis=-1)) / FPS
        self.steps = distance / length
        self.stride = min(1.0, 0.35 + 0.6 * speed)
        self.arm_swing = 190.0 * self.stride * rng.uniform(0.7, 1.2)

    def stop_when_low(self) -> None:
        r"""Stops walking while the posture is not upright."""
        height = self.blend(lambda p: p.height)
        upright = np.clip((height - 650.0) / 150.0, 0.0, 1.0)
        for name, idle in (('path', 0.0), ('heading', 0.0), ('steps', 0.6)):
            track = getattr(self, name)
            change = np.diff(track, axis=0, prepend=track[:1])
            weight = upright.reshape(-1, *[1] * (track.ndim - 1))
            change = change * weight + idle / FPS * (1.0 - weight)
            setattr(self, name, track[0] + np.cumsum(change, axis=0))

    def balance_feet(self) -> None:
        r"""Moves the pelvis back by half of the distance that the feet are in
        front of it.
        """
        ahead = self.blend(lambda p: np.mean(p.feet, axis=0)[0])
        axes = np.stack([np.cos(self.heading), np.sin(self.heading)], axis=-1)
        self.path = -0.5 * ahead[:, None] * axes

    def blend(self, get: Callable[[Posture], object]) -> Array:
        r"""A quantity of the postures over time, ``[T, ...]``."""
        values = np.array([get(p) for p in self.postures], dtype=float)
        return np.tensordot(self.weights, values, axes=1)


def smooth_noise(
    rng: np.random.Generator, num_frames: int, shape: tuple, hertz: float
) -> Array:
    r"""Band-limited Gaussian noise of unit variance, ``[T, *shape]``: white
    noise under a Gaussian low-pass filter of width :obj:`hertz`.
    """
    n = 2 * num_frames + 64  # the filter is circular, so draw twice as much
    noise = rng.normal(size=(n, *shape))
    gain = np.exp(-0.5 * (np.fft.rfftfreq(n, d=1.0 / FPS) / hertz) ** 2)
    # By Parseval's theorem; all frequencies but zero stand for two.
    energy = (2.0 * (gain**2).sum() - gain[0] ** 2) / n
    spectrum = np.fft.rfft(noise, axis=0)
    spectrum *= (gain / np.sqrt(energy)).reshape(-1, *[1] * len(shape))
    return np.fft.irfft(spectrum, n=n, axis=0)[:num_frames]


def minimum_jerk(x: Array) -> Array:
    r"""The minimum-jerk step from 0 to 1."""
    x = np.clip(x, 0.0, 1.0)
    return x**3 * (10.0 - 15.0 * x + 6.0 * x**2)


def blending_weights(
    rng: np.random.Generator, time: Array, hold: Range, move: Range
) -> Array:
    r"""Weights ``[T, K]`` of a random number of items, one after the other.

    An item is held for a random time and left in a minimum-jerk movement of a
    random duration, in seconds; the weights of a frame sum to one.
    """
    moves: list[Range] = []
    # Before the clip begins, so that the first item is not always whole.
    now = -rng.uniform(0.0, hold[1])
    while now < time[-1]:
        start = now + rng.uniform(*hold)
        now = start + rng.uniform(*move)
        if now > time[0]:
            moves.append((start, now))
    begin, end = np.array(moves).T
    done = minimum_jerk((time[:, None] - begin) / (end - begin))  # [T, K - 1]
    one = np.ones((len(time), 1))
    return np.hstack([one, done]) - np.hstack([done, 0.0 * one])


def _random_sequence(
    rng: np.random.Generator, choices: Sequence[T], length: int
) -> list[T]:
    r"""A random sequence without immediate repetitions."""
    out: list[T] = []
    last = -1
    for _ in range(length):
        options = [i for i in range(len(choices)) if i != last] or [0]
        last = options[rng.integers(len(options))]
        out.append(choices[last])
    return out
