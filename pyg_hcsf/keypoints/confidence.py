r"""Converts the scores of detectors to confidences from 0 to 1."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pyg_hcsf.geometry.keypoint_noise import DetectorNoise
from pyg_hcsf.keypoints.detections import Detection
from pyg_hcsf.keypoints.messages import file_error, warn

#: Keypoint R-CNN predicts a heat map of 56 cells a side for each person
#: (``ROI_KEYPOINT_HEAD``: 14 cells, a transposed convolution and an
#: interpolation, by 2 each), which a standing person of 1.8 m (in mm) fills.
CELLS, HEIGHT = 56, 1800.0
#: Shares of joints with a negative confidence other than -1, and percentile of
#: positive ones above a largest confidence, of other numbers.
MAX_NEGATIVE, HIGH, LARGEST = 0.02, 90, 10.0


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


def check_scores(found: Sequence[Detection]) -> Sequence[Detection]:
    r"""Checks that the third numbers of joints are confidences, which are
    not negative (-1 may mark missing joints) and small. Percents are divided
    by 100, with a warning.

    Raises:
        ValueError: If they are anything else, such as depths.
    """
    sample = [d.joints[:, 2] for d in found[:: max(1, len(found) // 1000)]]
    scores = np.concatenate([*sample, np.zeros(1)])
    scores = scores[np.isfinite(scores)]
    negative = ((scores < 0) & (scores != -1)).mean()
    high = np.percentile(scores[scores > 0], HIGH) if scores.max() > 0 else 0
    if negative > MAX_NEGATIVE or high > 100:
        raise file_error(
            f'the third numbers of joints reach from {scores.min():g} to '
            f'{scores.max():g}, so they are no confidences: if these are 3D '
            'poses, read the 2D keypoints that they were estimated from'
        )
    if high <= LARGEST:
        return found
    warn('its confidences are read as percents')
    return [d._replace(joints=d.joints / [1, 1, 100]) for d in found]
