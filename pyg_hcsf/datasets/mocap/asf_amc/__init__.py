"""Reads Acclaim skeletons (ASF) and motions (AMC), as of CMU and HDM05."""

from .amc import amc_degrees, read_amc
from .asf import read_asf
from .skeleton import ASF, ASF_JOINTS, Bone

__all__ = [
    'ASF',
    'ASF_JOINTS',
    'Bone',
    'amc_degrees',
    'read_amc',
    'read_asf',
]
