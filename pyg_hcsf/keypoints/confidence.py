r"""Converts the scores of detectors to confidences from 0 to 1."""

from typing import Any

import numpy as np

from pyg_hcsf.geometry.keypoint_noise import DetectorNoise

#: Keypoint R-CNN predicts a heat map of 56 cells a side for each person
#: (``ROI_KEYPOINT_HEAD``: 14 cells, a transposed convolution and an
#: interpolation, by 2 each), which a standing person of 1.8 m (in mm) fills.
CELLS, HEIGHT = 56, 1800.0


def density_confidence(score: np.ndarray) -> np.ndarray:
    r"""Converts Detectron2's scores of joints to confidences.

    Its scores are no probabilities: ``heatmaps_to_keypoints`` in
    ``detectron2/structures/keypoints.py`` divides the exponential of the
    heat map at its peak by the sum over all cells. The score is the height
    of a density, up to 4 for an eye, and 0.1 for a hip whose peak is as high
    but broader. A normal distribution with a peak of :math:`s` has a standard
    deviation of :math:`(2 \pi s)^{-1/2}` cells. As an error :math:`\sigma` in
    millimetres, this has the confidence :math:`\exp(-\sigma / \tau)` that
    lifters are trained with, see
    :class:`~pyg_hcsf.geometry.keypoint_noise.DetectorNoise`.

    Args:
        score (numpy.ndarray): Detectron2's scores: ``[*]``.

    Returns:
        numpy.ndarray: From 0 to 1, 0 where the score is not positive.

    Example:
        >>> density_confidence(np.array([0.01, 0.1, 1.0, 4.0])).round(2)
        array([0.12, 0.51, 0.81, 0.9 ])
    """
    known = np.nan_to_num(np.asarray(score, np.float64), posinf=1e6)
    # The peak of an isotropic 2D normal density is 1 / (2 pi sigma^2).
    cells = (2 * np.pi * known.clip(min=1e-9)) ** -0.5
    error = cells * HEIGHT / CELLS
    out = np.exp(-error / DetectorNoise().tolerance)
    return np.where(known > 0, out, 0.0)


def parse_box_score(value: Any) -> float | None:
    r"""The score of a person's box, if the value is a number from 0 to 1."""
    known = isinstance(value, (int, float)) and 0 <= value <= 1
    return float(value) if known and not isinstance(value, bool) else None
