from __future__ import annotations

import warnings

from pyg_hcsf.keypoints.checks.evidence import distinct
from pyg_hcsf.keypoints.checks.issues import (
    Issue,
    frame_issues,
    layout_issues,
    orientation_issues,
    pixel_issues,
    side_issues,
)
from pyg_hcsf.keypoints.track import Keypoints


def check_keypoints(keypoints: Keypoints) -> list[Issue]:
    r"""Looks for the usual mistakes in files of keypoints: coordinates that
    are not pixels, width and height of the image exchanged or stretched, x
    and y exchanged, a camera that was turned, y that points up, another
    layout, left and right exchanged, in all or some joints or frames, single
    images instead of a video, people who do not move at all, and a detector
    that is not sure of anything.

    All people and frames are looked at together. A certain doubt about
    pixels, the layout or the direction of bodies ends the search, as nothing
    else can be told then. That left and right are exchanged in all joints is
    seen from perspective, the height of the camera and the direction people
    move in, and needs 10 frames that show arms and legs. It is a hint, not
    certain: it is found in some files and not in others, and where bodies are
    measured otherwise than those it was fitted on, it is often wrong. A
    mirrored video looks like one of another person and cannot be told at all;
    see ``docs/keypoints.md``.

    Args:
        keypoints (Keypoints): What :func:`read_keypoints` gave.

    Returns:
        A doubt for each mistake that is likely; none if the keypoints look
        like people.

    Example:
        >>> [doubt.kind for doubt in check_keypoints(keypoints)]
        []
    """
    issues: list[Issue] = []
    poses = distinct(keypoints)
    for look, what in (
        (pixel_issues, keypoints),
        (layout_issues, poses),
        (orientation_issues, keypoints),
    ):
        issues += look(what)
        if any(issue.certain for issue in issues):
            return issues
    return [*issues, *side_issues(poses), *frame_issues(keypoints)]


def raise_for_issues(keypoints: Keypoints) -> None:
    r"""Refuses keypoints that :func:`check_keypoints` doubts for certain.

    Args:
        keypoints (Keypoints): What :func:`read_keypoints` gave.

    Raises:
        ValueError: With these doubts, and what to do.

    Example:
        >>> raise_for_issues(read_keypoints('alphapose-results.json'))
    """
    issues = [d for d in check_keypoints(keypoints) if d.certain]
    if issues:
        raise ValueError(
            'These keypoints look wrong: ' + '. '.join(map(str, issues))
        )


def warn_of_issues(keypoints: Keypoints) -> None:
    r"""Warns of keypoints that :func:`raise_for_issues` refuses.

    Args:
        keypoints (Keypoints): What :func:`read_keypoints` gave.

    Example:
        >>> warn_of_issues(read_keypoints('alphapose-results.json'))
    """
    try:
        raise_for_issues(keypoints)
    except ValueError as e:
        warnings.warn(str(e), stacklevel=3)
