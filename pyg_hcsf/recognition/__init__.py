r"""Actions from 3D joints, of whole clips or live."""

from .live_recognizer import LiveRecognizer
from .recognizer import Label, Recognizer
from .recognizer_weights import (
    RecognizerInfo,
    load_recognizer,
    save_recognizer,
)

__all__ = [
    'Label',
    'LiveRecognizer',
    'Recognizer',
    'RecognizerInfo',
    'load_recognizer',
    'save_recognizer',
]
