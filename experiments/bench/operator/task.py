"""What the operators and networks cost: ratios within one run.

    python experiments/run.py --task bench            # the node-pair product
    python experiments/run.py --task bench --list     #   and whole networks
    python experiments/run.py --task bench --preset sweep
    python experiments/run.py --task bench --preset operator/product_C64 \
        --rounds 40 --threads 1

A preset is one table, a row one set of candidates that are timed side by
side; see bench_timing.py for how. Results go to runs/bench/<preset>/:
results.csv, report.md and pictures.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Optional

import torch
import yaml
from jsonargparse import ArgumentParser
from tqdm import tqdm

from experiments.bench.operator.action import (
    action_candidates,
    neighbor_candidates,
)
from experiments.bench.operator.layers import (
    layer_candidates,
    shared_candidates,
)
from experiments.bench.operator.models import model_candidates
from experiments.bench.operator.peers import (
    floor_and_hcsf,
    make_problem,
    product_candidates,
)
from experiments.bench.operator.report import write_report
from experiments.bench.operator.timing import Candidate, check, measure
from experiments.sweep.presets import list_presets, load_preset
from pyg_hcsf.hops import HopEdges
from pyg_hcsf.nn import HCSFConv
from pyg_hcsf.skeleton import Skeleton, get_skeleton

SHAPE = (
    *('skeleton', 'graph', 'channels', 'batch'),
    *('short_hops', 'long_hops', 'squeeze', 'node_major'),
)


@dataclass
class BenchConfig:
    """One row: candidates that are timed side by side, at one shape or more.

    Args:
        kind: The candidates: product is the node-pair product and other ways
            to write it; pair of it only the package's own and the floor;
            layer whole layers of PyG; shared those with shared weights; model
            whole networks; action those that recognise actions, neighbors
            their sum over neighbours; scaling what bench_scaling.py measures.
        what: What is timed.
        skeleton: A skeleton, or wholebody133, a stand-in of as many joints.
        graph: The named graph of the skeleton.
        batch: Poses in a batch, or clips.
        frames: Frames of a clip.
        bodies: Bodies in a clip.
        channels: The width C, in and out.
        short_hops: S.
        long_hops: L.
        squeeze: d.
        node_major: Features lie in memory by joint, as inside a network.
        sweep: A setting that takes each of values in turn.
        values: Its values.
        rounds: How often each candidate takes a turn.
        threads: Threads of PyTorch; its own choice if none.
        device: Where to run.
    """

    kind: Literal[
        'product',
        'pair',
        'layer',
        'shared',
        'model',
        'action',
        'neighbors',
        'scaling',
    ] = 'product'
    what: list[str] = field(
        default_factory=lambda: ['forward', 'forward+backward']
    )
    skeleton: str = 'h36m17'
    graph: str = 'tree'
    batch: int = 256
    frames: int = 100
    bodies: int = 2
    channels: int = 128
    short_hops: int = 1
    long_hops: int = 2
    squeeze: float = 0.125
    node_major: bool = False
    sweep: Optional[str] = None
    values: list[Any] = field(default_factory=list)
    rounds: int = 15
    threads: Optional[int] = None
    device: str = 'cpu'

    def shapes(self) -> Iterator[BenchConfig]:
        """The row at each of its shapes."""
        if self.sweep is None:
            yield self
        elif self.sweep not in SHAPE:
            raise ValueError(
                f"Expected 'sweep' to be one of {SHAPE} (got '{self.sweep}')"
            )
        else:
            for value in self.values:
                yield replace(self, **{self.sweep: value})


def make_parser() -> ArgumentParser:
    """The command line."""
    parser = ArgumentParser(
        prog='run.py --task bench',
        description=__doc__.split('\n')[0],
        exit_on_error=False,
    )
    parser.add_argument('--task', type=str, help='bench')
    parser.add_argument(
        '--preset', type=str, default='default', help='a name or name/row'
    )
    parser.add_argument('--out', type=str, default='runs', help='for results')
    parser.add_argument(
        '--smoke', action='store_true', help='tiny: equality, not time'
    )
    parser.add_argument(
        '--list', action='store_true', help='show presets and their rows'
    )
    parser.add_argument(
        '--print_config', action='store_true', help='show settings, and stop'
    )
    parser.add_argument('--label', type=str, default='')
    parser.add_class_arguments(BenchConfig)
    return parser


def row_config(row: dict[str, Any], argv: list[str]) -> BenchConfig:
    """A row of a preset, changed by the command line."""
    parser = make_parser()
    parser.set_defaults(row)
    args = parser.parse_args(argv).as_dict()
    names = BenchConfig.__dataclass_fields__
    config = BenchConfig(**{name: args[name] for name in names})
    if args['smoke']:
        config.channels, config.batch = 8, min(config.batch, 4)
        config.frames = min(config.frames, 12)
        config.rounds, config.threads = 2, 1
        if config.sweep in ('batch', 'channels'):
            config.values = [1, 8]
        config.values = config.values[:2]
        if not torch.cuda.is_available():
            config.device = 'cpu'
    return config


def main(argv: list[str]) -> Path | None:
    """Runs the command line; returns the path of the report."""
    show = '--print_config' in argv
    argv = [word for word in argv if word != '--print_config']
    args = make_parser().parse_args(argv)
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
    print(f'{text}\n\nTables and pictures: {path}', flush=True)
    return path


def run_row(
    config: BenchConfig, folder: Path, smoke: bool
) -> list[dict[str, Any]]:
    """Checks and times the candidates of a row; returns one record each.

    Raises:
        RuntimeError: If a candidate does not compute what it should.
        ValueError: If there is no such device.
    """
    if config.device != 'cpu' and not torch.cuda.is_available():
        raise ValueError(
            "Expected '--device cpu' where PyTorch finds no GPU (got "
            f"'{config.device}')"
        )
    if config.kind == 'scaling':
        from experiments.bench import scaling as bench_scaling

        parts = [getattr(bench_scaling, name) for name in config.what]
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
    rest = (c.squeeze, c.batch, c.device)
    if c.kind == 'layer':
        return layer_candidates(skeleton, hops, c.channels, *rest)
    if c.kind == 'shared':
        return shared_candidates(hops, c.channels, *rest)
    if c.kind == 'neighbors':
        rows = c.batch * c.bodies * c.frames
        return neighbor_candidates(hops, c.channels, c.squeeze, rows, c.device)
    if c.kind == 'action':
        shape = (c.batch, c.frames, c.bodies, skeleton.num_joints, 3)
        clips = torch.randn(shape, device=c.device)
        return action_candidates(skeleton, hops, c.channels, c.squeeze, clips)
    if c.kind == 'model':
        return model_candidates(skeleton, c.channels, c.long_hops, *rest)
    conv = HCSFConv(c.channels, c.channels, hops, c.squeeze)
    problem = make_problem(
        hops, c.channels, conv.hop_channels, c.batch, c.node_major, c.device
    )
    make: dict[str, Callable] = {
        'product': product_candidates,
        'pair': floor_and_hcsf,
    }
    return make[c.kind](problem)


def find_skeleton(name: str, graph: str) -> Skeleton:
    """A skeleton of the package, or the stand-in for whole bodies."""
    return (
        wholebody133() if name == 'wholebody133' else get_skeleton(name, graph)
    )


def wholebody133() -> Skeleton:
    """A stand-in for COCO-WholeBody, which defines 133 keypoints and no tree:
    COCO's 17 joints, three to each foot, a chain of 68 for the face, and for
    each hand a palm with five chains of four.
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
