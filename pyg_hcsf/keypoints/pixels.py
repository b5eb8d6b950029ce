r"""Scales normalised coordinates, from 0 to 1, to pixels."""

from dataclasses import replace

import numpy as np

from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.messages import file_error, warn

#: Formats whose coordinates are normalised, as are all of 33 joints.
NORMALISED = ('mediapipe', 'ultralytics labels')
INSIDE = (-0.05, 1.05)  # of the image, in normalised coordinates
MIN_IMAGE = 16.0  # pixels; a smaller "size" means that nothing is to be scaled


def to_pixels(
    parsed: ParsedFile, size: tuple[float, float] | None
) -> ParsedFile:
    r"""Multiplies normalised coordinates by the size of the image.

    Raises:
        ValueError: If the format has normalised coordinates and the size is
            unknown.
    """
    if not is_normalised(parsed):
        return parsed
    expected = parsed.source in NORMALISED or (
        len(parsed.detections[0].joints) == 33
    )
    if size is None and expected:
        raise file_error(
            'its coordinates are fractions of the image size: pass '
            "'image_size', the width and height in pixels (--image_size)"
        )
    if size is None:
        warn(
            'its coordinates look like fractions of the image size: pass '
            "'image_size' to convert them to pixels"
        )
        return parsed
    if min(size) < MIN_IMAGE:
        return parsed
    if not expected:
        warn(
            'its coordinates are fractions of the image size and are '
            f'multiplied by {size[0]:g} and {size[1]:g} pixels'
        )
    return scale(parsed, size)


def scale(parsed: ParsedFile, size: tuple[float, float]) -> ParsedFile:
    r"""Multiplies all x and y by a width and a height."""
    by = np.array([*size, 1.0])
    found = [d._replace(joints=d.joints * by) for d in parsed.detections]
    return replace(parsed, detections=found)


def is_normalised(parsed: ParsedFile) -> bool:
    r"""Whether nine of ten joints lie between 0 and 1, and all below 8, which
    is no person in pixels.
    """
    sample = parsed.detections[:: max(1, len(parsed.detections) // 500)]
    parts = [d.joints[d.joints[:, 2] > 0, :2] for d in sample]
    xy = np.concatenate(parts) if parts else np.empty((0, 2))
    if len(xy) < 8 or np.abs(xy).max() > 8:
        return False
    inside = ((xy >= INSIDE[0]) & (xy <= INSIDE[1])).all(axis=1)
    return bool(inside.mean() > 0.9) and bool(np.ptp(xy, axis=0).max() > 0)
