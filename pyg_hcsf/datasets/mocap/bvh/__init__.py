from .reader import BVH, DAZ_JOINTS, read_bvh

__all__ = [
    'BVH',
    'DAZ_JOINTS',
    'read_bvh',
]
