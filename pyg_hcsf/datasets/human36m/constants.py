r"""Subjects, actions and joints of Human3.6M, and the type of its takes."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from pyg_hcsf.geometry.camera import Camera
from pyg_hcsf.safe_io.shown import shown

TRAIN_SUBJECTS = ('S1', 'S5', 'S6', 'S7', 'S8')
TEST_SUBJECTS = ('S9', 'S11')
SUBJECTS = TRAIN_SUBJECTS + TEST_SUBJECTS
H36M_FPS = 50.0
NUM_CAMERAS = 4

#: The 17 joints of poses among the 32 recorded ones.
H36M17_OF_32 = (
    0, 1, 2, 3, 6, 7, 8,  # hip, right leg, left leg
    12, 13, 14, 15,  # spine, thorax, neck, head
    17, 18, 19, 25, 26, 27,  # left arm, right arm
)  # fmt: skip
#: Human3.6M's joints without Neck/Nose among the 17.
H36M16_OF_17 = (*range(9), *range(10, 17))

_ACTIONS = (
    'Directions', 'Discussion', 'Eating', 'Greeting', 'Phoning', 'Posing',
    'Purchases', 'Sitting', 'SittingDown', 'Smoking', 'TakingPhoto',
    'Waiting', 'Walking', 'WalkingDog', 'WalkingTogether',
)  # fmt: skip
_SHORT = {
    'TakingPhoto': 'Photo',
    'WalkingDog': 'WalkDog',
    'WalkingTogether': 'WalkTogether',
}
#: The actions by their official names, ordered by their official numbers from
#: 2, with the names that published code and tables use instead.
OFFICIAL_ACTIONS = {name: _SHORT.get(name, name) for name in _ACTIONS}
_PAPER_NAMES = OFFICIAL_ACTIONS | {v: v for v in OFFICIAL_ACTIONS.values()}
#: Matches the name of a take, such as ``TakingPhoto 1``.
TAKE = rf'(?:{"|".join(_PAPER_NAMES)})(?: \d)?'


class Human36MTake(NamedTuple):
    r"""A take of Human3.6M in one camera."""

    subject: str  #: such as :obj:`'S9'`
    action: str  #: by its name in published tables
    #: The name of the take, :obj:`'S9 Photo 1'` as in its raw file, or
    #: :obj:`'s_09_act_12_subact_01'`.
    name: str
    camera: Camera
    joints: np.ndarray  #: [T, 17, 3] in the frame of the camera, mm
    keypoints: np.ndarray | None  #: detected, [T, 17 or 16, 2] in pixels


def action_of(take: str) -> str:
    r"""Returns the action of a take by its name in published tables, or raises
    a :class:`ValueError`.

    Example:
        >>> action_of('TakingPhoto 1')
        'Photo'
    """
    if not re.fullmatch(TAKE, take):
        raise ValueError(
            f'Expected one of the actions {list(OFFICIAL_ACTIONS)} with or '
            f'without a number (got {shown(take, 40)})'
        )
    return _PAPER_NAMES[take.split(' ')[0]]


def select_joints(joints: np.ndarray) -> np.ndarray:
    r"""Selects the 17 joints of poses from 32 recorded joints, or from 17."""
    return joints[:, H36M17_OF_32] if joints.shape[1] == 32 else joints
