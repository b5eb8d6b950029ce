from .conv import HCSFConv, LCNConv, SemGCNConv
from .graph import DynamicGraph
from .kernels import pair_product
from .models import LAYERS, PoseLifter, make_layer

__all__ = [
    'LAYERS',
    'DynamicGraph',
    'HCSFConv',
    'LCNConv',
    'PoseLifter',
    'SemGCNConv',
    'make_layer',
    'pair_product',
]
