from .checks.check import check_keypoints, raise_for_issues
from .checks.issues import Issue
from .checks.side_swaps import LiveSideSwapFixer, fix_side_swaps
from .convert import LAYOUTS, common_names, convert_joints, to_layout
from .load import read_keypoints
from .orient import mirror_keypoints, rotate_keypoints, swap_sides
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
    'swap_sides',
    'fix_side_swaps',
    'mirror_keypoints',
    'read_keypoints',
    'raise_for_issues',
    'rotate_keypoints',
    'to_layout',
]
