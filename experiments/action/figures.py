"""Pictures of finished action runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from experiments.reporting.drawing import legend, picture, row_styles
from experiments.reporting.runs import Run, Runs, by_row


def draw_all(runs: list[Run], folder: Path) -> dict[str, Path]:
    """Draws everything into a folder; returns the paths by title."""
    best = max(
        by_row(runs).values(),
        key=lambda row: np.mean([run.metrics['top1'] for run in row]),
    )
    out = {}
    path = folder / 'confusion.png'
    confusion(best, path)
    out[f'Confusion of {best[0].label}'] = path
    if any(_curve(run) for run in runs):
        path = folder / 'learning_curves.png'
        learning_curves(runs, path)
        out['Top-1 on the validation subjects'] = path
    return out


def _title(runs: Runs) -> str:
    m = runs[0].metrics
    return f'{m["preset"]}: {m["data"]}, {m["protocol"]}'


def confusion(row: Runs, path: Path) -> None:
    """What the clips of each action (rows) are taken for, over all seeds, in
    percent of the action's clips.
    """
    counts = np.sum([run.metrics['confusion'] for run in row], axis=0)
    names = row[0].metrics['classes']
    total = counts.sum(axis=1, keepdims=True)
    share = 100 * counts / np.maximum(total, 1)
    size = float(np.clip(0.24 * len(names), 3.5, 18))
    with picture(
        row, path, (size + 2.2, size + 1.6), _title(row), layout='constrained'
    ) as figure:
        ax = figure.subplots()
        image = ax.imshow(share, cmap='Blues', vmin=0, vmax=100)
        ax.grid(False)
        ax.set_xticks(range(len(names)), names, rotation=90, fontsize=6)
        ax.set_yticks(range(len(names)), names, fontsize=6)
        ax.set_xlabel('taken for')
        ax.set_ylabel('action')
        seeds = len(row)
        ax.set_title(f'{row[0].label}, {seeds} seed' + 's' * (seeds > 1))
        if len(names) <= 30:
            for (i, j), value in np.ndenumerate(share):
                if value >= 0.5:
                    colour = 'white' if value > 50 else 'black'
                    ax.text(
                        j,
                        i,
                        f'{value:.0f}',
                        ha='center',
                        va='center',
                        fontsize=5,
                        color=colour,
                    )
        figure.colorbar(image, ax=ax, shrink=0.6, label='% of its clips')


def _curve(run: Run) -> list[tuple[float, float]]:
    path = run.folder / 'log.jsonl'
    if not path.is_file():
        return []
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [(x['step'], x['val_top1']) for x in lines if 'val_top1' in x]


def learning_curves(runs: Runs, path: Path) -> None:
    """Top-1 on the validation subjects while training, mean of the seeds."""
    styles = row_styles(runs)
    with picture(
        runs, path, (6.4, 3.6), _title(runs), layout='constrained'
    ) as figure:
        ax = figure.subplots()
        for row, group in by_row(runs).items():
            curves = [curve for run in group if (curve := _curve(run))]
            if not curves:
                continue
            length = min(map(len, curves))
            points = np.mean([curve[:length] for curve in curves], axis=0)
            style = {**styles[row], 'markersize': 3}
            ax.plot(*points.T, label=group[0].label, **style)
        ax.set_xlabel('step')
        ax.set_ylabel('validation top-1 (%)')
        legend(figure, ax)
