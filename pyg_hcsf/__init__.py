r"""Skeletal graph learning on PyTorch Geometric."""

from .hops import HopEdges
from .skeleton import (
    Skeleton,
    available_skeletons,
    get_skeleton,
    load_skeleton,
)

__version__ = '0.6.0'

__all__ = [
    'HopEdges',
    'Skeleton',
    'available_skeletons',
    'get_skeleton',
    'load_skeleton',
]
