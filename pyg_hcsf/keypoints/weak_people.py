r"""Leaves out what a detector took for a person but is none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pyg_hcsf.keypoints.people import Person, warn

#: The box score from which detectors' own programs show a person: MMPose's
#: demos 0.3, Ultralytics 0.25, VideoPose3D's infer_video_d2.py 0.7.
LEAST_BOX = 0.3


def drop_weak(people: Sequence[Person], path: str | Path) -> list[Person]:
    r"""Leaves out detections whose box score is under 0.3, and under half of
    the median of the file, whose scores may have another scale.

    Args:
        people (sequence of Person): Who was found; those without a
            :obj:`box` score stay.
        path (str or pathlib.Path): What the warning calls the file.

    Example:
        >>> people = drop_weak(found.people, path)
    """
    boxes = [person.box for person in people if person.box is not None]
    if not boxes:
        return list(people)
    least = min(LEAST_BOX, float(np.median(boxes)) / 2)
    kept = [p for p in people if p.box is None or p.box >= least]
    if len(kept) < len(people):
        warn(
            path,
            f'left out {len(people) - len(kept)} of {len(people)} '
            f'detections with a box score under {least:.2g}, which are '
            'probably no people',
        )
    return kept
