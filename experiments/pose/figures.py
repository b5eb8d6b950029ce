"""Pictures of finished pose runs: Fig. 6 of the paper, learning curves and the
error of each joint. Fig. 7 and Fig. 1 of the supplement are in
:mod:`pose.hard_poses`, Figs. 1 and 8 in :mod:`pose.skeletons`.

Every function takes the runs of one setting, as
:func:`reporting.runs.by_setting` finds them, and the path of a PNG, which it
writes and returns. A row keeps its colour and marker in all of them, and every
picture names its data.
"""

from __future__ import annotations

import json
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
from experiments.reporting.drawing import finite, legend, picture, row_styles
from experiments.reporting.runs import Run, Runs, by_row

MARKS = (30, 40, 60)  # mm, section 4.1.2 of the paper


def _bars(
    ax: Any,
    values: dict[str, np.ndarray],
    rows: dict[str, list[Run]],
    styles: dict[str, dict[str, Any]],
) -> None:
    """Groups of bars, one per row: ``values[row]`` is ``[seeds, groups]``."""
    width = 0.84 / len(values)
    for i, (row, x) in enumerate(values.items()):
        mean, half = np.array([interval(column) for column in x.T]).T
        place = np.arange(x.shape[1]) + (i + 0.5) * width - 0.42
        ax.bar(
            place,
            mean,
            0.92 * width,
            color=styles[row]['color'],
            label=rows[row][0].label,
            hatch='//' if styles[row]['linestyle'] != '-' else None,
        )
        if len(x) > 1:
            ax.errorbar(place, mean, half, fmt='none', ecolor='k', lw=0.7)
    ax.margins(x=0.01)


def error_distribution(runs: Runs, path: Path) -> Path:
    """Fig. 6: the share of test poses in each bin of the error, and below
    and above the paper's marks.
    """
    rows, styles = finite(runs), row_styles(runs)
    tail = max(np.quantile(r.error, 0.97) for g in rows.values() for r in g)
    top = min(max(80, math.ceil(tail / 20) * 20), 300)
    width = 5 if top <= 160 else 10
    edges = np.arange(0, top + width + 1, width)
    with picture(runs, path, (9.6, 3.9), layout='constrained') as figure:
        left, right = figure.subplots(1, 2, width_ratios=(1.65, 1))
        for mark in MARKS:
            left.axvline(mark, color='#9A9A9A', lw=0.8, ls=(0, (2, 2)))
            left.text(
                *(mark, 1.01, mark),
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
    with picture(runs, path, (9.6, 3.6), layout='constrained') as figure:
        ax = figure.subplots()
        _bars(ax, values, rows, styles)
        ax.set_xticks(range(len(joints)), joints, rotation=35, ha='right')
        ax.set_ylabel('mean error (mm)')
        legend(figure, ax)
    return path


def read_log(folder: Path) -> dict[str, np.ndarray]:
    """Reads ``log.jsonl``: ``[n, 2]`` arrays of step and value by name.

    A line cut short by a kill is passed over, and a step done again after a
    resume counts once.
    """
    series: dict[str, dict[int, float]] = {}
    path = folder / 'log.jsonl'
    text = path.read_text(encoding='utf-8') if path.is_file() else ''
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        for name in set(entry) & {'loss', 'val_mpjpe'}:
            series.setdefault(name, {})[entry['step']] = entry[name]
    return {k: np.array(sorted(v.items())) for k, v in series.items()}


def learning_curves(runs: Runs, path: Path) -> Path | None:
    """Training loss and validation error by step, one line per seed, or
    :obj:`None` where no run kept a ``log.jsonl``.
    """
    rows, styles = by_row(runs), row_styles(runs)
    logs = {r: [read_log(x.folder) for x in g] for r, g in rows.items()}
    titles = {'loss': 'training loss', 'val_mpjpe': 'validation MPJPE (mm)'}
    names = [
        n for n in titles if any(n in x for g in logs.values() for x in g)
    ]
    if not names:
        return None
    size = (4.8 * len(names), 3.6)
    with picture(runs, path, size, layout='constrained') as figure:
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
        The path of each picture by its title; where all runs diverged, of
        the learning curves at most.
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
