r"""Procedural human motion with the structure of Human3.6M."""

from .dataset import SyntheticMotion

__all__ = [
    'SyntheticMotion',
]
