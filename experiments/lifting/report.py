"""The report of finished lift runs."""

from __future__ import annotations

import pandas as pd

from experiments.lifting.evaluate import CONDITIONS, ERRORS
from experiments.reporting.page import (
    SEEDS_NOTE,
    bold,
    markdown,
    terminal_table,
    unique,
)
from experiments.reporting.report import Report
from experiments.reporting.runs import Run, Runs, Setting
from experiments.reporting.tables import Column, make_table

NAMES = {
    'mpjpe': 'MPJPE at known size',
    'n_mpjpe': 'N-MPJPE',
    'pa_mpjpe': 'PA-MPJPE',
    'limbs': 'MPJPE of hips and limbs',
    'trunk': 'MPJPE of spine, thorax, neck and head',
}
#: Columns of the tables of motion, from motion_scores.summarize.
MOTION = {
    'MPJPE': 'mpjpe',
    'N-MPJPE': 'n_mpjpe',
    'PA-MPJPE': 'pa_mpjpe',
    'worst 5 %': 'worst',
    'acceleration': 'acceleration',
    'of slow clips': 'acceleration, slow',
    'of fast clips': 'acceleration, fast',
    'of the root': 'root acceleration',
    'sliding': 'sliding',
    'bones': 'bone spread',
}
MOTION_NOTE = (
    'Clips of up to 12 s as a detector with errors of 12 mm finds them, with '
    '(on) and without (off) smoothing. Errors and MPJPE of the worst frames '
    '(mm); acceleration over that of the truth, where 1 is right; speed of '
    'feet that stand (mm/s); spread of the lengths of bones (mm).'
)
EXPECTED = {
    'ratio': 'ratio',
    'correlation': 'correlation',
    'below the median (%)': 'below_median',
    'below the 90 % quantile (%)': 'below_90',
    'gain (nats)': 'gain',
}
EXPECTED_NOTE = (
    'Expected errors of joints, calibrated on the validation subjects, and '
    'true ones: mean expected over mean true error; their correlation; the '
    'shares of errors below the median and the 90 % quantile of normal errors '
    'of the expected size, where 50 and 90 % are right; and how much less the '
    'negative log-likelihood of an exponential distribution is than with one '
    'mean for all, in nats a joint.'
)
COST = {
    'parameters': Column(('params',), False, True),
    'multiply-adds': Column(('macs',), False, True),
    'steps': Column(('steps',), False, True),
    'seconds': Column(('train_seconds',)),
    'MPJPE on validation (mm)': Column(('val_mpjpe',)),
}


class LiftReport(Report):
    """Reports lift runs: errors under each condition."""

    task = 'lift'
    pictures = False

    def data_line(self, runs: Runs) -> str:
        names = ', '.join(unique(runs, 'data'))
        return (
            f'Data: {names}, seen by virtual cameras with detector-like noise.'
            ' These are not Human3.6M numbers.'
        )

    def summary(self, setting: Setting, runs: Runs) -> list[str]:
        lines = []
        for data in runs[0].metrics['scores']:
            table = condition_table(runs, data, 'mpjpe')
            lines.append(
                f'{setting.preset}, {setting.keypoints} keypoints of {data}: '
                f'{NAMES["mpjpe"]} (mm)'
            )
            lines.append(terminal_table(table))
        return lines

    def title(self, setting: Setting) -> str:
        return f'{setting.preset}: {setting.keypoints}'

    def facts(self, setting: Setting, runs: Runs) -> dict[str, str]:
        return {
            'keypoints': setting.keypoints,
            'training data': setting.data,
            'frames to train on': ', '.join(unique(runs, 'train_frames')),
            'split': setting.split,
        }

    def blocks(self, setting: Setting, runs: list[Run]) -> list[str]:
        out = [
            markdown(make_table(runs, COST)),
            'Conditions:',
            '\n'.join(f'* {name}: {c.text}' for name, c in CONDITIONS.items()),
        ]
        for data in runs[0].metrics['scores']:
            for error in ERRORS:
                table = bold(condition_table(runs, data, error))
                out += [f'### {NAMES[error]} on {data} (mm)', markdown(table)]
        out += [SEEDS_NOTE, *self.comparison(runs), *expected_blocks(runs)]
        out += motion_blocks(runs)
        joints = {
            f'{data} {joint}': Column(('per_joint', data, joint), False)
            for data, errors in runs[0].metrics['per_joint'].items()
            for joint in errors
        }
        table = make_table(runs, joints).T.rename_axis('joint')
        return [*out, '### MPJPE by joint, typical (mm)', markdown(table)]

    def tidy(self, runs: Runs) -> pd.DataFrame:
        keys = ('preset', 'row', 'label', 'seed', 'keypoints', 'commit')
        return pd.DataFrame(
            {
                **{key: run.metrics[key] for key in keys},
                'data': data,
                'condition': condition,
                'metric': error,
                'value': value,
            }
            for run in runs
            for data, table in run.metrics['scores'].items()
            for condition, values in table.items()
            for error, value in values.items()
        )


def motion_blocks(runs: list[Run]) -> list[str]:
    """One table for each data set: lifted motion, smoothed and not. Runs of
    earlier versions have none.
    """
    runs = [run for run in runs if any(run.metrics.get('motion', {}).values())]
    if not runs:
        return []
    out = ['### Motion', MOTION_NOTE]
    for data, scores in runs[0].metrics['motion'].items():
        for smooth in scores:
            columns = {
                title: Column(('motion', data, smooth, key), False)
                for title, key in MOTION.items()
            }
            out += [f'{data}, smoothing {smooth}:']
            out += [markdown(make_table(runs, columns))]
    return out


def expected_blocks(runs: list[Run]) -> list[str]:
    """One table for each data set and some conditions: expected errors. Runs
    of earlier versions have none.
    """
    runs = [run for run in runs if 'expected' in run.metrics]
    if not runs:
        return []
    out = ['### Expected errors', EXPECTED_NOTE]
    for data in runs[0].metrics['expected']:
        for condition in ('typical', 'exact', 'heavy'):
            columns = {
                title: Column(('expected', data, condition, key), False)
                for title, key in EXPECTED.items()
            }
            out += [
                f'{data}, {condition}:',
                markdown(make_table(runs, columns)),
            ]
    return out


def condition_table(runs: Runs, data: str, error: str) -> pd.DataFrame:
    """One line per row, one column per condition, in mm."""
    columns = {
        condition: Column(('scores', data, condition, error))
        for condition in CONDITIONS
    }
    return make_table(runs, columns)
