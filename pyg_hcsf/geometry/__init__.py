from .calibrate import fit_pinhole, fit_scale
from .camera import Camera
from .capture import (
    DetectorNoise,
    View,
    detector_noise,
    film,
    lifting_clips,
)
from .human36m import human36m_cameras
from .image_frame import LCN_FRAME, SRNET_FRAME, ImageFrame
from .normalize import denormalize_screen, normalize_screen
from .procrustes import similarity_align

__all__ = [
    'LCN_FRAME',
    'SRNET_FRAME',
    'Camera',
    'DetectorNoise',
    'ImageFrame',
    'View',
    'denormalize_screen',
    'detector_noise',
    'film',
    'fit_pinhole',
    'fit_scale',
    'human36m_cameras',
    'lifting_clips',
    'normalize_screen',
    'similarity_align',
]
