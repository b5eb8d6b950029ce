from .dataset import NTURGBD

__all__ = [
    'NTURGBD',
]
