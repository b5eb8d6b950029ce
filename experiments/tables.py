"""Tables of finished pose runs, as pandas frames of text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from operator import getitem
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from compare import compare_all, interval
from runs import COST, HARD, METRICS, Run, Runs, by_row

# The columns of Table 1 of the paper, by the official action name.
TABLE1 = {
    'directions': 'Direct',
    'discussion': 'Discuss',
    'eating': 'Eat',
    'greeting': 'Greet',
    'phoning': 'Phone',
    'photo': 'Photo',
    'posing': 'Pose',
    'purchases': 'Purcha.',
    'sitting': 'Sit',
    'sittingdown': 'SitD',
    'smoking': 'Smoke',
    'waiting': 'Wait',
    'walkdog': 'WalkD',
    'walking': 'Walk',
    'walktogether': 'WalkT',
}
SYNONYMS = {
    'takingphoto': 'photo',
    'walkingdog': 'walkdog',
    'walkingtogether': 'walktogether',
}
TITLES = {
    'mpjpe': 'MPJPE (mm)',
    'pa_mpjpe': 'PA-MPJPE (mm)',
    'n_mpjpe': 'N-MPJPE (mm)',
    'mpjve': 'MPJVE (mm/frame)',
    'above_60': '> 60 mm (%)',
    'above_40': '> 40 mm (%)',
    'below_30': '< 30 mm (%)',
    'worst_5': 'worst 5 % (mm)',
    'params': 'parameters',
    'macs': 'MACs',
    'train_poses_per_s': 'train poses/s',
    'test_poses_per_s': 'test poses/s',
    'top1': 'top-1 (%)',
    'top5': 'top-5 (%)',
    'class_mean': 'class mean (%)',
    'train_clips_per_s': 'train clips/s',
    'test_clips_per_s': 'test clips/s',
}
# Figures of the paper that belong to pck_table, by their keys in presets.
PAPER_PCK = {
    'pck_outdoor': 'PCK Outdoor (%)',
    'pck': 'PCK All (%)',
    'auc': 'AUC All (%)',
}
UNITS = {
    **{'mpjve': 'mm/frame', 'params': '', 'macs': '', 'frames': ''},
    **{'train_poses_per_s': '1/s', 'test_poses_per_s': '1/s'},
    **{'above_60': '%', 'above_40': '%', 'below_30': '%'},
    **{'pck': '%', 'auc': '%'},
}  # all else is in mm


class Column(NamedTuple):
    """Where a table column is found in a run, and how it is written."""

    path: tuple[str, ...]
    spread: bool = True
    large: bool = False

    def get(self, run: Run) -> float:
        """The number of one run."""
        first, *rest = self.path
        value: Any = run.hard if first == 'hard' else run.metrics[first]
        return reduce(getitem, rest, value)


def count(x: float) -> str:
    """A large number in short."""
    for size, unit in ((1e9, 'G'), (1e6, 'M'), (1e3, 'k')):
        if x >= size:
            return f'{x / size:.3g}{unit}'
    return f'{x:.0f}'


def make_table(runs: Runs, columns: Mapping[str, Column]) -> pd.DataFrame:
    """One line per row: means over seeds, with intervals."""
    lines = []
    for row in by_row(runs).values():
        cells = {'model': row[0].label}
        for name, column in columns.items():
            mean, half = interval([column.get(run) for run in row])
            cells[name] = count(mean) if column.large else f'{mean:.1f}'
            if column.spread and np.isfinite(half):
                cells[name] += f' ± {half:.1f}'
        lines.append(cells)
    return pd.DataFrame(lines).set_index('model')


def summary_table(runs: Runs) -> pd.DataFrame:
    """One line per row: mean ± half-width of the 95 % interval over seeds, the
    hard-pose columns, cost, and the paper's number where there is one.
    """
    columns = {TITLES[key]: Column((key,)) for key in METRICS}
    columns |= {TITLES[key]: Column(('hard', key)) for key in HARD}
    columns |= {TITLES[key]: Column((key,), False, True) for key in COST}
    table = make_table(runs, columns)
    add_papers(table, runs)
    return table


def add_papers(table: pd.DataFrame, runs: Runs) -> None:
    """Adds the number of seeds, and the figures of the paper."""
    rows = list(by_row(runs).values())
    counts = [len(row) for row in rows]
    table.insert(0, 'seeds', [f'{n} seed' + 's' * (n > 1) for n in counts])
    _add_paper(table, runs, lambda key: key not in PAPER_PCK)


def _add_paper(
    table: pd.DataFrame, runs: Runs, chosen: Callable[[str], bool]
) -> None:
    papers = [
        row[0].metrics.get('paper') or {} for row in by_row(runs).values()
    ]
    keys = dict.fromkeys(key for paper in papers for key in paper)
    for key in filter(chosen, keys):
        cells = [f'{p[key]:g}' if key in p else '' for p in papers]
        title = PAPER_PCK.get(key) or TITLES.get(key, key)
        table[f'paper: {title}'] = cells


def _plain(action: str) -> str:
    name = ''.join(c for c in action.lower() if c.isalnum())
    return SYNONYMS.get(name, name)


def _groups(runs: Runs, key: str) -> list[str]:
    """What any run has under a key, such as all its actions."""
    return list(dict.fromkeys(g for run in runs for g in run.metrics[key]))


def action_table(runs: Runs, metric: str = 'mpjpe') -> pd.DataFrame:
    """One column per action and ``Avg.`` last, in mm.

    Where all actions are among the paper's fifteen the columns have the order
    and the abbreviations of its Table 1; otherwise the data's own. ``Avg.``
    is averaged as the protocol says.
    """
    actions = _groups(runs, 'per_action')
    names = {action: action for action in actions}
    if all(_plain(action) in TABLE1 for action in actions):
        actions.sort(key=lambda action: list(TABLE1).index(_plain(action)))
        names = {action: TABLE1[_plain(action)] for action in actions}
    columns = {
        names[a]: Column(('per_action', a, metric), False) for a in actions
    }
    return make_table(runs, {**columns, 'Avg.': Column((metric,))})


def subject_table(runs: Runs, metric: str = 'mpjpe') -> pd.DataFrame:
    """One column per test subject, in mm."""
    subjects = _groups(runs, 'per_subject')
    return make_table(
        runs, {s: Column(('per_subject', s, metric)) for s in subjects}
    )


def pck_table(runs: Runs) -> pd.DataFrame:
    """The columns of MPI-INF-3DHP: PCK of each scene and of all frames, AUC
    and MPJPE of all, and what the paper has for networks that were trained
    elsewhere; empty for other protocols.
    """
    if not all(run.metrics.get('pck') for run in runs):
        return pd.DataFrame()
    scenes = _groups(runs, 'pck')
    columns = {
        f'PCK {name} (%)': Column(('pck', name, 'pck')) for name in scenes
    }
    columns['AUC All (%)'] = Column(('pck', 'All', 'auc'))
    columns['MPJPE (mm)'] = Column(('pck', 'All', 'mpjpe'))
    table = make_table(runs, columns)
    if all('trained_on' in run.metrics for run in runs):
        _add_paper(table, runs, PAPER_PCK.__contains__)
    return table


def joint_table(runs: Runs) -> pd.DataFrame:
    """One column per joint, in mm."""
    joints = _groups(runs, 'per_joint')
    return make_table(
        runs, {j: Column(('per_joint', j), False) for j in joints}
    )


def comparison_table(runs: Runs) -> pd.DataFrame:
    """Every other row against the reference: see :func:`compare.compare`."""
    labels = {row: group[0].label for row, group in by_row(runs).items()}
    return pd.DataFrame(
        {
            'model': labels[c.row],
            'against': labels[c.reference],
            f'difference ({c.unit})': f'{c.difference:+.2f}',
            f'95 % interval ({c.unit})': f'{c.low:+.2f} to {c.high:+.2f}'
            if np.isfinite(c.low)
            else 'too few clusters',
            'relative (%)': f'{100 * c.relative:+.1f}',
            'clusters': str(c.clusters),
        }
        for c in compare_all(runs)
    )


def tidy(runs: Runs) -> pd.DataFrame:
    """Every number of every run, one per line, seeds not yet averaged."""
    lines = []
    for run in runs:
        m = run.metrics
        keys = ('preset', 'row', 'label', 'seed', 'data', 'keypoints')
        head = {k: m[k] for k in (*keys, 'protocol', 'average', 'commit')}
        groups: dict[tuple[str, str], Mapping[str, float]] = {
            ('all', ''): {k: m[k] for k in (*METRICS, *COST)},
            ('hard', ''): {k: run.hard[k] for k in HARD},
        }
        for share, value in run.hard['curve'].items():
            groups['hard', f'worst {share} %'] = {'mpjpe': value}
        for scope in ('action', 'subject'):
            for group, metrics in m[f'per_{scope}'].items():
                groups[scope, group] = metrics
        for group, metrics in m.get('pck', {}).items():
            groups['pck', group] = metrics
        for joint, value in m['per_joint'].items():
            groups['joint', joint] = {'mpjpe': value}
        lines += [
            {
                **head,
                **{'scope': scope, 'group': group, 'metric': name},
                **{'value': value, 'unit': UNITS.get(name, 'mm')},
            }
            for (scope, group), metrics in groups.items()
            for name, value in metrics.items()
        ]
    return pd.DataFrame(lines)
