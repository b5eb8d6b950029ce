r"""2D keypoints of people: reading, checking and converting them."""

from .checks.check import check_keypoints, raise_for_issues
from .checks.issue import Issue
from .checks.motion import is_video
from .layouts import LAYOUTS, common_names, convert_joints, to_layout
from .load import read_keypoints
from .orient import mirror_keypoints, rotate_keypoints, swap_sides
from .readers import register_reader
from .side_swaps import LiveSideSwapFixer, fix_side_swaps
from .track import Keypoints, Track

__all__ = [
    'LAYOUTS',
    'Issue',
    'Keypoints',
    'LiveSideSwapFixer',
    'Track',
    'check_keypoints',
    'common_names',
    'convert_joints',
    'fix_side_swaps',
    'is_video',
    'mirror_keypoints',
    'raise_for_issues',
    'read_keypoints',
    'register_reader',
    'rotate_keypoints',
    'swap_sides',
    'to_layout',
]
