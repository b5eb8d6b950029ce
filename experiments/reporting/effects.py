"""Effects: differences of errors between cells of the paper's tables, with
their intervals and verdicts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from experiments.reporting.cells import Cells
from experiments.reporting.compare import Comparison, compare_errors, interval
from experiments.reporting.runs import HARD, Run, mean_error

SEEDS = 3  # required for a verdict
# Verdicts for intervals below and above zero: with enough seeds, and without.
CLAIM = ('holds', 'does not hold', 'points that way', 'points away')
READING = ('wins', 'loses', 'ahead', 'behind')
NO_INTERVAL = 'open'  # an interval is not known


def _error(run: Run, measure: str) -> float:
    return run.hard[measure] if measure in HARD else run.metrics[measure]


def seed_errors(
    runs: Sequence[Run], measure: str = 'mpjpe'
) -> dict[int, float]:
    """The error of each seed of a cell."""
    return {run.metrics['seed']: _error(run, measure) for run in runs}


def effect(
    cells: Cells, pairs: Sequence[Sequence[str]], measure: str = 'mpjpe'
) -> Comparison:
    """The mean difference over pairs, with its interval over clusters. There
    is none for the worst poses, which are in too few clusters.
    """
    first = cells[pairs[0][0]][0]
    if measure in HARD:
        a, b = (
            float(np.mean([mean_of(cells, p[i], measure) for p in pairs]))
            for i in (0, 1)
        )
        no = float('nan')
        return Comparison('', '', a - b, no, no, (a - b) / b, 0)
    a, b = (
        np.mean([mean_error(cells[pair[i]]) for pair in pairs], axis=0)
        for i in (0, 1)
    )
    return compare_errors(first, a, b)


def by_seed(
    cells: Cells, pairs: Sequence[Sequence[str]], measure: str = 'mpjpe'
) -> list[float]:
    """The mean difference over pairs in each seed that all cells have."""
    errors = {
        n: seed_errors(cells[n], measure) for pair in pairs for n in pair
    }
    seeds = set.intersection(*(set(value) for value in errors.values()))
    return [
        float(np.mean([errors[a][s] - errors[b][s] for a, b in pairs]))
        for s in sorted(seeds)
    ]


def verdict(
    found: Comparison, seeds: Sequence[float], words: Sequence[str] = CLAIM
) -> str:
    """The verdict from the intervals over clusters and over seeds, both of
    which must be known.
    """
    low, high = found.low, found.high
    few = len(seeds) < SEEDS
    if not few:
        mean, half = interval(seeds)
        if np.isnan([low, high, half]).any():
            return NO_INTERVAL
        low, high = min(low, mean - half), max(high, mean + half)
    below, above = words[2:] if few else words[:2]
    if high < 0 or low > 0:
        text = below if high < 0 else above
    else:
        text = 'open' if few else 'undecided at this size'
    return f'{text} (seeds: {len(seeds)})' if few else text


def effect_cells(
    cells: Cells,
    pairs: Sequence[Sequence[str]],
    words: Sequence[str],
    measure: str = 'mpjpe',
) -> list[str]:
    """An effect, its intervals and its verdict as text."""
    found = effect(cells, pairs, measure)
    seeds = by_seed(cells, pairs, measure)
    _, half = interval(seeds)
    within = [f'{found.low:+.2f} to {found.high:+.2f}'] * (found.clusters > 0)
    within += [f'± {half:.2f}'] * (len(seeds) >= SEEDS)
    return [
        f'{found.difference:+.2f} ({found.relative:+.1%})',
        ' '.join(within),
        verdict(found, seeds, words),
    ]


def mean_of(cells: Cells, name: str, measure: str = 'mpjpe') -> float:
    """The mean error of a cell over seeds."""
    return float(np.mean([_error(run, measure) for run in cells[name]]))
