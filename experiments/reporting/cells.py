"""The cells of the paper's ablation tables, as finished runs."""

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
    """The runs of each cell, ``preset/row``, with a recipe. Cells of one
    configuration share their runs, whichever of them each was made for.
    """
    known: dict[str, list[Run]] = {}
    for table in sorted((*TABLES, 'readings')):
        path = folder / f'{table}-{overlay}'
        for run in load_runs(path) if path.is_dir() else ():
            known.setdefault(f'{table}/{run.metrics["row"]}', []).append(run)
    if not known:
        raise ValueError(
            f"Expected runs in '{folder}' with '--overlay {overlay}' (got none)"
        )
    same: dict[str, dict[int, Run]] = {}  # by configuration, then by seed
    for run in (run for runs in known.values() for run in runs):
        same.setdefault(_configuration(run), {})[run.metrics['seed']] = run
    for runs in known.values():
        own = {run.metrics['seed']: run for run in runs}
        runs[:] = [
            *runs,
            *(
                run
                for seed, run in sorted(same[_configuration(runs[0])].items())
                if seed not in own
            ),
        ]
        runs.sort(key=lambda run: run.metrics['seed'])
    return known


def _configuration(run: Run) -> str:
    """What a run was trained with, but for its seed. A row without readable
    config.yaml shares with no other.
    """
    try:
        text = (run.folder / 'config.yaml').read_text(encoding='utf-8')
        values = comparable(yaml.safe_load(text))
    except (OSError, ValueError, LookupError, AttributeError, yaml.YAMLError):
        return str(run.folder.parent)
    return json.dumps([run.metrics['data'], values], sort_keys=True)
