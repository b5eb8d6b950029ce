"""Compares the claims of the paper with finished runs of its tables.

    python experiments/run.py --task pose --preset table7 --overlay ablation \
        --root $PYG_HCSF_DATA --seed 0 1 2          # and the other tables
    python -m experiments.reporting.claims runs/pose ablation claims.md

claims.yaml lists pairs of cells. An effect is the error of the first cell
minus that of the second, averaged over pairs: it should be negative.
`measure: worst_5` compares the mean error of the worst 5 % of the poses.
readings.yaml lists the cells of each reading that the paper leaves open.
`--longer ablation_long` compares the order of the cells with that of the same
cells with another overlay.
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
from experiments.reporting.compare import interval
from experiments.reporting.effects import (
    CLAIM,
    READING,
    SEEDS,
    effect_cells,
    mean_of,
    seed_errors,
)
from experiments.reporting.page import markdown
from experiments.sweep.presets import list_presets
from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.yaml_file import load_yaml

HARD_CELLS = ('table5/A', 'table6/d8', 'table7/lcn_L3', 'table7/lcn_L1')
PAGE = Path(__file__).with_name('claims_page.md')


def paper_values() -> dict[str, float]:
    """The error that the paper prints for each cell, in mm."""
    return {
        f'{preset.name}/{row}': values['paper']['mpjpe']
        for preset in list_presets('pose').values()
        for row, values in preset.rows.items()
        if 'mpjpe' in values.get('paper', {})
    }


def claims_table(
    cells: Cells, claims: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """One line per claim: the paper's effect, ours, and the verdict."""
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
        found = effect_cells(cells, pairs, CLAIM, measure)
        rows.append([claim['claim'], printed, *found])
    columns = ['claim', 'paper, mm', 'here, mm', '95 % interval', 'verdict']
    return pd.DataFrame(rows, columns=columns).set_index('claim')


def shared_table(cells: Cells, names: Sequence[str]) -> pd.DataFrame:
    """The share in percent of the hardest poses of one cell that are also
    among those of another.
    """
    known = {name: cells[name] for name in names if name in cells}
    labels = [f'{name} ({group[0].label})' for name, group in known.items()]
    shares = pd.DataFrame(overlaps(known), labels, list(known))
    shares.index.name = 'hardest poses of'
    return shares.map(lambda x: '' if np.isnan(x) else f'{x:.0f} %')


def readings_table(
    cells: Cells, questions: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """For each question that the paper leaves open, the readings that were
    run: the best one first, then the others with their difference to it.
    """
    rows = []
    for question in questions:
        named = question['readings']
        own = next(iter(named))
        known = [r for r in named if named[r] in cells]
        known.sort(key=lambda reading: mean_of(cells, named[reading]))
        if not known:
            continue
        best, *others = known
        against = {
            reading: effect_cells(
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
                    f'{mean_of(cells, named[reading]):.1f}',
                    *against[reading],
                ]
            )
    columns = ['question', 'reading', 'MPJPE', 'against the best, mm']
    columns += ['95 % interval', 'verdict']
    return pd.DataFrame(rows, columns=columns).set_index('question')


def rank_table(cells: Cells) -> pd.DataFrame:
    """The rank correlation of each table's cells with the paper."""
    paper = paper_values()
    rows = []
    for table in TABLES:
        names = [n for n in cells if n.startswith(f'{table}/') and n in paper]
        if len(names) < 3:
            continue
        here = [mean_of(cells, name) for name in names]
        tau = kendalltau([paper[n] for n in names], here).statistic
        rows.append([table, len(names), f'{tau:+.2f}'])
    columns = ['table', 'cells', "Kendall's tau"]
    return pd.DataFrame(rows, columns=columns).set_index('table')


def order_table(cells: Cells, longer: Cells) -> pd.DataFrame:
    """The rank correlation of the cells between two seeds, and between two
    overlays with the same seeds.
    """
    errors = {name: seed_errors(runs) for name, runs in cells.items()}
    full = [name for name in errors if len(errors[name]) >= SEEDS]
    seeds = set.intersection(*(set(errors[n]) for n in full)) if full else ()
    rows = []
    for a, b in combinations(sorted(seeds), 2):
        orders = ([errors[n][seed] for n in full] for seed in (a, b))
        tau = kendalltau(*orders).statistic
        rows.append([f'seed {a}, seed {b}', len(full), f'{tau:+.2f}'])
    pairs = []
    for name in sorted(longer.keys() & cells.keys()):
        known = seed_errors(longer[name])
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
    """One line per cell: the paper's error, ours, and that of longer trainings
    if there are any.
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
            known = seed_errors(longer.get(name, []))
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
    """Writes the page.

    Args:
        folder: The folder with runs.
        overlay: Their overlay.
        out: The page to write.
        longer: Another overlay to compare with.
    """
    cells = load_cells(folder, overlay)
    more = load_cells(folder, longer) if longer else {}
    orders = order_table(cells, more)
    claims, questions = (
        load_yaml(Path(__file__).with_name(name), 'table')
        for name in ('claims.yaml', 'readings.yaml')
    )
    readings = readings_table(cells, questions)
    run = next(iter(cells.values()))[0].metrics
    commits = {r.metrics['commit'] for runs in cells.values() for r in runs}
    note = '; on the right the MPJPE of each seed of longer trainings'
    text = PAGE.read_text(encoding='utf-8').format(
        data=run['data'],
        protocol=run['protocol'],
        split=run.get('split', 'test'),
        steps=run['steps'],
        overlay=overlay,
        commits=', '.join(sorted(commits)),
        tables=' '.join(TABLES),
        longer='' if longer is None else f' --longer {longer}',
        seeds=SEEDS,
        claims=markdown(claims_table(cells, claims)),
        hardest=HARDEST,
        shared=markdown(shared_table(cells, HARD_CELLS)),
        readings=markdown(readings) if len(readings) else 'Not run yet.',
        ranks=markdown(rank_table(cells)),
        orders=markdown(orders) if len(orders) else 'Not known yet.',
        longer_note=note if more else '',
        cells=markdown(cell_table(cells, more)),
    )
    with atomic_write(out, remedy='choose another place') as part:
        part.write_text(text)


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command line."""
    parser = CommandParser(description=__doc__.split('\n\n')[0])
    parser.add_argument(
        'folder', type=Path, help='folder with runs, such as runs/pose'
    )
    parser.add_argument('overlay', help='their --overlay')
    parser.add_argument('out', type=Path, help='the page to write')
    parser.add_argument('--longer', help='another overlay to compare with')
    args = parser.parse_args(argv)
    write(args.folder, args.overlay, args.out, args.longer)


if __name__ == '__main__':
    run_command(main)
