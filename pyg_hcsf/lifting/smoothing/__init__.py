r"""Smooth motion, constant bones and standing feet of lifted people."""

from .live import LiveSmoother
from .networks import SmootherInfo, SmootherNetworks, save_smoother
from .smoother import Motion, MotionSmoother
from .summary import describe_motion

__all__ = [
    'LiveSmoother',
    'Motion',
    'MotionSmoother',
    'SmootherInfo',
    'SmootherNetworks',
    'describe_motion',
    'save_smoother',
]
