r"""Brings the scores of detectors to one scale."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from pyg_hcsf.geometry.keypoint_noise import DetectorNoise

#: Keypoint R-CNN looks at a person in a map of so many cells a side
#: (``ROI_KEYPOINT_HEAD``: 14 cells, transposed convolution and interpolation
#: by 2 each), which a standing person of 1.8 m fills.
CELLS, HEIGHT = 56, 1800.0
#: No other detector whose results are read gives so large a score: SimCC's
#: of MMPose go up to about 1.2.
DENSITY = 1.5


def density_confidence(score: np.ndarray) -> np.ndarray:
    r"""The confidence of a joint that Detectron2 found.

    Its score is not a probability: ``heatmaps_to_keypoints`` in
    ``detectron2/structures/keypoints.py`` divides the exponential of the
    heat map at its peak by the sum over the cells, so that it is the height of
    a density, up to 4 for an eye and 0.1 for a hip whose peak is as high but
    broader; it draws joints from 0.05 on. A normal distribution with a peak of
    :math:`s` has a standard deviation of :math:`(2 \pi s)^{-1/2}` cells. That
    error :math:`\sigma` in millimetres has the confidence
    :math:`\exp(-\sigma / \tau)` that lifters are trained with, see
    :class:`~pyg_hcsf.geometry.keypoint_noise.DetectorNoise`.

    Args:
        score (numpy.ndarray): Scores as Detectron2 gives them: ``[*]``.

    Returns:
        numpy.ndarray: From 0 to 1, 0 where the score is not positive.

    Example:
        >>> density_confidence(np.array([0.01, 0.1, 1.0, 4.0])).round(2)
        array([0.12, 0.51, 0.81, 0.9 ])
    """
    known = np.nan_to_num(np.asarray(score, np.float64), posinf=1e6)
    cells = (2 * np.pi * known.clip(min=1e-9)) ** -0.5
    error = cells * HEIGHT / CELLS
    out = np.exp(-error / DetectorNoise().tolerance)
    return np.where(known > 0, out, 0.0)


def has_densities(entries: Iterable[dict[str, Any]]) -> bool:
    r"""Whether results in COCO's format are Detectron2's: each has a ``bbox``
    beside its ``keypoints``, and some score of a joint is over 1.5.

    Args:
        entries (iterable of dict): The people of a file.

    Example:
        >>> has_densities([{'bbox': [0, 0, 9, 9], 'keypoints': [1, 2, 3.1]}])
        True
    """
    lists = [v.get('keypoints') for v in entries if 'bbox' in v]
    scores = [s for x in lists if isinstance(x, list) for s in x[2::3]]
    return any(isinstance(s, (int, float)) and s > DENSITY for s in scores)


def box_score(value: Any) -> float | None:
    r"""The score of a person's box, if the value is a number from 0 to 1.

    Args:
        value (Any): What a file has there.

    Example:
        >>> box_score(0.999), box_score(2.5)
        (0.999, None)
    """
    known = isinstance(value, (int, float)) and 0 <= value <= 1
    return float(value) if known and not isinstance(value, bool) else None
