"""Figures of a benchmark: bars of ratios, and lines of sweeps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from experiments.bench.operator.floor import FLOOR
from experiments.bench.operator.timing import HCSF
from experiments.reporting.drawing import BLUE, GREEN, GREY, ORANGE, SKY, STYLE
from pyg_hcsf.safe_io.atomic_write import atomic_write

FLOORS = {'action': 'ST-GCN', 'neighbors': 'HCSF'}  # else matrix products


@contextmanager
def _figure(path: Path, size: tuple[float, float]) -> Iterator[Figure]:
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, layout='constrained')
        yield figure
        with atomic_write(path) as part:
            figure.savefig(part, dpi=150, format='png')


def draw_all(frame: pd.DataFrame, folder: Path) -> dict[str, Path]:
    """Draws each row of a preset; returns the paths by title."""
    out = {}
    for row, rows in frame.groupby('row', sort=False):
        if rows['kind'].iloc[0] == 'scaling':
            continue
        path = folder / 'figures' / f'{row}.png'
        draw = _lines if (rows['sweep'] != '').any() else _bars
        draw(rows, path)
        out[str(rows['label'].iloc[0])] = path
    return out


def _colour(name: str) -> str:
    if name.startswith(FLOOR):
        return GREY
    return BLUE if name == HCSF else SKY if name.startswith(HCSF) else ORANGE


def _plain(axis: Any) -> None:
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda x, _: f'{x:g}'))
    axis.set_minor_locator(NullLocator())


def _bars(rows: pd.DataFrame, path: Path) -> None:
    """A panel per step: ratios of the candidates to the floor, with quartiles,
    on a logarithmic scale.
    """
    if rows['kind'].iloc[0] == 'model':
        rows = rows[rows['candidate'] != rows['floor']]
    whats, names = rows['what'].unique(), rows['candidate'].unique()
    size = (5.4 + 3.4 * (len(whats) - 1), 1.2 + 0.27 * len(names))
    with _figure(path, size) as figure:
        figure.suptitle(str(rows['label'].iloc[0]), fontsize=9)
        axes = figure.subplots(1, len(whats), sharey=True, squeeze=False)[0]
        for ax, what in zip(axes, whats, strict=True):
            part = rows[rows['what'] == what].set_index('candidate')
            ax.grid(visible=False)
            ax.set_xscale('log')
            ax.axvline(1, color=GREY, lw=0.8)
            for i, name in enumerate(names):
                if name not in part.index:
                    continue
                r = part.loc[name]
                colour = _colour(name)
                ax.barh(i, r.to_floor - 1, 0.7, left=1, color=colour)
                ax.plot([r.to_floor_q25, r.to_floor_q75], [i, i], 'k-', lw=1)
                ax.text(
                    max(r.to_floor_q75, 1),
                    i,
                    f'  {r.to_floor:.3g}',
                    va='center',
                    fontsize=8,
                )
            low, high = part['to_floor'].min(), part['to_floor_q75'].max()
            ax.set_xlim(min(0.9, 0.8 * low), max(4, 2.2 * high))
            _plain(ax.xaxis)
            kind = rows['kind'].iloc[0]
            floor = FLOORS.get(kind, 'equal-FLOP products')
            if kind == 'model' and (rows['batch'] == 1).any():
                floor = 'time to read its weights'
            ax.set_xlabel(f'{what}: x {floor}')
        axes[0].set_yticks(range(len(names)), names)
        axes[0].tick_params(axis='y', length=0)
        axes[0].invert_yaxis()


def _lines(rows: pd.DataFrame, path: Path) -> None:
    """On the left the time per pose, on the right its ratio to the floor."""
    key = rows['sweep'].iloc[0]
    axis = 'joints' if key == 'skeleton' else key
    with _figure(path, (8.2, 3.5)) as figure:
        left, right = figure.subplots(1, 2)
        whats = map(str, rows['what'].unique())
        colours = dict(zip(whats, (GREEN, BLUE), strict=False))
        for (_, name), part in rows.groupby(['what', 'candidate'], sort=False):
            part, what = part.sort_values(axis), str(part['what'].iloc[0])
            floor = name == part['floor'].iloc[0]
            x, scale = part[axis], 1e3 / part['batch']
            style = {'color': colours[what], 'lw': 1.4}
            style |= {'ls': '--' if floor else '-', 'marker': 'o', 'ms': 3.5}
            low, high = scale * part['q25_ms'], scale * part['q75_ms']
            label = f'{name}, {what}'
            left.plot(x, scale * part['median_ms'], label=label, **style)
            left.fill_between(x, low, high, color=colours[what], alpha=0.15)
            if not floor:
                right.plot(x, part['to_floor'], label=what, **style)
                low, high = part['to_floor_q25'], part['to_floor_q75']
                right.fill_between(
                    x, low, high, color=colours[what], alpha=0.15
                )
        right.axhline(1, color=GREY, lw=0.8, ls='--')
        for ax in (left, right):
            values = sorted(rows[axis].unique())
            if values[0] > 0 and values[-1] / values[0] > 4:
                ax.set_xscale('log')
            ax.set_xticks(values, [f'{v:g}' for v in values])
            ax.xaxis.set_minor_locator(NullLocator())
            ax.set_xlabel(axis.replace('_', ' '))
        left.set_yscale('log')
        _plain(left.yaxis)
        top = np.nanmax(rows['to_floor_q75'])
        right.set_ylim(0, max(2.0, 1.1 * float(top)))
        left.set_ylabel('microseconds per pose')
        right.set_ylabel('x equal-FLOP products')
        figure.suptitle(str(rows['label'].iloc[0]), fontsize=9)
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc='outside lower center', ncols=2)
