from __future__ import annotations

import warnings

from pyg_hcsf.keypoints.checks.evidence import distinct
from pyg_hcsf.keypoints.checks.issues import (
    Doubt,
    doubt_direction,
    doubt_frames,
    doubt_layout,
    doubt_pixels,
    doubt_sides,
)
from pyg_hcsf.keypoints.track import Keypoints


def check_keypoints(keypoints: Keypoints) -> list[Doubt]:
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
    doubts: list[Doubt] = []
    poses = distinct(keypoints)
    for look, what in (
        (doubt_pixels, keypoints),
        (doubt_layout, poses),
        (doubt_direction, keypoints),
    ):
        doubts += look(what)
        if any(doubt.certain for doubt in doubts):
            return doubts
    return [*doubts, *doubt_sides(poses), *doubt_frames(keypoints)]


def refuse_doubtful(keypoints: Keypoints) -> None:
    r"""Refuses keypoints that :func:`check_keypoints` doubts for certain.

    Args:
        keypoints (Keypoints): What :func:`read_keypoints` gave.

    Raises:
        ValueError: With these doubts, and what to do.

    Example:
        >>> refuse_doubtful(read_keypoints('alphapose-results.json'))
    """
    doubts = [d for d in check_keypoints(keypoints) if d.certain]
    if doubts:
        raise ValueError(
            'These keypoints look wrong: ' + '. '.join(map(str, doubts))
        )


def warn_doubtful(keypoints: Keypoints) -> None:
    r"""Warns of keypoints that :func:`refuse_doubtful` refuses.

    Args:
        keypoints (Keypoints): What :func:`read_keypoints` gave.

    Example:
        >>> warn_doubtful(read_keypoints('alphapose-results.json'))
    """
    try:
        refuse_doubtful(keypoints)
    except ValueError as e:
        warnings.warn(str(e), stacklevel=3)
