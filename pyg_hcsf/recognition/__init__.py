r"""Actions from 3D joints, of whole clips or live."""

from .live_recognizer import LiveRecognizer
from .pose_actions import ActionInterval, recognize_poses
from .recognizer import Label, Recognizer
from .recognizer_weights import (
    RecognizerInfo,
    available_recognizers,
    load_recognizer,
    save_recognizer,
)

__all__ = [
    'ActionInterval',
    'Label',
    'LiveRecognizer',
    'Recognizer',
    'RecognizerInfo',
    'available_recognizers',
    'load_recognizer',
    'recognize_poses',
    'save_recognizer',
]
