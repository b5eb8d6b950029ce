"""Scores a recogniser on the people of a split: windows of true poses, and of
poses lifted from simulated videos, with and without the path of the root.

    python -m experiments.action.score_weights --split val
    python -m experiments.action.score_weights --split test --purpose 'why'

The test people are scored once, at the end; a line in the ledger
docs/results/test_scores.csv says so.
"""

from __future__ import annotations

import shlex
import sys
from typing import Any

import torch

from experiments.action.cmu_takes import ACTIONS
from experiments.action.config import (
    ActionClipsConfig,
    ActionConfig,
    ActionEvaluateConfig,
)
from experiments.action.data import load_actions
from experiments.action.evaluate import ActionEvaluator, Scores
from experiments.sweep import ledger
from experiments.sweep.sources import data_home
from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.recognition import load_recognizer

SURE = 0.5  # as recognize's --min_score


def main(argv: list[str] | None = None) -> dict[str, Any]:
    """Prints the tables; returns the metrics."""
    parser = CommandParser(prog='score_weights', description=__doc__)
    add = parser.add_argument
    add('--run', default='cmu', help='name, run or file; default: cmu')
    add('--split', choices=['val', 'test'], default='val')
    add('--root', help='the data home; default: PYG_HCSF_DATA')
    add('--lift', default='auto', choices=['auto', 'single', 'temporal'])
    add('--purpose', default='', help='why test people are scored')
    args = parser.parse_args(argv)
    if args.split == 'test' and not args.purpose:
        parser.error("state the '--purpose' of a score on test people")
    model, info = load_recognizer(args.run)
    if info.actions != ACTIONS:
        raise ValueError(f'Expected a network of the actions {ACTIONS}')
    if args.split == 'test':
        ledger.record_network(
            shlex.join(sys.argv),
            "OpenMocap, CMU's actions, test",
            f'recogniser {args.run}',
            args.purpose,
        )
    options: dict[str, Any] = {
        name: getattr(info, name)
        for name in ('length', 'fit', 'stream', 'motion')
    }
    clips = ActionClipsConfig(
        **options, num_frames=info.window, lift=args.lift
    )
    found = load_actions('cmu', data_home(args.root), args.split, clips)
    config = ActionConfig(
        clips=clips, evaluate=ActionEvaluateConfig(args.split, 256)
    )
    evaluator = ActionEvaluator(found, config)
    out = evaluator.predict(model)
    metrics = evaluator.score(out)
    print(tables(metrics))
    print(sure(out, found.column('source')))
    return metrics


def tables(metrics: dict[str, Any]) -> str:
    """The metrics in percent, as Markdown."""
    sources = metrics['by_source']
    lines = ['| | ' + ' | '.join(sources) + ' |']
    lines.append('|---|' + '---:|' * len(sources))

    def add(name: str, values: list[Any]) -> None:
        cells = ['' if v is None else f'{v:.1f}' for v in values]
        lines.append(f'| {name} | ' + ' | '.join(cells) + ' |')

    for key in ('top1', 'top2', 'clip_top1', 'class_mean', 'person_mean'):
        add(key, [group[key] for group in sources.values()])
    for table in ('per_class', 'per_person'):
        names = dict.fromkeys(
            name for group in sources.values() for name in group[table]
        )
        for name in names:
            add(name, [group[table].get(name) for group in sources.values()])
    for source, group in sources.items():
        lines.append(f'\nConfusion, {source}, windows: {group["clips"]}')
        lines += [
            f'{name:>13} ' + ' '.join(f'{n:4d}' for n in row)
            for name, row in zip(
                group['classes'], group['confusion'], strict=True
            )
        ]
    return '\n'.join(lines)


def sure(out: Scores, sources: list[str]) -> str:
    """How often the network is sure, and right then."""
    best, place = out.scores.softmax(dim=-1).max(dim=-1)
    lines = ['']
    for name in dict.fromkeys(sources):
        mine = torch.tensor([source == name for source in sources])
        right = (place == out.label)[mine]
        certain = best[mine] >= SURE
        lines.append(
            f'{name}: probability of {SURE} or more in '
            f'{100 * float(certain.float().mean()):.0f} % of the windows, '
            f'right in {100 * float(right[certain].float().mean()):.0f} % of '
            f'these; below, right in '
            f'{100 * float(right[~certain].float().mean()):.0f} %'
        )
    return '\n'.join(lines)


if __name__ == '__main__':
    run_command(main)
