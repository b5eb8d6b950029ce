"""Loads motion, and observes it with random cameras and detector noise."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor
from torch_geometric.data import Data

from experiments.lifting.config import LiftConfig, MotionConfig
from experiments.lifting.windows import MotionWindows, WindowLoader
from experiments.pose.data import find_openmocap
from experiments.sweep.motion import openmocap_motion, synthetic_motion
from experiments.sweep.random_loader import RandomLoader
from experiments.sweep.sources import DataSource
from pyg_hcsf.choices import check_choice
from pyg_hcsf.datasets.mocap.openmocap_people import (
    SPLITS,
    TEST_SUBJECTS,
    TRAIN_SUBJECTS,
    VAL_SUBJECTS,
)
from pyg_hcsf.geometry.bodies import (
    bend_joints,
    layout_joints,
    mix_legs,
    shift_joints,
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

#: The people of a data set and split. HDM05 is another rig, which is not
#: trained on: all but those of validation are the test.
PEOPLE = {
    (name, split): [s for s in subjects if s.lower().startswith(name)]
    for name, split, subjects in (
        ('cmu', 'train', TRAIN_SUBJECTS),
        ('cmu', 'val', VAL_SUBJECTS),
        ('cmu', 'test', TEST_SUBJECTS),
        ('hdm05', 'val', VAL_SUBJECTS),
        ('hdm05', 'test', TRAIN_SUBJECTS),
    )
}


@lru_cache(maxsize=8)  # the rows of a table share their clips
def motion_clips(
    name: str, root: Path, split: str, seeds: int = 1, num_frames: int = 400
) -> list[Data]:
    """World motion of a split: of cmu, hdm05 or synthetic."""
    if name == 'synthetic':
        return synthetic_motion(split, num_frames, range(seeds))
    people = PEOPLE[name, split]
    raw = find_openmocap(root)
    clips = (c for part in SPLITS for c in openmocap_motion(raw, part))
    return [clip for clip in clips if clip.subject in people]


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
    """CMU's motion, and in training procedural motion. HDM05 is excluded, as
    its licence would apply to the weights.
    """
    clips = motion_clips('cmu', request.root, request.split)
    if request.split != 'train':
        return clips
    check_people(request.config)
    wanted = request.config.people
    clips = [c for c in clips if not wanted or c.subject in wanted]
    return clips + load_synthetic(request)


def check_people(config: MotionConfig) -> None:
    """Raises an error if nobody of a name is trained on."""
    for name in config.people:
        check_choice('--motion.people', name, PEOPLE['cmu', 'train'])


def training_clips(
    data: str, root: Path, split: str, config: MotionConfig
) -> list[Data]:
    """Loads the motion to train on, or to validate on."""
    source = SOURCES[data]
    source.require(root)
    return source.load(LiftRequest(root, split, config))


#: COCO's joints are the first of Halpe's, with which bodies are made.
POINTS = {'h36m17': 'h36m17', 'coco17': 'halpe26', 'halpe26': 'halpe26'}


def make_windows(clips: Sequence[Data], config: LiftConfig) -> MotionWindows:
    """The windows of clips that a network is to lift."""
    frames = config.model.frames
    target = frames - 1 if config.causal else frames // 2
    return MotionWindows(clips, frames, config.motion.spacing, target)


def network_skeleton(layout: str) -> str:
    """The joints of the network for the joints of a detector."""
    return layout if layout == H36M17.name else 'h36m23'


@cache
def true_joints(layout: str) -> list[int]:
    """The joints of a network among those of :func:`bodies`: Human3.6M's, and
    ears and feet as Halpe defines them.
    """
    found = get_skeleton(POINTS[layout]).joints
    more = get_skeleton(network_skeleton(layout)).joints[H36M17.num_joints :]
    own = list(range(H36M17.num_joints))
    return own + [len(own) + found.index(name) for name in more]


def detected_joints(layout: str) -> slice:
    """The joints of a detector among those of :func:`bodies`."""
    first = 0 if layout == H36M17.name else H36M17.num_joints
    return slice(first, first + get_skeleton(layout).num_joints)


class Observation(NamedTuple):
    """Windows of motion as observed by a camera and a detector.

    Args:
        x: The input of a lifter: ``[B, (T,) N, 3]``.
        y: The target, of the frame to lift: ``[B, N, 3]``.
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
    """Human3.6M's joints, followed by those of Halpe for images."""
    if layout == H36M17.name:
        return pos
    points = layout_joints(pos, POINTS[layout], generator)
    return torch.cat([pos, points], dim=-2)


def detect(
    views: Views,
    layout: str,
    noise: KeypointNoise,
    guess_rate: float,
    target: int,
    generator: Generator,
) -> Observation:
    """Detects the joints of projected :func:`bodies`, and encodes them.

    Args:
        views: The projections.
        layout: The joints of the detector.
        noise: The errors of the detector.
        guess_rate: The share of windows with a guessed focal length.
        target: The frame to lift.
        generator: The random number generator.
    """
    count = H36M17.num_joints
    found = views.joints[..., detected_joints(layout), :]
    uv, score = disturb_keypoints(
        views._replace(joints=found).keypoints,
        found,
        views.focal,
        views.image_size,
        get_skeleton(layout),
        noise,
        generator,
    )
    skeleton = network_skeleton(layout)
    if skeleton != layout:
        arrays = convert_joints(uv.numpy(), score.numpy(), layout, skeleton)
        uv, score = map(torch.from_numpy, arrays)
    guess = FOCAL_PER_SIDE * views.image_size.amax(dim=-1, keepdim=True)
    guessed = torch.rand(len(uv), generator=generator) < guess_rate
    focal = torch.where(guessed[:, None, None], guess, views.focal)
    observed = look_at_root(uv, score, focal, views.center)
    at = slice(target, target + 1)
    exact = look_at_root(uv[:, at], score[:, at], views.focal, views.center)
    truth = views.joints[:, target, true_joints(layout)]
    y, size = encode_pose(truth, exact.rotation[:, 0])
    x = window_input(observed.plane, observed.score)
    truth = truth[:, :count]
    return Observation(
        x.squeeze(1) if x.size(1) == 1 else x,
        y,
        observed.rotation[:, target],
        size,
        truth - truth[:, H36M17.root, None],
    )


class LiftLoader(RandomLoader):
    """Loads training windows, each observed by another camera in every epoch.

    Args:
        windows: World motion.
        config: Layout, bodies and cameras.
        *args: Further arguments of WindowLoader, from the batch size on.
    """

    def __init__(
        self, windows: MotionWindows, config: MotionConfig, *args: Any
    ) -> None:
        self.config, self.target = config, windows.target
        share = windows.shares(config.balance, config.synthetic_share)
        super().__init__(WindowLoader(windows, share, *args))

    def augment(self, pos: Tensor, generator: Generator) -> Observation:
        config, layout = self.config, str(self.config.layout)
        target = self.target
        pos = vary_proportions(pos, config.proportions, generator)
        pos = mix_legs(pos, config.mix_legs, generator)
        pos = bend_joints(pos, config.bend, generator)
        if config.rigs:
            pos = shift_joints(pos, config.rigs, generator)
        pos = tumble(pos, config.tumble, generator)
        views = random_views(
            bodies(pos, layout, generator),
            pos[:, target, H36M17.root],
            ViewRanges(),
            generator,
        )
        if layout == 'coco17':
            feet = torch.rand((), generator=generator) < config.feet_rate
            layout = 'halpe26' if feet else layout
        rate, noise = config.guess_rate, KeypointNoise()
        return detect(views, layout, noise, rate, target, generator)


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
