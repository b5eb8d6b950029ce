from .dataset import SyntheticMotion

__all__ = [
    'SyntheticMotion',
]
