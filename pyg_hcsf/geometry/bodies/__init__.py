r"""Data augmentation of 3D poses: random bodies, rotations, joint definitions
of other rigs, and the keypoints of detectors, from Human3.6M's 17 joints.
"""

from .keypoints import coco_joints, layout_joints
from .postures import bend_joints, mix_legs
from .proportions import (
    Proportions,
    parse_proportions,
    vary_bodies,
    vary_proportions,
)
from .rigs import shift_joints
from .tumble import tumble

__all__ = [
    'Proportions',
    'bend_joints',
    'coco_joints',
    'layout_joints',
    'mix_legs',
    'parse_proportions',
    'shift_joints',
    'tumble',
    'vary_bodies',
    'vary_proportions',
]
