r"""Clips on disk, the base class of data sets, and loaders of batches."""

from .action_loader import ActionLoader
from .clip_loader import ClipLoader
from .clip_store import ClipStore

__all__ = [
    'ActionLoader',
    'ClipLoader',
    'ClipStore',
]
