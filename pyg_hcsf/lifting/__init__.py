r"""2D keypoints to 3D poses, of whole videos or live."""

from .ground import Ground, find_ground
from .lifter import Lifter
from .lifter_weights import (
    LifterInfo,
    available_weights,
    fit_calibration,
    load_lifter,
    save_lifter,
)
from .live_lifter import LiveLifter
from .live_pose import LivePose
from .smoothing import MotionSmoother

__all__ = [
    'Ground',
    'Lifter',
    'LifterInfo',
    'LiveLifter',
    'LivePose',
    'MotionSmoother',
    'available_weights',
    'find_ground',
    'fit_calibration',
    'load_lifter',
    'save_lifter',
]
