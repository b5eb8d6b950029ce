"""The rows of pose tables: see run.py."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from jsonargparse import Namespace

from experiments.pose import report
from experiments.pose.bodies import BodyLoader
from experiments.pose.config import RunConfig, smoke
from experiments.pose.cost_estimates import Prices
from experiments.pose.data import (
    SOURCES,
    default_protocol,
    expected,
    load_clips,
)
from experiments.pose.evaluate import Evaluator
from experiments.pose.trainer import PoseTrainer
from experiments.sweep.cost import count_macs
from experiments.sweep.folder import RunFolder
from experiments.sweep.presets import fingerprint
from experiments.sweep.session import (
    RANK,
    WORLD,
    Task,
    is_mine,
    say,
    to_device,
    train_row,
)
from experiments.sweep.splits import check_split
from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.protocols import PoseProtocol, get_protocol
from pyg_hcsf.skeleton import get_skeleton


def run_row(
    folder: Path,
    config: RunConfig,
    data: str,
    root: Path,
    seed: int,
    args: Namespace,
    place: dict[str, Any],
    held: ExitStack,
) -> None:
    """Trains and evaluates one row with one seed, unless it is there."""
    title = f'{config.label} seed {seed}'
    auto = config.protocol == 'auto'
    name = default_protocol(data) if auto else config.protocol
    protocol = get_protocol(name)
    if config.clips.distortion == 'auto':
        config.clips.distortion = protocol.distortion
    clips = load_clips(data, root, 'train', config.clips, protocol)
    key = fingerprint(config, [data, clips.raw_fingerprint, WORLD], seed)
    store = RunFolder(folder, key)
    if not is_mine(store, title, place, held):
        return
    for split in ('train', config.evaluate.split):
        found = load_clips(data, root, split, config.clips, protocol)
        values = expected(data, split)
        partial = args.partial or args.smoke
        check_split(found, f'{split} of {data}', values, partial)

    model = build_model(config, protocol, seed)
    macs = count_macs(model)
    loader = make_loader(clips, config, protocol, seed)
    watch = _evaluator(config, data, root, 'val', protocol, stride=8)
    trainer = PoseTrainer(
        protocol,
        model,
        loader,
        config.train,
        folder,
        lambda: {'val_mpjpe': watch.error(model)},
        seed,
    )
    if not train_row(store, trainer, config, args.resume, title):
        return

    evaluator = _evaluator(config, data, root, config.evaluate.split, protocol)
    out = evaluator.predict(model)
    cost = trainer.cost
    metrics = {
        'task': args.task,
        'seed': seed,
        'data': ('SyntheticMotion' if data == 'synthetic' else data)
        + ' (partial)' * args.partial,
        'data_name': data,
        'split': config.evaluate.split,
        'keypoints': config.clips.keypoints,
        'protocol': protocol.name,
        'average': protocol.average,
        'macs': macs,
        'train_poses_per_s': trainer.samples / cost['train_seconds'],
        **cost,
        'test_poses_per_s': out.poses_per_s,
        **place,
        **evaluator.score(out, model.skeleton.joints),
    }
    store.finish(metrics, evaluator.arrays(out))
    say(
        f'{title}: MPJPE {metrics["mpjpe"]:.1f} mm on the '
        f'{config.evaluate.split} subjects, trained '
        f'{cost["train_seconds"]:.0f} s'
    )


def make_loader(
    clips: Any, config: RunConfig, protocol: PoseProtocol, seed: int
) -> ClipLoader | BodyLoader:
    """The batches that a row is trained on."""
    clips = getattr(clips, 'store', clips)  # encoded there: streams
    options: dict[str, Any] = {
        'batch_size': config.train.batch_size,
        'frames': config.model.frames,
        'stride': config.clips.stride,
        'shuffle': True,
        'drop_last': True,
        'seed': seed,
        'rank': RANK,
        'world_size': WORLD,
    }
    if config.clips.proportions == 0:
        return ClipLoader(clips, **options)
    return BodyLoader(clips, protocol, config.clips.proportions, **options)


def build_model(
    config: RunConfig, protocol: PoseProtocol, seed: int
) -> PoseLifter:
    """The network of a row, with the weights that a seed gives."""
    torch.manual_seed(seed)
    options = asdict(config.model)
    graph = options.pop('graph')
    model = PoseLifter(
        get_skeleton('h36m17', graph=graph),
        residual_xy=protocol.residual_xy,
        **options,
    )
    to_device(model)
    return model


def _evaluator(
    config: RunConfig,
    data: str,
    root: Path,
    split: str,
    protocol: PoseProtocol,
    stride: int = 1,
) -> Evaluator:
    clips = load_clips(data, root, split, config.clips, protocol)
    return Evaluator(
        clips,
        protocol,
        config.model.frames,
        config.evaluate.batch_size,
        stride,
        config.evaluate.flip,
    )


TASK = Task(
    RunConfig,
    SOURCES,
    smoke,
    run_row,
    report,
    ('mpjpe', 'mm'),
    'motion capture',
    lambda: Prices(build_model),
)
