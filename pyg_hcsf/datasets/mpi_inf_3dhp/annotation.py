r"""Annotations of MPI-INF-3DHP in one camera, and their check."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from pyg_hcsf.datasets.pose_checks import MAX_MM, MIN_DEPTH

MAX_FRAMES = 2**17  # of a sequence; the longest has a tenth of that
#: Numbers per joint of each variable in a file.
CHANNELS = {'annot2': 2, 'annot3': 3, 'univ_annot3': 3}


class Annotation(NamedTuple):
    r"""The annotations of a sequence in one camera."""

    keypoints: np.ndarray  #: [T, N, 2] in pixels
    metric: np.ndarray  #: [T, N, 3] in the frame of the camera, mm
    universal: np.ndarray  #: the same, of the size of the universal skeleton
    valid: np.ndarray  #: whether a frame is evaluated: [T]


def make_annotation(
    arrays: Iterable[np.ndarray], valid: np.ndarray, where: str
) -> Annotation:
    r"""Makes annotations of keypoints, metric and universal poses.

    Raises a :class:`ValueError` if an evaluated frame has a number that is not
    finite or larger than a million, or a joint behind the camera;
    :obj:`where` names the annotations.
    """
    keypoints, metric, universal = map(to_float32, arrays)
    annotation = Annotation(keypoints, metric, universal, valid)
    for key in ('keypoints', 'metric', 'universal'):
        values = getattr(annotation, key)[valid]
        with np.errstate(invalid='ignore'):
            bad = ~(np.abs(values) <= MAX_MM).all(axis=(1, 2))
            if key == 'metric':
                bad |= ~(values[..., 2] > MIN_DEPTH).all(axis=1)
        if bad.any():
            frame = np.flatnonzero(valid)[bad.argmax()]
            raise ValueError(
                f"{where} has no pose in front of it in '{key}' of "
                f'{int(bad.sum())} frames, the first of them frame {frame}'
            )
    return annotation


def to_float32(array: np.ndarray) -> np.ndarray:
    r"""Converts numbers. Those that are too large become infinite, and are
    refused by :func:`make_annotation`.
    """
    with np.errstate(over='ignore', invalid='ignore'):
        return array.astype(np.float32, copy=False)
