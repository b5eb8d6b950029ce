"""The action task of run.py: classifies the actions of skeleton clips."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial

import torch

from experiments.action.clips import ActionClips
from experiments.action.cmu import make_card
from experiments.action.config import ActionConfig, smoke
from experiments.action.data import SOURCES, expected, load_actions
from experiments.action.evaluate import ActionEvaluator, make_loader
from experiments.action.report import ActionReport
from experiments.action.trainer import ActionTrainer
from experiments.sweep.cost import count_clip_macs
from experiments.sweep.processes import RANK, WORLD, to_device
from experiments.sweep.splits import check_split
from experiments.sweep.task import Evaluation, RunSpec, Task, TaskRun
from experiments.sweep.trainer import Trainer
from pyg_hcsf.choices import check_choice
from pyg_hcsf.data.action_loader import ActionLoader
from pyg_hcsf.nn import ACTION_LAYERS, ActionRecognizer
from pyg_hcsf.nn.models.from_run import save_network
from pyg_hcsf.recognition import RecognizerInfo, save_recognizer
from pyg_hcsf.recognition.recognizer_weights import NAME


class ActionRun(TaskRun):
    """Trains and evaluates an ActionRecognizer."""

    task = 'action'
    arrays_file = 'scores.npz'
    config: ActionConfig

    def __init__(self, spec: RunSpec) -> None:
        super().__init__(spec)
        if self.config.evaluate.split == 'val':  # not to be trained on
            self.config.clips.hold_out = True
        self.clips = self.load('train')

    def load(self, split: str) -> ActionClips:
        """Loads the clips of a split."""
        spec = self.spec
        return load_actions(spec.data, spec.root, split, self.config.clips)

    def data_key(self) -> list:
        return [self.spec.data, self.clips.fingerprint]

    def check_splits(self) -> None:
        data, allow = self.spec.data, self.spec.allow_missing
        for split in ('train', self.config.evaluate.split):
            found = self.load(split)
            values = expected(data, split, found)
            check_split(found.clips, f'{split} of {data}', values, allow)

    def make_trainer(self) -> Trainer:
        config, seed = self.config, self.spec.seed
        model = build_model(config, self.clips, seed)
        self.loader = make_loader(
            self.clips,
            config,
            config.train.batch_size,
            random=True,
            shuffle=True,
            drop_last=True,
            seed=seed,
            rank=RANK,
            world_size=WORLD,
        )
        # Invalid settings raise errors here, before the training.
        self.info = describe(config, self.clips, self.loader)
        self.validator, validate = None, None
        if config.clips.hold_out:
            validator = ActionEvaluator(self.load('val'), config)
            self.validator = validator
            validate = partial(validator.validate, model)
        return ActionTrainer(
            model,
            self.loader,
            config.train,
            self.spec.folder,
            validate,
            seed,
        )

    def evaluate(self, trainer: Trainer) -> Evaluation:
        config, split = self.config, self.config.evaluate.split
        validation: dict[str, float] = {}
        if self.validator:
            if config.evaluate.calibrate:
                value = self.validator.calibrate(trainer.model)
                validation['temperature'] = value
            validation |= self.validator.validate(trainer.model)
        evaluator = ActionEvaluator(self.load(split), config)
        out = evaluator.predict(trainer.model)
        metrics = {
            'stream': config.clips.stream,
            'protocol': self.clips.protocol,
            'macs': count_clip_macs(trainer.model, config.clips.length),
            'train_clips': self.loader.num_windows,
            'train_clips_per_s': (
                trainer.samples / trainer.cost['train_seconds']
            ),
            'test_clips_per_s': out.clips_per_s,
            **validation,
            **evaluator.score(out),
        }
        top1 = metrics['top1']
        shown = f'{top1:.1f} % of {metrics["clips"]} {split} clips'
        card = {**self.info.card, 'top-1': shown}
        if self.spec.data == 'cmu':
            card |= make_card(metrics['by_source'], split)
        info = replace(self.info, card=card)
        folder = self.spec.folder
        save_recognizer(folder / NAME, trainer.model, info)
        save_network(folder, trainer.model, info.model, self.clips.protocol)
        return Evaluation(
            metrics,
            evaluator.arrays(out),
            f'top-1 {top1:.1f} % on the {split} clips',
        )


def build_model(
    config: ActionConfig, clips: ActionClips, seed: int
) -> ActionRecognizer:
    """The network of a run config, initialised with a seed."""
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
    """Describes weights for pyg_hcsf.recognition, which does not import
    experiments.
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


def check(config: ActionConfig, data: str) -> None:
    """Raises an error for settings that no run can have, before the data are
    loaded.
    """
    check_choice('layer', config.model.layer, sorted(ACTION_LAYERS))
    held_out = config.clips.hold_out or config.evaluate.split == 'val'
    if config.evaluate.calibrate and not held_out:
        raise ValueError(
            "Expected '--clips.hold_out true' with '--evaluate.calibrate "
            "true', which needs validation subjects (got false)"
        )


TASK = Task(
    config=ActionConfig,
    sources=SOURCES,
    smoke=smoke,
    run=ActionRun,
    report=ActionReport(),
    paper=('top1', '%'),
    required_data='recorded actions',
    check=check,
)
