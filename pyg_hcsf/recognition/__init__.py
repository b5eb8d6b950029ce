from .lines import LineRecognizer
from .live import LiveRecognizer
from .recognizer import Label, Recognizer
from .weights import RecognizerInfo, load_recognizer, save_recognizer

__all__ = [
    'Label',
    'LineRecognizer',
    'LiveRecognizer',
    'Recognizer',
    'RecognizerInfo',
    'load_recognizer',
    'save_recognizer',
]
