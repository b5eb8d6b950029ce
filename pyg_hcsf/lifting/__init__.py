from .ground import Ground, find_ground
from .lifter import Lifter
from .lines import LineLifter
from .live import LiveLifter, LivePose
from .weights import (
    LifterInfo,
    available_weights,
    fit_calibration,
    load_lifter,
    save_lifter,
)

__all__ = [
    'Ground',
    'Lifter',
    'LifterInfo',
    'LineLifter',
    'LiveLifter',
    'LivePose',
    'available_weights',
    'find_ground',
    'fit_calibration',
    'load_lifter',
    'save_lifter',
]
