r"""Scales normalised coordinates, from 0 or -1 to 1, to pixels."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pyg_hcsf.keypoints.detections import Detection, ParsedFile
from pyg_hcsf.keypoints.joint_names import MIN_JOINTS
from pyg_hcsf.keypoints.messages import file_error, warn

#: Formats whose coordinates are normalised, as are all of 33 joints.
NORMALISED = ('mediapipe', 'ultralytics labels')
INSIDE = (-0.05, 1.05)  # of the image, in normalised coordinates
SIGNED = (-1.05, 1.05)  # the same for coordinates from -1 to 1
LARGEST = 8.0  # a coordinate of a person; in pixels it would be larger
SMALL = 2.0  # the largest coordinate of a person that is not in pixels
MIN_SHARE = 0.05  # of people in another scale
MAX_ABOVE = 0.3  # of the joints above the image; MediaPipe needs faces
MIN_IMAGE = 16.0  # pixels; a smaller size is none


def to_pixels(
    parsed: ParsedFile, size: tuple[float, float] | None
) -> ParsedFile:
    r"""Multiplies normalised coordinates by the size of the image.

    Raises:
        ValueError: If coordinates are normalised and the size is unknown, if
            only some of them are, or if they cannot be those of people.
    """
    _check_one_scale(parsed)
    expected = parsed.source in NORMALISED or (
        bool(parsed.detections) and len(parsed.detections[0].joints) == 33
    )
    signed = is_normalised(parsed, SIGNED)
    # MediaPipe also estimates joints far outside of the image.
    share = 0.0 if expected else 0.9
    if is_normalised(parsed, INSIDE, share) and not (
        signed and (_seen(parsed)[:, 1] < 0).mean() > MAX_ABOVE
    ):
        kind = 'fractions of the image size'
    elif signed and parsed.source == 'openpose':  # --keypoint_scale 4
        kind = 'numbers from -1 to 1'
        parsed = _shift(parsed)
    elif signed:  # others keep the aspect ratio
        raise file_error(
            'its coordinates lie between -1 and 1, which has several '
            'meanings: convert them to pixels, such as (x + 1) * width / 2'
        )
    elif is_normalised(parsed, (-LARGEST, LARGEST)):
        raise file_error(
            'its coordinates are not pixels of a person: convert them'
        )
    else:
        return parsed
    if size is None or min(size) < MIN_IMAGE:
        raise file_error(
            f"its coordinates are {kind}: pass 'image_size', the width and "
            'height in pixels (--image_size)'
        )
    if not expected:
        warn(
            f'its coordinates are {kind} and are '
            f'multiplied by {size[0]:g} and {size[1]:g} pixels'
        )
    return scale(parsed, size)


def _check_one_scale(parsed: ParsedFile) -> None:
    r"""Refuses files in which some people are in pixels and some are not."""
    sample = _sample(parsed)
    largest = [
        np.abs(d.joints[d.joints[:, 2] > 0, :2]).max(initial=0)
        for d in sample
        if (d.joints[:, 2] > 0).sum() >= MIN_JOINTS
    ]
    small = np.array(largest) <= SMALL
    if max(largest, default=0) <= LARGEST or small.mean() <= MIN_SHARE:
        return
    raise file_error(
        f'{small.mean():.0%} of its people have coordinates up to {SMALL:g}, '
        'others have pixels: convert all to pixels'
    )


def _sample(parsed: ParsedFile) -> Sequence[Detection]:
    return parsed.detections[:: max(1, len(parsed.detections) // 500)]


def _shift(parsed: ParsedFile) -> ParsedFile:
    r"""Converts coordinates from -1 to 1 to those from 0 to 1."""
    found = [
        d._replace(joints=d.joints * [0.5, 0.5, 1.0] + [0.5, 0.5, 0.0])
        for d in parsed.detections
    ]
    return replace(parsed, detections=found)


def scale(parsed: ParsedFile, size: tuple[float, float]) -> ParsedFile:
    r"""Multiplies all x and y by a width and a height."""
    by = np.array([*size, 1.0])
    found = [d._replace(joints=d.joints * by) for d in parsed.detections]
    return replace(parsed, detections=found)


def _seen(parsed: ParsedFile) -> np.ndarray:
    r"""The positions of joints that are not missing: ``[K, 2]``."""
    parts = [d.joints[d.joints[:, 2] > 0, :2] for d in _sample(parsed)]
    return np.concatenate(parts) if parts else np.empty((0, 2))


def is_normalised(
    parsed: ParsedFile,
    limits: tuple[float, float] = INSIDE,
    share: float = 0.9,
) -> bool:
    r"""Whether more than a share of the joints lies between two limits, and
    all below 8, which is no person in pixels.
    """
    xy = _seen(parsed)
    if len(xy) < 8 or np.abs(xy).max() > LARGEST:
        return False
    inside = ((xy >= limits[0]) & (xy <= limits[1])).all(axis=1)
    return bool(inside.mean() > share) and bool(np.ptp(xy, axis=0).max() > 0)
