from .layers import LAYERS, make_layer
from .pose_lifter import PoseLifter

__all__ = ['LAYERS', 'PoseLifter', 'make_layer']
