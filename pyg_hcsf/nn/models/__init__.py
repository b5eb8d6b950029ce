r"""Networks, and their layers by name."""

from .action_layers import ACTION_LAYERS
from .action_recognizer import ActionRecognizer
from .layers import LAYERS, make_layer
from .pose_lifter import PoseLifter

__all__ = [
    'ACTION_LAYERS',
    'LAYERS',
    'ActionRecognizer',
    'PoseLifter',
    'make_layer',
]
