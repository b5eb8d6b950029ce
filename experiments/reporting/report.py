"""The report of the finished runs of a task: on the terminal, and as
``report.md`` with pictures and every number in ``results.csv``.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from experiments.reporting.compare import Comparison, compare_all
from experiments.reporting.page import (
    COMPARE_NOTE,
    PAPER_NOTE,
    SEEDS_NOTE,
    commands,
    markdown,
    show_pictures,
    unique,
    wrap,
    write_table,
)
from experiments.reporting.runs import (
    Run,
    Runs,
    Setting,
    by_row,
    by_setting,
    is_smoke,
    load_runs,
)
from experiments.reporting.tables import comparison_table
from pyg_hcsf.safe_io.atomic_write import atomic_write

SMOKE_NOTE = (
    'These are smoke runs of a few steps, which show that everything works: '
    'nothing follows from their numbers.'
)
NO_PICTURES = 'Pictures need `pip install matplotlib`.'


class Report(ABC):
    """Reports the finished runs of a task; each task has a subclass."""

    task: str
    pictures = True  # whether to draw some
    compare_note = COMPARE_NOTE

    def load_runs(self, folder: str | Path) -> list[Run]:
        """Loads the finished runs of the task under a folder."""
        return load_runs(folder, self.task)

    @abstractmethod
    def data_line(self, runs: Runs) -> str:
        """Names the data, with a warning if they are not the paper's."""

    @abstractmethod
    def summary(self, setting: Setting, runs: Runs) -> list[str]:
        """The lines about one setting on the terminal."""

    @abstractmethod
    def facts(self, setting: Setting, runs: Runs) -> dict[str, str]:
        """What to know about the runs of one setting, by name."""

    @abstractmethod
    def blocks(self, setting: Setting, runs: list[Run]) -> list[str]:
        """The Markdown blocks with the tables of one setting."""

    @abstractmethod
    def tidy(self, runs: Runs) -> pd.DataFrame:
        """Every number of every run, one per line."""

    def title(self, setting: Setting) -> str:
        """The heading of one setting."""
        return setting.preset

    def draw(self, runs: list[Run], folder: Path) -> dict[str, Path]:
        """Draws the pictures of one setting; returns the paths by title."""
        return {}

    def print_summary(self, runs: Runs) -> str:
        """The text that is printed after a run."""
        if not runs:
            return 'No finished runs.'
        lines = [SMOKE_NOTE] * is_smoke(runs) + [self.data_line(runs)]
        for setting, group in by_setting(runs).items():
            lines += self.summary(setting, group)
        return '\n'.join(map(wrap, lines))

    def compare(self, runs: Runs) -> list[Comparison]:
        """The comparisons with the reference row; none for smoke runs."""
        return [] if is_smoke(runs) else compare_all(runs)

    def write(self, folder: str | Path, out: str | Path | None = None) -> Path:
        """Writes the report of all runs under a folder.

        Args:
            folder (str or pathlib.Path): The folder with the runs.
            out (str or pathlib.Path, optional): Where to write.
                (default: ``folder``)

        Returns:
            The path of ``report.md``.

        Raises:
            ValueError: If there is no finished run.

        Example:
            >>> PoseReport().write('runs/pose/table1_gt')
            PosixPath('runs/pose/table1_gt/report.md')
        """
        out = Path(out or folder)
        runs = self.load_runs(folder)
        if not runs:
            raise ValueError(
                f"Expected a finished {self.task} run under '{folder}'; make "
                f'one with `python experiments/run.py --task {self.task}`'
            )
        parts = [f'**{self.data_line(runs)}**', '# Results']
        parts += [SMOKE_NOTE] * is_smoke(runs)
        settings = by_setting(runs)
        for setting, group in settings.items():
            figures = out / 'figures'
            if len(settings) > 1:
                figures /= re.sub(r'[^\w.-]', '_', '-'.join(map(str, setting)))
            parts += self._section(setting, group)
            if self.pictures and find_spec('matplotlib'):
                parts.append(show_pictures(self.draw(group, figures), out))
            elif self.pictures:
                parts.append(NO_PICTURES)
        write_table(self.tidy(runs), out / 'results.csv')
        with atomic_write(out / 'report.md') as path:
            path.write_text('\n\n'.join(parts) + '\n', encoding='utf-8')
        return out / 'report.md'

    def _section(self, setting: Setting, runs: list[Run]) -> list[str]:
        facts = {
            **self.facts(setting, runs),
            'seeds': ', '.join(sorted(unique(runs, 'seed'), key=int)),
            'commit': ', '.join(unique(runs, 'commit')),
        }
        return [
            f'## {self.title(setting)}',
            '\n'.join(f'* {key}: {value}' for key, value in facts.items()),
            commands(runs),
            *self.blocks(setting, runs),
        ]

    def comparison(self, runs: Runs) -> list[str]:
        """The blocks that compare each row with the reference row."""
        if len(by_row(runs)) < 2 or is_smoke(runs):
            return []
        table = markdown(comparison_table(runs))
        return ['### Paired comparison', table, self.compare_note]


def summary_notes(summary: pd.DataFrame) -> str:
    """What to know about the numbers of a summary table."""
    paper = any(name.startswith('paper') for name in summary.columns)
    return f'{SEEDS_NOTE} {PAPER_NOTE}' if paper else SEEDS_NOTE
