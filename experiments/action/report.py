"""The report of finished action runs: on the terminal, and as ``report.md``
with pictures and every number in ``results.csv``.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.action.streams import fuse_streams, network
from experiments.reporting.compare import Comparison, compare, compare_all
from experiments.reporting.page import (
    COMPARE_NOTE,
    NO_PICTURES,
    PAPER_NOTE,
    SEEDS_NOTE,
    bold,
    commands,
    demand,
    markdown,
    show,
    unique,
    write_parts,
)
from experiments.reporting.runs import (
    ACTION_COST,
    ACTION_METRICS,
    Run,
    Runs,
    Setting,
    by_row,
    by_setting,
    load_action_runs,
)
from experiments.reporting.tables import (
    TITLES,
    Column,
    add_papers,
    comparison_table,
    make_table,
)

load_runs = load_action_runs

POINTS_NOTE = (
    'Errors are shares of clips taken for another action, in percentage '
    f'points. {COMPARE_NOTE}'
)
VERSUS_NOTE = (
    'Error of the line minus that of the column on the same stream, in '
    'percentage points, and its 95 % interval as above: negative is better.'
)
STREAMS_NOTE = (
    'The softmax scores of the streams of a seed are averaged, as in the '
    "paper; parameters and multiply-adds are the streams' together."
)


def data_line(runs: Runs) -> str:
    """Names the data, so that no number passes for one on NTU RGB+D."""
    names = unique(runs, 'data')
    shown = ', '.join(
        name + ' (procedural)' * (name == 'SyntheticMotion') for name in names
    )
    if all(name.startswith('ntu') for name in names):
        return f'Data: {shown}.'
    return f'Data: {shown}. These are not NTU RGB+D numbers.'


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
    streams = [', '.join(unique(row, 'stream')) for row in _rows(runs)]
    table.insert(0, 'stream', streams)
    return table


def class_table(runs: Runs) -> pd.DataFrame:
    """One line per action, one column per row, in percent."""
    names = list(
        dict.fromkeys(k for r in runs for k in r.metrics['per_class'])
    )
    columns = {k: Column(('per_class', k), False) for k in names}
    return make_table(runs, columns).T.rename_axis('action')


def versus_table(runs: Runs) -> pd.DataFrame:
    """HCSF, a line each, against every baseline that saw the same stream, a
    column each: the paired difference of their errors, and its interval.
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


def tidy(runs: Runs) -> pd.DataFrame:
    """Every number of every run, one per line, seeds not yet averaged."""
    keys = ('preset', 'row', 'label', 'seed', 'data', 'stream', 'protocol')
    lines = []
    for run in runs:
        m = run.metrics
        head = {key: m[key] for key in (*keys, 'commit')}
        values = {('all', '', k): m[k] for k in ACTION_METRICS + ACTION_COST}
        values |= {
            ('class', name, 'top1'): value
            for name, value in m['per_class'].items()
        }
        lines += [
            {
                **head,
                **{'scope': scope, 'group': group, 'metric': name},
                'value': value,
            }
            for (scope, group, name), value in values.items()
        ]
    return pd.DataFrame(lines)


def print_summary(runs: Runs) -> str:
    """The text that a run ends with."""
    if not runs:
        return 'No finished runs.'
    lines = [data_line(runs)]
    for setting, group in by_setting(runs).items():
        table = summary_table(group)
        table['seeds'] = table['seeds'].str.split().str[0]
        table.index = pd.Index([n[:26] for n in table.index], name='model')
        titles = [TITLES[key] for key in ACTION_METRICS]
        titles += ['val top-1 (%)', 'parameters', 'test clips/s']
        titles += ['paper: top-1 (%)', 'seeds']
        table = table[[name for name in titles if name in table]]
        lines.append(
            f'{setting.preset}: {setting.frames:,} {setting.split} clips; '
            f'{setting.protocol}'
        )
        lines.append(markdown(table, 'simple'))
        rows = by_row(group)
        for c in compare_all(group):
            pair = f'{rows[c.row][0].label} - {rows[c.reference][0].label}'
            lines.append(f'{pair[:42]}, error: {c}')
    return '\n'.join(lines)


def _rows(runs: Runs) -> list[list[Run]]:
    return list(by_row(runs).values())


def _bold_summary(runs: Runs) -> pd.DataFrame:
    summary = summary_table(runs)
    own = [TITLES[key] for key in ACTION_METRICS]
    summary[own] = bold(summary[own], higher=own)
    return summary


def _versus(title: str, runs: Runs) -> list[str]:
    table = versus_table(runs)
    return [] if table.empty else [title, markdown(table), VERSUS_NOTE]


def _section(
    setting: Setting, runs: list[Run], folder: Path, out: Path
) -> str:
    facts = {
        'data': setting.data,
        'protocol': setting.protocol,
        'training clips': ', '.join(unique(runs, 'train_clips')),
        f'{setting.split} clips': f'{setting.frames:,}',
        'seeds': ', '.join(sorted(unique(runs, 'seed'), key=int)),
        'commit': ', '.join(unique(runs, 'commit')),
    }
    summary = _bold_summary(runs)
    paper = any(name.startswith('paper') for name in summary.columns)
    parts = [
        f'## {setting.preset}',
        '\n'.join(f'* {key}: {value}' for key, value in facts.items()),
        commands(runs),
        '### Models',
        markdown(summary),
        SEEDS_NOTE + (f' {PAPER_NOTE}' if paper else ''),
    ]
    if len(by_row(runs)) > 1:
        table = markdown(comparison_table(runs))
        parts += ['### Paired comparison', table, POINTS_NOTE]
    parts += _versus('### HCSF against each baseline', runs)
    if fused := fuse_streams(runs):
        table = markdown(_bold_summary(fused))
        parts += ['### Streams fused', table, STREAMS_NOTE]
        parts += _versus('### Fused HCSF against fused baselines', fused)
    parts += ['### Accuracy by action (%)', markdown(class_table(runs))]
    return '\n\n'.join([*parts, _pictures(runs, folder, out)])


def _pictures(runs: list[Run], folder: Path, out: Path) -> str:
    if not find_spec('matplotlib'):
        return NO_PICTURES
    from experiments.action.figures import draw_all

    return show(draw_all(runs, folder), out)


def write_report(folder: str | Path, out: str | Path | None = None) -> Path:
    """As :func:`pose.report.write_report` does, of action runs."""
    target = Path(out or folder)
    runs = demand(load_runs(folder), folder, 'action')

    def section(setting: Setting, group: list[Run], where: Path) -> str:
        return _section(setting, group, where, target)

    return write_parts(runs, target, data_line(runs), section, tidy(runs))
