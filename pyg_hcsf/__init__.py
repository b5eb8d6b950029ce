r"""Skeletal graph learning on PyTorch Geometric."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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


def __getattr__(name: str) -> Any:
    # Imports PyTorch at the first use, so that `pyg-hcsf --help` is quick.
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    module = 'hops' if name == 'HopEdges' else 'skeleton'
    return getattr(import_module(f'.{module}', __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
