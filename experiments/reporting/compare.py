"""Confidence intervals of results and of differences between models.

``a ± b`` over seeds (Student's t) covers the variation between trainings. The
paired interval of :func:`compare` covers the choice of subjects and actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit  # scipy.stats is slow to import

from experiments.reporting.runs import Run, Runs, by_row, mean_error


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The mean over seeds and the half-width of its 95 % Student interval,
    which is NaN for a single seed.
    """
    x = np.asarray(values, dtype=float)
    if len(x) < 2:
        return float(x.mean()), float('nan')
    half = stdtrit(len(x) - 1, 0.975) * x.std(ddof=1) / len(x) ** 0.5
    return float(x.mean()), float(half)


class Comparison(NamedTuple):
    """The error of ``row`` minus that of ``reference``, which is negative if
    ``row`` is better; ``relative`` to the error of the reference. The interval
    ``low`` to ``high`` is NaN for fewer than four clusters.
    """

    row: str
    reference: str
    difference: float
    low: float
    high: float
    relative: float
    clusters: int
    unit: str = 'mm'

    def __str__(self) -> str:
        text = f'{self.difference:+.2f} {self.unit} ({self.relative:+.1%})'
        if np.isnan(self.low):
            return f'{text}, no interval from {self.clusters} clusters'
        return (
            f'{text}, 95 % interval {self.low:+.2f} to {self.high:+.2f} '
            f'over {self.clusters} clusters'
        )


def _check_same_frames(a: Run, b: Run) -> None:
    for name in ('clip_names', 'clip', 'frame'):
        if not np.array_equal(getattr(a, name), getattr(b, name)):
            raise ValueError(
                f"Expected '{a.folder}' and '{b.folder}' to be tested on the "
                'same frames in the same order; run one of them again'
            )


def _ratio(s: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A ratio of sums over clusters ``[*, n]``, and its standard error."""
    n, total = s.shape[-1], w.sum(-1)
    ratio = s.sum(-1) / total
    rest = s - ratio[..., None] * w
    return ratio, np.sqrt(n / (n - 1) * (rest**2).sum(-1)) / total


def _bootstrap(
    s: np.ndarray, w: np.ndarray, draws: int, seed: int
) -> tuple[float, float]:
    """The studentised bootstrap interval (95 %) of a ratio of sums."""
    n = len(s)
    if n < 4:
        return float('nan'), float('nan')
    ratio, error = _ratio(s, w)
    draw = np.random.default_rng(seed).integers(n, size=(draws, n))
    ratios, errors = _ratio(s[draw], w[draw])
    kept = errors > 1e-9 * error  # drop draws of a single cluster
    if error == 0 or not kept.any():
        return float(ratio), float(ratio)
    z = (ratios[kept] - ratio) / errors[kept]
    low, high = ratio - error * np.quantile(z, (0.975, 0.025))
    return float(low), float(high)


def compare(
    runs: Runs, row: str, reference: str, draws: int = 4999, seed: int = 0
) -> Comparison:
    """Compares two rows frame by frame.

    Errors are averaged over seeds, subtracted per frame, and averaged over
    frames, over actions or over subjects as the protocol defines. Frames of
    one subject and one action are correlated, so the 95 % interval resamples
    (subject, action) clusters, with a studentised bootstrap: its coverage is
    near 95 % down to four clusters, where that of a percentile bootstrap is
    80 % for six.

    Args:
        runs (sequence of Run): The runs of one setting.
        row (str): The name of a row.
        reference (str): The row to compare it with.
        draws (int, optional): Number of resamples. (default: :obj:`4999`)
        seed (int, optional): The seed of the resampling. (default: :obj:`0`)

    Raises:
        ValueError: If a row is not known, or their test frames differ.
    """
    rows = by_row(runs)
    for name in (row, reference):
        if name not in rows:
            raise ValueError(f"Expected one of {list(rows)} (got '{name}')")
    first = rows[row][0]
    for run in rows[row] + rows[reference]:
        _check_same_frames(run, first)
    a, b = mean_error(rows[row]), mean_error(rows[reference])
    found = compare_errors(first, a, b, draws, seed)
    return found._replace(row=row, reference=reference)


def compare_errors(
    first: Run, a: np.ndarray, b: np.ndarray, draws: int = 4999, seed: int = 0
) -> Comparison:
    """Compares errors ``[F]`` of the frames of a run; see :func:`compare`."""
    weight = np.ones(len(a))
    groups = {'actions': first.action, 'subjects': first.subject}
    if (names := groups.get(first.metrics['average'])) is not None:
        group = np.unique(names, return_inverse=True)[1][first.clip]
        weight = 1 / np.bincount(group)[group]
    pairs = np.stack([first.subject, first.action], axis=1)
    _, cluster = np.unique(pairs[first.clip], axis=0, return_inverse=True)
    s, w = (np.bincount(cluster, x) for x in (weight * (a - b), weight))
    difference = float(s.sum() / w.sum())
    low, high = _bootstrap(s, w, draws, seed)
    level = float(np.average(b, weights=weight))
    relative = difference / level if level else float('nan')
    unit = 'mm' if 'mpjpe' in first.metrics else 'points'
    return Comparison(
        row='',
        reference='',
        difference=difference,
        low=low,
        high=high,
        relative=relative,
        clusters=len(s),
        unit=unit,
    )


def reference_row(runs: Runs) -> str:
    """The row of LCN or ST-GCN, the paper's baselines, else the first row."""
    rows = list(by_row(runs))
    known = (r for r in rows if 'lcn' in r.lower() or r.startswith('st_gcn'))
    return next(known, rows[0])


def compare_all(runs: Runs) -> list[Comparison]:
    """Compares every other row with the reference row."""
    reference = reference_row(runs)
    rows = [row for row in by_row(runs) if row != reference]
    return [compare(runs, row, reference) for row in rows]
