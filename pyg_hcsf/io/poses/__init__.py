from .formats import read_poses, write_poses
from .sequence import PoseSequence

__all__ = ['PoseSequence', 'read_poses', 'write_poses']
