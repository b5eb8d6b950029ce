"""Holds what the paper claims against finished runs of its tables.

    python experiments/run.py --task pose --preset table7 --overlay ablation \
        --root ../shared/data --seed 0 1 2          # and the other tables
    python -m experiments.reporting.claims runs/pose ablation docs/results/claims.md

claims.yaml names the pairs of cells. An effect is the mean over pairs of the
first cell's error minus the second's, so a claim wants it negative; `measure:
worst_5` takes the mean error of the worst 5 % of the poses instead.
readings.yaml names the cells of each reading that the paper leaves open.
`--longer ablation_long` compares the order of the cells with that of the same
cells trained by another recipe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from experiments.pose.hard_poses import HARDEST, overlaps
from experiments.reporting.cells import TABLES, Cells, load_cells
from experiments.reporting.compare import Comparison, compare_errors, interval
from experiments.reporting.page import markdown
from experiments.reporting.runs import HARD, Run, mean_error
from experiments.sweep.presets import list_presets
from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.yaml_file import load_yaml

SEEDS = 3  # from which a verdict is given
HARD_CELLS = ('table5/A', 'table6/d8', 'table7/lcn_L3', 'table7/lcn_L1')
# What intervals below and above zero mean, with seeds enough and without.
CLAIM = ('holds', 'does not hold', 'points that way', 'points away')
READING = ('wins', 'loses', 'ahead', 'behind')
NO_INTERVAL = 'open'  # one of the two is not known


def paper_values() -> dict[str, float]:
    """The error that the paper prints for each cell, in mm."""
    return {
        f'{preset.name}/{row}': values['paper']['mpjpe']
        for preset in list_presets('pose').values()
        for row, values in preset.rows.items()
        if 'mpjpe' in values.get('paper', {})
    }


def _measured(run: Run, measure: str) -> float:
    return run.hard[measure] if measure in HARD else run.metrics[measure]


def _seeds(runs: Sequence[Run], measure: str = 'mpjpe') -> dict[int, float]:
    """The error of each seed of a cell."""
    return {run.metrics['seed']: _measured(run, measure) for run in runs}


def effect(
    cells: Cells, pairs: Sequence[Sequence[str]], measure: str = 'mpjpe'
) -> Comparison:
    """The mean difference over pairs, with the interval over clusters, which
    the worst poses have none of: they lie in a few.
    """
    first = cells[pairs[0][0]][0]
    if measure in HARD:
        a, b = (
            float(np.mean([_mean(cells, p[side], measure) for p in pairs]))
            for side in (0, 1)
        )
        no = float('nan')
        return Comparison('', '', a - b, no, no, (a - b) / b, 0)
    a, b = (
        np.mean([mean_error(cells[pair[side]]) for pair in pairs], axis=0)
        for side in (0, 1)
    )
    return compare_errors(first, a, b)


def by_seed(
    cells: Cells, pairs: Sequence[Sequence[str]], measure: str = 'mpjpe'
) -> list[float]:
    """The effect in each seed that all cells have."""
    errors = {n: _seeds(cells[n], measure) for pair in pairs for n in pair}
    seeds = set.intersection(*(set(value) for value in errors.values()))
    return [
        float(np.mean([errors[a][s] - errors[b][s] for a, b in pairs]))
        for s in sorted(seeds)
    ]


def verdict(
    found: Comparison, seeds: Sequence[float], words: Sequence[str] = CLAIM
) -> str:
    """What can be said, by the intervals over clusters and over seeds, both
    of which must be known.
    """
    low, high = found.low, found.high
    few = len(seeds) < SEEDS
    if not few:
        mean, half = interval(seeds)
        if np.isnan([low, high, half]).any():
            return NO_INTERVAL
        low, high = min(low, mean - half), max(high, mean + half)
    below, above = words[2:] if few else words[:2]
    if high < 0 or low > 0:
        said = below if high < 0 else above
    else:
        said = 'open' if few else 'undecided at this size'
    return f'{said} (seeds: {len(seeds)})' if few else said


def _effect_cells(
    cells: Cells,
    pairs: Sequence[Sequence[str]],
    words: Sequence[str],
    measure: str = 'mpjpe',
) -> list[str]:
    """An effect, its interval and what it says, as text."""
    found = effect(cells, pairs, measure)
    seeds = by_seed(cells, pairs, measure)
    _, half = interval(seeds)
    within = [f'{found.low:+.2f} to {found.high:+.2f}'] * (found.clusters > 0)
    within += [f'± {half:.2f}'] * (len(seeds) >= SEEDS)
    return [
        f'{found.difference:+.2f} ({found.relative:+.1%})',
        ' '.join(within),
        verdict(found, seeds, words),
    ]


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
        measure = claim.get('measure', 'mpjpe')
        printed = ''
        if measure == 'mpjpe':
            printed = (
                f'{np.mean([paper[a] - paper[b] for a, b in pairs]):+.1f}'
            )
        found = _effect_cells(cells, pairs, CLAIM, measure)
        rows.append([claim['claim'], printed, *found])
    columns = ['claim', 'paper, mm', 'here, mm', '95 % interval', 'verdict']
    return pd.DataFrame(rows, columns=columns).set_index('claim')


def _mean(cells: Cells, name: str, measure: str = 'mpjpe') -> float:
    return float(np.mean([_measured(run, measure) for run in cells[name]]))


def shared_table(cells: Cells, names: Sequence[str]) -> pd.DataFrame:
    """How many of the hardest poses of one cell are among those of another,
    in percent.
    """
    known = {name: cells[name] for name in names if name in cells}
    labels = [f'{name} ({group[0].label})' for name, group in known.items()]
    shares = pd.DataFrame(overlaps(known), labels, list(known))
    shares.index.name = 'hardest poses of'
    return shares.map(lambda x: '' if np.isnan(x) else f'{x:.0f} %')


def readings_table(
    cells: Cells, questions: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """For each question that the paper leaves open the readings that were
    run, the best first, and the others against it.
    """
    rows = []
    for question in questions:
        named = question['readings']
        own = next(iter(named))
        known = [r for r in named if named[r] in cells]
        known.sort(key=lambda reading: _mean(cells, named[reading]))
        if not known:
            continue
        best, *others = known
        against = {
            reading: _effect_cells(
                cells, [[named[reading], named[best]]], READING
            )
            for reading in others
        }
        wins = against and all(x[-1] == READING[1] for x in against.values())
        against[best] = ['', '', 'wins' if wins else 'ahead']
        for reading in known:
            rows.append(
                [
                    question['question'] * (reading == best),
                    reading + ' (ours)' * (reading == own),
                    f'{_mean(cells, named[reading]):.1f}',
                    *against[reading],
                ]
            )
    columns = ['question', 'reading', 'MPJPE', 'against the best, mm']
    columns += ['95 % interval', 'verdict']
    return pd.DataFrame(rows, columns=columns).set_index('question')


def ranks(cells: Cells) -> pd.DataFrame:
    """How far the order of a table's cells is that of the paper."""
    paper = paper_values()
    rows = []
    for table in TABLES:
        names = [n for n in cells if n.startswith(f'{table}/') and n in paper]
        if len(names) < 3:
            continue
        here = [_mean(cells, name) for name in names]
        tau = kendalltau([paper[n] for n in names], here).statistic
        rows.append([table, len(names), f'{tau:+.2f}'])
    columns = ['table', 'cells', "Kendall's tau"]
    return pd.DataFrame(rows, columns=columns).set_index('table')


def settled(cells: Cells, longer: Cells) -> pd.DataFrame:
    """How far the order of the cells is that of another seed, and of the
    same seeds with another recipe.
    """
    errors = {name: _seeds(runs) for name, runs in cells.items()}
    whole = [name for name in errors if len(errors[name]) >= SEEDS]
    seeds = set.intersection(*(set(errors[n]) for n in whole)) if whole else ()
    rows = []
    for a, b in combinations(sorted(seeds), 2):
        orders = ([errors[n][seed] for n in whole] for seed in (a, b))
        tau = kendalltau(*orders).statistic
        rows.append([f'seed {a}, seed {b}', len(whole), f'{tau:+.2f}'])
    pairs = []
    for name in sorted(longer.keys() & cells.keys()):
        known = _seeds(longer[name])
        both = known.keys() & errors[name].keys()
        if both:
            pairs.append(
                [np.mean([e[s] for s in both]) for e in (errors[name], known)]
            )
    if len(pairs) > 2:
        few, many = (
            next(iter(group.values()))[0].metrics['steps']
            for group in (cells, longer)
        )
        tau = kendalltau(*np.transpose(pairs)).statistic
        what = f'{few:,} steps, {many:,} steps'
        rows.append([what, len(pairs), f'{tau:+.2f}'])
    columns = ['orders', 'cells', "Kendall's tau"]
    return pd.DataFrame(rows, columns=columns).set_index('orders')


def cell_table(cells: Cells, longer: Cells) -> pd.DataFrame:
    """Every cell beside the paper, and beside longer trainings if there are
    any.
    """
    paper = paper_values()
    rows = []
    for name, runs in cells.items():
        mean, half = interval([run.metrics['mpjpe'] for run in runs])
        here = f'{mean:.1f}' + (f' ± {half:.1f}' if len(runs) > 1 else '')
        worst = np.mean([run.hard['worst_5'] for run in runs])
        label = runs[0].label
        printed = f'{paper[name]:.1f}' if name in paper else ''
        row = [name, label, printed, here, f'{worst:.1f}', len(runs)]
        if longer:
            known = _seeds(longer.get(name, []))
            row.append(', '.join(f'{known[s]:.1f}' for s in sorted(known)))
        rows.append(row)
    columns = ['cell', 'model', 'paper', 'MPJPE', 'worst 5 %', 'seeds']
    if longer:
        steps = next(iter(longer.values()))[0].metrics['steps']
        columns.append(f'{steps:,} steps')
    return pd.DataFrame(rows, columns=columns).set_index('cell')


def write(
    folder: Path, overlay: str, out: Path, longer: str | None = None
) -> None:
    """Writes the page."""
    cells = load_cells(folder, overlay)
    more = load_cells(folder, longer) if longer else {}
    order = settled(cells, more)
    order_text = markdown(order) if len(order) else 'Not known yet.'
    other = '' if longer is None else f' --longer {longer}'
    longer_text = '; on the right MPJPE of longer trainings, seed by seed'
    longer_text *= len(more) > 0
    claims, questions = (
        load_yaml(Path(__file__).with_name(name), 'table')
        for name in ('claims.yaml', 'readings.yaml')
    )
    readings = readings_table(cells, questions)
    readings_text = markdown(readings) if len(readings) else 'Not run yet.'
    run = next(iter(cells.values()))[0].metrics
    split = run.get('split', 'test')
    commits = sorted({r.metrics['commit'] for v in cells.values() for r in v})
    text = f"""# What the paper claims, on open motion capture

These are not Human3.6M numbers: data {run['data']}, protocol
{run['protocol']}, {split} subjects, true 2D, C=64, {run['steps']:,} steps with
the recipe of `experiments/presets/pose/{overlay}.yaml`, commits
{', '.join(commits)}.

```bash
for table in {' '.join(TABLES)} readings; do
    python experiments/run.py --task pose --preset $table --overlay {overlay} \\
        --root ../shared/data --seed 0 1 2
done
python -m experiments.reporting.claims runs/pose {overlay} docs/results/claims.md{other}
```

An effect is the error of the cells that should be better minus that of the
others, averaged over the pairs of `experiments/claims.yaml`: a claim wants it
negative. The first interval resamples (subject, action) clusters, `±` is over
seeds (Student's t). A verdict needs {SEEDS} seeds and both intervals on one
side of zero, and the worst 5 % of the poses lie in too few clusters for the
first; it is on the sign, not on the size that the paper gives.

{markdown(claims_table(cells, claims))}

## Whose poses are hard

The paper has it that hard poses are specific to a model. Here is how many of
the hardest {HARDEST} % of the poses are among those of another model; on the
diagonal, of another seed of the same: more is not specific to a model.

{markdown(shared_table(cells, HARD_CELLS))}

## Which reading wins

What the paper leaves open, by the cells of `experiments/readings.yaml`, the
best first, which was found by these very numbers. It wins if all others lose:
both their intervals against it lie above zero, of {SEEDS} seeds. Widths are
equal, parameters are not: where W is shared there are far fewer, over all
pairs more.

{readings_text}

## Order of the cells

Against the paper:

{markdown(ranks(cells))}

Against itself, all tables together: another seed, and other trainings of the
same seeds. Where this is not near one, only differences of many cells or of
millimetres can be told.

{order_text}

## All cells

MPJPE and the mean of the worst 5 % of the poses in mm{longer_text}. Some
tables share a cell: supp3/F3 is table5/A_temporal.

{markdown(cell_table(cells, more))}
"""
    with atomic_write(out, remedy='choose another place') as part:
        part.write_text(text)


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command line."""
    parser = CommandParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('folder', type=Path, help='runs/pose')
    parser.add_argument('overlay', help='as given by --overlay')
    parser.add_argument('out', type=Path, help='the page to write')
    parser.add_argument('--longer', help='another recipe to compare with')
    args = parser.parse_args(argv)
    write(args.folder, args.overlay, args.out, args.longer)


if __name__ == '__main__':
    run_command(main)
