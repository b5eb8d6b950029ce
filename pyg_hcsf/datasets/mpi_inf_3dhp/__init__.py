from .dataset import MPIINF3DHP

__all__ = [
    'MPIINF3DHP',
]
