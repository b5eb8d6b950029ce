from .dataset import UTDMHAD

__all__ = [
    'UTDMHAD',
]
