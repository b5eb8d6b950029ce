"""The report of finished lift runs: on the terminal, and as ``report.md``
with every number in ``results.csv``.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from experiments.lifting.evaluate import CONDITIONS, ERRORS
from experiments.reporting.page import (
    COMPARE_NOTE,
    SEEDS_NOTE,
    bold,
    commands,
    demand,
    markdown,
    unique,
    write_parts,
)
from experiments.reporting.runs import (
    Run,
    Runs,
    Setting,
    by_row,
    by_setting,
    load_lift_runs,
)
from experiments.reporting.tables import Column, comparison_table, make_table

load_runs = load_lift_runs

NAMES = {
    'mpjpe': 'MPJPE at known size',
    'n_mpjpe': 'N-MPJPE',
    'pa_mpjpe': 'PA-MPJPE',
}


def data_line(runs: Runs) -> str:
    """Names the data, so that no number passes for one on Human3.6M."""
    names = ', '.join(unique(runs, 'data'))
    return (
        f'Data: {names}, seen by virtual cameras with detector-like noise. '
        'These are not Human3.6M numbers.'
    )


def condition_table(runs: Runs, data: str, error: str) -> pd.DataFrame:
    """One line per row, one column per condition, in mm."""
    columns = {
        condition: Column(('scores', data, condition, error))
        for condition in CONDITIONS
    }
    return make_table(runs, columns)


def tidy(runs: Runs) -> pd.DataFrame:
    """Every number of every run, one per line, seeds not yet averaged."""
    keys = ('preset', 'row', 'label', 'seed', 'keypoints', 'commit')
    return pd.DataFrame(
        {
            **{key: run.metrics[key] for key in keys},
            **{'data': data, 'condition': condition, 'metric': error},
            'value': value,
        }
        for run in runs
        for data, table in run.metrics['scores'].items()
        for condition, values in table.items()
        for error, value in values.items()
    )


def print_summary(runs: Runs) -> str:
    """The text that a run ends with."""
    if not runs:
        return 'No finished runs.'
    lines = [data_line(runs)]
    for setting, group in by_setting(runs).items():
        for data in group[0].metrics['scores']:
            table = condition_table(group, data, 'mpjpe')
            lines.append(
                f'{setting.preset}, {setting.keypoints} keypoints of {data}: '
                f'{NAMES["mpjpe"]} (mm)'
            )
            lines.append(markdown(table, 'simple'))
    return '\n'.join(lines)


def _section(setting: Setting, runs: list[Run]) -> str:
    facts = {
        'keypoints': setting.keypoints,
        'training data': setting.data,
        'frames to train on': ', '.join(unique(runs, 'train_frames')),
        'split': setting.split,
        'seeds': ', '.join(sorted(unique(runs, 'seed'), key=int)),
        'commit': ', '.join(unique(runs, 'commit')),
    }
    cost = {
        'parameters': Column(('params',), False, True),
        'multiply-adds': Column(('macs',), False, True),
        'steps': Column(('steps',), False, True),
        'seconds': Column(('train_seconds',)),
        'MPJPE on validation (mm)': Column(('val_mpjpe',)),
    }
    parts = [
        f'## {setting.preset}: {setting.keypoints}',
        '\n'.join(f'* {key}: {value}' for key, value in facts.items()),
        commands(runs),
        markdown(make_table(runs, cost)),
        'Conditions:',
        '\n'.join(f'* {name}: {c.text}' for name, c in CONDITIONS.items()),
    ]
    for data in runs[0].metrics['scores']:
        for error in ERRORS:
            table = bold(condition_table(runs, data, error))
            parts += [f'### {NAMES[error]} on {data} (mm)', markdown(table)]
    parts.append(SEEDS_NOTE)
    if len(by_row(runs)) > 1:
        pairs = markdown(comparison_table(runs))
        parts += ['### Paired comparison', pairs, COMPARE_NOTE]
    joints = {
        f'{data} {joint}': Column(('per_joint', data, joint), False)
        for data, errors in runs[0].metrics['per_joint'].items()
        for joint in errors
    }
    table = make_table(runs, joints).T.rename_axis('joint')
    parts += ['### MPJPE by joint, typical (mm)', markdown(table)]
    return '\n\n'.join(parts)


def write_report(folder: str | Path, out: str | Path | None = None) -> Path:
    """As :func:`pose.report.write_report` does, of lift runs."""
    target = Path(out or folder)
    runs = demand(load_runs(folder), folder, 'lift')

    def section(setting: Setting, group: list[Run], where: Path) -> str:
        return _section(setting, group)

    return write_parts(runs, target, data_line(runs), section, tidy(runs))
