r"""One's own poses, in NumPy arrays."""

from .dataset import ArrayPoses
from .splits import SubjectSplits, split_subjects

__all__ = ['ArrayPoses', 'SubjectSplits', 'split_subjects']
