"""Tables of finished runs, as pandas frames of text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from operator import getitem
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.reporting.compare import compare_all, interval
from experiments.reporting.runs import Run, Runs, by_row

TITLES = {
    'mpjpe': 'MPJPE (mm)',
    'pa_mpjpe': 'PA-MPJPE (mm)',
    'n_mpjpe': 'N-MPJPE (mm)',
    'mpjve': 'MPJVE (mm/frame)',
    'above_60': '> 60 mm (%)',
    'above_40': '> 40 mm (%)',
    'below_30': '< 30 mm (%)',
    'worst_5': 'worst 5 % (mm)',
    'params': 'parameters',
    'macs': 'MACs',
    'train_poses_per_s': 'train poses/s',
    'test_poses_per_s': 'test poses/s',
    'top1': 'top-1 (%)',
    'top5': 'top-5 (%)',
    'class_mean': 'class mean (%)',
    'train_clips_per_s': 'train clips/s',
    'test_clips_per_s': 'test clips/s',
}
# Figures of the paper that belong to pck_table, by their keys in presets.
PAPER_PCK = {
    'pck_outdoor': 'PCK Outdoor (%)',
    'pck': 'PCK All (%)',
    'auc': 'AUC All (%)',
}


class Column(NamedTuple):
    """A table column: its path in the metrics, whether to add the interval
    over seeds, and whether to abbreviate large numbers.
    """

    path: tuple[str, ...]
    spread: bool = True
    large: bool = False

    def get(self, run: Run) -> float:
        """The value of one run."""
        first, *rest = self.path
        value: Any = run.hard if first == 'hard' else run.metrics[first]
        return reduce(getitem, rest, value)


def count(x: float) -> str:
    """Abbreviates a large number, such as 3.79M."""
    for size, unit in ((1e9, 'G'), (1e6, 'M'), (1e3, 'k')):
        if x >= size:
            return f'{x / size:.3g}{unit}'
    return f'{x:.0f}'


def make_table(runs: Runs, columns: Mapping[str, Column]) -> pd.DataFrame:
    """One line per row: means over seeds, with intervals."""
    lines = []
    for row in by_row(runs).values():
        cells = {'model': row[0].label}
        for name, column in columns.items():
            mean, half = interval([column.get(run) for run in row])
            cells[name] = count(mean) if column.large else f'{mean:.1f}'
            if column.spread and np.isfinite(half):
                cells[name] += f' ± {half:.1f}'
        lines.append(cells)
    return pd.DataFrame(lines).set_index('model')


def add_papers(table: pd.DataFrame, runs: Runs) -> None:
    """Adds columns with the number of seeds and the paper's figures."""
    rows = list(by_row(runs).values())
    counts = [len(row) for row in rows]
    table.insert(0, 'seeds', [f'{n} seed' + 's' * (n > 1) for n in counts])
    add_paper(table, runs, lambda key: key not in PAPER_PCK)


def add_paper(
    table: pd.DataFrame, runs: Runs, chosen: Callable[[str], bool]
) -> None:
    """Adds columns with the figures of the paper, of chosen preset keys."""
    papers = [
        row[0].metrics.get('paper') or {} for row in by_row(runs).values()
    ]
    keys = dict.fromkeys(key for paper in papers for key in paper)
    for key in filter(chosen, keys):
        cells = [f'{p[key]:g}' if key in p else '' for p in papers]
        title = PAPER_PCK.get(key) or TITLES.get(key, key)
        table[f'paper: {title}'] = cells


def comparison_table(runs: Runs) -> pd.DataFrame:
    """Every other row against the reference, by :func:`compare_all`."""
    labels = {row: group[0].label for row, group in by_row(runs).items()}
    return pd.DataFrame(
        {
            'model': labels[c.row],
            'against': labels[c.reference],
            f'difference ({c.unit})': f'{c.difference:+.2f}',
            f'95 % interval ({c.unit})': f'{c.low:+.2f} to {c.high:+.2f}'
            if np.isfinite(c.low)
            else 'too few clusters',
            'relative (%)': f'{100 * c.relative:+.1f}',
            'clusters': str(c.clusters),
        }
        for c in compare_all(runs)
    )


def tidy_rows(
    head: Mapping[str, Any],
    groups: Mapping[tuple[str, str], Mapping[str, float]],
    units: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """One dict per number: its scope, group, metric and value.

    Args:
        head: Values that all lines begin with.
        groups: The numbers by metric, by scope and group.
        units: The units of metrics, by default mm; None adds none.
    """
    return [
        {
            **head,
            'scope': scope,
            'group': group,
            'metric': name,
            'value': value,
            **({} if units is None else {'unit': units.get(name, 'mm')}),
        }
        for (scope, group), metrics in groups.items()
        for name, value in metrics.items()
    ]
