"""Loads finished runs as cells of the paper's ablation tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import yaml

from experiments.reporting.runs import Run, load_runs
from experiments.sweep.presets import comparable

TABLES = ('table4', 'table5', 'table6', 'table7', 'supp2', 'supp3')

Cells = Mapping[str, list[Run]]


def load_cells(folder: Path, overlay: str) -> dict[str, list[Run]]:
    """Loads the runs of each cell, ``preset/row``, with an overlay. Cells with
    the same settings share their runs.
    """
    known: dict[str, list[Run]] = {}
    for table in sorted((*TABLES, 'readings')):
        path = folder / f'{table}-{overlay}'
        for run in load_runs(path) if path.is_dir() else ():
            known.setdefault(f'{table}/{run.metrics["row"]}', []).append(run)
    if not known:
        raise ValueError(
            f"Expected runs in '{folder}' with '--overlay {overlay}' (got "
            'none)'
        )
    same: dict[str, dict[int, Run]] = {}  # by settings, then by seed
    for run in (run for runs in known.values() for run in runs):
        same.setdefault(_settings(run), {})[run.metrics['seed']] = run
    for runs in known.values():
        own = {run.metrics['seed']: run for run in runs}
        others = same[_settings(runs[0])].items()
        runs += [run for seed, run in others if seed not in own]
        runs.sort(key=lambda run: run.metrics['seed'])
    return known


def _settings(run: Run) -> str:
    """The settings of a run but its seed, as a key. A run without a readable
    config.yaml has a key of its own.
    """
    try:
        text = (run.folder / 'config.yaml').read_text(encoding='utf-8')
        values = comparable(yaml.safe_load(text))
    except (OSError, ValueError, LookupError, AttributeError, yaml.YAMLError):
        return str(run.folder.parent)
    return json.dumps([run.metrics['data'], values], sort_keys=True)
