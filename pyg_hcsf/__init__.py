r"""Skeletal graph learning on PyTorch Geometric."""

from .hops import HopEdges
from .skeleton import (
    Skeleton,
    as_skeleton,
    available_skeletons,
    get_skeleton,
    load_skeleton,
    save_skeleton,
)

__version__ = '0.6.0'

__all__ = [
    'HopEdges',
    'Skeleton',
    'as_skeleton',
    'available_skeletons',
    'get_skeleton',
    'load_skeleton',
    'save_skeleton',
]
