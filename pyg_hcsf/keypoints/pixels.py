r"""Makes pixels of coordinates that are parts of the image's size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from pyg_hcsf.keypoints.people import People, refuse, warn

#: Formats whose coordinates usually are parts of the image.
PARTS = ('mediapipe', 'ultralytics labels')
INSIDE = (-0.05, 1.05)
SMALLEST = 16.0  # pixels of an image


def to_pixels(
    found: People, size: tuple[float, float] | None, path: Path
) -> People:
    r"""Multiplies coordinates that are parts of the image by its size.

    They are taken as such if nine of ten are between 0 and 1 and nobody is
    larger than twice that, which no one is in pixels.

    Args:
        found (People): The people of a file.
        size (tuple, optional): Width and height in pixels, if known.
        path (pathlib.Path): What errors and warnings call the file.

    Raises:
        ValueError: If they are such parts, as usual in their format, and the
            size is not known.
    """
    if not is_normalised(found):
        return found
    if size is None and (found.source in PARTS or _landmarks(found)):
        refuse(
            path,
            '',
            "its coordinates are parts of the image's size, so pass "
            "'image_size', its width and height in pixels (--image_size)",
        )
    if size is None:
        warn(
            path,
            "its coordinates look like parts of the image's size: pass "
            "'image_size' to have pixels",
        )
        return found
    if min(size) < SMALLEST:
        return found
    if found.source not in PARTS and not _landmarks(found):
        warn(
            path,
            "its coordinates are parts of the image's size and are multiplied "
            f'by {size[0]:g} and {size[1]:g} pixels',
        )
    scale = np.array([*size, 1.0])
    people = [p._replace(points=p.points * scale) for p in found.people]
    return replace(found, people=people)


def _landmarks(found: People) -> bool:
    return any(len(person.points) == 33 for person in found.people[:1])


def is_normalised(found: People) -> bool:
    r"""Whether coordinates look like parts of the image's size."""
    step = max(1, len(found.people) // 500)
    parts = [p.points[p.points[:, 2] > 0, :2] for p in found.people[::step]]
    xy = np.concatenate(parts) if parts else np.empty((0, 2))
    if len(xy) < 8 or np.abs(xy).max() > 8:
        return False
    inside = ((xy >= INSIDE[0]) & (xy <= INSIDE[1])).all(axis=1)
    return bool(inside.mean() > 0.9) and bool(np.ptp(xy, axis=0).max() > 0)
