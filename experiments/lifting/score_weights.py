"""Scores the lifting weights of the package on the people of a split.

    python -m experiments.lifting.score_weights --split val
    python -m experiments.lifting.score_weights --split test --purpose 'why'

CMU's people of the split, HDM05, whose rig is in no training data (mm to
validate on, the others to test on), and generated motion, frame by frame; see
experiments/bench/motion.py for smoothed videos. The test people are scored
once, at the end; lines in the ledger docs/results/test_scores.csv say so.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.lifting.config import LiftConfig, MotionConfig
from experiments.lifting.evaluate import CONDITIONS, ERRORS
from experiments.lifting.report import (
    EXPECTED,
    EXPECTED_NOTE,
    NAMES,
)
from experiments.lifting.scores import (
    load_tests,
    score_lifter,
)
from experiments.reporting.page import markdown, write_table
from experiments.sweep import ledger
from experiments.sweep.folder import commit
from experiments.sweep.sources import data_home
from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.lifting import LifterInfo, available_weights, load_lifter
from pyg_hcsf.safe_io.atomic_write import atomic_write

FRAMES = 400  # of a clip of generated motion


def config_of(info: LifterInfo) -> LiftConfig:
    """The run config of weights, as far as tests need it."""
    config = LiftConfig(causal=info.frames > 1 and info.delay == 0)
    spacing = round(25.0 / info.fps)
    layout: Any = info.layout
    config.motion = MotionConfig(layout=layout, spacing=spacing)
    config.model.frames = info.frames
    return config


def score_weights(
    root: Path, split: str, names: Sequence[str]
) -> pd.DataFrame:
    """All scores of weights, one a row."""
    tests = load_tests('cmu', root, split, FRAMES)
    rows = []
    for name in names:
        model, info = load_lifter(name)
        config = config_of(info)
        scores = score_lifter(model, info.calibration, config, tests, split)
        rows += [
            (name, data, condition, metric, value)
            for table in (scores.errors, scores.expected)
            for data, conditions in table.items()
            for condition, values in conditions.items()
            for metric, value in values.items()
        ]
    columns = ['weights', 'data', 'condition', 'metric', 'value']
    return pd.DataFrame(rows, columns=columns)


def tables(scores: pd.DataFrame) -> Iterator[str]:
    """The paragraphs of a page with all scores."""

    def table(part: pd.DataFrame, columns: str, digits: int) -> str:
        wide = part.pivot(index='weights', columns=columns, values='value')
        order = list(dict.fromkeys(part[columns]))
        wide = wide.loc[list(dict.fromkeys(part['weights'])), order]
        text = wide.map(lambda x: f'{x:.{digits}f}')
        return markdown(text.rename_axis(columns=None))

    for data, part in scores.groupby('data', sort=False):
        yield f'## {data}'
        for error in ERRORS:
            yield f'{NAMES[error]} (mm):'
            yield table(part[part['metric'] == error], 'condition', 1)
        yield EXPECTED_NOTE
        titles = {key: title for title, key in EXPECTED.items()}
        mine = part[part['metric'].isin(titles)]
        mine = mine.assign(metric=mine['metric'].map(titles))
        for condition in CONDITIONS:
            yield f'{condition}:'
            yield table(mine[mine['condition'] == condition], 'metric', 2)


def main(argv: list[str] | None = None) -> pd.DataFrame:
    """Runs the command; returns the scores."""
    parser = CommandParser(prog='score_weights', description=__doc__)
    add = parser.add_argument
    add('--weights', nargs='+', default=available_weights(), help='names')
    add('--split', choices=['val', 'test'], default='val')
    add('--root', help='the data home; default: PYG_HCSF_DATA')
    add('--purpose', default='', help='why test people are scored')
    text = 'folder for report.md and results.csv'
    add('--out', type=Path, help=text)
    args = parser.parse_args(argv)
    root, command = data_home(args.root), shlex.join(sys.argv)
    if args.split == 'test':
        if not args.purpose:
            parser.error("state the '--purpose' of a score on test people")
        for name in args.weights:
            ledger.record_network(
                command, 'OpenMocap, test, lift', name, args.purpose
            )
    scores = score_weights(root, args.split, args.weights)
    head = (
        f'# Scores of the weights\n\n{args.split.capitalize()} people, commit '
        f'{commit()}. Means over people of means over windows.'
    )
    page = '\n\n'.join([head, *tables(scores)]) + '\n'
    print(page)
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        write_table(scores, args.out / 'results.csv', '%.5g')
        with atomic_write(args.out / 'report.md') as part:
            part.write_text(page)
    return scores


if __name__ == '__main__':
    run_command(main)
