"""Tests trained networks on a data set that they were not trained on.

    python experiments/run.py --task pose --preset openmocap/hcsf \
        --test_data mpi_inf_3dhp

first trains what is not trained yet, then tests on --test_data. Results go to
runs/<task>/<preset>-on-<test_data>/<row>/<seed>/, with a report.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jsonargparse import Namespace

from experiments.pose.config import RunConfig
from experiments.pose.data import (
    DATA,
    SOURCES,
    expected,
    find_protocol,
    load_clips,
)
from experiments.pose.evaluate import Evaluator
from experiments.pose.own import SKELETON, skeleton_of
from experiments.pose.task import build_model
from experiments.reporting.runs import read_metrics
from experiments.reporting.tables import PAPER_PCK
from experiments.sweep import ledger
from experiments.sweep.folder import RunFolder
from experiments.sweep.presets import comparable, fingerprint, load_settings
from experiments.sweep.processes import RANK, print_once
from experiments.sweep.sources import data_home, title_of
from experiments.sweep.splits import check_split
from experiments.sweep.task import RunSpec
from pyg_hcsf.choices import did_you_mean
from pyg_hcsf.cli.command import UsageError
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.protocols import PoseProtocol, get_protocol
from pyg_hcsf.safe_io.shown import cause
from pyg_hcsf.skeleton import H36M17, Skeleton, save_skeleton

# The customary 2D input of a test, where it is not the projection.
KEYPOINTS = {'mpi_inf_3dhp': 'annotation', 'arrays': 'files'}


class TestOptions(NamedTuple):
    """Where and how to test: see the options of the same names."""

    data: str
    root: Path
    protocol: str
    keypoints: str


def test_home(args: Namespace) -> Path:
    """The data home of the test data.

    Raises:
        ValueError: If the task has no such tests, the test data or their
            protocol are not known, or their files are not found.
    """
    name = args.test_data
    if args.task != 'pose':
        raise UsageError(
            "Expected '--test_data' with '--task pose' only (got '--task "
            f"{args.task}')"
        )
    if name not in SOURCES:
        raise UsageError(
            f"Expected '--test_data' to be one of {DATA[1:]} (got '{name}')"
            + did_you_mean(name, DATA)
        )
    home = data_home(args.test_root or args.root)
    if SOURCES[name].find(home) is None:
        needs = SOURCES[name].needs.format(root=home)
        raise ValueError(f'Expected {needs}, or pass --test_root')
    if args.test_protocol is not None:
        get_protocol(args.test_protocol)
    return home


def trained_elsewhere(spec: RunSpec) -> bool:
    """Whether the folder of a run holds a network that was trained with these
    settings on another machine, as its data are not found here.
    """
    if SOURCES[spec.data].find(spec.root) is not None:
        return False
    try:
        metrics = json.loads((spec.folder / 'metrics.json').read_text())
        stored = load_settings(spec.folder / 'config.yaml', 'settings')
        own, stored = comparable(asdict(spec.config)), comparable(stored)
        for values in (own, stored):
            if spec.config.clips.distortion == 'auto':
                del values['clips']['distortion']
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return False
    return metrics.get('data_name') == spec.data and own == stored


def run(folder: Path, specs: Sequence[RunSpec], args: Namespace) -> Path:
    """Tests trained networks.

    Args:
        folder: The folder of their preset: ``runs/<task>/<preset>``.
        specs: Their trainings.
        args: The command line.

    Returns:
        The folder of the results.
    """
    data = args.test_data
    usual = (SOURCES[data].protocol, KEYPOINTS.get(data, 'gt'))
    chosen = (args.test_protocol or usual[0], args.test_keypoints or usual[1])
    options = TestOptions(data, test_home(args), *chosen)
    unusual = [c for c, u in zip(chosen, usual, strict=True) if c != u]
    out = folder.with_name('-'.join([folder.name, 'on', data, *unusual]))
    for spec in specs if RANK == 0 else ():
        with ExitStack() as stack:
            _test(spec, options, out, stack)
    return out


def load_network(
    folder: Path,
    config: RunConfig,
    protocol: PoseProtocol,
    seed: int,
    skeleton: Skeleton = H36M17,
) -> PoseLifter:
    """Loads the trained network of a run for evaluation.

    Args:
        folder: The folder of the run.
        config: Its run config.
        protocol: The protocol of its training.
        seed: Its seed.
        skeleton: Its skeleton.
    """
    model = build_model(config, protocol, seed, skeleton)
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


def _test(
    spec: RunSpec, options: TestOptions, out: Path, stack: ExitStack
) -> None:
    """Tests the network of one training, unless that is done."""
    config, data = spec.config, options.data
    skeleton = skeleton_of(spec.folder)
    own = find_protocol(config, spec.data, skeleton)
    protocol = own.scored_as(get_protocol(options.protocol, skeleton))
    clips_config = replace(
        config.clips, keypoints=options.keypoints, distortion=own.distortion
    )
    path = spec.folder / 'metrics.json'
    if not path.is_file():  # another process trains it
        print_once(f'{spec.title}: not trained yet')
        return
    trained = read_metrics(path, ('key', 'data'))
    clips = load_clips(data, options.root, 'test', clips_config, protocol)
    values = expected(data, 'test')
    check_split(clips, f'test of {data}', values, spec.allow_missing)
    config = replace(config, clips=clips_config, protocol=protocol.name)
    origin = [trained['key'], data, clips.raw_fingerprint]
    folder = out / spec.folder.parent.name / spec.folder.name
    store = RunFolder(folder, fingerprint(config, origin, spec.seed))
    title = f'{spec.title} on {data}'
    if store.finished():
        print_once(f'{title}: finished before, in {folder}')
        return
    if (owner := stack.enter_context(store.locked())) is not None:
        print_once(f'{title}: left to {owner}, which is testing it')
        return
    if note := store.prepare(config, resume=True, processes=1):
        print_once(f'{title}: {note}')
    model = load_network(spec.folder, config, own, spec.seed, skeleton)
    ledger.record(spec, data, 'test')
    evaluator = Evaluator(
        clips,
        protocol,
        config.model.frames,
        config.evaluate.batch_size,
        flip=config.evaluate.flip,
    )
    predictions = evaluator.predict(model)
    metrics = {
        **_metadata(spec, trained, data, out.name),
        'keypoints': clips_config.keypoints,
        'protocol': protocol.name,
        'average': protocol.average,
        'test_poses_per_s': predictions.poses_per_s,
        **evaluator.score(predictions, model.skeleton.joints),
    }
    save_skeleton(skeleton, folder / SKELETON)
    store.finish(metrics, evaluator.arrays(predictions))
    print_once(f'{title}, protocol {protocol.name}: {_summary(metrics)}')


def _summary(metrics: dict[str, Any]) -> str:
    text = f'MPJPE {metrics["mpjpe"]:.1f} mm'
    if 'pck' in metrics:
        scores = metrics['pck']['All']
        text += f', PCK {scores["pck"]:.1f} %, AUC {scores["auc"]:.1f} %'
    return text


def _metadata(
    spec: RunSpec, trained: dict[str, Any], data: str, preset: str
) -> dict[str, Any]:
    """The metrics of the training, with those that name the test data."""
    # The paper's numbers are of the data that it trained on.
    left_out = {'paper', 'pck', 'trained_on', 'commit', 'key'}
    metrics = {k: v for k, v in trained.items() if k not in left_out}
    metrics |= {
        'preset': preset,
        'data': title_of(data),
        'data_name': data,
        'split': 'test',
        'command': spec.metadata['command'],
    }
    if spec.data != data:
        metrics['trained_on'] = trained['data']
        origin = f' (trained on {trained["data"]})'
        metrics['data'] = title_of(data) + origin
        paper = {k: v for k, v in spec.config.paper.items() if k in PAPER_PCK}
        metrics |= {'paper': paper} if paper else {}
    return metrics
