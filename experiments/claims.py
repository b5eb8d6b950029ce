"""Holds what the paper claims against finished runs of its tables.

    python experiments/run.py --task pose --preset table7 --recipe ablation \
        --root ../shared/data --seed 0 1 2          # and the other tables
    python experiments/claims.py runs/pose ablation docs/results/claims.md

claims.yaml names the pairs of cells. An effect is the mean over pairs of the
first cell's error minus the second's, so a claim wants it negative.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from compare import Comparison, compare_errors, interval
from config import list_presets
from report import markdown
from runs import Run, load_runs, mean_error
from scipy.stats import kendalltau

from pyg_hcsf.io.files import atomic_write

SEEDS = 3  # from which a verdict is given
TABLES = ('table4', 'table5', 'table6', 'table7', 'supp2', 'supp3')

Cells = Mapping[str, list[Run]]


def load_cells(folder: Path, recipe: str) -> dict[str, list[Run]]:
    """The runs of each cell, ``preset/row``, with a recipe. Where the tables
    share one, a run of any of them stands for all.
    """
    known: dict[str, list[Run]] = {}
    end = f'-{recipe}'
    for path in sorted(folder.glob(f'*{end}')):
        for run in load_runs(path):
            name = f'{path.name.removesuffix(end)}/{run.metrics["row"]}'
            known.setdefault(name, []).append(run)
    if not known:
        raise ValueError(
            f"Expected runs in '{folder}' with '--recipe {recipe}' (got none)"
        )
    return known


def paper_values() -> dict[str, float]:
    """The error that the paper prints for each cell, in mm."""
    return {
        f'{preset.name}/{row}': values['paper']['mpjpe']
        for preset in list_presets('pose').values()
        for row, values in preset.rows.items()
        if 'mpjpe' in values.get('paper', {})
    }


def effect(cells: Cells, pairs: Sequence[Sequence[str]]) -> Comparison:
    """The mean difference over pairs, with the interval over clusters."""
    first = cells[pairs[0][0]][0]
    a, b = (
        np.mean([mean_error(cells[pair[side]]) for pair in pairs], axis=0)
        for side in (0, 1)
    )
    return compare_errors(first, a, b)


def by_seed(cells: Cells, pairs: Sequence[Sequence[str]]) -> list[float]:
    """The effect in each seed that all cells have."""
    errors = {
        name: {r.metrics['seed']: r.metrics['mpjpe'] for r in cells[name]}
        for pair in pairs
        for name in pair
    }
    seeds = set.intersection(*(set(value) for value in errors.values()))
    return [
        float(np.mean([errors[a][s] - errors[b][s] for a, b in pairs]))
        for s in sorted(seeds)
    ]


def verdict(found: Comparison, seeds: Sequence[float]) -> str:
    """What can be said, by the intervals over clusters and over seeds."""
    low, high = found.low, found.high
    if len(seeds) >= SEEDS:
        mean, half = interval(seeds)
        low, high = min(low, mean - half), max(high, mean + half)
    words = 'undecided at this size'
    if high < 0:
        words = 'holds'
    elif low > 0:
        words = 'does not hold'
    if len(seeds) < SEEDS:
        toward = {'holds': 'points that way', 'does not hold': 'points away'}
        return f'{toward.get(words, "open")} (seeds: {len(seeds)})'
    return words


def claims_table(
    cells: Cells, claims: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """One line a claim, of those whose cells are all there."""
    paper = paper_values()
    rows = []
    for claim in claims:
        pairs = claim['pairs']
        if missing := {n for p in pairs for n in p} - cells.keys():
            rows.append([claim['claim'], '', '', '', f'no {sorted(missing)}'])
            continue
        found, seeds = effect(cells, pairs), by_seed(cells, pairs)
        printed = np.mean([paper[a] - paper[b] for a, b in pairs])
        mean, half = interval(seeds)
        spread = f'± {half:.2f}' if len(seeds) >= SEEDS else ''
        rows.append(
            [
                claim['claim'],
                f'{printed:+.1f}',
                f'{found.difference:+.2f} ({found.relative:+.1%})',
                f'{found.low:+.2f} to {found.high:+.2f} {spread}',
                verdict(found, seeds),
            ]
        )
    columns = ['claim', 'paper, mm', 'here, mm', '95 % interval', 'verdict']
    return pd.DataFrame(rows, columns=columns).set_index('claim')


def ranks(cells: Cells) -> pd.DataFrame:
    """How far the order of a table's cells is that of the paper."""
    paper = paper_values()
    rows = []
    for table in TABLES:
        names = [n for n in cells if n.startswith(f'{table}/') and n in paper]
        if len(names) < 3:
            continue
        here = [np.mean([r.metrics['mpjpe'] for r in cells[n]]) for n in names]
        tau = kendalltau([paper[n] for n in names], here).statistic
        rows.append([table, len(names), f'{tau:+.2f}'])
    columns = ['table', 'cells', "Kendall's tau"]
    return pd.DataFrame(rows, columns=columns).set_index('table')


def cell_table(cells: Cells) -> pd.DataFrame:
    """Every cell beside the paper."""
    paper = paper_values()
    rows = []
    for name, runs in cells.items():
        mean, half = interval([run.metrics['mpjpe'] for run in runs])
        here = f'{mean:.1f}' + (f' ± {half:.1f}' if len(runs) > 1 else '')
        worst = np.mean([run.hard['worst_5'] for run in runs])
        label = runs[0].label
        printed = paper.get(name, float('nan'))
        rows.append([name, label, printed, here, f'{worst:.1f}', len(runs)])
    columns = ['cell', 'model', 'paper', 'MPJPE', 'worst 5 %', 'seeds']
    return pd.DataFrame(rows, columns=columns).set_index('cell')


def write(folder: Path, recipe: str, out: Path) -> None:
    """Writes the page."""
    cells = load_cells(folder, recipe)
    path = Path(__file__).with_name('claims.yaml')
    claims = yaml.safe_load(path.read_text())
    run = next(iter(cells.values()))[0].metrics
    commits = sorted({r.metrics['commit'] for v in cells.values() for r in v})
    text = f"""# What the paper claims, on open motion capture

These are not Human3.6M numbers: data {run['data']}, protocol
{run['protocol']}, test subjects, true 2D, C=64, {run['steps']:,} steps with
the recipe of `experiments/presets/pose/{recipe}.yaml`, commits
{', '.join(commits)}.

```bash
for table in {' '.join(TABLES)}; do
    python experiments/run.py --task pose --preset $table --recipe {recipe} \\
        --root ../shared/data --seed 0 1 2
done
python experiments/claims.py runs/pose {recipe} docs/results/claims.md
```

An effect is the error of the cells that should be better minus that of the
others, averaged over the pairs of `experiments/claims.yaml`: a claim wants it
negative. The first interval resamples (subject, action) clusters, `±` is over
seeds (Student's t). A verdict needs {SEEDS} seeds and both intervals on one
side of zero.

{markdown(claims_table(cells, claims))}

## Order of the cells

{markdown(ranks(cells))}

## All cells

MPJPE and the mean of the worst 5 % of the poses in mm.

{markdown(cell_table(cells))}
"""
    with atomic_write(out, remedy='choose another place') as part:
        part.write_text(text)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('folder', type=Path, help='runs/pose')
    parser.add_argument('recipe', help='as given by --recipe')
    parser.add_argument('out', type=Path, help='the page to write')
    args = parser.parse_args()
    write(args.folder, args.recipe, args.out)
