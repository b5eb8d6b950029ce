r"""Graph operators, and networks for poses and actions."""

from .conv import HCSFConv, LCNConv, PartitionConv, SemGCNConv
from .graph import DynamicGraph
from .kernels import pair_product
from .models import (
    ACTION_LAYERS,
    LAYERS,
    ActionRecognizer,
    PoseLifter,
    make_layer,
)

__all__ = [
    'ACTION_LAYERS',
    'LAYERS',
    'ActionRecognizer',
    'DynamicGraph',
    'HCSFConv',
    'LCNConv',
    'PartitionConv',
    'PoseLifter',
    'SemGCNConv',
    'make_layer',
    'pair_product',
]
