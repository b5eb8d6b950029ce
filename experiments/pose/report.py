"""The report of finished pose runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from experiments.pose.report_tables import (
    OVER_FRAMES,
    action_table,
    joint_table,
    pck_table,
    rig_table,
    subject_table,
    summary_table,
    tidy,
)
from experiments.reporting.page import (
    PAPER_NOTE,
    bold,
    markdown,
    terminal_table,
    unique,
)
from experiments.reporting.report import Report, summary_notes
from experiments.reporting.runs import (
    HARD,
    METRICS,
    Run,
    Runs,
    Setting,
    by_row,
)
from experiments.reporting.tables import TITLES
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
    'arrays': " (one's own arrays of poses)",
    'bvh_motion': " (one's own motion seen by virtual cameras)",
    'openmocap 2': ' (open motion capture seen by virtual cameras)',
    'openmocap-rigs 2': ' (open motion capture seen by virtual cameras; '
    'trained without the rigs of HDM05 and DAZ, tested on them)',
}
RIG_NOTE = (
    "Means over each rig's subjects. Part of these errors is that spine, "
    'thorax, neck and head are other anatomical points from rig to rig.'
)
# Columns on the terminal, the most important ones first.
SHORT_TITLES = {
    'MPJPE (mm)': 'MPJPE mm',
    'paper: MPJPE (mm)': 'paper mm',
    OVER_FRAMES: 'over frames',
    'PA-MPJPE (mm)': 'PA mm',
    '> 60 mm (%)': '> 60 mm',
    'worst 5 % (mm)': 'worst 5 %',
    'seeds': 'seeds',
    'parameters': 'params',
    'test poses/s': 'poses/s',
}


class PoseReport(Report):
    """Reports pose runs: errors, PCK, comparisons, pictures."""

    task = 'pose'

    def data_line(self, runs: Runs) -> str:
        names = unique(runs, 'data')
        shown = ', '.join(n + DATA_NOTES.get(n.lower(), '') for n in names)
        if all(name.lower() in ('human36m', 'h36m') for name in names):
            return f'Data: {shown}.'
        if any('trained_on' in run.metrics for run in runs):
            shown += '; a cross-data-set test'
        return f'Data: {shown}. These are not Human3.6M numbers.'

    def summary(self, setting: Setting, runs: Runs) -> list[str]:
        table = summary_table(runs)
        table['seeds'] = table['seeds'].str.split().str[0]
        table.index = pd.Index([n[:22] for n in table.index], name='model')
        table = table[[name for name in SHORT_TITLES if name in table]]
        lines = [
            f'{setting.preset}: {setting.keypoints} keypoints, protocol '
            f'{setting.protocol}, {setting.frames:,} {setting.split} poses, '
            f'averaged over {" and ".join(unique(runs, "average"))}',
            terminal_table(table.rename(columns=SHORT_TITLES)),
        ]
        if not (rigs := rig_table(runs)).empty:
            lines += ['MPJPE by rig (mm)', terminal_table(rigs)]
        lines += _pck_lines(runs, terminal_table)
        rows = by_row(runs)
        for c in self.compare(runs):
            pair = f'{rows[c.row][0].label} - {rows[c.reference][0].label}'
            lines.append(f'{pair[:42]}: {c}')
        return lines

    def facts(self, setting: Setting, runs: Runs) -> dict[str, str]:
        trained_on = runs[0].metrics.get('trained_on', '')
        return {
            'data': setting.data,
            **({'trained on': trained_on} if trained_on else {}),
            '2D keypoints': setting.keypoints,
            'protocol': setting.protocol,
            'averaged over': ', '.join(unique(runs, 'average')),
            f'{setting.split} poses': f'{setting.frames:,}, '
            f'{len(runs[0].clip_names)} clips',
        }

    def blocks(self, setting: Setting, runs: list[Run]) -> list[str]:
        summary = summary_table(runs)
        own = [TITLES[key] for key in (*METRICS, *HARD)]
        summary[own] = bold(summary[own], higher=[TITLES['below_30']])
        out = ['### Models', markdown(summary), summary_notes(summary)]
        rigs = rig_table(runs)
        if not rigs.empty:
            out += ['### MPJPE by rig (mm)', markdown(bold(rigs)), RIG_NOTE]
        if pck := _pck_lines(runs, markdown):
            note = f' {PAPER_NOTE}' if 'paper: ' in pck[1] else ''
            out += ['### PCK and AUC', pck[1], f'{pck[0]}.{note}']
        out += self.comparison(runs)
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
            out += [f'### {title}', markdown(table)]
        return out

    def tidy(self, runs: Runs) -> pd.DataFrame:
        return tidy(runs)

    def draw(self, runs: list[Run], folder: Path) -> dict[str, Path]:
        # matplotlib is optional, and slow to import
        from experiments.pose.figures import draw_all

        return draw_all(runs, folder)


def _pck_lines(
    runs: Runs, table_text: Callable[[pd.DataFrame], str]
) -> list[str]:
    """A note on PCK and its table; empty for protocols without PCK."""
    table = pck_table(runs)
    if table.empty:
        return []
    table.index = pd.Index([n[:22] for n in table.index], name='model')
    variant = get_protocol(runs[0].metrics['protocol'].partition(',')[0]).pck
    return [f'PCK {PCK_NOTES[str(variant)]}', table_text(table)]
