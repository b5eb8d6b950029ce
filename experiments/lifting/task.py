"""The lift task of run.py: keypoints of any camera to 3D poses. The weights in
pyg_hcsf/lifting/weights are from such runs.

    python experiments/run.py --task lift --root $PYG_HCSF_DATA
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from experiments.lifting.config import LiftConfig, smoke
from experiments.lifting.data import (
    PEOPLE,
    SOURCES,
    LiftLoader,
    make_windows,
    motion_clips,
    network_skeleton,
    training_clips,
)
from experiments.lifting.evaluate import LiftEvaluator
from experiments.lifting.motion_scores import score_motion
from experiments.lifting.real import REAL
from experiments.lifting.report import LiftReport
from experiments.pose.checks import check_network
from experiments.pose.trainer import PoseTrainer
from experiments.sweep.cost import count_macs
from experiments.sweep.processes import RANK, WORLD, to_device
from experiments.sweep.splits import check_split
from experiments.sweep.task import Evaluation, RunSpec, Task, TaskRun
from experiments.sweep.trainer import Trainer
from pyg_hcsf import metrics
from pyg_hcsf.lifting import (
    LifterInfo,
    fit_calibration,
    load_lifter,
    save_lifter,
)
from pyg_hcsf.lifting.expected_error import lifting_loss
from pyg_hcsf.lifting.lifter_weights import RUN_FILE
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.nn.models.from_run import save_network
from pyg_hcsf.protocols import get_protocol
from pyg_hcsf.skeleton import H36M17, get_skeleton

# HDM05 is only tested on, as a rig that is in no training data.
TESTS = {'cmu': ('cmu', 'hdm05', 'synthetic'), 'synthetic': ('synthetic',)}
CMU = (
    'The data used in this project was obtained from mocap.cs.cmu.edu. The '
    'database was created with funding from NSF EIA-0196217.'
)


class LiftTrainer(PoseTrainer):
    """Trains poses and expected errors."""

    def loss(self, out: Tensor, y: Tensor) -> Tensor:
        return lifting_loss(out, y)


class LiftRun(TaskRun):
    """Trains, calibrates and evaluates a lifter, and saves its weights."""

    task = 'lift'
    config: LiftConfig

    def __init__(self, spec: RunSpec) -> None:
        super().__init__(spec)
        self.clips = self.load('train')
        self.frames = sum(clip.pos.size(1) for clip in self.clips)

    def load(self, split: str) -> list:
        """Loads the motion to train on, or to validate on."""
        spec = self.spec
        return training_clips(spec.data, spec.root, split, self.config.motion)

    def data_key(self) -> list:
        return [self.spec.data, self.frames]

    def check_splits(self) -> None:
        spec, split = self.spec, self.config.evaluate.split
        size = (1, self.config.motion.num_frames)
        self.tested = {
            name: motion_clips(name, spec.root, split, *size)
            for name in TESTS[spec.data]
        }
        for name, found in self.tested.items():
            people = PEOPLE.get((name, split), ())
            values = {'subject': people}
            check_split(
                found, f'{split} of {name}', values, spec.allow_missing
            )

    def make_trainer(self) -> Trainer:
        config, seed = self.config, self.spec.seed
        model = build_model(config, seed)
        if config.start:
            runs = self.spec.folder.parents[1]
            start_from(model, runs / config.start / str(seed))
        loader = LiftLoader(
            make_windows(self.clips, config),
            config.motion,
            config.train.batch_size,
            seed,
            RANK,
            WORLD,
        )
        self.validation = LiftEvaluator(self.load('val'), config, 'val')
        return LiftTrainer(
            get_protocol('vp3d'),  # only its mirror is used
            model,
            loader,
            config.train,
            self.spec.folder,
            lambda: {'val_mpjpe': self.validation.error(model)},
            seed,
        )

    def evaluate(self, trainer: Trainer) -> Evaluation:
        config, split, data = (
            self.config,
            self.config.evaluate.split,
            self.spec.data,
        )
        path = self.spec.folder / RUN_FILE
        exact = self.validation.error(trainer.model, trained=True)
        options = {**asdict(config.model), **network_options(config)}
        fps = 25.0 / config.motion.spacing
        info = LifterInfo(
            config.motion.layout,
            options,
            fps=fps,
            skeleton=network_skeleton(config.motion.layout),
        )
        save_network(self.spec.folder, trainer.model, options, 'root-ray')
        # The saved weights are evaluated, which are rounded to float16.
        save_lifter(path, trainer.model, info)
        model, _ = load_lifter(path)
        to_device(model)
        info = replace(info, calibration=self._calibrate(model))
        scores, per_joint = {}, {}
        arrays: dict[str, Any] = {}
        for name, clips in self.tested.items():
            evaluator = LiftEvaluator(clips, config, f'{name} {split}')
            scores[name] = evaluator.score(model)
            out = evaluator.lift(model)
            error = metrics.joint_errors(out.pose, out.joints).mean(dim=0)
            per_joint[name] = dict(
                zip(H36M17.joints, error.tolist(), strict=True)
            )
            arrays = arrays or evaluator.arrays(out)
        first = TESTS[data][0]
        values = {
            'data': 'CMU and ' * (data == 'cmu') + 'SyntheticMotion',
            'keypoints': config.motion.layout,
            'protocol': 'root-ray',
            'average': 'subjects',
            'macs': count_macs(model),
            'train_frames': self.frames,
            **scores[first]['typical'],
            'val_mpjpe': self.validation.error(model),
            'val_mpjpe_float32': exact,
            'calibration': info.calibration,
            'scores': scores,
            'per_joint': per_joint,
        }
        card = make_card(config, data, split, scores)
        save_lifter(path, model, replace(info, card=card))
        values['motion'] = self._score_motion(path)
        summary = (
            f'MPJPE {values["mpjpe"]:.1f} mm at known size on the {split} '
            f'subjects of {first}'
        )
        return Evaluation(values, arrays, summary)

    def _score_motion(self, path: Path) -> dict[str, Any]:
        """How natural the motion looks that the saved weights lift."""
        layout = self.config.motion.layout
        return {
            name: score_motion(path, clips, layout, name)
            for name, clips in self.tested.items()
        }

    def _calibrate(self, model: PoseLifter) -> Any:
        """Fits the error of a joint as a function of the spread."""
        out = self.validation.lift(model)
        error = metrics.joint_errors(out.pose, out.joints) / out.size[:, None]
        return fit_calibration(out.spread, error)


def network_options(config: LiftConfig) -> dict[str, Any]:
    """Arguments of a PoseLifter that reads confidences."""
    outputs = 4 if config.expected_error else 3
    return {
        'in_channels': 3,
        'out_channels': outputs,
        'causal': config.causal,
    }


def build_model(config: LiftConfig, seed: int) -> PoseLifter:
    """The network of a run config, initialised with a seed."""
    torch.manual_seed(seed)
    options = asdict(config.model)
    name = network_skeleton(config.motion.layout)
    skeleton = get_skeleton(name, graph=options.pop('graph'))
    model = PoseLifter(skeleton, **options, **network_options(config))
    to_device(model)
    return model


def start_from(model: PoseLifter, weights: Path) -> None:
    """Copies the weights of a network of single frames. The temporal
    convolutions of another network stay zero.
    """
    state = load_lifter(weights)[0].state_dict()
    kept = {
        name: value
        for name, value in model.state_dict().items()
        if name.startswith('mixers.')
    }
    model.load_state_dict({**kept, **state})


def make_card(
    config: LiftConfig, data: str, split: str, scores: dict[str, Any]
) -> dict[str, str]:
    """The model card that is saved with the weights."""
    motion = 'SyntheticMotion'
    if data == 'cmu':
        motion = f'CMU 01, 11, 60 and 61 (mocap.cs.cmu.edu) and {motion}'
    errors = ', '.join(
        f'{name} {table["typical"]["mpjpe"]:.1f} mm'
        for name, table in scores.items()
    )
    return {
        'data': f'{motion}, seen by random virtual cameras with noise',
        'licence': 'MIT',
        **({'acknowledgement': CMU} if data == 'cmu' else {}),
        'protocol': f'{config.train.steps} steps of {config.train.batch_size}'
        ' windows; run.py --task lift, see docs/results/lifting.md',
        'errors': f'MPJPE at known size, {split} subjects, typical noise: '
        f'{errors}',
        'limits': 'one person; spine, thorax, neck and head are those of the '
        'rigs; adults; unusual poses are worse',
    }


TASK = Task(
    config=LiftConfig,
    sources={**SOURCES, **REAL.sources},
    smoke=smoke,
    run=LiftRun,
    report=LiftReport(),
    paper=('mpjpe', 'mm'),
    required_data='motion capture',
    check=lambda config, data: check_network(
        config.model, **network_options(config)
    ),
    instead={'real': REAL},
)
