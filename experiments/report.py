"""Statistics and tables of finished pose runs.

A finished run is a folder with ``metrics.json`` and ``frames.npz``; anything
else is passed over. Two kinds of interval appear, and they answer different
questions: ``a ± b`` over seeds (Student's t) says how far training again would
move a number, and the paired interval of :func:`compare` says how far another
choice of subjects and actions would move the difference between two models.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, reduce
from importlib.util import find_spec
from operator import getitem
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy.stats import t as student_t

from pyg_hcsf.metrics import hard_pose_statistics

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
METRICS = {
    'mpjpe': 'MPJPE',
    'pa_mpjpe': 'PA-MPJPE',
    'n_mpjpe': 'N-MPJPE',
    'mpjve': 'MPJVE',
}
HARD = {
    'above_60': '> 60 mm (%)',
    'above_40': '> 40 mm (%)',
    'below_30': '< 30 mm (%)',
    'worst_5': 'worst 5 % (mm)',
}
COST = {
    'params': 'parameters',
    'macs': 'MACs',
    'train_poses_per_s': 'train poses/s',
    'test_poses_per_s': 'test poses/s',
}
UNITS = {
    **{'mpjve': 'mm/frame', 'params': '', 'macs': '', 'frames': ''},
    **{'train_poses_per_s': '1/s', 'test_poses_per_s': '1/s'},
    **{'above_60': '%', 'above_40': '%', 'below_30': '%'},
}  # all else is in mm
REQUIRED = (
    *('preset', 'row', 'label', 'seed', 'data', 'keypoints', 'protocol'),
    *('average', 'commit', 'command', 'per_action', 'per_subject'),
    *('per_joint', *METRICS, *COST),
)
FRAMES = ('error', 'clip', 'frame')  # [F]
CLIPS = ('clip_names', 'subject', 'action', 'camera')  # [K]
DATA_NOTES = {
    'syntheticmotion': ' (procedural)',
    'openmocap': ' (open motion capture seen by virtual cameras)',
}


@dataclass(frozen=True, eq=False)
class Run:
    """One finished run: its metrics and, per test frame, its error in mm.

    ``clip [F]`` indexes ``clip_names``, ``subject``, ``action`` and
    ``camera``, all ``[K]``. Poses stay on disk until :meth:`read` asks.
    """

    folder: Path
    metrics: dict[str, Any]
    error: np.ndarray
    clip: np.ndarray
    frame: np.ndarray
    clip_names: np.ndarray
    subject: np.ndarray
    action: np.ndarray
    camera: np.ndarray

    @property
    def label(self) -> str:
        """The model's name as shown."""
        return self.metrics['label']

    @property
    def setting(self) -> Setting:
        """What this run must share with others to be compared."""
        m = self.metrics
        return Setting(
            preset=m['preset'],
            data=m['data'],
            keypoints=m['keypoints'],
            protocol=m['protocol'],
            split=m.get('split', 'test'),
            frames=len(self.error),
        )

    @cached_property
    def hard(self) -> dict[str, Any]:
        """The hard-pose statistics, all NaN where the run diverged."""
        if np.isfinite(self.error).all():
            return hard_pose_statistics(torch.from_numpy(self.error))
        return {**dict.fromkeys(HARD, float('nan')), 'curve': {}}

    def read(self, *names: str) -> list[np.ndarray]:
        """Reads arrays of ``frames.npz``, e.g. ``prediction [F, 17, 3]``."""
        return _read_arrays(self.folder / 'frames.npz', names)


class Setting(NamedTuple):
    """What runs must share before their numbers may stand in one table."""

    preset: str
    data: str
    keypoints: str
    protocol: str
    split: str
    frames: int


Runs = Sequence[Run]


def _read_arrays(path: Path, names: Sequence[str]) -> list[np.ndarray]:
    broken = (OSError, EOFError, ValueError, KeyError, TypeError)
    try:
        with path.open('rb') as raw, np.load(raw, allow_pickle=False) as file:
            return [file[name] for name in names]
    except (*broken, AttributeError, zipfile.BadZipFile, zlib.error) as e:
        raise RuntimeError(
            f"Could not read {list(names)} from '{path}' ({e}); delete the "
            f"folder '{path.parent}' and run that row and seed again"
        ) from e


def _read_metrics(path: Path) -> dict[str, Any]:
    remedy = f"delete the folder '{path.parent}' and run that row again"
    try:
        metrics = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError) as e:
        raise RuntimeError(f"Could not read '{path}' ({e}); {remedy}") from e
    if not isinstance(metrics, dict):
        raise RuntimeError(f"Expected a JSON object in '{path}'; {remedy}")
    missing = [key for key in REQUIRED if key not in metrics]
    if missing:
        raise RuntimeError(f"Expected {missing} in '{path}'; {remedy}")
    return metrics


def load_runs(folder: str | Path) -> list[Run]:
    """Loads every finished pose run under a folder.

    Args:
        folder (str or pathlib.Path): A run, a row, a preset, or all of
            ``runs/``.

    Returns:
        Runs by preset, then by the row's ``order`` in ``metrics.json`` (rows
        without one follow by name), then by seed.

    Raises:
        ValueError: If the folder does not exist.
        RuntimeError: If a file of a finished run is damaged.

    Example:
        >>> runs = load_runs('runs/pose/table1_gt')
        >>> print(summary_table(runs))
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"Expected 'folder' to exist (got '{folder}')")
    runs = []
    for path in sorted(folder.rglob('metrics.json')):
        if not (path.parent / 'frames.npz').is_file():
            continue
        metrics = _read_metrics(path)
        if metrics.get('task', 'pose') != 'pose':
            continue
        arrays = _read_arrays(path.parent / 'frames.npz', FRAMES + CLIPS)
        runs.append(Run(path.parent, metrics, *arrays))

    def place(run: Run) -> tuple:
        m = run.metrics
        order = m.get('order', float('inf'))
        return (m['preset'], order, m['row'], m['seed'])

    return sorted(runs, key=place)


def by_setting(runs: Runs) -> dict[Setting, list[Run]]:
    """Splits runs into groups whose numbers may be compared."""
    out: dict[Setting, list[Run]] = {}
    for run in runs:
        out.setdefault(run.setting, []).append(run)
    return out


def by_row(runs: Runs) -> dict[str, list[Run]]:
    """Groups the runs of one setting by row, seeds inside.

    Raises:
        ValueError: If the runs are of several settings, or a seed of a row
            comes twice (its interval would be too narrow).
    """
    if len(by_setting(runs)) != 1:
        raise ValueError(
            "Expected 'runs' of one preset, data, protocol and number of test "
            f'frames (got {list(by_setting(runs))}); split them by_setting()'
        )
    out: dict[str, list[Run]] = {}
    for run in runs:
        row = out.setdefault(run.metrics['row'], [])
        twin = [r for r in row if r.metrics['seed'] == run.metrics['seed']]
        if twin:
            raise ValueError(
                f"Expected each seed of a row once (got '{twin[0].folder}' "
                f"and '{run.folder}'); move one of them away"
            )
        row.append(run)
    return out


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The mean over seeds and the half-width of its 95 % Student interval,
    which is NaN for a single seed.
    """
    x = np.asarray(values, dtype=float)
    if len(x) < 2:
        return float(x.mean()), float('nan')
    half = student_t.ppf(0.975, len(x) - 1) * x.std(ddof=1) / len(x) ** 0.5
    return float(x.mean()), float(half)


class Column(NamedTuple):
    """Where a table column is found in a run, and how it is written."""

    path: tuple[str, ...]
    spread: bool = True
    large: bool = False

    def get(self, run: Run) -> float:
        """The number of one run."""
        everything: Any = {**run.metrics, 'hard': run.hard}
        return reduce(getitem, self.path, everything)


def _count(x: float) -> str:
    for size, unit in ((1e9, 'G'), (1e6, 'M'), (1e3, 'k')):
        if x >= size:
            return f'{x / size:.3g}{unit}'
    return f'{x:.0f}'


def _table(runs: Runs, columns: Mapping[str, Column]) -> pd.DataFrame:
    lines = []
    for row in by_row(runs).values():
        cells = {'model': row[0].label}
        for name, column in columns.items():
            mean, half = interval([column.get(run) for run in row])
            cells[name] = _count(mean) if column.large else f'{mean:.1f}'
            if column.spread and np.isfinite(half):
                cells[name] += f' ± {half:.1f}'
        lines.append(cells)
    return pd.DataFrame(lines).set_index('model')


def summary_table(runs: Runs) -> pd.DataFrame:
    """One line per row: mean ± half-width of the 95 % interval over seeds, the
    hard-pose columns, cost, and the paper's number where there is one.
    """
    columns = {
        f'{name} ({UNITS.get(key, "mm")})': Column((key,))
        for key, name in METRICS.items()
    }
    columns |= {name: Column(('hard', key)) for key, name in HARD.items()}
    columns |= {n: Column((k,), False, True) for k, n in COST.items()}
    table = _table(runs, columns)
    rows = list(by_row(runs).values())
    counts = [len(row) for row in rows]
    table.insert(0, 'seeds', [f'{n} seed' + 's' * (n > 1) for n in counts])
    papers = [row[0].metrics.get('paper') or {} for row in rows]
    names = {**METRICS, **HARD}
    for key in dict.fromkeys(key for paper in papers for key in paper):
        cells = [f'{p[key]:g}' if key in p else '' for p in papers]
        table[f'paper: {names.get(key, key)}'] = cells
    return table


def _plain(action: str) -> str:
    name = ''.join(c for c in action.lower() if c.isalnum())
    return SYNONYMS.get(name, name)


def _groups(runs: Runs, key: str) -> list[str]:
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
    return _table(runs, {**columns, 'Avg.': Column((metric,))})


def subject_table(runs: Runs, metric: str = 'mpjpe') -> pd.DataFrame:
    """One column per test subject, in mm."""
    subjects = _groups(runs, 'per_subject')
    return _table(
        runs, {s: Column(('per_subject', s, metric)) for s in subjects}
    )


def joint_table(runs: Runs) -> pd.DataFrame:
    """One column per joint, in mm."""
    joints = _groups(runs, 'per_joint')
    return _table(runs, {j: Column(('per_joint', j), False) for j in joints})


class Comparison(NamedTuple):
    """The error of ``row`` minus that of ``reference`` in mm: negative where
    ``row`` is better. The interval is NaN for fewer than four clusters.
    """

    row: str
    reference: str
    difference: float
    low: float
    high: float
    relative: float
    clusters: int

    def __str__(self) -> str:
        text = f'{self.difference:+.2f} mm ({self.relative:+.1%})'
        if np.isnan(self.low):
            return f'{text}, no interval from {self.clusters} clusters'
        return (
            f'{text}, 95 % interval {self.low:+.2f} to {self.high:+.2f} '
            f'over {self.clusters} clusters'
        )


def _ratio(s: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A ratio of sums over clusters and its standard error."""
    n, total = s.shape[-1], w.sum(-1)
    ratio = s.sum(-1) / total
    rest = s - ratio[..., None] * w
    return ratio, np.sqrt(n / (n - 1) * (rest**2).sum(-1)) / total


def compare(
    runs: Runs, row: str, reference: str, draws: int = 4999, seed: int = 0
) -> Comparison:
    """Compares two rows frame by frame.

    Errors are averaged over seeds, subtracted per frame, and averaged over
    frames or over actions as the protocol says. Frames of one subject doing
    one action are alike, so the 95 % interval resamples (subject, action)
    clusters: a studentised bootstrap, which keeps its coverage near 95 % down
    to four clusters where the percentile bootstrap has 80 % for six.

    Args:
        runs (sequence of Run): The runs of one setting.
        row (str): A row's name.
        reference (str): The row it is compared with.
        draws (int, optional): How often to resample. (default: :obj:`4999`)
        seed (int, optional): The seed of the resampling. (default: :obj:`0`)

    Raises:
        ValueError: If a row is not known, or their test frames differ.
    """
    rows = by_row(runs)
    for name in (row, reference):
        if name not in rows:
            raise ValueError(f"Expected one of {list(rows)} (got '{name}')")
    first = rows[row][0]
    for run in rows[row] + rows[reference]:
        names = ('clip_names', 'clip', 'frame')
        if not all(
            np.array_equal(getattr(run, k), getattr(first, k)) for k in names
        ):
            raise ValueError(
                f"Expected '{run.folder}' and '{first.folder}' to be tested "
                'on the same frames in the same order; run one of them again'
            )
    a, b = (
        np.mean([r.error for r in rows[name]], axis=0, dtype=float)
        for name in (row, reference)
    )
    action = np.unique(first.action, return_inverse=True)[1][first.clip]
    weight = np.ones(len(a))
    if first.metrics['average'] == 'actions':
        weight = 1 / np.bincount(action)[action]
    pairs = np.stack([first.subject, first.action], axis=1)
    _, cluster = np.unique(pairs[first.clip], axis=0, return_inverse=True)
    s, w = (np.bincount(cluster, x) for x in (weight * (a - b), weight))
    base = np.average(b, weights=weight)
    difference = s.sum() / w.sum()
    low = high = float('nan')
    if len(s) >= 4:
        ratio, error = _ratio(s, w)
        rng = np.random.default_rng(seed)
        draw = rng.integers(len(s), size=(draws, len(s)))
        ratios, errors = _ratio(s[draw], w[draw])
        kept = errors > 1e-9 * error  # the same cluster drawn each time
        if error > 0 and kept.any():
            z = (ratios[kept] - ratio) / errors[kept]
            low, high = ratio - error * np.quantile(z, (0.975, 0.025))
        else:
            low = high = difference
    return Comparison(
        *(row, reference, float(difference), float(low), float(high)),
        *(float(difference / base), len(s)),
    )


def reference_row(runs: Runs) -> str:
    """LCN, the paper's baseline, where it was run; else the first row."""
    rows = list(by_row(runs))
    return next((row for row in rows if 'lcn' in row.lower()), rows[0])


def comparison_table(runs: Runs, reference: str | None = None) -> pd.DataFrame:
    """Every other row against one: see :func:`compare`."""
    rows = by_row(runs)
    reference = reference or reference_row(runs)
    lines = []
    for row in rows:
        if row == reference:
            continue
        c = compare(runs, row, reference)
        lines.append(
            {
                'model': rows[row][0].label,
                'against': rows[reference][0].label,
                'difference (mm)': f'{c.difference:+.2f}',
                '95 % interval': f'{c.low:+.2f} to {c.high:+.2f}'
                if np.isfinite(c.low)
                else 'too few clusters',
                'relative': f'{c.relative:+.1%}',
                'clusters': str(c.clusters),
            }
        )
    return pd.DataFrame(lines)


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


def data_line(runs: Runs) -> str:
    """Names the data, so that no number passes for one on Human3.6M."""
    names = list(dict.fromkeys(run.metrics['data'] for run in runs))
    shown = ', '.join(n + DATA_NOTES.get(n.lower(), '') for n in names)
    if all(name.lower() in ('human36m', 'h36m') for name in names):
        return f'Data: {shown}.'
    return f'Data: {shown}. These are not Human3.6M numbers.'


def _unique(runs: Runs, key: str) -> list[str]:
    return list(dict.fromkeys(str(run.metrics[key]) for run in runs))


def print_summary(runs: Runs) -> str:
    """The text that a run ends with: no line is longer than 120 columns."""
    if not runs:
        return 'No finished runs.'
    lines = [data_line(runs)]
    short = {
        'MPJPE (mm)': 'MPJPE mm',
        'PA-MPJPE (mm)': 'PA-MPJPE',
        '> 60 mm (%)': '> 60 mm %',
        'worst 5 % (mm)': 'worst 5 %',
        'parameters': 'params',
        'test poses/s': 'poses/s',
        'paper: MPJPE': 'paper',
        'seeds': 'seeds',
    }
    for setting, group in by_setting(runs).items():
        table = summary_table(group)
        table['seeds'] = table['seeds'].str.split().str[0]
        table.index = pd.Index([n[:28] for n in table.index], name='model')
        table = table[[name for name in short if name in table]]
        lines.append(
            f'{setting.preset}: {setting.keypoints} keypoints, protocol '
            f'{setting.protocol}, {setting.frames:,} {setting.split} poses, '
            f'averaged over {" and ".join(_unique(group, "average"))}'
        )
        lines.append(_markdown(table.rename(columns=short), 'simple'))
        reference = reference_row(group)
        rows = by_row(group)
        for row in rows:
            if row != reference:
                pair = f'{rows[row][0].label} - {rows[reference][0].label}'
                lines.append(f'{pair[:42]}: {compare(group, row, reference)}')
    return '\n'.join(lines)


def _markdown(table: pd.DataFrame, style: str = 'github') -> str:
    index = table.index.name is not None
    sides = ['left'] + ['right'] * (table.shape[1] - 1 + index)
    text = table.to_markdown(
        tablefmt=style, index=index, disable_numparse=True, colalign=sides
    )
    return str(text)


def _bold(table: pd.DataFrame, higher: Sequence[str] = ()) -> pd.DataFrame:
    """Marks the best of each column, as shown, as the paper does."""
    out = table.copy()
    for name in table.columns if len(table) > 1 else ():
        shown = table[name].str.split().str[0].astype(float)
        best = shown.max() if name in higher else shown.min()
        out.loc[shown == best, name] = '**' + table[name] + '**'
    return out


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside ``path`` that replaces it at the end, or
    goes away where writing failed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f'.{os.getpid()}.{path.name}')
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


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


def _section(setting: Setting, runs: list[Run], pictures: str) -> str:
    facts = {
        'data': setting.data,
        '2D keypoints': setting.keypoints,
        'protocol': setting.protocol,
        'averaged over': ', '.join(_unique(runs, 'average')),
        f'{setting.split} poses': f'{setting.frames:,}, '
        f'{len(runs[0].clip_names)} clips',
        'seeds': ', '.join(sorted(_unique(runs, 'seed'), key=int)),
        'commit': ', '.join(_unique(runs, 'commit')),
    }
    summary = summary_table(runs)
    own = [*summary.columns[1 : 1 + len(METRICS) + len(HARD)]]
    summary[own] = _bold(summary[own], higher=[HARD['below_30']])
    paper = any(name.startswith('paper') for name in summary.columns)
    parts = [
        f'## {setting.preset}',
        '\n'.join(f'* {key}: {value}' for key, value in facts.items()),
        '```bash\n' + '\n'.join(_unique(runs, 'command')) + '\n```',
        '### Models',
        _markdown(summary),
        SEEDS_NOTE + (f' {PAPER_NOTE}' if paper else ''),
    ]
    if len(by_row(runs)) > 1:
        parts += [
            '### Paired comparison',
            _markdown(comparison_table(runs)),
            COMPARE_NOTE,
        ]
    tables = {
        'MPJPE by action (mm)': action_table(runs),
        'PA-MPJPE by action (mm)': action_table(runs, 'pa_mpjpe'),
        'MPJPE by subject (mm)': subject_table(runs),
        'Mean error by joint (mm)': joint_table(runs),
    }
    for title, table in tables.items():
        table = _bold(table)
        if table.shape[1] > 17:
            table = table.T.rename_axis('group')
        parts += [f'### {title}', _markdown(table)]
    return '\n\n'.join([*parts, pictures])


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
    runs = load_runs(folder)
    if not runs:
        raise ValueError(
            f"Expected a finished pose run under '{folder}'; make one with "
            '`python experiments/run.py --task pose`'
        )
    parts = [f'**{data_line(runs)}**', '# Results']
    settings = by_setting(runs)
    for setting, group in settings.items():
        links = ['Pictures need `pip install matplotlib`.']
        if find_spec('matplotlib'):
            from figures import draw_all

            name = re.sub(r'[^\w.-]', '_', '-'.join(map(str, setting)))
            where = f'figures/{name}' if len(settings) > 1 else 'figures'
            links = [
                f'### {title}\n\n![{title}]({where}/{path.name})'
                for title, path in draw_all(group, out / where).items()
            ]
        parts.append(_section(setting, group, '\n\n'.join(links)))
    with atomic(out / 'results.csv') as path:
        tidy(runs).to_csv(path, index=False)
    with atomic(out / 'report.md') as path:
        path.write_text('\n\n'.join(parts) + '\n', encoding='utf-8')
    return out / 'report.md'
