"""The parts of a report."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.reporting.runs import Run, Runs, Setting, by_setting
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.csv_cells import escape_formula

# What belongs to a run in its command, not to its row.
OWN = r" --(?:seed(?: -?\d+)+|out ('[^']*'|\S+)|resume)(?= |$)"
NO_PICTURES = 'Pictures need `pip install matplotlib`.'
SEEDS_NOTE = (
    '`a ± b`: mean over seeds and half-width of its 95 % Student t interval; '
    'a number alone has one seed. Bold: best in the column.'
)
PAPER_NOTE = (
    "The paper's columns repeat the numbers it printed, measured on its own "
    'data: they show what to compare with, not what was measured here.'
)
COMPARE_NOTE = (
    'Per-frame errors, averaged over seeds, subtracted frame by frame: '
    'negative is better. 95 % interval: studentised bootstrap over (subject, '
    'action) clusters. It covers the choice of subjects and actions, not '
    'training again.'
)


def unique(runs: Runs, key: str) -> list[str]:
    """What runs have under a key of their metrics."""
    return list(dict.fromkeys(str(run.metrics[key]) for run in runs))


def commands(runs: Runs) -> str:
    """How runs are made again, each with its seeds and in a folder of the
    reader's.
    """
    seeds: dict[str, list[int]] = {}
    for run in runs:
        command = re.sub(OWN, '', run.metrics['command'])
        seeds.setdefault(command, []).append(run.metrics['seed'])
    lines = (
        f'{command} --seed {" ".join(map(str, sorted(set(numbers))))}'
        for command, numbers in seeds.items()
    )
    return '```bash\n' + '\n'.join(lines) + '\n```'


def markdown(table: pd.DataFrame, style: str = 'github') -> str:
    """A table as text."""
    index = table.index.name is not None
    sides = ['left'] + ['right'] * (table.shape[1] - 1 + index)
    text = table.to_markdown(
        tablefmt=style, index=index, disable_numparse=True, colalign=sides
    )
    return str(text)


def bold(table: pd.DataFrame, higher: Sequence[str] = ()) -> pd.DataFrame:
    """Marks the best of each column, as shown, as the paper does."""
    out = table.copy()
    for name in table.columns if len(table) > 1 else ():
        shown = table[name].str.split().str[0].astype(float)
        best = shown.max() if name in higher else shown.min()
        out.loc[shown == best, name] = '**' + table[name] + '**'
    return out


def show(paths: dict[str, Path], out: Path) -> str:
    """The text that shows pictures, by title."""
    return '\n\n'.join(
        f'### {title}\n\n![{title}]({path.relative_to(out).as_posix()})'
        for title, path in paths.items()
    )


def demand(runs: list[Run], folder: str | Path, task: str) -> list[Run]:
    """The finished runs of a folder, of which there must be one."""
    if not runs:
        raise ValueError(
            f"Expected a finished {task} run under '{folder}'; make one with "
            f'`python experiments/run.py --task {task}`'
        )
    return runs


def write_table(
    frame: pd.DataFrame, path: Path, float_format: str | None = None
) -> None:
    """Writes a table as CSV, with texts that no spreadsheet runs.

    Args:
        frame: The table.
        path: The file.
        float_format: How to write numbers; default: all digits.
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
            quoting=csv.QUOTE_NONNUMERIC,  # others cut at ';' and tabs too
        )


def write_parts(
    runs: Runs,
    out: Path,
    first_line: str,
    section: Callable[[Setting, list[Run], Path], str],
    numbers: pd.DataFrame,
) -> Path:
    """Writes a report of sections, one for each setting of runs.

    Args:
        runs: The runs.
        out: The folder to write to.
        first_line: What data the numbers are on.
        section: Makes the text of a setting, with pictures in a folder.
        numbers: What ``results.csv`` holds.
    """
    parts = [f'**{first_line}**', '# Results']
    settings = by_setting(runs)
    for setting, group in settings.items():
        where = out / 'figures'
        if len(settings) > 1:
            where /= re.sub(r'[^\w.-]', '_', '-'.join(map(str, setting)))
        parts.append(section(setting, group, where))
    write_table(numbers, out / 'results.csv')
    with atomic_write(out / 'report.md') as path:
        path.write_text('\n\n'.join(parts) + '\n', encoding='utf-8')
    return out / 'report.md'
