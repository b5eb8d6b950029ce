"""Loads motion, and observes it with random cameras and detector noise."""

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
from experiments.sweep.motion import openmocap_motion, synthetic_motion
from experiments.sweep.random_loader import RandomLoader
from experiments.sweep.sources import DataSource
from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.geometry.bodies import (
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
        return synthetic_motion(split, num_frames, range(seeds))
    clips = openmocap_motion(find_openmocap(root), split)
    return [c for c in clips if c.subject.lower().startswith(name)]


class LiftRequest(NamedTuple):
    """The motion to load."""

    root: Path
    split: str
    config: MotionConfig


def load_synthetic(request: LiftRequest) -> list[Data]:
    """Procedural motion."""
    config = request.config
    size = (config.synthetic, config.num_frames)
    return motion_clips('synthetic', request.root, request.split, *size)


def load_cmu(request: LiftRequest) -> list[Data]:
    """CMU's motion and procedural motion. HDM05 is excluded, as its licence
    would apply to the weights.
    """
    clips = motion_clips('cmu', request.root, request.split)
    return request.config.repeats * clips + load_synthetic(request)


def training_clips(
    data: str, root: Path, split: str, config: MotionConfig
) -> list[Data]:
    """Loads the motion to train on, or to validate on."""
    source = SOURCES[data]
    source.require(root)
    return source.load(LiftRequest(root, split, config))


class Observation(NamedTuple):
    """Windows of motion as observed by a camera and a detector.

    Args:
        x: The input of a lifter: ``[B, (T,) 17, 3]``.
        y: The target, for the last frame: ``[B, 17, 3]``.
        rotation: The rotation from the camera frame to the frame of ``x``,
            estimated from the keypoints: ``[B, 3, 3]``.
        size: The size of the body in mm: ``[B]``.
        joints: The true joints relative to the root, in the camera frame in
            mm: ``[B, 17, 3]``.
    """

    x: Tensor
    y: Tensor
    rotation: Tensor
    size: Tensor
    joints: Tensor


def bodies(pos: Tensor, layout: str, generator: Generator) -> Tensor:
    """Human3.6M's joints, followed by those of another layout."""
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
    """Detects the joints of projected :func:`bodies`, and encodes them.

    Args:
        views: The projections.
        layout: The joints of the detector.
        noise: The errors of the detector.
        guess_rate: The share of windows with a guessed focal length.
        generator: The random number generator.
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
    observed = look_at_root(uv, score, focal, views.center)
    last = look_at_root(uv[:, -1:], score[:, -1:], views.focal, views.center)
    y, size = encode_pose(truth, last.rotation[:, 0])
    x = window_input(observed.plane, observed.score)
    return Observation(
        x.squeeze(1) if x.size(1) == 1 else x,
        y,
        observed.rotation[:, -1],
        size,
        truth - truth[:, H36M17.root, None],
    )


class LiftLoader(RandomLoader):
    """Loads training windows, each observed by another camera in every epoch.

    Args:
        clips: World motion.
        config: Layout, bodies and cameras.
        batch_size: Windows in a batch, over all processes.
        frames: Frames in a window.
        seed: The seed.
        rank: The rank of this process.
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

    def augment(self, batch: Data, generator: Generator) -> Observation:
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
