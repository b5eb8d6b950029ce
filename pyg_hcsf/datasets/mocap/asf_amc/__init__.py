from .reader import ASF, ASF_JOINTS, read_amc, read_asf

__all__ = [
    'ASF',
    'ASF_JOINTS',
    'read_amc',
    'read_asf',
]
