r"""Checks whether people stand upright in the image."""

from collections.abc import Iterator

import numpy as np

from pyg_hcsf.keypoints.checks.body import Limbs
from pyg_hcsf.keypoints.checks.issue import Issue
from pyg_hcsf.keypoints.checks.left_right import side_evidence
from pyg_hcsf.keypoints.orient import rotate_keypoints
from pyg_hcsf.keypoints.track import Keypoints

# Limits that few files without a mistake exceed: components of the unit
# vector from shoulders to feet, to the right and down.
LYING, UPSIDE_DOWN = 0.88, -0.7


def check_orientation(keypoints: Keypoints) -> Iterator[Issue]:
    r"""Checks whether people stand upright."""
    x, y = down_vector(keypoints)
    if abs(x) > LYING:
        degrees = 90 if x > 0 else 270
        other = ('x and y were exchanged', 'exchange them back')
        yield Issue(
            'lying',
            'people lie in nearly all frames, as if the camera was rotated '
            'by 90 degrees' + ' or x and y were exchanged' * (x > 0),
            _advise_rotation(keypoints, degrees, other if x > 0 else None)
            + '; if they do lie, the file is right',
            x,
        )
    elif y < UPSIDE_DOWN:
        other = ('y points up', 'subtract y from the height of the image')
        yield Issue(
            'upside down',
            'people are upside down in most frames, as if the camera was '
            'rotated by 180 degrees or y pointed up',
            _advise_rotation(keypoints, 180, other),
            y,
        )


def _advise_rotation(
    keypoints: Keypoints, degrees: int, other: tuple[str, str] | None
) -> str:
    r"""Advises to rotate the video, or the other remedy (a reason and what to
    do), which comes first if people look mirrored after a rotation.
    """
    rotate = (
        f'rotate them clockwise by rotate_keypoints(keypoints, {degrees}) '
        f'(pyg-hcsf lift --rotate {degrees})'
    )
    if other is None:
        return rotate
    reason, remedy = other
    if side_evidence(rotate_keypoints(keypoints, degrees)).is_mirrored:
        return f'{remedy}, as probably {reason}; if not, {rotate}'
    return f'{rotate}, unless {reason} in the file: then {remedy}'


def down_vector(keypoints: Keypoints) -> tuple[float, float]:
    r"""The direction from shoulders to ankles or, if these are missing, hips:
    ``(0, 1)`` for people who stand. x is what at least four of five frames
    exceed to the right or to the left, else 0; y is the median.
    """
    limbs = Limbs(keypoints.tracks, keypoints.layout)
    down = limbs.middle('Ankle') - limbs.middle('Shoulder')
    to_hips = limbs.middle('Hip') - limbs.middle('Shoulder')
    down = np.where(np.isfinite(down), down, to_hips)
    down = down[np.isfinite(down).all(axis=1)]
    if not len(down):
        return 0.0, 1.0
    down = down / (np.linalg.norm(down, axis=1, keepdims=True) + 1e-9)
    right, left = np.percentile(down[:, 0], (20, 80))
    x = max(right, 0.0) or min(left, 0.0)
    return float(x), float(np.median(down[:, 1]))
