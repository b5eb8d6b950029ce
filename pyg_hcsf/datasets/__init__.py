from .bvh_motion import BVHMotion
from .cmu_download import download_cmu_mocap
from .cmu_mocap import CMUMocap
from .hdm05 import HDM05
from .openmocap import OpenMocap
from .synthetic_motion import SyntheticMotion

__all__ = [
    'BVHMotion',
    'CMUMocap',
    'HDM05',
    'OpenMocap',
    'SyntheticMotion',
    'download_cmu_mocap',
]
