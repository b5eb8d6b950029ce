from .arrays import ArrayPoses
from .human36m import Human36M
from .mocap import HDM05, BVHMotion, CMUMocap, OpenMocap, download_cmu_mocap
from .mpi_inf_3dhp import MPIINF3DHP
from .ntu import NTURGBD
from .synthetic import SyntheticMotion
from .utd_mhad import UTDMHAD

__all__ = [
    'HDM05',
    'MPIINF3DHP',
    'NTURGBD',
    'UTDMHAD',
    'ArrayPoses',
    'BVHMotion',
    'CMUMocap',
    'Human36M',
    'OpenMocap',
    'SyntheticMotion',
    'download_cmu_mocap',
]
