from .track import Keypoints, Track

__all__ = ['Keypoints', 'Track']
