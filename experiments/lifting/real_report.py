"""The report of lifters on a real clip."""

from __future__ import annotations

import pandas as pd

from experiments.reporting.page import markdown, terminal_table, unique
from experiments.reporting.report import Report
from experiments.reporting.runs import Run, Runs, Setting

ERRORS = {'mpjpe': 'MPJPE', 'n_mpjpe': 'N-MPJPE', 'pa_mpjpe': 'PA-MPJPE'}
KEYS = ['reference', 'detector', 'method', 'swaps', 'smoothing']
NOTE = (
    'Errors in mm over hips, knees, ankles, shoulders, elbows and wrists, '
    'relative to the middle of the hips. Every method is scaled by one factor '
    'for the clip, to the sum of the lengths of ten bones of the reference. '
    'Expected: the mean expected error over the mean true one, and their '
    'correlation over joints and frames.'
)
REFERENCE_NOTE = (
    'Pose2Sim: its triangulation of keypoints of OpenPose, as published, with '
    'the cameras as calibrated. Refined: ours of both detectors, with cameras '
    'whose places and directions were fitted to the keypoints; OpenPose and '
    'MediaPipe: of one detector, with the refined cameras. Left-right swaps '
    'are fixed in all.'
)


def records(runs: Runs) -> pd.DataFrame:
    """One line for each run, reference, detector, view and treatment."""
    return pd.DataFrame(
        {'method': run.label, **record}
        for run in runs
        for record in run.metrics['records']
    )


def mean_table(runs: Runs) -> pd.DataFrame:
    """The mean over the views of all that was measured."""
    columns = [*ERRORS, 'expected', 'correlation', 'frames']
    table = records(runs).groupby(KEYS, sort=False)[columns].mean()
    out = pd.DataFrame(index=table.index)
    for key, name in ERRORS.items():
        out[name] = table[key].map('{:.1f}'.format)
    for key in ('expected', 'correlation'):
        out[key] = table[key].map('{:.2f}'.format).replace('nan', '')
    out['frames'] = table['frames'].map('{:.0f}'.format)
    return out.reset_index()


class RealReport(Report):
    """Reports runs of :class:`experiments.lifting.real.RealRun`."""

    task = 'real'
    pictures = False

    def data_line(self, runs: Runs) -> str:
        return (
            f'Data: {", ".join(unique(runs, "data"))}: one man, '
            'four views. The references are triangulated from 2D detections '
            'and have errors too.'
        )

    def summary(self, setting: Setting, runs: Runs) -> list[str]:
        table = mean_table(runs)
        treated = (table.swaps == 'fixed') & (table.smoothing == 'on')
        table = table[treated & (table.reference == 'refined')]
        table = table.drop(columns=['reference', 'swaps', 'smoothing'])
        title = 'Swaps fixed, smoothed, against the refined reference (mm):'
        return [title, terminal_table(table.set_index('method'))]

    def title(self, setting: Setting) -> str:
        return setting.preset

    def facts(self, setting: Setting, runs: Runs) -> dict[str, str]:
        return {
            'weights': ', '.join(unique(runs, 'weights')),
            'detectors': setting.keypoints,
            'mistakes in files that are found': '; '.join(
                f'{name}: {text}'
                for name, text in runs[0].metrics['mistakes'].items()
            ),
        }

    def blocks(self, setting: Setting, runs: list[Run]) -> list[str]:
        table = pd.DataFrame(runs[0].metrics['references'])
        out = [
            '### References',
            REFERENCE_NOTE,
            *reference_tables(table),
            NOTE,
        ]
        means = mean_table(runs)
        for name, part in means.groupby('reference', sort=False):
            part = part.drop(columns='reference').set_index('detector')
            out += [f'### Against {name}, mean of the views', markdown(part)]
        every = records(runs)
        treated = (every.swaps == 'fixed') & (every.smoothing == 'on')
        for name, part in every[treated].groupby('reference', sort=False):
            title = f'against {name}, swaps fixed, smoothed (mm)'
            out += [f'### By view, {title}', view_table(part)]
            out += [f'### By joint, {title}', joint_table(part)]
        return out

    def tidy(self, runs: Runs) -> pd.DataFrame:
        return records(runs).drop(columns=['joints', 'joints_pa'])


def reference_tables(table: pd.DataFrame) -> list[str]:
    """Distances from keypoints and from each other."""
    table = table.set_index('reference')
    names = map(str, table.columns)
    swapped = [name for name in names if name.endswith('swapped')]
    pixels = [name.removesuffix(' swapped') for name in swapped]
    counts = ', '.join(
        f'{name}: {table[f"{name} swapped"].iloc[0]}' for name in pixels
    )
    others = [*table.index, 'size']
    return [
        f'Frames whose left and right were exchanged back: {counts}.',
        'Median distance to the keypoints of each detector and view (pixels):',
        markdown(table[pixels].map('{:.0f}'.format)),
        'PA-MPJPE between references, and the sum of ten bones (mm):',
        markdown(table[others].map('{:.0f}'.format)),
    ]


def view_table(part: pd.DataFrame) -> str:
    """MPJPE (PA-MPJPE) of each view."""
    part = part.assign(
        cell=[
            f'{a:.0f} ({b:.0f})'
            for a, b in part[['mpjpe', 'pa_mpjpe']].to_numpy()
        ]
    )
    table = part.pivot(
        index=['detector', 'method'], columns='view', values='cell'
    )
    table.columns = [f'view {i}: MPJPE (PA)' for i in table.columns]
    return markdown(table.reset_index().set_index('detector'))


def joint_table(part: pd.DataFrame) -> str:
    """MPJPE (PA-MPJPE) of each joint, mean of the views."""
    columns = {}
    for pair, group in part.groupby(['detector', 'method'], sort=False):
        plain, aligned = (
            pd.DataFrame([*group[key]]).mean()
            for key in ('joints', 'joints_pa')
        )
        columns[', '.join(map(str, pair))] = [
            f'{a:.0f} ({b:.0f})' for a, b in zip(plain, aligned, strict=True)
        ]
    index = pd.Index([*group.iloc[0]['joints']], name='joint: MPJPE (PA)')
    return markdown(pd.DataFrame(columns, index=index))
