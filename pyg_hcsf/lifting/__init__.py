from .weights import (
    LifterInfo,
    available_weights,
    fit_calibration,
    load_lifter,
    save_lifter,
)

__all__ = [
    'LifterInfo',
    'available_weights',
    'fit_calibration',
    'load_lifter',
    'save_lifter',
]
