"""The report of a benchmark: report.md, results.csv and figures."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch_geometric

from experiments.reporting.page import (
    markdown,
    terminal_table,
    wrap,
    write_table,
)
from experiments.sweep.folder import commit
from pyg_hcsf.safe_io.atomic_write import atomic_write

HOW = (
    'Each round times all candidates in shuffled order. Times are medians '
    'over rounds [quartiles]; ratios are computed in each round, and their '
    'medians are given: `x floor` to the lower bound, `x HCSF` to HCSF. '
    '`peak MB` is the peak of the memory that one call allocates, '
    '`peak / tensors` its ratio to inputs, outputs and weights together. '
    'Values and gradients of candidates marked `=` equal the reference '
    'within 1e-4.'
)
SLOPES = (
    'Slopes of log(time per pose) against the logarithm of the quantity: 1 is '
    'proportional growth.'
)
FLOORS = {
    'product': 'Floor (lower bound): one product `[B N, C] @ [C, D]` with '
    'the multiply-adds of all pairs, and its two backward products, without '
    'allocating, gathering or summing.',
    'layer': 'Floor: the same for the products of HCSF. GCNConv, MixHopConv '
    'and RGCNConv compute other functions, with far fewer weights.',
    'shared': 'Floor: matrix products with the multiply-adds of HCSF.',
    'model': 'Floor: for each layer one product with its multiply-adds, and '
    'two backward, without norms, sums, losses or updates; for a single '
    'pose the time to read all weights once from memory.',
    'action': 'Floor: ST-GCN with the same channels. All bodies of a clip '
    'are present, except in `no second body`.',
    'neighbors': 'Floor: HCSF, one dense product per group of hops. '
    'Transforming and concatenating the features is not timed.',
}
RATES = {'model': 'poses/s', 'action': 'clips/s'}
HEAD = ('preset', 'row', 'kind', 'label')


def environment() -> dict[str, str]:
    """The machine and the versions."""
    cuda = torch.cuda.is_available()
    return {
        'processor': _processor(),
        'cores': str(_num_cores()),
        **({'GPU': torch.cuda.get_device_name()} if cuda else {}),
        'torch': torch.__version__,
        'torch_geometric': torch_geometric.__version__,
        'python': platform.python_version(),
        'commit': commit(),
    }


def _num_cores() -> int:
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    path = Path('/proc/cpuinfo')
    if path.is_file():
        for line in path.read_text().splitlines():
            if line.startswith('model name'):
                return line.partition(':')[2].strip()
    return platform.processor() or platform.machine()


def write_report(
    records: list[dict[str, Any]],
    folder: Path,
    description: str,
    command: str,
) -> tuple[str, Path]:
    """Writes all files; returns a text for the terminal and the path of
    report.md.
    """
    facts = environment()
    frame = pd.DataFrame(records).assign(**facts)
    same = [*facts, *HEAD]  # columns that are the same in all rows of a table
    if 'candidate' in frame:
        threads = frame['threads'].dropna().unique()
        facts['threads'] = ', '.join(map(str, threads))
    parts = [f'# Benchmark: {folder.name}', description.strip()]
    parts.append('\n'.join(f'* {key}: {facts[key]}' for key in facts))
    parts.append(f'```bash\n{command}\n```')
    if 'candidate' in frame:
        parts.append(HOW)
    about = ', '.join(f'{key} {value}' for key, value in facts.items())
    text = [wrap(about)]
    for _, rows in frame.groupby('row', sort=False):
        label, kind = str(rows['label'].iloc[0]), str(rows['kind'].iloc[0])
        sweep = kind != 'scaling' and bool((rows['sweep'] != '').any())
        parts.append(f'## {label}')
        if kind == 'scaling':
            own = rows.dropna(axis=1, how='all').convert_dtypes()
            tables = {'': own.drop(columns=same).map(_cell)}
        elif sweep:
            tables = _by_step(rows, sweep_table)
            tables['Growth'] = fit_table(rows)
        else:
            parts.append(FLOORS[kind])
            if kind == 'model':  # the floors of networks are a column
                rows = rows[rows['candidate'] != rows['floor']]
            tables = _by_step(rows, candidate_table)
        for what, table in tables.items():
            parts += [f'### {what}'] if what else []
            parts.append(markdown(table))
            text.append(f'{label}: {what}'.rstrip(': '))
            text.append(terminal_table(table))
        parts += [SLOPES] if sweep else []
    parts += _figures(frame, folder)
    write_table(frame, folder / 'results.csv')
    with atomic_write(folder / 'report.md') as path:
        path.write_text('\n\n'.join(parts) + '\n', encoding='utf-8')
    return '\n'.join(text), folder / 'report.md'


def _by_step(
    rows: pd.DataFrame, make: Callable[[pd.DataFrame], pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    steps = rows.groupby('what', sort=False)
    return {str(what): make(part) for what, part in steps}


def _figures(frame: pd.DataFrame, folder: Path) -> list[str]:
    if not find_spec('matplotlib'):
        return ['Figures need `pip install matplotlib`.']
    from experiments.bench.operator.figures import draw_all  # optional

    return [
        f'![{title}]({path.relative_to(folder).as_posix()})'
        for title, path in draw_all(frame, folder).items()
    ]


def _digits(x: float) -> str:
    """Three digits, without an exponent."""
    if not np.isfinite(x):
        return ''
    if x >= 100:
        return f'{x:,.0f}'
    return f'{x:.{1 if x >= 10 else 2 if x >= 0.1 else 4}f}'


def _spread(record: pd.Series, key: str, unit: str = '') -> str:
    low, high = record[f'{key}_q25{unit}'], record[f'{key}_q75{unit}']
    middle = record[f'median{unit}' if unit else key]
    if not np.isfinite(middle):
        return ''
    return f'{_digits(middle)} [{_digits(low)} {_digits(high)}]'


def _cell(value: Any) -> str:
    return _digits(value) if isinstance(value, float) else str(value)


def candidate_table(rows: pd.DataFrame) -> pd.DataFrame:
    """One line per candidate, at one shape."""
    lines = []
    for _, r in rows.iterrows():
        time = f'{_digits(r.median_ms)} [{_digits(r.q25_ms)} '
        line = {
            '': r.candidate + (' `=`' if r.checked else ''),
            'ms': f'{time}{_digits(r.q75_ms)}]',
            'x floor': _spread(r, 'to_floor'),
            'x HCSF': _spread(r, 'to_hcsf'),
            'peak MB': _digits(r.peak_extra_mb),
            'peak / tensors': _digits(r.peak_to_tensors),
        }
        if r.kind in RATES:
            line |= {
                'floor ms': _digits(r.floor_ms),
                'p99 ms': _digits(r.p99_ms),
                RATES[r.kind]: _digits(r.poses_per_s),
            }
        lines.append(line)
    return pd.DataFrame(lines)


def sweep_table(rows: pd.DataFrame) -> pd.DataFrame:
    """One line per value of a sweep."""
    key = rows['sweep'].iloc[0]
    lines = []
    for _, r in rows[rows['candidate'] != rows['floor']].iterrows():
        lines.append(
            {
                key: str(r[key]),
                'joints': str(r.joints),
                'pairs': str(r.pairs),
                'multiply-adds of a pose': f'{r.macs // r.batch:,}',
                'us per pose': _digits(1e3 * r.median_ms / r.batch),
                'x floor': _spread(r, 'to_floor'),
                'peak / tensors': _digits(r.peak_to_tensors),
            }
        )
    return pd.DataFrame(lines)


def fit_table(rows: pd.DataFrame) -> pd.DataFrame:
    """The growth of the time per pose with the quantities of a sweep."""
    key = rows['sweep'].iloc[0]
    lines = []
    for what, part in rows[rows['candidate'] != rows['floor']].groupby('what'):
        time = part['median_ms'] / part['batch']
        quantities = {
            'pairs': part['pairs'],
            'multiply-adds': part['macs'] / part['batch'],
        }
        if key == 'batch':
            quantities = {'batch': part['batch']}
        for name, values in quantities.items():
            if values.max() < 1.5 * values.min():  # too small a range
                continue
            slope, fit = log_fit(values, time)
            lines.append(
                {
                    'time per pose': what,
                    'against': name,
                    'slope': f'{slope:.2f}',
                    'R2': f'{fit:.3f}',
                }
            )
    return pd.DataFrame(lines)


def log_fit(x: pd.Series, y: pd.Series) -> tuple[float, float]:
    """The exponent of a power law, and the R2 of its line."""
    a, b = np.log(x.to_numpy(float)), np.log(y.to_numpy(float))
    slope, start = np.polyfit(a, b, 1)
    rest = ((b - slope * a - start) ** 2).sum()
    return float(slope), float(1 - rest / ((b - b.mean()) ** 2).sum())
