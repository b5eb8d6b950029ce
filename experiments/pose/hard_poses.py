"""Pictures of the poses with the largest errors: Fig. 7 of the paper, Fig. 1
of its supplement, and the overlap between models.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from experiments.reporting.compare import interval
from experiments.reporting.drawing import (
    finite,
    legend,
    row_styles,
    run_figure,
)
from experiments.reporting.runs import Runs, mean_error

SHARES = tuple(range(50, 0, -5))  # %, section 1.2 of the supplement
HARDEST = 10  # %


def worst_poses(runs: Runs, path: Path) -> Path:
    """Fig. 7: the mean error of the worst 5 % of the test poses, with the 95 %
    interval over seeds where there are two or more.
    """
    rows, styles = finite(runs), row_styles(runs)
    height = 1.1 + 0.42 * len(rows)
    with run_figure(runs, path, (7.2, height)) as figure:
        ax = figure.subplots()
        ax.grid(visible=False)
        for i, (row, group) in enumerate(rows.items()):
            values = [run.hard['worst_5'] for run in group]
            mean, half = interval(values)
            ax.barh(i, mean, 0.68, color=styles[row]['color'])
            text = f' {mean:.1f}'
            if len(values) > 1:
                ax.errorbar(mean, i, xerr=half, fmt='none', ecolor='k', lw=1)
                ax.plot(values, [i] * len(values), 'k|', ms=5, alpha=0.6)
                text += f' ± {half:.1f}'
            right = max(mean, *values, np.nansum([mean, half]))
            ax.text(right, i, f'{text} mm', va='center', fontsize=8)
        ax.set_yticks(range(len(rows)), [g[0].label for g in rows.values()])
        ax.invert_yaxis()
        ax.margins(x=0.16)
        ax.set_xlim(left=0)
        ax.tick_params(axis='y', length=0)
        ax.set_xlabel('mean error of the worst 5 % of poses (mm)')
    return path


def hard_pose_curves(runs: Runs, path: Path) -> Path:
    """Fig. 1 of the supplement: on the poses that are hardest for one model,
    the mean error of every model.

    The hardest poses are chosen for each seed of the model that a panel is of.
    Its own curve is the error of that seed, the others are means over seeds.
    """
    rows, styles = finite(runs), row_styles(runs)
    errors = {row: mean_error(group) for row, group in rows.items()}
    columns = min(len(rows), 3)
    lines = math.ceil(len(rows) / columns)
    size = (3.2 * columns + 0.4, 2.5 * lines + 0.7)
    with run_figure(runs, path, size) as figure:
        axes = figure.subplots(
            lines, columns, sharex=True, sharey=True, squeeze=False
        ).flat
        for ax, (owner, group) in zip(axes, rows.items(), strict=False):
            orders = [np.argsort(-run.error) for run in group]
            for row, error in errors.items():
                curves = []
                for run, order in zip(group, orders, strict=True):
                    x = run.error if row == owner else error
                    counts = [
                        max(1, math.ceil(s / 100 * len(x))) for s in SHARES
                    ]
                    total = np.cumsum(x[order], dtype=float)
                    curves.append([total[n - 1] / n for n in counts])
                ax.plot(
                    SHARES,
                    np.mean(curves, axis=0),
                    **styles[row],
                    lw=2.2 if row == owner else 1.2,
                    ms=5 if row == owner else 3.5,
                    zorder=3 if row == owner else 2,
                    label=rows[row][0].label,
                )
            ax.set_title(f'hardest poses of {rows[owner][0].label}')
            ax.set_xlabel('hardest share of the test poses (%)')
            ax.set_ylabel('mean error (mm)')
            ax.label_outer()
        for ax in figure.axes[len(rows) :]:
            ax.set_axis_off()
        first = figure.axes[0]
        first.set_xlim(52, 3)
        first.set_xticks([50, 40, 30, 20, 10, 5])
        legend(figure, first)
    return path


def overlaps(rows: Mapping[str, Runs]) -> np.ndarray:
    """The share in percent of the hardest poses of each row that are also
    among the hardest of each other row: ``[rows, rows]``, means over pairs of
    seeds. The diagonal compares seeds of the same row; NaN if there is one.
    """
    frames = len(next(iter(rows.values()))[0].error)
    count = math.ceil(HARDEST / 100 * frames)
    hard = [
        [set(np.argsort(-run.error, kind='stable')[:count]) for run in group]
        for group in rows.values()
    ]
    out = np.full((len(hard), len(hard)), np.nan)
    for i, j in np.ndindex(out.shape):
        shares = [
            100 * len(a & b) / count
            for x, a in enumerate(hard[i])
            for y, b in enumerate(hard[j])
            if i != j or x != y
        ]
        if shares:
            out[i, j] = np.mean(shares)
    return out


def hard_pose_overlap(runs: Runs, path: Path) -> Path | None:
    """The overlap of the hardest poses of two models, and of two trainings of
    one model on the diagonal. :obj:`None` for a single row.
    """
    rows = finite(runs)
    if len(rows) < 2:
        return None
    shares = overlaps(rows)
    labels = [group[0].label for group in rows.values()]
    side = 1.9 + 0.5 * len(rows)
    with run_figure(runs, path, (side + 1.2, side)) as figure:
        ax = figure.subplots()
        image = ax.imshow(shares, cmap='Blues', vmin=0, vmax=100)
        for (i, j), share in np.ndenumerate(shares):
            if np.isfinite(share):
                colour = 'w' if share > 60 else 'k'
                text = f'{share:.0f}'
                ax.text(j, i, text, ha='center', va='center', color=colour)
        ax.grid(visible=False)
        ax.set_xticks(range(len(rows)), labels, rotation=35, ha='right')
        ax.set_yticks(range(len(rows)), labels)
        figure.colorbar(
            image,
            label=f'shared of the hardest {HARDEST} % of the poses (%)',
        )
    return path
