from .checks.check import check_keypoints, refuse_doubtful
from .checks.issues import Doubt
from .checks.side_swaps import LiveMender, mend_sides
from .convert import LAYOUTS, common_names, convert_joints, to_layout
from .load import read_keypoints
from .orient import exchange_sides, mirror_keypoints, rotate_keypoints
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
