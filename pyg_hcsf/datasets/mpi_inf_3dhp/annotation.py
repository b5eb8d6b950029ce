r"""Annotations of MPI-INF-3DHP in one camera, and their check."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pyg_hcsf.datasets.pose_checks import MAX_MM, MIN_DEPTH

MAX_FRAMES = 2**17  # of a sequence; the longest has a tenth of that
#: Numbers per joint of each variable in a file.
CHANNELS = {'annot2': 2, 'annot3': 3, 'univ_annot3': 3}


class Annotation(NamedTuple):
    r"""The annotations of a sequence in one camera.

    Args:
        keypoints (numpy.ndarray): Pixels :obj:`[T, N, 2]`.
        metric (numpy.ndarray): Positions :obj:`[T, N, 3]` in the frame of the
            camera in millimetres.
        universal (numpy.ndarray): The same, scaled to the size of the
            universal skeleton.
        valid (numpy.ndarray): Whether a frame is evaluated: :obj:`[T]`.
    """

    keypoints: np.ndarray
    metric: np.ndarray
    universal: np.ndarray
    valid: np.ndarray


def check_annotation(annotation: Annotation, where: str) -> None:
    r"""Raises a :class:`ValueError` if an evaluated frame has a number that is
    not finite or larger than a million, or a joint behind the camera;
    :obj:`where` names the annotations.
    """
    for key, array in annotation._asdict().items():
        if key == 'valid':
            continue
        values = array[annotation.valid]
        with np.errstate(invalid='ignore'):
            bad = ~(np.abs(values) <= MAX_MM).all(axis=(1, 2))
            if key == 'metric':
                bad |= ~(values[..., 2] > MIN_DEPTH).all(axis=1)
        if bad.any():
            frame = np.flatnonzero(annotation.valid)[bad.argmax()]
            raise ValueError(
                f"{where} has no pose in front of it in '{key}' of "
                f'{int(bad.sum())} frames, the first of them frame {frame}'
            )


def to_float32(array: np.ndarray) -> np.ndarray:
    r"""Converts numbers. Those that are too large become infinite, and are
    refused by :func:`check_annotation`.
    """
    with np.errstate(over='ignore', invalid='ignore'):
        return array.astype(np.float32, copy=False)
