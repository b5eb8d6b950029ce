from .sequence import PoseSequence

__all__ = ['PoseSequence']
