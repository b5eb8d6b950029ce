"""Tests finished networks on a data set that they were not trained on.

    python experiments/run.py --task pose --preset openmocap/hcsf \
        --test_data mpi_inf_3dhp

trains what is not trained yet, then tests on --test_data. Results go to
runs/<task>/<preset>-on-<test_data>/<row>/<seed>/, the report beside them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from jsonargparse import ArgumentParser, Namespace

from experiments.pose.config import RunConfig
from experiments.pose.data import (
    DATA,
    SOURCES,
    default_protocol,
    expected,
    load_clips,
)
from experiments.pose.evaluate import Evaluator
from experiments.reporting.runs import read_metrics
from experiments.reporting.tables import PAPER_PCK
from experiments.sweep.folder import RunFolder
from experiments.sweep.presets import comparable, fingerprint, load_settings
from experiments.sweep.sources import data_home
from experiments.sweep.splits import check_split
from pyg_hcsf.cli.command import UsageError
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.protocols import PoseProtocol, get_protocol
from pyg_hcsf.safe_io.shown import cause

RANK = int(os.environ.get('RANK', 0))
# What the field tests on, where it is not the projection.
KEYPOINTS = {'mpi_inf_3dhp': 'annotation'}
Build = Callable[[RunConfig, PoseProtocol, int], PoseLifter]


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what says where else to test."""
    parser.add_argument(
        '--test_data',
        type=str | None,
        help='test finished networks there: '
        + ', '.join(name for name in DATA if name != 'auto'),
    )
    parser.add_argument(
        '--test_root', type=str | None, help='its data home; default --root'
    )
    parser.add_argument(
        '--test_protocol',
        type=str | None,
        help='how to score there; default that of the data',
    )
    parser.add_argument(
        '--test_keypoints',
        type=str | None,
        help="2D input there; default gt, of mpi_inf_3dhp 'annotation'",
    )


def test_home(args: Namespace) -> Path:
    """The data home of what to test on; an error if it is not there."""
    name = args.test_data
    if name not in DATA or name == 'auto':
        raise UsageError(
            f"Expected '--test_data' to be one of {DATA[1:]} (got '{name}')"
        )
    home = data_home(args.test_root or args.root)
    if SOURCES[name].find(home) is None:
        needs = SOURCES[name].needs.format(root=home)
        raise ValueError(f'Expected {needs}, or pass --test_root')
    if args.test_protocol is not None:
        get_protocol(args.test_protocol)
    return home


def finished_elsewhere(
    folder: Path, config: RunConfig, data: str, root: Path
) -> bool:
    """Whether a run was finished with these settings by who had its data,
    which are not here: it can be tested, not trained again.
    """
    if SOURCES[data].find(root) is not None:
        return False
    try:
        metrics = json.loads((folder / 'metrics.json').read_text())
        stored = load_settings(folder / 'config.yaml', 'settings')
        own, stored = comparable(asdict(config)), comparable(stored)
        for values in (own, stored):
            if config.clips.distortion == 'auto':
                del values['clips']['distortion']
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return False
    return metrics.get('data_name') == data and own == stored


def run(
    folder: Path,
    configs: dict[str, RunConfig],
    data: str,
    args: Namespace,
    command: str,
    build: Build,
    say: Callable[[str], None],
) -> tuple[Path, str]:
    """Tests the finished runs of a folder.

    Args:
        folder: ``runs/<task>/<preset>``.
        configs: The settings of each row, as they were trained with.
        data: What they were trained on.
        args: The command line.
        command: The same as a text.
        build: Makes the network of a row.
        say: Prints.

    Returns:
        The folder of the results, and the name of their data.
    """
    home, test_data = test_home(args), args.test_data
    partial = args.partial or args.smoke
    usual = (default_protocol(test_data), KEYPOINTS.get(test_data, 'gt'))
    chosen = (args.test_protocol or usual[0], args.test_keypoints or usual[1])
    unusual = [c for c, u in zip(chosen, usual, strict=True) if c != u]
    out = folder.with_name('-'.join([folder.name, 'on', test_data, *unusual]))
    for seed in dict.fromkeys(args.seed):
        for row, config in configs.items():
            if RANK > 0:
                continue
            test = _Test(folder / row / str(seed), seed, build, say, partial)
            names = (data, test_data)
            target = out / row / str(seed)
            with ExitStack() as held:
                test.run(target, config, names, home, chosen, command, held)
    return out, test_data


def load_network(
    folder: Path,
    config: RunConfig,
    protocol: PoseProtocol,
    seed: int,
    build: Build,
) -> PoseLifter:
    """The network of a finished run, for evaluation.

    Args:
        folder: The run.
        config: Its settings.
        protocol: The protocol that it was trained under.
        seed: Its seed.
        build: Makes the network of a row.
    """
    model = build(config, protocol, seed)
    path = folder / 'checkpoint.pt'
    try:
        state = torch.load(path, weights_only=True, map_location='cpu')
        model.load_state_dict(state['model'])
    except Exception as e:
        raise RuntimeError(
            f"Could not read the network '{path}' ({cause(e)}): delete the "
            f"folder '{folder}' and run that row and seed again"
        ) from e
    return model.eval()


class _Test:
    """The test of one row with one seed."""

    def __init__(
        self,
        source: Path,
        seed: int,
        build: Build,
        say: Callable,
        partial: bool,
    ) -> None:
        self.source = source
        self.seed = seed
        self.build = build
        self.say = say
        self.partial = partial

    def run(
        self,
        folder: Path,
        config: RunConfig,
        names: tuple[str, str],
        home: Path,
        chosen: tuple[str, str],
        command: str,
        held: ExitStack,
    ) -> None:
        data, test_data = names
        auto = config.protocol == 'auto'
        own = get_protocol(default_protocol(data) if auto else config.protocol)
        protocol = own.scored_as(get_protocol(chosen[0]))
        options = replace(
            config.clips, keypoints=chosen[1], distortion=own.distortion
        )
        path = self.source / 'metrics.json'
        if not path.is_file():  # left to another process
            self.say(f'{config.label} seed {self.seed}: not trained yet')
            return
        trained = read_metrics(path, ('key', 'data'))
        clips = load_clips(test_data, home, 'test', options, protocol)
        values = expected(test_data, 'test')
        check_split(clips, f'test of {test_data}', values, self.partial)
        config = replace(config, clips=options, protocol=protocol.name)
        origin = [trained['key'], test_data, clips.raw_fingerprint]
        store = RunFolder(folder, fingerprint(config, origin, self.seed))
        title = f'{config.label} seed {self.seed} on {test_data}'
        if store.finished():
            self.say(f'{title}: finished before, in {folder}')
            return
        if (owner := held.enter_context(store.claimed())) is not None:
            self.say(f'{title}: left to {owner}, which is at it')
            return
        if note := store.open(config, True, 1):
            self.say(f'{title}: {note}')
        model = load_network(self.source, config, own, self.seed, self.build)
        evaluator = Evaluator(
            clips,
            protocol,
            config.model.frames,
            config.evaluate.batch_size,
            flip=config.evaluate.flip,
        )
        out = evaluator.predict(model)
        metrics = self._metrics(trained, folder, names)
        paper = {k: v for k, v in config.paper.items() if k in PAPER_PCK}
        if paper and data != test_data:
            metrics['paper'] = paper
        metrics |= {
            'keypoints': options.keypoints,
            'protocol': protocol.name,
            'average': protocol.average,
            'test_poses_per_s': out.poses_per_s,
            'command': command,
            **evaluator.score(out, model.skeleton.joints),
        }
        store.finish(metrics, evaluator.arrays(out))
        text = f'MPJPE {metrics["mpjpe"]:.1f} mm'
        if 'pck' in metrics:
            scores = metrics['pck']['All']
            text += f', PCK {scores["pck"]:.1f} %, AUC {scores["auc"]:.1f} %'
        self.say(f'{title}, protocol {protocol.name}: {text}')

    def _metrics(
        self, trained: dict[str, Any], folder: Path, names: tuple[str, str]
    ) -> dict[str, Any]:
        """What is known of the network, and where it is tested."""
        data, test_data = names
        # The paper's numbers are of the data that it trained on.
        left_out = {'paper', 'pck', 'trained_on', 'commit', 'key'}
        metrics = {k: v for k, v in trained.items() if k not in left_out}
        metrics |= {
            'preset': folder.parents[1].name,
            'data': test_data,
            'data_name': test_data,
            'split': 'test',
        }
        if data != test_data:
            metrics['trained_on'] = trained['data']
            metrics['data'] = f'{test_data} (trained on {trained["data"]})'
        return metrics
