"""Markdown and CSV parts of a report."""

from __future__ import annotations

import csv
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.reporting.runs import Runs
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.csv_cells import escape_formula

# Options of a command that differ between the runs of a row.
RUN_OPTIONS = r" --(?:seed(?: -?\d+)+|out ('[^']*'|\S+)|resume)(?= |$)"
WIDTH = 80  # of a terminal
SEEDS_NOTE = (
    '`a ± b`: mean over seeds and half-width of its 95 % Student t interval; '
    'a number alone has one seed. Bold: best in the column.'
)
PAPER_NOTE = (
    "The paper's columns repeat the numbers it printed, measured on its own "
    'data. They are for comparison and were not measured here.'
)
COMPARE_NOTE = (
    'Per-frame errors, averaged over seeds, subtracted frame by frame: '
    'negative is better. 95 % interval: studentised bootstrap over (subject, '
    'action) clusters. It covers the choice of subjects and actions, not '
    'another training.'
)


def unique(runs: Runs, key: str) -> list[str]:
    """The different values of a metric, as text."""
    return list(dict.fromkeys(str(run.metrics[key]) for run in runs))


def commands(runs: Runs) -> str:
    """The commands that repeat runs: one per row with all its seeds."""
    seeds: dict[str, list[int]] = {}
    for run in runs:
        command = re.sub(RUN_OPTIONS, '', run.metrics['command'])
        seeds.setdefault(command, []).append(run.metrics['seed'])
    lines = (
        f'{command} --seed {" ".join(map(str, sorted(set(numbers))))}'
        for command, numbers in seeds.items()
    )
    return '```bash\n' + '\n'.join(lines) + '\n```'


def markdown(table: pd.DataFrame, style: str = 'github') -> str:
    """Formats a table; numbers are aligned to the right."""
    index = table.index.name is not None
    sides = ['left'] + ['right'] * (table.shape[1] - 1 + index)
    text = table.to_markdown(
        tablefmt=style, index=index, disable_numparse=True, colalign=sides
    )
    return str(text)


def terminal_table(table: pd.DataFrame, width: int = WIDTH) -> str:
    """Formats a table for the terminal; columns at the right that do not fit
    are left out, and named below.

    Args:
        table: The table, with the most important columns first.
        width: The width of the terminal.
    """
    left_out: list[str] = []
    while True:
        text = markdown(table, 'simple')
        widest = max(map(len, text.splitlines()), default=0)
        if table.shape[1] <= 1 or widest <= width:
            break
        left_out.insert(0, str(table.columns[-1]))
        table = table.iloc[:, :-1]
    if left_out:
        text += f'\nAlso in report.md: {", ".join(left_out)}.'
    return text


def wrap(text: str, indent: int = 2) -> str:
    """Wraps a text for the terminal, unless it is a table.

    Args:
        text: The text.
        indent: Spaces before all lines but the first one.
    """
    if '\n' in text:
        return text
    return textwrap.fill(text, WIDTH, subsequent_indent=' ' * indent)


def bold(table: pd.DataFrame, higher: Sequence[str] = ()) -> pd.DataFrame:
    """Prints the best number of each column in bold."""
    out = table.copy()
    for name in table.columns if len(table) > 1 else ():
        shown = table[name].str.split().str[0].astype(float)
        best = shown.max() if name in higher else shown.min()
        out.loc[shown == best, name] = '**' + table[name] + '**'
    return out


def show_pictures(paths: dict[str, Path], out: Path) -> str:
    """The Markdown of pictures under their titles."""
    return '\n\n'.join(
        f'### {title}\n\n![{title}]({path.relative_to(out).as_posix()})'
        for title, path in paths.items()
    )


def write_table(
    frame: pd.DataFrame, path: Path, float_format: str | None = None
) -> None:
    """Writes a table as CSV; text that a spreadsheet would take for a formula
    is escaped.

    Args:
        frame: The table.
        path: The file.
        float_format: The format of numbers; default: all digits.
    """

    def cell(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return escape_formula(value.replace('\r', ' '))

    safe = frame.apply(lambda column: column.map(cell))
    safe = safe.rename(columns=cell)
    with atomic_write(path) as part:
        safe.to_csv(
            part,
            index=False,
            float_format=float_format,
            # Without quotes, some readers also split at ';' and tabs.
            quoting=csv.QUOTE_NONNUMERIC,
        )
