"""The lift task of run.py: a network for keypoints of any camera is trained,
and tested once. The weights in pyg_hcsf/lifting/weights are of such runs.

    python experiments/run.py --task lift --root ../shared/data
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from jsonargparse import Namespace

from experiments.lifting import report
from experiments.lifting.config import LiftConfig, smoke
from experiments.lifting.data import (
    SOURCES,
    LiftLoader,
    motion_clips,
    training_clips,
)
from experiments.lifting.evaluate import LiftEvaluator, joint_names
from experiments.pose.data import expected
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
from pyg_hcsf import metrics
from pyg_hcsf.lifting import (
    LifterInfo,
    fit_calibration,
    load_lifter,
    save_lifter,
)
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.protocols import get_protocol
from pyg_hcsf.skeleton import get_skeleton

# HDM05 is tested on as a rig that no training has seen.
TESTS = {'cmu': ('cmu', 'hdm05', 'synthetic'), 'synthetic': ('synthetic',)}
WEIGHTS = 'weights.safetensors'
CMU = (
    'The data used in this project was obtained from mocap.cs.cmu.edu. The '
    'database was created with funding from NSF EIA-0196217.'
)


def run_row(
    folder: Path,
    config: LiftConfig,
    data: str,
    root: Path,
    seed: int,
    args: Namespace,
    place: dict[str, Any],
    held: ExitStack,
) -> None:
    """Trains and evaluates one row with one seed, unless it is there."""
    title = f'{config.label} seed {seed}'
    clips = training_clips(data, root, 'train', config.motion)
    frames = sum(clip.pos.size(1) for clip in clips)
    key = fingerprint(config, [data, frames, WORLD], seed)
    store = RunFolder(folder, key)
    if not is_mine(store, title, place, held):
        return
    split = config.evaluate.split
    size = (1, config.motion.num_frames)
    tested = {
        name: motion_clips(name, root, split, *size) for name in TESTS[data]
    }
    there = expected('openmocap', split)['subject']
    for name, found in tested.items():
        people = [s for s in there if s.lower().startswith(name)]
        partial = args.partial or args.smoke
        check_split(found, f'{split} of {name}', {'subject': people}, partial)
    model = build_model(config, seed)
    loader = LiftLoader(
        clips,
        config.motion,
        config.train.batch_size,
        config.model.frames,
        seed,
        RANK,
        WORLD,
    )
    held_out = training_clips(data, root, 'val', config.motion)
    watch = LiftEvaluator(held_out, config, 'val')
    trainer = PoseTrainer(
        get_protocol('vp3d'),  # only to mirror
        *(model, loader, config.train, folder),
        lambda: {'val_mpjpe': watch.error(model)},
        seed,
    )
    if not train_row(store, trainer, config, args.resume, title):
        return

    # What is tested is what is in the file, rounded to float16.
    exact = watch.error(model, trained=True)
    options = {**asdict(config.model), **network_options(config)}
    info = LifterInfo(config.motion.layout, options)
    save_lifter(folder / WEIGHTS, model, info)
    model, _ = load_lifter(folder / WEIGHTS)
    to_device(model)
    out = watch.lift(model)
    error = metrics.joint_errors(out.pose, out.joints) / out.size[:, None]
    info = replace(info, calibration=fit_calibration(out.spread, error))
    val_mpjpe = watch.error(model)

    scores, per_joint = {}, {}
    arrays: dict[str, Any] = {}
    for name, found in tested.items():
        evaluator = LiftEvaluator(found, config, f'{name} {split}')
        scores[name] = evaluator.score(model)
        out = evaluator.lift(model)
        errors = metrics.joint_errors(out.pose, out.joints).mean(dim=0)
        per_joint[name] = joint_names(errors)
        arrays = arrays or evaluator.arrays(out)
    first = scores[TESTS[data][0]]['typical']
    values = {
        'task': args.task,
        'seed': seed,
        'data': 'CMU and ' * (data == 'cmu') + 'SyntheticMotion',
        'data_name': data,
        'split': split,
        'keypoints': config.motion.layout,
        'protocol': 'root-ray',
        'average': 'frames',
        'macs': count_macs(model),
        'train_frames': frames,
        **trainer.cost,
        **place,
        **first,
        'val_mpjpe': val_mpjpe,
        'val_mpjpe_float32': exact,
        'calibration': info.calibration,
        'scores': scores,
        'per_joint': per_joint,
    }
    info = replace(info, card=make_card(config, data, values))
    save_lifter(folder / WEIGHTS, model, info)
    store.finish(values, arrays)
    say(
        f'{title}: MPJPE {first["mpjpe"]:.1f} mm at known size on the '
        f'{split} subjects of {TESTS[data][0]}, trained '
        f'{trainer.cost["train_seconds"]:.0f} s'
    )


def network_options(config: LiftConfig) -> dict[str, Any]:
    """What a lifter has that others have not: confidences to read, and no
    frame to look ahead to.
    """
    return {'in_channels': 3, 'causal': config.model.frames > 1}


def build_model(config: LiftConfig, seed: int) -> PoseLifter:
    """The network of a row, with the weights that a seed gives."""
    torch.manual_seed(seed)
    options = asdict(config.model)
    skeleton = get_skeleton('h36m17', graph=options.pop('graph'))
    model = PoseLifter(skeleton, **options, **network_options(config))
    to_device(model)
    return model


def make_card(
    config: LiftConfig, data: str, values: dict[str, Any]
) -> dict[str, str]:
    """What is written into the file of the weights."""
    motion = 'SyntheticMotion'
    if data == 'cmu':
        motion = f'CMU 01, 11, 60 and 61 (mocap.cs.cmu.edu) and {motion}'
    errors = ', '.join(
        f'{name} {table["typical"]["mpjpe"]:.1f} mm'
        for name, table in values['scores'].items()
    )
    return {
        'data': f'{motion}, seen by random virtual cameras with noise',
        'licence': 'MIT',
        **({'acknowledgement': CMU} if data == 'cmu' else {}),
        'protocol': f'{config.train.steps} steps of {config.train.batch_size}'
        ' windows; run.py --task lift, see docs/results/lifting.md',
        'errors': f'MPJPE at known size, {values["split"]} subjects, typical '
        f'noise: {errors}',
        'limits': 'one person; spine, thorax, neck and head are those of the '
        'rigs; adults; unusual poses are worse',
    }


TASK = Task(
    LiftConfig,
    SOURCES,
    smoke,
    run_row,
    report,
    ('mpjpe', 'mm'),
    'motion capture',
)
