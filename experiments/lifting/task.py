"""The lift task of run.py: keypoints of any camera to 3D poses. The weights in
pyg_hcsf/lifting/weights are from such runs.

    python experiments/run.py --task lift --root $PYG_HCSF_DATA
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import torch
from torch import Tensor

from experiments.lifting.card import make_card
from experiments.lifting.config import LiftConfig, smoke
from experiments.lifting.data import (
    SOURCES,
    LiftLoader,
    check_people,
    make_windows,
    network_skeleton,
    training_clips,
)
from experiments.lifting.evaluate import LiftEvaluator
from experiments.lifting.expected import calibrate
from experiments.lifting.real import REAL
from experiments.lifting.report import LiftReport
from experiments.lifting.scores import (
    load_tests,
    score_all_motion,
    score_lifter,
)
from experiments.pose.checks import check_network
from experiments.pose.trainer import PoseTrainer
from experiments.sweep.cost import count_macs
from experiments.sweep.processes import RANK, WORLD, to_device
from experiments.sweep.task import Evaluation, RunSpec, Task, TaskRun
from experiments.sweep.trainer import Trainer
from pyg_hcsf.geometry.bodies import parse_proportions
from pyg_hcsf.lifting import (
    LifterInfo,
    load_lifter,
    save_lifter,
)
from pyg_hcsf.lifting.expected_error import lifting_loss
from pyg_hcsf.lifting.lifter_weights import RUN_FILE
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.nn.models.from_run import save_network
from pyg_hcsf.protocols import get_protocol
from pyg_hcsf.skeleton import get_skeleton


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
        self.tests = load_tests(
            spec.data,
            spec.root,
            split,
            self.config.motion.num_frames,
            spec.allow_missing,
        )

    def make_trainer(self) -> Trainer:
        config, seed = self.config, self.spec.seed
        model = build_model(config, seed)
        if config.start:
            start_from(model, config.start, self.spec)
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
        config, data = self.config, self.spec.data
        split = config.evaluate.split
        exact = self.validation.error(trainer.model, trained=True)
        model, info = self._save(trainer)
        scores = score_lifter(
            model, info.calibration, config, self.tests, split
        )
        errors = scores.errors
        first = next(iter(errors))
        values = {
            'data': 'CMU and ' * (data == 'cmu') + 'SyntheticMotion',
            'keypoints': config.motion.layout,
            'protocol': 'root-ray',
            'average': 'subjects',
            'macs': count_macs(model),
            'train_frames': self.frames,
            **errors[first]['typical'],
            'val_mpjpe': self.validation.error(model),
            'val_mpjpe_float32': exact,
            'calibration': info.calibration,
            'scores': errors,
            'per_joint': scores.joints,
            'expected': scores.expected,
        }
        people = {clip.subject for clip in self.clips}
        card = make_card(config, people, split, errors)
        path = self.spec.folder / RUN_FILE
        save_lifter(path, model, replace(info, card=card))
        layout = config.motion.layout
        values['motion'] = score_all_motion(path, layout, self.tests)
        summary = (
            f'MPJPE {values["mpjpe"]:.1f} mm at known size on the {split} '
            f'subjects of {first}'
        )
        return Evaluation(values, scores.arrays, summary)

    def _save(self, trainer: Trainer) -> tuple[PoseLifter, LifterInfo]:
        """Saves the network, and loads it as it will be used: rounded to
        float16, with a calibration.
        """
        folder, config = self.spec.folder, self.config
        options = {**asdict(config.model), **network_options(config)}
        info = LifterInfo(
            config.motion.layout,
            options,
            fps=25.0 / config.motion.spacing,
            skeleton=network_skeleton(config.motion.layout),
        )
        save_network(folder, trainer.model, options, 'root-ray')
        save_lifter(folder / RUN_FILE, trainer.model, info)
        model, _ = load_lifter(folder / RUN_FILE)
        to_device(model)
        # People who use the network are seldom on CMU's rig.
        evaluator = LiftEvaluator(
            self.load('val'), config, 'calibration', displaced=True
        )
        calibration = calibrate(evaluator.lift(model))
        return model, replace(info, calibration=calibration)


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


def start_from(model: PoseLifter, row: str, spec: RunSpec) -> None:
    """Copies the weights of the network of single frames in another row. The
    temporal convolutions stay zero.
    """
    runs, seed = spec.folder.parents[1], str(spec.seed)
    weights = runs / row / seed / RUN_FILE
    if not weights.is_file():
        preset = spec.metadata['preset']
        raise ValueError(
            f"'{spec.title}' goes on from '{row}', which has not finished (no "
            f"'{weights}'). Run it first: python experiments/run.py --task "
            f'lift --preset {preset}/{row} --data {spec.data} --seed {seed} '
            f"--out {runs.parents[1]}; or pass --start ''"
        )
    state = load_lifter(weights)[0].state_dict()
    kept = {
        name: value
        for name, value in model.state_dict().items()
        if name.startswith('mixers.')
    }
    model.load_state_dict({**kept, **state})


def check(config: LiftConfig, data: str) -> None:
    """Raises an error for settings that no run can have."""
    check_network(config.model, **network_options(config))
    parse_proportions(config.motion.proportions)
    check_people(config.motion)
    if config.weights:
        raise ValueError(
            "Expected '--weights' with '--data real' only, which trains "
            f"nothing (got '{config.weights}' for {data})"
        )
    if data == 'synthetic' and config.motion.people:
        raise ValueError(
            "Expected '--data cmu' with '--motion.people' (got "
            f'{config.motion.people} for {data})'
        )


TASK = Task(
    config=LiftConfig,
    sources={**SOURCES, **REAL.sources},
    smoke=smoke,
    run=LiftRun,
    report=LiftReport(),
    paper=('mpjpe', 'mm'),
    required_data='motion capture',
    check=check,
    instead={'real': REAL},
)
