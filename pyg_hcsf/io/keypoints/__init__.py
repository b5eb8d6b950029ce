from .check import check_keypoints, refuse_doubtful
from .convert import LAYOUTS, common_names, convert_joints, to_layout
from .doubts import Doubt
from .mend import LiveMender, mend_sides
from .orient import exchange_sides, mirror_keypoints, rotate_keypoints
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
    'exchange_sides',
    'mend_sides',
    'mirror_keypoints',
    'read_keypoints',
    'refuse_doubtful',
    'rotate_keypoints',
    'to_layout',
]
