from .asf_amc import ASF, ASF_JOINTS, read_amc, read_asf
from .bvh import BVH, DAZ_JOINTS, read_bvh
from .mocap import to_h36m17

__all__ = [
    'ASF',
    'ASF_JOINTS',
    'BVH',
    'DAZ_JOINTS',
    'read_amc',
    'read_asf',
    'read_bvh',
    'to_h36m17',
]
