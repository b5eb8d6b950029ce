"""Reads Biovision hierarchy files (BVH) of any rig."""

from .reader import BVH, DAZ_JOINTS, read_bvh

__all__ = [
    'BVH',
    'DAZ_JOINTS',
    'read_bvh',
]
