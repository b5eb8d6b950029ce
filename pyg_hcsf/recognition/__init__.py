r"""Actions from 3D joints, of whole clips or live."""

from .line_recognizer import LineRecognizer
from .live_recognizer import LiveRecognizer
from .recognizer import Label, Recognizer
from .recognizer_weights import (
    RecognizerInfo,
    load_recognizer,
    save_recognizer,
)

__all__ = [
    'Label',
    'LineRecognizer',
    'LiveRecognizer',
    'Recognizer',
    'RecognizerInfo',
    'load_recognizer',
    'save_recognizer',
]
