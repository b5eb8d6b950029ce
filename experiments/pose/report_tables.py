"""Tables of finished pose runs, as DataFrames of text."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from experiments.reporting.runs import COST, HARD, METRICS, Runs
from experiments.reporting.tables import (
    PAPER_PCK,
    TITLES,
    Column,
    add_paper,
    add_papers,
    make_table,
    tidy_rows,
)

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
OVER_FRAMES = 'MPJPE over frames (mm)'
UNITS = {
    'mpjve': 'mm/frame',
    **dict.fromkeys(('params', 'macs', 'frames'), ''),
    **dict.fromkeys(('train_poses_per_s', 'test_poses_per_s'), '1/s'),
    **dict.fromkeys(('above_60', 'above_40', 'below_30', 'pck', 'auc'), '%'),
}  # others are in mm


def summary_table(runs: Runs) -> pd.DataFrame:
    """One line per row: mean ± half-width of the 95 % interval over seeds, the
    hard-pose columns, cost, and the paper's number where there is one.
    """
    columns = {TITLES[key]: Column((key,)) for key in METRICS}
    if all(
        run.metrics['average'] != 'frames' and 'over_frames' in run.metrics
        for run in runs
    ):
        columns[OVER_FRAMES] = Column(('over_frames', 'mpjpe'))
    columns |= {TITLES[key]: Column(('hard', key)) for key in HARD}
    columns |= {TITLES[key]: Column((key,), False, True) for key in COST}
    table = make_table(runs, columns)
    add_papers(table, runs)
    return table


def _plain(action: str) -> str:
    name = ''.join(c for c in action.lower() if c.isalnum())
    return SYNONYMS.get(name, name)


def _groups(runs: Runs, key: str) -> list[str]:
    """The groups under a key of the metrics of any run, such as actions."""
    return list(dict.fromkeys(g for run in runs for g in run.metrics[key]))


def action_table(runs: Runs, metric: str = 'mpjpe') -> pd.DataFrame:
    """One column per action and ``Avg.`` last, in mm.

    If all actions are among the paper's fifteen, the columns have the order
    and the abbreviations of its Table 1. ``Avg.`` is averaged as the protocol
    defines.
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


def rig_table(runs: Runs, metric: str = 'mpjpe') -> pd.DataFrame:
    """One column per rig of openmocap, the mean over its subjects, in mm;
    empty for other data.
    """
    if not all('per_rig' in run.metrics for run in runs):
        return pd.DataFrame()
    rigs = _groups(runs, 'per_rig')
    return make_table(
        runs, {rig: Column(('per_rig', rig, metric)) for rig in rigs}
    )


def pck_table(runs: Runs) -> pd.DataFrame:
    """PCK of each scene and of all frames, AUC and MPJPE of all frames, and
    the paper's figures for networks trained on other data; empty for protocols
    without PCK.
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
        add_paper(table, runs, PAPER_PCK.__contains__)
    return table


def joint_table(runs: Runs) -> pd.DataFrame:
    """One column per joint, in mm."""
    joints = _groups(runs, 'per_joint')
    return make_table(
        runs, {j: Column(('per_joint', j), False) for j in joints}
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
        if 'over_frames' in m:  # of the metrics of 'all'
            groups['frames', ''] = m['over_frames']
        for scope in ('action', 'subject', 'rig'):
            for group, metrics in m.get(f'per_{scope}', {}).items():
                groups[scope, group] = metrics
        for group, metrics in m.get('pck', {}).items():
            groups['pck', group] = metrics
        for joint, value in m['per_joint'].items():
            groups['joint', joint] = {'mpjpe': value}
        lines += tidy_rows(head, groups, UNITS)
    return pd.DataFrame(lines)
