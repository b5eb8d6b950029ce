"""The style of all pictures: colours, titles, legends."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from experiments.reporting.runs import Run, Runs, by_row
from pyg_hcsf.safe_io.atomic_write import atomic_write

# Okabe and Ito's palette for colour-blind readers, without yellow.
GREY, PURPLE, GREEN, SKY = '#7F7F7F', '#CC79A7', '#009E73', '#56B4E9'
ORANGE, BLUE, RED, BLACK = '#E69F00', '#0072B2', '#D55E00', '#000000'
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED, GREY, BLACK)
MARKERS, DASHES = 'osD^vPX*', ('-', '--', ':')
STYLE: dict[Any, Any] = {
    'font.size': 9,
    'axes.titlesize': 9,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'axes.grid': True,
    'axes.grid.axis': 'y',
    'axes.axisbelow': True,
    'grid.color': '#E4E4E4',
    'grid.linewidth': 0.6,
    'legend.frameon': False,
    'legend.fontsize': 8,
}


@contextmanager
def figure_file(
    path: Path, size: tuple[float, float], title: str, **kwargs: Any
) -> Iterator[Figure]:
    """Yields a figure with a title, and saves it as a PNG."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, **kwargs)
        figure.suptitle(title, fontsize=8, color='#606060')
        yield figure
        with atomic_write(path) as part:
            figure.savefig(part, dpi=150, format='png')


def run_figure(
    runs: Runs,
    path: Path,
    size: tuple[float, float],
    layout: Any = 'constrained',
) -> AbstractContextManager[Figure]:
    """Like :func:`figure_file`, with a title that names the data of runs."""
    m = runs[0].metrics
    keypoints = f' {m["keypoints"]} keypoints,' if 'keypoints' in m else ''
    protocol = 'protocol ' * ('keypoints' in m) + m['protocol']
    title = f'{m["preset"]}: {m["data"]},{keypoints} {protocol}'
    return figure_file(path, size, title, layout=layout)


def row_styles(runs: Runs) -> dict[str, dict[str, Any]]:
    """The colour, marker and line style of each row."""
    return {
        row: {
            'color': COLOURS[i % 8],
            'marker': MARKERS[i % 8],
            'linestyle': DASHES[i // 8 % 3],
        }
        for i, row in enumerate(by_row(runs))
    }


def finite(runs: Runs) -> dict[str, list[Run]]:
    """Groups runs by row, without diverged ones, which cannot be drawn."""
    rows = {
        row: [run for run in group if np.isfinite(run.error).all()]
        for row, group in by_row(runs).items()
    }
    rows = {row: group for row, group in rows.items() if group}
    if not rows:
        raise ValueError("Expected 'runs' with finite errors (all diverged)")
    return rows


def legend(figure: Figure, ax: Any) -> None:
    """Puts the legend of one plot below the figure, in even lines."""
    handles, labels = ax.get_legend_handles_labels()
    lines = math.ceil(len(labels) / max(1, int(figure.get_figwidth() / 1.35)))
    figure.legend(
        handles,
        labels,
        loc='outside lower center',
        ncols=math.ceil(len(labels) / lines),
        handlelength=1.6,
        columnspacing=1.4,
    )


def read_log(folder: Path, names: Iterable[str]) -> dict[str, np.ndarray]:
    """Reads named values of ``log.jsonl``: arrays ``[n, 2]`` of steps and
    values.

    Lines that were cut off by a kill are skipped, and steps that were repeated
    after a resume count once.
    """
    series: dict[str, dict[int, float]] = {}
    path = folder / 'log.jsonl'
    text = path.read_text(encoding='utf-8') if path.is_file() else ''
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        for name in set(entry) & set(names):
            series.setdefault(name, {})[entry['step']] = entry[name]
    return {k: np.array(sorted(v.items())) for k, v in series.items()}
