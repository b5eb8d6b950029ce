r"""One's own poses, in NumPy arrays."""

from .dataset import ArrayPoses
from .sequences import read_array_poses
from .splits import SubjectSplits, split_subjects

__all__ = ['ArrayPoses', 'SubjectSplits', 'read_array_poses', 'split_subjects']
