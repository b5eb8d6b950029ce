r"""Targets of the hands relative to parts of the body.

All lengths are in millimetres for a body of 1750 mm, and are scaled to others.
Both hands are written as if they were the left one: y points outwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

T = TypeVar('T')
Vector = tuple[float, float, float]

#: The origins of targets and, for each, the direction of the elbow if none is
#: given, in the axes of the chest. ``hang`` and ``reach``: the shoulder, in
#: the axes of the heading and of the chest; ``chest``: the thorax joint;
#: ``head``: the middle of the skull; ``hip`` and ``knee``: those of the same
#: side; ``floor``: the ground below the pelvis.
FRAMES: dict[str, Vector] = {
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
    r"""The target of a hand: the position of the wrist and the direction that
    the elbow points to.
    """

    frame: str  #: one of :obj:`FRAMES`
    #: the position in the axes of ``frame``: forward, outwards, up, in
    #: millimetres for a body of 1.75 m
    offset: Vector
    elbow: Vector | None = None  #: in the axes of the chest

    @property
    def pole(self) -> Vector:
        r"""The direction that the elbow points to."""
        return self.elbow or FRAMES[self.frame]

    def vary(self, rng: np.random.Generator, amount: float) -> Hand:
        r"""A random target nearby."""
        std = 15.0 if self.frame == 'head' else 40.0
        offset = np.asarray(self.offset) + amount * std * rng.normal(size=3)
        pole = np.asarray(self.pole) + amount * 0.12 * rng.normal(size=3)
        return Hand(self.frame, tuple(offset), tuple(pole))


def both(x: T) -> tuple[T, T]:
    r"""The same for left and right."""
    return x, x


HANG = Hand('hang', (40, 60, -545))
MOUTH = Hand('head', (165, 55, -140))
EAR = Hand('head', (125, 110, -170), (0.1, 0.7, -1.0))
TEMPLE = Hand('head', (115, 100, -55), (0.4, 0.9, -1.0))
NECK_BACK = Hand('head', (-45, 165, -50), (0.2, 1.0, -0.3))
CAMERA = Hand('head', (205, 75, -80), (0.3, 0.7, -1.0))
POINT_AHEAD = Hand('reach', (525, 40, 20))
POINT_ASIDE = Hand('reach', (190, 490, 40), (-0.3, 0.3, -1.0))
POINT_UP = Hand('reach', (350, 160, 400), (0.2, 1.0, -0.6))
POINT_ACROSS = Hand('reach', (440, -250, 30), (0.1, 1.0, -0.6))
POINT_DOWN = Hand('reach', (390, 130, -310), (-0.6, 0.8, 0.0))
POINT_BACK = Hand('reach', (-140, 480, 0), (-0.3, 0.2, -1.0))
OPEN_ARM = Hand('reach', (290, 330, -110), (-0.5, 0.6, -1.0))
OPEN_HIGH = Hand('reach', (300, 330, 150), (0.0, 0.9, -1.0))
GIVE = Hand('chest', (380, 120, -190))
BELLY = Hand('chest', (230, 40, -290), (-0.6, 1.0, -0.2))
CHEST = Hand('chest', (215, 40, -90), (-0.1, 1.0, -0.5))
HEIGHT = Hand('chest', (330, 160, 60))
WAVE = Hand('head', (140, 290, 110), (0.1, 1.0, -0.9))
OVERHEAD = Hand('reach', (130, 120, 500), (0.5, 1.0, 0.0))
SHAKE = Hand('chest', (430, 20, -260))
HIP = Hand('hip', (50, 105, 90), (-0.7, 1.0, 0.1))
POCKET = Hand('hip', (70, 95, -10), (-1.0, 0.6, 0.0))
BACK = Hand('hip', (-150, -50, 110), (-1.0, 1.0, 0.0))
KNEE = Hand('knee', (-10, 0, 85))
THIGH = Hand('knee', (-160, -10, 90))
LEASH = Hand('reach', (440, 130, -230), (-0.5, 0.6, -0.6))
BAG = Hand('hang', (0, 95, -560))
FOREARM_RIGHT = Hand('chest', (235, -95, -215), (-0.1, 1.0, -0.5))
FOREARM_LEFT = Hand('chest', (200, -75, -265), (-0.1, 1.0, -0.5))
WATCH = Hand('chest', (270, -30, -110), (0.1, 1.0, -0.3))

#: What hands do in Directions and Discussion.
POINTING = (
    POINT_AHEAD, POINT_ASIDE, POINT_UP, POINT_ACROSS, POINT_DOWN, POINT_BACK,
    OPEN_ARM,
)  # fmt: skip
TALKING = (
    OPEN_ARM, OPEN_HIGH, GIVE, BELLY, CHEST, HEIGHT, POINT_AHEAD, WAVE,
)  # fmt: skip
