"""The pose task of run.py: 2D keypoints of known cameras to 3D poses."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch

from experiments.pose.bodies import BodyLoader
from experiments.pose.checks import check_run
from experiments.pose.config import RunConfig, smoke
from experiments.pose.cost_estimates import CostEstimates
from experiments.pose.data import (
    SOURCES,
    expected,
    find_protocol,
    find_skeleton,
    load_clips,
)
from experiments.pose.evaluate import Evaluator
from experiments.pose.own import KEYPOINTS, SKELETON, fit_to_skeleton
from experiments.pose.report import PoseReport
from experiments.pose.trainer import PoseTrainer
from experiments.sweep.cost import count_macs
from experiments.sweep.processes import (
    RANK,
    WORLD,
    print_once,
    to_device,
)
from experiments.sweep.splits import check_split
from experiments.sweep.task import Evaluation, RunSpec, Task, TaskRun
from experiments.sweep.trainer import Trainer
from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.nn.models.from_run import save_network
from pyg_hcsf.protocols import PoseProtocol
from pyg_hcsf.skeleton import H36M17, Skeleton, save_skeleton


class PoseRun(TaskRun):
    """Trains and evaluates a PoseLifter."""

    task = 'pose'
    config: RunConfig

    def __init__(self, spec: RunSpec) -> None:
        super().__init__(spec)
        clips = self.config.clips
        if spec.data == 'arrays' and clips.keypoints == 'gt':
            clips.keypoints = KEYPOINTS
        self.skeleton = find_skeleton(spec.data, spec.root, clips)
        for note in fit_to_skeleton(self.config, self.skeleton):
            print_once(f'{spec.title}: {note}')
        self.protocol = find_protocol(self.config, spec.data, self.skeleton)
        if self.config.clips.distortion == 'auto':
            self.config.clips.distortion = self.protocol.distortion
        self.clips = self.load('train')

    def load(self, split: str) -> Any:
        """Loads the clips of a split."""
        spec = self.spec
        return load_clips(
            spec.data, spec.root, split, self.config.clips, self.protocol
        )

    def data_key(self) -> list:
        return [self.spec.data, self.clips.raw_fingerprint]

    def check_splits(self) -> None:
        spec = self.spec
        for split in ('train', self.config.evaluate.split):
            values = expected(spec.data, split)
            name = f'{split} of {spec.data}'
            check_split(self.load(split), name, values, spec.allow_missing)

    def evaluator(self, split: str, stride: int = 1) -> Evaluator:
        """Evaluates every ``stride``-th frame of a split."""
        return Evaluator(
            self.load(split),
            self.protocol,
            self.config.model.frames,
            self.config.evaluate.batch_size,
            stride,
            self.config.evaluate.flip,
        )

    def make_trainer(self) -> Trainer:
        config, seed = self.config, self.spec.seed
        model = build_model(config, self.protocol, seed, self.skeleton)
        self.macs = count_macs(model)
        loader = make_loader(self.clips, config, self.protocol, seed)
        validation = self.evaluator('val', stride=8)
        return PoseTrainer(
            self.protocol,
            model,
            loader,
            config.train,
            self.spec.folder,
            lambda: {'val_mpjpe': validation.error(model)},
            seed,
        )

    def evaluate(self, trainer: Trainer) -> Evaluation:
        split = self.config.evaluate.split
        evaluator = self.evaluator(split)
        model: Any = trainer.model
        out = evaluator.predict(model)
        metrics = {
            'keypoints': self.config.clips.keypoints,
            'protocol': self.protocol.name,
            'average': self.protocol.average,
            'macs': self.macs,
            'train_poses_per_s': (
                trainer.samples / trainer.cost['train_seconds']
            ),
            'test_poses_per_s': out.poses_per_s,
            **evaluator.score(out, model.skeleton.joints),
        }
        self._save(model)  # one that has not diverged
        return Evaluation(
            metrics,
            evaluator.arrays(out),
            f'MPJPE {metrics["mpjpe"]:.1f} mm on the {split} subjects',
        )

    def _save(self, model: PoseLifter) -> None:
        """Saves the network, which pyg_hcsf reads without experiments."""
        folder = self.spec.folder
        save_skeleton(model.skeleton, folder / SKELETON)
        options = network_options(self.config, self.protocol)
        save_network(folder, model, options, self.protocol.name)


def make_loader(
    clips: Any, config: RunConfig, protocol: PoseProtocol, seed: int
) -> ClipLoader | BodyLoader:
    """The training batches of a run config."""
    # A store streams clips that are encoded already; transforms act on items.
    if getattr(clips, 'transform', None) is None:
        clips = getattr(clips, 'store', clips)
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


def network_options(
    config: RunConfig, protocol: PoseProtocol
) -> dict[str, Any]:
    """The arguments of PoseLifter without the skeleton."""
    options = asdict(config.model)
    del options['graph']  # of the skeleton
    return {**options, 'residual_xy': protocol.residual_xy}


def build_model(
    config: RunConfig,
    protocol: PoseProtocol,
    seed: int,
    skeleton: Skeleton = H36M17,
) -> PoseLifter:
    """The network of a run config, initialised with a seed."""
    torch.manual_seed(seed)
    model = PoseLifter(
        skeleton.with_graph(config.model.graph),
        **network_options(config, protocol),
    )
    to_device(model)
    return model


TASK = Task(
    config=RunConfig,
    sources=SOURCES,
    smoke=smoke,
    run=PoseRun,
    report=PoseReport(),
    paper=('mpjpe', 'mm'),
    required_data='motion capture',
    cost_estimates=lambda: CostEstimates(build_model),
    check=check_run,
)
