from .dataset import Human36M

__all__ = [
    'Human36M',
]
