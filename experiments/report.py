"""The report of finished pose runs: on the terminal, and as ``report.md`` with
pictures and every number in ``results.csv``.
"""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
from compare import compare_all
from runs import (
    HARD,
    METRICS,
    Run,
    Runs,
    Setting,
    by_row,
    by_setting,
    load_runs,
)
from tables import (
    TITLES,
    action_table,
    comparison_table,
    joint_table,
    pck_table,
    subject_table,
    summary_table,
    tidy,
)

from pyg_hcsf.io.files import atomic_write
from pyg_hcsf.protocols import get_protocol

# What belongs to a run in its command, not to its row.
OWN = r" --(?:seed(?: -?\d+)+|out ('[^']*'|\S+)|resume)(?= |$)"
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


def data_line(runs: Runs) -> str:
    """Names the data, so that no number passes for one on Human3.6M."""
    names = unique(runs, 'data')
    shown = ', '.join(n + DATA_NOTES.get(n.lower(), '') for n in names)
    if all(name.lower() in ('human36m', 'h36m') for name in names):
        return f'Data: {shown}.'
    if any('trained_on' in run.metrics for run in runs):
        shown += '; a cross-data-set test'
    return f'Data: {shown}. These are not Human3.6M numbers.'


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
    from figures import draw_all

    return show(draw_all(runs, folder), out)


def show(paths: dict[str, Path], out: Path) -> str:
    """The text that shows pictures, by title."""
    return '\n\n'.join(
        f'### {title}\n\n![{title}]({path.relative_to(out).as_posix()})'
        for title, path in paths.items()
    )


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


def demand(runs: list[Run], folder: str | Path, task: str) -> list[Run]:
    """The finished runs of a folder, of which there must be one."""
    if not runs:
        raise ValueError(
            f"Expected a finished {task} run under '{folder}'; make one with "
            f'`python experiments/run.py --task {task}`'
        )
    return runs


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
    with atomic_write(out / 'results.csv') as path:
        numbers.to_csv(path, index=False)
    with atomic_write(out / 'report.md') as path:
        path.write_text('\n\n'.join(parts) + '\n', encoding='utf-8')
    return out / 'report.md'


def main(write: Callable[[Path, Path | None], Path], about: str) -> None:
    """The command line of a report.

    Args:
        write: Writes it, and says where.
        about: What it is of.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument('folder', type=Path, help='of runs, such as runs/pose')
    parser.add_argument(
        'out',
        nargs='?',
        type=Path,
        help='where the report goes; default: into the folder',
    )
    args = parser.parse_args()
    try:
        print(write(args.folder, args.out))
    except (OSError, ValueError, RuntimeError) as e:
        sys.exit(f'error: {e}')


if __name__ == '__main__':
    main(write_report, __doc__)
