from .check import Doubt, check_keypoints, refuse_doubtful
from .convert import LAYOUTS, common_names, convert_joints, to_layout
from .mend import LiveMender, mend_sides
from .read import read_keypoints
from .track import Keypoints, Track

__all__ = [
    'LAYOUTS',
    'Doubt',
    'Keypoints',
    'LiveMender',
    'Track',
    'check_keypoints',
    'common_names',
    'convert_joints',
    'mend_sides',
    'read_keypoints',
    'refuse_doubtful',
    'to_layout',
]
