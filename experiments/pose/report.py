"""The report of finished pose runs: on the terminal, and as ``report.md`` with
pictures and every number in ``results.csv``.
"""

from __future__ import annotations

import textwrap
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from experiments.pose.tables import (
    action_table,
    joint_table,
    pck_table,
    subject_table,
    summary_table,
    tidy,
)
from experiments.reporting.compare import compare_all
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
    HARD,
    METRICS,
    Run,
    Runs,
    Setting,
    by_row,
    by_setting,
    load_runs,
)
from experiments.reporting.tables import TITLES, comparison_table
from pyg_hcsf.protocols import get_protocol

PCK_NOTES = {
    'official': 'of 14 joints (no pelvis, spine, head), below 150 mm; AUC '
    'over 0, 5, ..., 150 mm',
    'srnet': 'of 17 joints, the pelvis among them, below 150 mm; AUC over 0, '
    '5, ..., 150 mm: higher than the official one',
    'graphmlp': 'of 17 joints, the pelvis among them, below 150 mm; AUC over '
    '0, 1, ..., 149 mm: higher than the official one',
}
DATA_NOTES = {
    'syntheticmotion': ' (procedural)',
    'openmocap': ' (open motion capture seen by virtual cameras)',
    'openmocap-rigs': ' (open motion capture seen by virtual cameras; trained '
    'without the DAZ rig, tested on it)',
}


def data_line(runs: Runs) -> str:
    """Names the data, so that no number passes for one on Human3.6M."""
    names = unique(runs, 'data')
    shown = ', '.join(n + DATA_NOTES.get(n.lower(), '') for n in names)
    if all(name.lower() in ('human36m', 'h36m') for name in names):
        return f'Data: {shown}.'
    if any('trained_on' in run.metrics for run in runs):
        shown += '; a cross-data-set test'
    return f'Data: {shown}. These are not Human3.6M numbers.'


def print_summary(runs: Runs) -> str:
    """The text that a run ends with: no line is longer than 120 columns."""
    if not runs:
        return 'No finished runs.'
    lines = [data_line(runs)]
    short = {
        'MPJPE (mm)': 'MPJPE mm',
        'PA-MPJPE (mm)': 'PA-MPJPE mm',
        '> 60 mm (%)': '> 60 mm %',
        'worst 5 % (mm)': 'worst 5 % mm',
        'parameters': 'params',
        'test poses/s': 'poses/s',
        'paper: MPJPE (mm)': 'paper mm',
        'seeds': 'seeds',
    }
    for setting, group in by_setting(runs).items():
        table = summary_table(group)
        table['seeds'] = table['seeds'].str.split().str[0]
        table.index = pd.Index([n[:22] for n in table.index], name='model')
        table = table[[name for name in short if name in table]]
        lines += textwrap.wrap(
            f'{setting.preset}: {setting.keypoints} keypoints, protocol '
            f'{setting.protocol}, {setting.frames:,} {setting.split} poses, '
            f'averaged over {" and ".join(unique(group, "average"))}',
            width=120,
        )
        lines.append(markdown(table.rename(columns=short), 'simple'))
        lines += _pck_lines(group, 'simple')
        rows = by_row(group)
        for c in compare_all(group):
            pair = f'{rows[c.row][0].label} - {rows[c.reference][0].label}'
            lines.append(f'{pair[:42]}: {c}')
    return '\n'.join(lines)


def _pck_lines(runs: Runs, style: str) -> list[str]:
    """What MPI-INF-3DHP is scored by, where it is."""
    table = pck_table(runs)
    if table.empty:
        return []
    table.index = pd.Index([n[:22] for n in table.index], name='model')
    variant = get_protocol(runs[0].metrics['protocol'].partition(',')[0]).pck
    return [f'PCK {PCK_NOTES[str(variant)]}', markdown(table, style)]


def _section(setting: Setting, runs: list[Run], pictures: str) -> str:
    trained_on = [str(run.metrics.get('trained_on', '')) for run in runs]
    facts = {
        'data': setting.data,
        **({'trained on': trained_on[0]} if trained_on[0] else {}),
        '2D keypoints': setting.keypoints,
        'protocol': setting.protocol,
        'averaged over': ', '.join(unique(runs, 'average')),
        f'{setting.split} poses': f'{setting.frames:,}, '
        f'{len(runs[0].clip_names)} clips',
        'seeds': ', '.join(sorted(unique(runs, 'seed'), key=int)),
        'commit': ', '.join(unique(runs, 'commit')),
    }
    summary = summary_table(runs)
    own = [TITLES[key] for key in (*METRICS, *HARD)]
    summary[own] = bold(summary[own], higher=[TITLES['below_30']])
    paper = any(name.startswith('paper') for name in summary.columns)
    parts = [
        f'## {setting.preset}',
        '\n'.join(f'* {key}: {value}' for key, value in facts.items()),
        commands(runs),
        '### Models',
        markdown(summary),
        SEEDS_NOTE + (f' {PAPER_NOTE}' if paper else ''),
    ]
    if pck := _pck_lines(runs, 'github'):
        note = f' {PAPER_NOTE}' if 'paper: ' in pck[1] else ''
        parts += ['### PCK and AUC', pck[1], f'{pck[0]}.{note}']
    if len(by_row(runs)) > 1:
        parts += [
            '### Paired comparison',
            markdown(comparison_table(runs)),
            COMPARE_NOTE,
        ]
    tables = {
        'MPJPE by action (mm)': action_table(runs),
        'PA-MPJPE by action (mm)': action_table(runs, 'pa_mpjpe'),
        'MPJPE by subject (mm)': subject_table(runs),
        'Mean error by joint (mm)': joint_table(runs),
    }
    for title, table in tables.items():
        table = bold(table)
        if table.shape[1] > 17:
            table = table.T.rename_axis('group')
        parts += [f'### {title}', markdown(table)]
    return '\n\n'.join([*parts, pictures])


def _pictures(runs: list[Run], folder: Path, out: Path) -> str:
    if not find_spec('matplotlib'):
        return NO_PICTURES
    from experiments.pose.figures import draw_all

    return show(draw_all(runs, folder), out)


def write_report(folder: str | Path, out: str | Path | None = None) -> Path:
    """Writes ``report.md``, ``results.csv`` and pictures of the runs under a
    folder.

    Args:
        folder (str or pathlib.Path): Where the runs lie.
        out (str or pathlib.Path, optional): Where to write.
            (default: ``folder``)

    Returns:
        The path of ``report.md``.

    Raises:
        ValueError: If there is no finished run.
        RuntimeError: If a file of a finished run is damaged.

    Example:
        >>> write_report('runs/pose/table1_gt')
        PosixPath('runs/pose/table1_gt/report.md')
    """
    out = Path(out or folder)
    runs = demand(load_runs(folder), folder, 'pose')

    def section(setting: Setting, group: list[Run], where: Path) -> str:
        return _section(setting, group, _pictures(group, where, out))

    return write_parts(runs, out, data_line(runs), section, tidy(runs))
