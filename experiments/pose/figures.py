"""Pictures of finished pose runs: Fig. 6 of the paper, learning curves and the
error of each joint. Fig. 7 and Fig. 1 of the supplement are in
:mod:`experiments.pose.hard_poses`, Figs. 1 and 8 in
:mod:`experiments.pose.skeletons`.

Every function takes the runs of one setting and the path of a PNG, which it
writes and returns. A row has the same colour and marker in all pictures.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.ticker import LogLocator, NullLocator

from experiments.pose.hard_poses import (
    hard_pose_curves,
    hard_pose_overlap,
    worst_poses,
)
from experiments.pose.skeletons import example_poses, hardest_poses
from experiments.reporting.compare import interval
from experiments.reporting.drawing import (
    finite,
    legend,
    read_log,
    row_styles,
    run_figure,
)
from experiments.reporting.runs import Run, Runs, by_row

MARKS = (30, 40, 60)  # mm, section 4.1.2 of the paper


def _bars(
    ax: Any,
    values: dict[str, np.ndarray],
    rows: dict[str, list[Run]],
    styles: dict[str, dict[str, Any]],
) -> None:
    """Draws groups of bars, one bar per row, of values ``[seeds, groups]``."""
    width = 0.84 / len(values)
    for i, (row, x) in enumerate(values.items()):
        mean, half = np.array([interval(column) for column in x.T]).T
        left = np.arange(x.shape[1]) + (i + 0.5) * width - 0.42
        ax.bar(
            left,
            mean,
            0.92 * width,
            color=styles[row]['color'],
            label=rows[row][0].label,
            hatch='//' if styles[row]['linestyle'] != '-' else None,
        )
        if len(x) > 1:
            ax.errorbar(left, mean, half, fmt='none', ecolor='k', lw=0.7)
    ax.margins(x=0.01)


def error_distribution(runs: Runs, path: Path) -> Path:
    """Fig. 6: the histogram of the errors of test poses, and the shares below
    and above the paper's thresholds.
    """
    rows, styles = finite(runs), row_styles(runs)
    tail = max(np.quantile(r.error, 0.97) for g in rows.values() for r in g)
    top = min(max(80, math.ceil(tail / 20) * 20), 300)
    width = 5 if top <= 160 else 10
    edges = np.arange(0, top + width + 1, width)
    with run_figure(runs, path, (9.6, 3.9)) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(1.65, 1))
        for mark in MARKS:
            left.axvline(mark, color='#9A9A9A', lw=0.8, ls=(0, (2, 2)))
            left.text(
                x=mark,
                y=1.01,
                s=mark,
                transform=left.get_xaxis_transform(),
                ha='center',
                fontsize=7.5,
                color='#606060',
            )
        shares = {}
        for row, group in rows.items():
            clipped = [np.minimum(run.error, top + 1) for run in group]
            counts = [np.histogram(x, edges)[0] / len(x) for x in clipped]
            left.stairs(
                100 * np.mean(counts, axis=0),
                edges,
                color=styles[row]['color'],
                linestyle=styles[row]['linestyle'],
                lw=1.7,
            )
            names = ('below_30', 'above_40', 'above_60')
            shares[row] = np.array(
                [[run.hard[name] for name in names] for run in group]
            )
        ticks = range(0, top - width, 4 * width)
        left.set_xticks([*ticks, top + width / 2], [*ticks, f'> {top}'])
        left.set(
            xlim=(0, top + width),
            ylim=(0, None),
            xlabel='mean error of a pose (mm)',
            ylabel=f'test poses per {width} mm (%)',
        )
        _bars(right, shares, rows, styles)
        right.set_xticks(range(3), ['< 30 mm', '> 40 mm', '> 60 mm'])
        right.set_ylabel('test poses (%)')
        legend(figure, right)
    return path


def joint_errors(runs: Runs, path: Path) -> Path:
    """The mean error of each joint, with 95 % intervals over seeds."""
    rows, styles = finite(runs), row_styles(runs)
    joints = [
        joint
        for joint in runs[0].metrics['per_joint']
        if any(run.metrics['per_joint'][joint] > 0 for run in runs)
    ]
    values = {
        row: np.array(
            [[run.metrics['per_joint'][j] for j in joints] for run in group]
        )
        for row, group in rows.items()
    }
    with run_figure(runs, path, (9.6, 3.6)) as figure:
        ax = figure.subplots()
        _bars(ax, values, rows, styles)
        ax.set_xticks(range(len(joints)), joints, rotation=35, ha='right')
        ax.set_ylabel('mean error (mm)')
        legend(figure, ax)
    return path


def learning_curves(runs: Runs, path: Path) -> Path | None:
    """Training loss and validation error by step, one line per seed;
    :obj:`None` if no run has a ``log.jsonl``.
    """
    rows, styles = by_row(runs), row_styles(runs)
    titles = {'loss': 'training loss', 'val_mpjpe': 'validation MPJPE (mm)'}
    logs = {
        row: [read_log(run.folder, titles) for run in group]
        for row, group in rows.items()
    }
    names = [
        n for n in titles if any(n in x for g in logs.values() for x in g)
    ]
    if not names:
        return None
    size = (4.8 * len(names), 3.6)
    with run_figure(runs, path, size) as figure:
        axes = figure.subplots(1, len(names), squeeze=False)[0]
        for ax, name in zip(axes, names, strict=True):
            for row, group in logs.items():
                label = rows[row][0].label
                for log in group:
                    if name not in log:
                        continue
                    chunks = np.array_split(
                        log[name], min(len(log[name]), 150)
                    )
                    x, y = np.array([c.mean(0) for c in chunks]).T
                    style = {**styles[row], 'marker': '.'[: len(x) == 1]}
                    ax.plot(x, y, **style, lw=1.2, label=label)
                    label = '_'
            ax.set(xlabel='step', ylabel=titles[name], yscale='log')
            ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 4, 5, 7)))
            ax.yaxis.set_major_formatter('{x:g}')
            ax.yaxis.set_minor_locator(NullLocator())
        legend(figure, axes[0])
    return path


PICTURES: dict[str, Callable[[Runs, Path], Path | None]] = {
    'Error distribution': error_distribution,
    'Worst 5 % of the poses': worst_poses,
    "Each model's hardest poses": hard_pose_curves,
    'Whose poses are hard': hard_pose_overlap,
    'Easy and hard poses': example_poses,
    'Hardest poses': hardest_poses,
    'Error by joint': joint_errors,
    'Learning curves': learning_curves,
}


def draw_all(runs: Runs, folder: Path) -> dict[str, Path]:
    """Draws every picture of one setting.

    Args:
        runs (sequence of Run): The runs of one setting.
        folder (pathlib.Path): Where the PNGs go.

    Returns:
        The path of each picture by its title; only the learning curves if all
        runs diverged.
    """
    diverged = not any(np.isfinite(run.error).all() for run in runs)
    out = {}
    for title, draw in PICTURES.items():
        if diverged and draw is not learning_curves:
            continue
        path = draw(runs, folder / f'{draw.__name__}.png')
        if path is not None:
            out[title] = path
    return out
