r"""Cameras, projection, alignment and virtual views of 3D poses."""

from .calibrate import fit_pinhole, fit_scale
from .camera import Camera
from .h36m_cameras import human36m_cameras
from .image_frame import (
    LCN_FRAME,
    SRNET_FRAME,
    ImageFrame,
    denormalize_screen,
    normalize_screen,
)
from .keypoint_noise import DetectorNoise, detector_noise
from .procrustes import similarity_align
from .root_ray import (
    RootRay,
    body_size,
    decode_pose,
    encode_pose,
    guess_camera,
    locate_root,
    look_at_root,
    window_input,
)
from .virtual_cameras import View, lifting_clips, project_views

__all__ = [
    'LCN_FRAME',
    'SRNET_FRAME',
    'Camera',
    'DetectorNoise',
    'ImageFrame',
    'RootRay',
    'View',
    'body_size',
    'decode_pose',
    'denormalize_screen',
    'detector_noise',
    'encode_pose',
    'project_views',
    'fit_pinhole',
    'fit_scale',
    'guess_camera',
    'human36m_cameras',
    'lifting_clips',
    'locate_root',
    'normalize_screen',
    'look_at_root',
    'similarity_align',
    'window_input',
]
