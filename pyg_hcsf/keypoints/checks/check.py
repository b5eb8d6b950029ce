r"""Runs all checks on keypoints, and reports, raises or warns."""

import warnings

from pyg_hcsf.keypoints.checks.issue import Issue
from pyg_hcsf.keypoints.checks.layout import check_layout
from pyg_hcsf.keypoints.checks.left_right import check_left_right
from pyg_hcsf.keypoints.checks.motion import check_motion, drop_still_frames
from pyg_hcsf.keypoints.checks.orientation import check_orientation
from pyg_hcsf.keypoints.checks.pixels import check_pixels
from pyg_hcsf.keypoints.track import Keypoints


def check_keypoints(keypoints: Keypoints) -> list[Issue]:
    r"""Checks keypoints for the usual mistakes.

    These are coordinates that are not pixels, an image size whose width and
    height are exchanged, a stretched image, exchanged x and y, a rotated
    camera, y pointing up, another layout, left and right exchanged at all or
    some joints or in some frames, single images instead of a video, people
    who do not move at all, and low confidences.

    All people and frames are measured together. After an error about pixels,
    the layout or the orientation, the other checks are skipped, as their
    results would mean nothing.

    Left and right exchanged at all joints (``'sides'``) follow from
    perspective, the height of the camera and the direction in which people
    move, in at least 10 frames with both arms and legs. This is a warning
    only: it misses more than half of such files, and is often wrong for
    people who are measured otherwise than the motion capture that it was
    fitted on. A mirrored video looks like one of another person and cannot be
    recognised, see ``docs/keypoints.md``.

    Args:
        keypoints (Keypoints): The keypoints of a video.

    Returns:
        list[Issue]: The likely mistakes, empty if there are none.

    Example:
        >>> [issue.kind for issue in check_keypoints(keypoints)]
        []
    """
    poses = drop_still_frames(keypoints)
    issues: list[Issue] = []
    for check, checked in (
        (check_pixels, keypoints),
        (check_layout, poses),
        (check_orientation, keypoints),
    ):
        issues += check(checked)
        if any(issue.level == 'error' for issue in issues):
            return issues
    return [*issues, *check_left_right(poses), *check_motion(keypoints)]


def raise_for_issues(keypoints: Keypoints) -> None:
    r"""Raises an error if :func:`check_keypoints` finds issues of level
    ``'error'``.

    Args:
        keypoints (Keypoints): The keypoints of a video.

    Raises:
        ValueError: With these issues and their remedies.

    Example:
        >>> raise_for_issues(read_keypoints('alphapose-results.json'))
    """
    issues = [i for i in check_keypoints(keypoints) if i.level == 'error']
    if issues:
        raise ValueError(
            'These keypoints look wrong: ' + '. '.join(map(str, issues))
        )


def warn_of_issues(keypoints: Keypoints) -> None:
    r"""Warns about what :func:`raise_for_issues` raises an error for."""
    try:
        raise_for_issues(keypoints)
    except ValueError as e:
        warnings.warn(str(e), stacklevel=3)
