"""The report of finished action runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from experiments.action.streams import fuse_streams, network
from experiments.reporting.compare import Comparison, compare
from experiments.reporting.page import (
    COMPARE_NOTE,
    bold,
    markdown,
    terminal_table,
    unique,
)
from experiments.reporting.report import Report, summary_notes
from experiments.reporting.runs import (
    ACTION_COST,
    ACTION_METRICS,
    Run,
    Runs,
    Setting,
    by_row,
    is_smoke,
)
from experiments.reporting.tables import (
    TITLES,
    Column,
    add_papers,
    make_table,
    tidy_rows,
)

BASELINES_NOTE = (
    'Error of the row minus that of the column on the same stream, in '
    'percentage points, and its 95 % interval as above: negative is better.'
)
STREAMS_NOTE = (
    'The softmax scores of the streams of a seed are averaged, as in the '
    'paper; parameters and multiply-adds are those of all streams together.'
)


class ActionReport(Report):
    """Reports action runs: accuracies, comparisons, fused streams."""

    task = 'action'
    compare_note = (
        'Errors are shares of misclassified clips, in percentage points. '
        f'{COMPARE_NOTE}'
    )

    def data_line(self, runs: Runs) -> str:
        names = unique(runs, 'data')
        shown = ', '.join(
            name + ' (procedural)' * (name == 'SyntheticMotion')
            for name in names
        )
        if all(name.startswith('ntu') for name in names):
            return f'Data: {shown}.'
        return f'Data: {shown}. These are not NTU RGB+D numbers.'

    def summary(self, setting: Setting, runs: Runs) -> list[str]:
        table = summary_table(runs)
        table['seeds'] = table['seeds'].str.split().str[0]
        table.index = pd.Index([n[:26] for n in table.index], name='model')
        titles = ['top-1 (%)', 'paper: top-1 (%)', 'top-5 (%)']
        titles += ['class mean (%)', 'val top-1 (%)', 'seeds']
        titles += ['parameters', 'test clips/s']
        table = table[[name for name in titles if name in table]]
        lines = [
            f'{setting.preset}: {setting.frames:,} {setting.split} clips; '
            f'{setting.protocol}',
            terminal_table(table),
        ]
        rows = by_row(runs)
        for c in self.compare(runs):
            pair = f'{rows[c.row][0].label} - {rows[c.reference][0].label}'
            lines.append(f'{pair[:42]}, error: {c}')
        return lines

    def facts(self, setting: Setting, runs: Runs) -> dict[str, str]:
        return {
            'data': setting.data,
            'protocol': setting.protocol,
            'training clips': ', '.join(unique(runs, 'train_clips')),
            f'{setting.split} clips': f'{setting.frames:,}',
        }

    def blocks(self, setting: Setting, runs: list[Run]) -> list[str]:
        summary = _bold_summary(runs)
        out = ['### Models', markdown(summary), summary_notes(summary)]
        out += self.comparison(runs)
        out += _baselines('### HCSF against each baseline', runs)
        if fused := fuse_streams(runs):
            table = markdown(_bold_summary(fused))
            out += ['### Streams fused', table, STREAMS_NOTE]
            out += _baselines('### Fused HCSF against fused baselines', fused)
        table = markdown(class_table(runs))
        return [*out, '### Accuracy by action (%)', table]

    def tidy(self, runs: Runs) -> pd.DataFrame:
        names = ('preset', 'row', 'label', 'seed', 'data', 'stream')
        lines = []
        for run in runs:
            groups = {
                ('all', ''): {
                    k: run.metrics[k] for k in ACTION_METRICS + ACTION_COST
                }
            }
            for name, value in run.metrics['per_class'].items():
                groups['class', name] = {'top1': value}
            head = {k: run.metrics[k] for k in (*names, 'protocol', 'commit')}
            lines += tidy_rows(head, groups)
        return pd.DataFrame(lines)

    def draw(self, runs: list[Run], folder: Path) -> dict[str, Path]:
        # matplotlib is optional, and slow to import
        from experiments.action.figures import draw_all

        return draw_all(runs, folder)


def summary_table(runs: Runs) -> pd.DataFrame:
    """One line per row: mean ± half-width of the 95 % interval over seeds,
    cost, and the paper's number where there is one.
    """
    columns = {TITLES[key]: Column((key,)) for key in ACTION_METRICS}
    if all('val_top1' in run.metrics for run in runs):
        columns['val top-1 (%)'] = Column(('val_top1',))
    columns |= {TITLES[k]: Column((k,), False, True) for k in ACTION_COST}
    table = make_table(runs, columns)
    add_papers(table, runs)
    rows = by_row(runs).values()
    streams = [', '.join(unique(row, 'stream')) for row in rows]
    table.insert(0, 'stream', streams)
    return table


def class_table(runs: Runs) -> pd.DataFrame:
    """One line per action, one column per row, in percent."""
    names = dict.fromkeys(k for r in runs for k in r.metrics['per_class'])
    columns = {k: Column(('per_class', k), False) for k in names}
    return make_table(runs, columns).T.rename_axis('action')


def baselines_table(runs: Runs) -> pd.DataFrame:
    """The paired difference of the errors of each HCSF row (lines) and each
    baseline on the same stream (columns), with its interval.
    """
    firsts = {row: group[0] for row, group in by_row(runs).items()}
    ours = [row for row in firsts if row.startswith('hcsf')]
    lines: dict[str, dict[str, str]] = {}
    for row in ours:
        stream = firsts[row].metrics['stream']
        line = lines[firsts[row].label] = {}
        for other, run in firsts.items():
            if other not in ours and run.metrics['stream'] == stream:
                name = firsts.get(network(run), run).label
                line[name] = _points(compare(runs, row, other))
    table = pd.DataFrame.from_dict(lines, orient='index').fillna('')
    return table.rename_axis('model')


def _points(c: Comparison) -> str:
    if np.isnan(c.low):
        return f'{c.difference:+.1f}'
    return f'{c.difference:+.1f} ({c.low:+.1f} to {c.high:+.1f})'


def _bold_summary(runs: Runs) -> pd.DataFrame:
    summary = summary_table(runs)
    own = [TITLES[key] for key in ACTION_METRICS]
    summary[own] = bold(summary[own], higher=own)
    return summary


def _baselines(title: str, runs: Runs) -> list[str]:
    if is_smoke(runs):
        return []
    table = baselines_table(runs)
    return [] if table.empty else [title, markdown(table), BASELINES_NOTE]
