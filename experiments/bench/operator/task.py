"""Times operators and networks, as ratios of one run.

    python experiments/run.py --task bench            # the node-pair product
    python experiments/run.py --task bench --list     # all presets
    python experiments/run.py --task bench --preset sweep
    python experiments/run.py --task bench --preset operator/product_C64 \
        --rounds 40 --threads 1

A preset is a table, and each of its rows a set of candidates that are timed
together, see timing.py. The results are in runs/bench/<preset>/: results.csv,
report.md and figures.
"""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import yaml
from tqdm import tqdm

from experiments.bench import scaling
from experiments.bench.operator.action import (
    action_candidates,
    neighbor_candidates,
)
from experiments.bench.operator.config import (
    SHAPE,
    BenchConfig,
    parse,
    row_config,
)
from experiments.bench.operator.layers import (
    layer_candidates,
    shared_candidates,
)
from experiments.bench.operator.models import model_candidates
from experiments.bench.operator.peers import (
    floor_and_hcsf,
    product_candidates,
)
from experiments.bench.operator.problem import make_problem
from experiments.bench.operator.report import write_report
from experiments.bench.operator.timing import Candidate, check, measure
from experiments.sweep.presets import list_presets, load_preset
from pyg_hcsf.cli.paths import check_folder
from pyg_hcsf.hops import HopEdges
from pyg_hcsf.nn import HCSFConv
from pyg_hcsf.skeleton import Skeleton, get_skeleton


def main(argv: list[str]) -> Path | None:
    """Runs the command line; returns the path of the report."""
    show = '--print_config' in argv
    argv = [word for word in argv if word != '--print_config']
    args = parse(argv)
    if args.list:
        for preset in list_presets('bench').values():
            print(f'{preset.name}: {preset.description.strip()}')
            for row in preset.rows:
                print(f'  --preset {preset.name}/{row}')
        return None
    preset = load_preset('bench', args.preset)
    configs = {row: row_config(v, argv) for row, v in preset.rows.items()}
    if show:
        values = {row: asdict(config) for row, config in configs.items()}
        print(yaml.safe_dump(values, sort_keys=False))
        return None

    check_folder('--out', Path(args.out))
    name = args.preset + '-smoke' if args.smoke else args.preset
    folder = Path(args.out) / 'bench' / name
    records: list[dict[str, Any]] = []
    threads = torch.get_num_threads()
    try:
        for row, config in tqdm(configs.items(), unit='row', disable=None):
            torch.set_num_threads(config.threads or threads)
            head = {'preset': preset.name, 'row': row, 'kind': config.kind}
            head |= {'label': preset.rows[row]['label']}
            measured = run_row(config, folder, args.smoke)
            records += [{**head, **record} for record in measured]
    finally:
        torch.set_num_threads(threads)
    command = shlex.join(['python', 'experiments/run.py', *argv])
    text, path = write_report(records, folder, preset.description, command)
    print(f'{text}\n\nTables and figures: {path}', flush=True)
    return path


def run_row(
    config: BenchConfig, folder: Path, smoke: bool
) -> list[dict[str, Any]]:
    """Checks and times the candidates of a row; returns one record for each.

    Raises:
        RuntimeError: If the results of a candidate differ from the reference.
        ValueError: If there is no such device, or no candidate has a step.
    """
    if config.device != 'cpu' and not torch.cuda.is_available():
        raise ValueError(
            "Expected '--device cpu' where PyTorch finds no GPU (got "
            f"'{config.device}')"
        )
    if config.kind == 'scaling':
        parts = [getattr(scaling, name) for name in config.what]
        return [record for part in parts for record in part(folder, smoke)]
    records = []
    for shape in config.shapes():
        skeleton = find_skeleton(shape.skeleton, shape.graph)
        hops = HopEdges(skeleton, shape.short_hops, shape.long_hops)
        candidates = make_candidates(shape, skeleton, hops)
        check(candidates)
        head = {
            **{name: getattr(shape, name) for name in SHAPE},
            'joints': hops.num_nodes,
            'pairs': hops.num_pairs,
            'sweep': shape.sweep or '',
            'threads': torch.get_num_threads(),
        }
        for what in shape.what:
            known = [c for c in candidates if what in c.steps]
            if not known:
                steps = sorted({s for c in candidates for s in c.steps})
                raise ValueError(
                    f"Expected 'what' to be some of {steps} (got '{what}')"
                )
            for record in measure(known, what, shape.rounds):
                speed = 1e3 * shape.batch / record['median_ms']
                records.append({**head, **record, 'poses_per_s': speed})
    return records


def make_candidates(
    config: BenchConfig, skeleton: Skeleton, hops: HopEdges
) -> list[Candidate]:
    """The candidates of a kind at one shape."""
    c = config
    if c.kind == 'layer':
        return layer_candidates(
            skeleton, hops, c.channels, c.squeeze, c.batch, c.device
        )
    if c.kind == 'shared':
        return shared_candidates(
            hops, c.channels, c.squeeze, c.batch, c.device
        )
    if c.kind == 'neighbors':
        rows = c.batch * c.bodies * c.frames
        return neighbor_candidates(hops, c.channels, c.squeeze, rows, c.device)
    if c.kind == 'action':
        shape = (c.batch, c.frames, c.bodies, skeleton.num_joints, 3)
        clips = torch.randn(shape, device=c.device)
        return action_candidates(skeleton, hops, c.channels, c.squeeze, clips)
    if c.kind == 'model':
        return model_candidates(
            skeleton, c.channels, c.long_hops, c.squeeze, c.batch, c.device
        )
    conv = HCSFConv(c.channels, c.channels, hops, c.squeeze)
    problem = make_problem(
        hops, c.channels, conv.hop_channels, c.batch, c.node_major, c.device
    )
    make = floor_and_hcsf if c.kind == 'pair' else product_candidates
    return make(problem)


def find_skeleton(name: str, graph: str) -> Skeleton:
    """A skeleton of the package, or :func:`wholebody133`."""
    return (
        wholebody133() if name == 'wholebody133' else get_skeleton(name, graph)
    )


def wholebody133() -> Skeleton:
    """A tree of the 133 keypoints of COCO-WholeBody, which defines none:
    COCO's 17 joints, three per foot, a chain of 68 for the face, and for each
    hand a palm with five chains of four.
    """
    body = get_skeleton('coco17')
    parents = list(body.parents)
    ankles, wrists = (15, 16), (9, 10)
    parents += [ankle for ankle in ankles for _ in range(3)]
    parents += [0, *range(23, 90)]
    for wrist in wrists:
        palm = len(parents)
        parents.append(wrist)
        for _ in range(5):
            parents.append(palm)
            parents += range(len(parents) - 1, len(parents) + 2)
    joints = tuple(f'joint{i}' for i in range(len(parents)))
    return Skeleton('wholebody133', joints, tuple(parents), (), ())
