"""How well a lifter knows its own errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from experiments.lifting.evaluate import Lifted
from pyg_hcsf import metrics
from pyg_hcsf.lifting import fit_calibration

# Of the distance of a point whose coordinates have equal, independent normal
# errors (Maxwell's distribution), over its mean
MEDIAN, NINE_TENTHS = 0.9639, 1.5667


def joint_distances(out: Lifted) -> Tensor:
    """The distance of each joint but the root from the truth in mm:
    ``[F, 16]``.
    """
    return metrics.joint_errors(out.pose, out.joints)[:, 1:]


def calibrate(out: Lifted) -> tuple[float, float]:
    """Fits the error of a joint as a function of the spread."""
    error = joint_distances(out) / out.size[:, None]
    return fit_calibration(out.spread[:, 1:], error)


def score_expected(
    out: Lifted, calibration: tuple[float, float], people: Any
) -> dict[str, float]:
    """Compares the expected errors of joints with the true ones.

    Args:
        out: Predictions.
        calibration: Of :func:`calibrate`.
        people: The person of each window, who all count alike.

    Returns:
        Mean expected over mean true error (``ratio``); their correlation over
        joints and windows; the percentages of errors below the median and the
        90 % quantile of normal errors with the expected mean; and how much
        less the negative log-likelihood of the errors is, in nats a joint,
        than with one mean for all joints and windows, both with exponential
        distributions (``gain``).
    """
    floor, slope = calibration
    error = joint_distances(out).double()
    expected = out.size[:, None] * (floor + slope * out.spread[:, 1:])
    expected = expected.double()
    names, counts = np.unique(people, return_counts=True)
    share = dict(zip(names, 1 / (len(names) * counts), strict=True))
    weight = torch.tensor([share[name] for name in people])

    def mean(x: Tensor) -> float:
        return float((weight * x.double().mean(dim=1)).sum())

    constant = mean(error)
    a, b = expected - mean(expected), error - constant
    spread = math.sqrt(mean(a * a) * mean(b * b))
    surprise = mean(error / expected + expected.log())
    return {
        'ratio': mean(expected) / constant,
        'correlation': mean(a * b) / spread if spread else 0.0,
        'below_median': 100 * mean(error < MEDIAN * expected),
        'below_90': 100 * mean(error < NINE_TENTHS * expected),
        'gain': 1 + math.log(constant) - surprise,
    }
