"""Configuration and command line of the operator benchmarks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Optional, get_type_hints

from jsonargparse import ArgumentParser, Namespace

from experiments.parsing import literals, parse_plain
from pyg_hcsf.choices import check_choice

SHAPE = (  # settings that a sweep can change
    'skeleton',
    'graph',
    'channels',
    'batch',
    'short_hops',
    'long_hops',
    'squeeze',
    'node_major',
)


@dataclass
class BenchConfig:
    """A row of a preset: candidates that are compared at one or more shapes.

    Args:
        kind: The candidates: product the implementations of the node-pair
            product; pair only the package's own and the lower bound; layer
            layers of PyG; shared those with shared weights; model pose
            networks; action action networks; neighbors their sums over
            neighbors; scaling those of experiments/bench/scaling.py.
        what: The steps to time.
        skeleton: A skeleton, or wholebody133, a tree of 133 joints.
        graph: The named graph of the skeleton.
        batch: Poses or clips per batch.
        frames: Frames per clip.
        bodies: Bodies per clip.
        channels: Input and output channels C.
        short_hops: The furthest hop S of the short-range group.
        long_hops: The furthest hop L.
        squeeze: The squeezing ratio d.
        node_major: Store features by joint, as within a network.
        sweep: A setting that takes each of the values.
        values: The values of the sweep.
        rounds: The number of rounds.
        threads: Threads of PyTorch; its default if none.
        device: The device to run on.
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
        """The configuration for each value of the sweep."""
        if self.sweep is None:
            yield self
            return
        check_choice('sweep', self.sweep, SHAPE)
        for value in self.values:
            yield replace(self, **{self.sweep: value})


def make_parser() -> ArgumentParser:
    """Returns the parser of the command line."""
    parser = ArgumentParser(
        prog='run.py --task bench',
        description='Times operators and networks, as ratios of one run.',
        exit_on_error=False,
    )
    parser.add_argument('--task', type=str, help='bench')
    parser.add_argument(
        '--preset', type=str, default='default', help='preset or preset/row'
    )
    parser.add_argument(
        '--out', type=str, default='runs', help='folder of the results'
    )
    for name, text in (
        ('smoke', 'tiny shapes, to check equality and not time'),
        ('list', 'print the presets and their rows'),
        ('print_config', 'print the settings'),
    ):
        parser.add_argument(f'--{name}', action='store_true', help=text)
    parser.add_argument('--label', type=str, default='')
    parser.add_class_arguments(BenchConfig)
    return parser


def parse(argv: list[str], row: dict[str, Any] | None = None) -> Namespace:
    """Parses the command line, whose defaults are those of a row."""
    parser = make_parser()
    parser.set_defaults(row or {})
    hints = get_type_hints(BenchConfig)
    return parse_plain(parser, argv, lambda name: literals(hints.get(name)))


def row_config(row: dict[str, Any], argv: list[str]) -> BenchConfig:
    """The configuration of a row of a preset and the command line."""
    import torch  # late, so that --help is quick

    args = parse(argv, row).as_dict()
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
