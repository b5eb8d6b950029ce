from .asf_amc import ASF, ASF_JOINTS, read_amc, read_asf
from .bvh import BVH, DAZ_JOINTS, read_bvh
from .bvh_motion import BVHMotion
from .cmu import CMUMocap
from .cmu_download import download_cmu_mocap
from .hdm05 import HDM05
from .joint_positions import to_h36m17
from .openmocap import OpenMocap

__all__ = [
    'ASF',
    'ASF_JOINTS',
    'BVH',
    'DAZ_JOINTS',
    'HDM05',
    'BVHMotion',
    'CMUMocap',
    'OpenMocap',
    'download_cmu_mocap',
    'read_amc',
    'read_asf',
    'read_bvh',
    'to_h36m17',
]
