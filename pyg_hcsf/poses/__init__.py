r"""3D pose sequences, and the files that they are read from and written to."""

from .csv_table import poses_to_frame
from .pose_file import POSE_FORMATS, PoseFile, read_poses, write_poses
from .sequence import PoseSequence

__all__ = [
    'POSE_FORMATS',
    'PoseFile',
    'PoseSequence',
    'poses_to_frame',
    'read_poses',
    'write_poses',
]
