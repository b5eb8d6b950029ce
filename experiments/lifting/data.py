"""Motion as detectors on random cameras see it, encoded for a lifter."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Generator, Tensor
from torch_geometric.data import Data

from experiments.lifting.config import MotionConfig
from experiments.pose.data import find_openmocap
from experiments.sweep import sources
from experiments.sweep.random_loader import RandomLoader
from experiments.sweep.sources import DataSource
from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.datasets import OpenMocap
from pyg_hcsf.datasets.synthetic.dataset import (
    ACTIONS,
    SPLITS,
    TAKES,
    motion_clip,
)
from pyg_hcsf.geometry.random_bodies import (
    coco_joints,
    tumble,
    vary_proportions,
)
from pyg_hcsf.geometry.random_keypoints import (
    KeypointNoise,
    disturb_keypoints,
)
from pyg_hcsf.geometry.random_views import ViewRanges, Views, random_views
from pyg_hcsf.geometry.root_ray import (
    FOCAL_PER_SIDE,
    encode_pose,
    look_at_root,
    window_input,
)
from pyg_hcsf.keypoints.layouts import convert_joints
from pyg_hcsf.skeleton import H36M17, get_skeleton


@lru_cache(maxsize=8)  # the rows of a table share their clips
def motion_clips(
    name: str, root: Path, split: str, seeds: int = 1, num_frames: int = 400
) -> list[Data]:
    """World motion of a split: of cmu, hdm05 or synthetic."""
    if name == 'synthetic':
        return [
            motion_clip(subject, action, take, num_frames, seed)
            for seed in range(seeds)
            for subject in SPLITS[split]
            for action in ACTIONS
            for take in TAKES
        ]
    raw = find_openmocap(root)
    folder = sources.HOME / 'OpenMocap'
    clips = OpenMocap(folder, split, raw=raw, log=False).motion()
    return [c for c in clips if c.subject.lower().startswith(name)]


class LiftRequest(NamedTuple):
    """The motion that a run asks for."""

    root: Path
    split: str
    config: MotionConfig


def load_synthetic(request: LiftRequest) -> list[Data]:
    """Our own procedural motion."""
    config = request.config
    size = (config.synthetic, config.num_frames)
    return motion_clips('synthetic', request.root, request.split, *size)


def load_cmu(request: LiftRequest) -> list[Data]:
    """CMU's motion and our own. HDM05 never: its licence would bind the
    weights.
    """
    clips = motion_clips('cmu', request.root, request.split)
    return request.config.repeats * clips + load_synthetic(request)


def training_clips(
    data: str, root: Path, split: str, config: MotionConfig
) -> list[Data]:
    """What is learned from, or validated on."""
    source = SOURCES[data]
    if source.find(root) is None:
        raise ValueError(f'Expected {source.needs.format(root=root)}')
    return source.load(LiftRequest(root, split, config))


class Observation(NamedTuple):
    """Windows of motion that detectors have seen.

    Args:
        x: What a lifter reads: ``[B, (T,) 17, 3]``.
        y: What it is to predict of the last frame: ``[B, 17, 3]``.
        rotation: From the axes of the camera to those of ``x``, as far as is
            known: ``[B, 3, 3]``.
        size: The size of the body in millimetres: ``[B]``.
        joints: The truth from the root in the axes of the camera in
            millimetres: ``[B, 17, 3]``.
    """

    x: Tensor
    y: Tensor
    rotation: Tensor
    size: Tensor
    joints: Tensor


def bodies(pos: Tensor, layout: str, generator: Generator) -> Tensor:
    """The joints of Human3.6M, followed by those of another layout."""
    if layout == H36M17.name:
        return pos
    return torch.cat([pos, coco_joints(pos, generator)], dim=-2)


def detect(
    views: Views,
    layout: str,
    noise: KeypointNoise,
    guess_rate: float,
    generator: Generator,
) -> Observation:
    """Finds the joints of filmed :func:`bodies`, and encodes them.

    Args:
        views: The cameras.
        layout: The joints that the detector finds.
        noise: Its errors.
        guess_rate: The share of windows whose focal length is guessed.
        generator: The source of random numbers.
    """
    count = H36M17.num_joints
    truth = views.joints[:, -1, :count]
    uv, score = disturb_keypoints(
        views.keypoints[..., -count:, :],
        views.joints[..., -count:, :],
        views.focal,
        views.image_size,
        get_skeleton(layout),
        noise,
        generator,
    )
    if layout != H36M17.name:
        arrays = convert_joints(uv.numpy(), score.numpy(), layout)
        uv, score = map(torch.from_numpy, arrays)
    guess = FOCAL_PER_SIDE * views.image_size.amax(dim=-1, keepdim=True)
    guessed = torch.rand(len(uv), generator=generator) < guess_rate
    focal = torch.where(guessed[:, None, None], guess, views.focal)
    seen = look_at_root(uv, score, focal, views.center)
    last = look_at_root(uv[:, -1:], score[:, -1:], views.focal, views.center)
    y, size = encode_pose(truth, last.rotation[:, 0])
    x = window_input(seen.plane, seen.score)
    return Observation(
        x.squeeze(1) if x.size(1) == 1 else x,
        y,
        seen.rotation[:, -1],
        size,
        truth - truth[:, H36M17.root, None],
    )


class LiftLoader(RandomLoader):
    """Batches of windows for a training, each seen by a camera of its own,
    new in every epoch.

    Args:
        clips: World motion.
        config: Layout, bodies and cameras.
        batch_size: Windows in a batch, over all processes.
        frames: The frames of a window.
        seed: The seed.
        rank: The number of this process.
        world_size: The number of processes.
    """

    def __init__(
        self,
        clips: Sequence[Data],
        config: MotionConfig,
        batch_size: int,
        frames: int,
        seed: int,
        rank: int,
        world_size: int,
    ) -> None:
        self.config = config
        super().__init__(
            ClipLoader(
                clips,
                batch_size,
                frames,
                keys=('pos',),
                shuffle=True,
                drop_last=True,
                seed=seed,
                rank=rank,
                world_size=world_size,
            )
        )

    def change(self, batch: Data, generator: Generator) -> Observation:
        """What detectors make of windows of motion."""
        config, pos = self.config, batch.pos
        pos = pos.unsqueeze(1) if pos.dim() == 3 else pos
        pos = vary_proportions(pos, config.proportions, generator)
        pos = tumble(pos, config.tumble, generator)
        views = random_views(
            bodies(pos, config.layout, generator),
            pos[:, -1, H36M17.root],
            ViewRanges(),
            generator,
        )
        rate = config.guess_rate
        return detect(views, config.layout, KeypointNoise(), rate, generator)


# ``--data auto`` takes the first that is found.
SOURCES = {
    'cmu': DataSource(
        find_openmocap,
        load_cmu,
        'root-ray',
        "the raw files of openmocap in '{root}' or '{root}/OpenMocap/raw'; "
        'see datasets/OpenMocap/README.md',
    ),
    'synthetic': DataSource(lambda root: root, load_synthetic, 'root-ray'),
}
