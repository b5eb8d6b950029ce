"""Pictures of finished action runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from experiments.reporting.drawing import (
    legend,
    read_log,
    row_styles,
    run_figure,
)
from experiments.reporting.runs import Run, Runs, by_row


def draw_all(runs: list[Run], folder: Path) -> dict[str, Path]:
    """Draws all pictures of one setting; returns their paths by title."""
    best = max(
        by_row(runs).values(),
        key=lambda row: np.mean([run.metrics['top1'] for run in row]),
    )
    out = {}
    path = folder / 'confusion.png'
    confusion(best, path)
    out[f'Confusion of {best[0].label}'] = path
    if any(read_log(run.folder, ['val_top1']) for run in runs):
        path = folder / 'learning_curves.png'
        learning_curves(runs, path)
        out['Top-1 on the validation subjects'] = path
    return out


def confusion(row: Runs, path: Path) -> None:
    """The confusion matrix over all seeds, in percent of the clips of each
    action (rows).
    """
    counts = np.sum([run.metrics['confusion'] for run in row], axis=0)
    names = row[0].metrics['classes']
    total = counts.sum(axis=1, keepdims=True)
    share = 100 * counts / np.maximum(total, 1)
    size = float(np.clip(0.24 * len(names), 3.5, 18))
    with run_figure(row, path, (size + 2.2, size + 1.6)) as figure:
        ax = figure.subplots()
        image = ax.imshow(share, cmap='Blues', vmin=0, vmax=100)
        ax.grid(False)
        ax.set_xticks(range(len(names)), names, rotation=90, fontsize=6)
        ax.set_yticks(range(len(names)), names, fontsize=6)
        ax.set_xlabel('predicted')
        ax.set_ylabel('true')
        seeds = len(row)
        ax.set_title(f'{row[0].label}, {seeds} seed' + 's' * (seeds > 1))
        if len(names) <= 30:
            for (i, j), value in np.ndenumerate(share):
                if value >= 0.5:
                    colour = 'white' if value > 50 else 'black'
                    text = f'{value:.0f}'
                    style: dict[str, Any] = {'fontsize': 5, 'color': colour}
                    ax.text(j, i, text, ha='center', va='center', **style)
        figure.colorbar(image, ax=ax, shrink=0.6, label='% of the clips')


def learning_curves(runs: Runs, path: Path) -> None:
    """Top-1 on the validation subjects while training, mean of the seeds."""
    styles = row_styles(runs)
    with run_figure(runs, path, (6.4, 3.6)) as figure:
        ax = figure.subplots()
        for row, group in by_row(runs).items():
            logs = [read_log(run.folder, ['val_top1']) for run in group]
            curves = [log['val_top1'] for log in logs if log]
            if not curves:
                continue
            length = min(map(len, curves))
            points = np.mean([curve[:length] for curve in curves], axis=0)
            style = {**styles[row], 'markersize': 3}
            ax.plot(*points.T, label=group[0].label, **style)
        ax.set_xlabel('step')
        ax.set_ylabel('validation top-1 (%)')
        legend(figure, ax)
