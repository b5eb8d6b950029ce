"""What all pictures of finished pose runs share: paper, colours, legends."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from experiments.reporting.runs import Run, Runs, by_row
from pyg_hcsf.safe_io.atomic_write import atomic_write

# Okabe and Ito's colours, told apart by colour-blind readers, less yellow.
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
def picture(
    runs: Runs,
    path: Path,
    size: tuple[float, float],
    title: str = '',
    **kwargs: Any,
) -> Iterator[Figure]:
    """Yields a figure that names its data, and saves it as a PNG."""
    m = runs[0].metrics
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, **kwargs)
        figure.suptitle(
            title
            or f'{m["preset"]}: {m["data"]}, {m["keypoints"]} keypoints,'
            f' protocol {m["protocol"]}',
            fontsize=8,
            color='#606060',
        )
        yield figure
        with atomic_write(path) as part:
            figure.savefig(part, dpi=150, format='png')


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
    """Rows without their diverged seeds: those cannot be drawn."""
    rows = {
        row: [run for run in group if np.isfinite(run.error).all()]
        for row, group in by_row(runs).items()
    }
    rows = {row: group for row, group in rows.items() if group}
    if not rows:
        raise ValueError("Expected 'runs' with finite errors (all diverged)")
    return rows


def legend(figure: Figure, ax: Any) -> None:
    """Puts the legend of one plot below all, in lines of even length."""
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
