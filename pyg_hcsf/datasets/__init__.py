from .bvh_motion import BVHMotion
from .clip_store import ClipStore
from .cmu_download import download_cmu_mocap
from .cmu_mocap import CMUMocap
from .hdm05 import HDM05
from .human36m import Human36M
from .mpi_inf_3dhp import MPIINF3DHP
from .nturgbd import NTURGBD
from .openmocap import OpenMocap
from .synthetic_motion import SyntheticMotion
from .utd_mhad import UTDMHAD

__all__ = [
    'BVHMotion',
    'CMUMocap',
    'ClipStore',
    'HDM05',
    'Human36M',
    'MPIINF3DHP',
    'NTURGBD',
    'OpenMocap',
    'SyntheticMotion',
    'UTDMHAD',
    'download_cmu_mocap',
]
