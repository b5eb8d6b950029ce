"""The action task of run.py: a row is trained, and tested once."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from jsonargparse import Namespace

from experiments.action import report
from experiments.action.clips import ActionClips
from experiments.action.config import ActionConfig, smoke
from experiments.action.data import SOURCES, expected, load_actions
from experiments.action.evaluate import ActionEvaluator, make_loader
from experiments.action.trainer import ActionTrainer
from experiments.sweep.cost import count_clip_macs
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
from pyg_hcsf.data.action_loader import ActionLoader
from pyg_hcsf.nn import ActionRecognizer
from pyg_hcsf.recognition import RecognizerInfo, save_recognizer
from pyg_hcsf.recognition.recognizer_weights import NAME


def run_row(
    folder: Path,
    config: ActionConfig,
    data: str,
    root: Path,
    seed: int,
    args: Namespace,
    place: dict[str, Any],
    held: ExitStack,
) -> None:
    """Trains and evaluates one row with one seed, unless it is there."""
    title = f'{config.label} seed {seed}'
    if config.evaluate.split == 'val':  # else they would be trained on
        config.clips.hold_out = True
    clips = load_actions(data, root, 'train', config.clips)
    key = fingerprint(config, [data, clips.fingerprint, WORLD], seed)
    store = RunFolder(folder, key, 'scores.npz')
    if not is_mine(store, title, place, held):
        return
    split = config.evaluate.split
    tested = load_actions(data, root, split, config.clips)
    partial = args.partial or args.smoke
    for part, found in (('train', clips), (split, tested)):
        name = f'{part} of {data}'
        check_split(found.clips, name, expected(data, part, found), partial)
    model = build_model(config, clips, seed)
    loader = make_loader(
        clips,
        config,
        config.train.batch_size,
        random=True,
        shuffle=True,
        drop_last=True,
        seed=seed,
        rank=RANK,
        world_size=WORLD,
    )
    info = describe(config, clips, loader)  # complains before the training
    watch = None
    if config.clips.hold_out:
        held_out = load_actions(data, root, 'val', config.clips)
        watch = ActionEvaluator(held_out, config)
    trainer = ActionTrainer(
        model,
        loader,
        config.train,
        folder,
        None if watch is None else lambda: watch.watch(model),
        seed,
    )
    if not train_row(store, trainer, config, args.resume, title):
        return

    validation: dict[str, float] = {}
    if watch is not None:
        validation = watch.watch(model)
    evaluator = ActionEvaluator(tested, config)
    out = evaluator.predict(model)
    cost = trainer.cost
    metrics = {
        'task': args.task,
        'seed': seed,
        'data': ('SyntheticMotion' if data == 'synthetic' else data)
        + ' (partial)' * args.partial,
        'data_name': data,
        'split': split,
        'stream': config.clips.stream,
        'protocol': clips.protocol,
        'macs': count_clip_macs(model, config.clips.length),
        'train_clips': loader.num_windows,
        'train_clips_per_s': trainer.samples / cost['train_seconds'],
        **cost,
        'test_clips_per_s': out.clips_per_s,
        **place,
        **validation,
        **evaluator.score(out),
    }
    shown = f'{metrics["top1"]:.1f} % of {metrics["clips"]} {split} clips'
    info = replace(info, card={**info.card, 'top-1': shown})
    save_recognizer(folder / NAME, model, info)
    store.finish(metrics, evaluator.arrays(out))
    say(
        f'{title}: top-1 {metrics["top1"]:.1f} % on the {split} clips, '
        f'trained {cost["train_seconds"]:.0f} s'
    )


def build_model(
    config: ActionConfig, clips: ActionClips, seed: int
) -> ActionRecognizer:
    """The network of a row, with the weights that a seed gives."""
    torch.manual_seed(seed)
    options = asdict(config.model)
    skeleton = clips.skeleton.with_graph(options.pop('graph'))
    model = ActionRecognizer(
        skeleton,
        out_channels=len(clips.actions),
        num_bodies=clips.num_bodies,
        **options,
    )
    to_device(model)
    return model


def describe(
    config: ActionConfig, clips: ActionClips, loader: ActionLoader
) -> RecognizerInfo:
    """What the weights of a row are, for pyg_hcsf.recognition: the library
    reads no settings of experiments.
    """
    model = {
        **asdict(config.model),
        'out_channels': len(clips.actions),
        'num_bodies': clips.num_bodies,
    }
    c = config.clips
    return RecognizerInfo(
        clips.skeleton.name,
        model,
        clips.actions,
        clips.usual or int(loader.lengths.median()),
        clips.normalize,
        c.stream,
        c.motion,
        c.length,
        c.fit,
        clips.fps,
        {'network': config.label, 'trained on': clips.protocol},
    )


TASK = Task(
    ActionConfig,
    SOURCES,
    smoke,
    run_row,
    report,
    ('top1', '%'),
    'recorded actions',
)
