"""Scenes: recorded motion of a person, seen by a camera and a detector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from scipy.signal import lfilter
from torch import Generator, Tensor

from experiments.lifting.data import bodies, detected_joints
from experiments.pose.data import find_openmocap
from experiments.sweep.sources import HOME
from pyg_hcsf.choices import did_you_mean
from pyg_hcsf.datasets.mocap.cmu import CMUMocap
from pyg_hcsf.datasets.mocap.openmocap import Motion
from pyg_hcsf.geometry.bodies import vary_proportions
from pyg_hcsf.geometry.keypoint_noise import DetectorNoise
from pyg_hcsf.geometry.random_keypoints import noise_joints
from pyg_hcsf.geometry.random_views import PLAIN_VIEWS, random_views
from pyg_hcsf.geometry.root_ray import SIZE_PER_HEIGHT, body_size
from pyg_hcsf.keypoints import Keypoints, Track
from pyg_hcsf.skeleton import H36M17, get_skeleton

PEOPLE = 'cmu_people/allasfamc.zip'  # more people of CMU, below a data home
IMAGE = (1920, 1080)
SIGMA = np.array(DetectorNoise().sigma) / np.mean(DetectorNoise().sigma)


@dataclass(frozen=True)
class Noise:
    """The errors of a detector.

    Args:
        name: The name in tables.
        size: The standard deviation of a coordinate, in millimetres on the
            person (the mean of all joints), or in pixels.
        pixels: Whether that is in pixels.
        correlation: Between successive frames.
        spread: The standard deviation of the logarithm of the size.
        outliers: The share of joints whose error is four times as large.
        lost: The share of joints that begin to be missing in a frame.
        scored: Whether the confidence tells the size of the error.
    """

    name: str
    size: float
    pixels: bool = False
    correlation: float = 0.0
    spread: float = 0.0
    outliers: float = 0.0
    lost: float = 0.0
    scored: bool = False

    @staticmethod
    def draw(rng: np.random.Generator) -> Noise:
        """A random detector, to train with."""
        return Noise(
            'random',
            size=float(np.exp(rng.uniform(np.log(1.5), np.log(25)))),
            correlation=float(rng.choice([0.0, 0.0, 0.3, 0.6, 0.8])),
            spread=float(rng.choice([0.0, 0.4])),
            outliers=float(rng.choice([0.0, 0.01, 0.02])),
            lost=float(rng.choice([0.0, 0.003])),
            scored=bool(rng.integers(2)),
        )


NOISES = (
    Noise('2 px', 2.0, pixels=True),
    Noise('12 mm', 12.0),
    Noise('12 mm, correlated', 12.0, False, 0.6, 0.4, 0.01, 0.003, True),
    Noise('17 mm, correlated', 17.2, False, 0.6, 0.4, 0.01, 0.003, True),
)


@dataclass(frozen=True)
class Scene:
    """A person in front of a camera that stands still.

    Args:
        subject: The person.
        clip: The name of the clip.
        fps: Frames per second.
        truth: Joints of Human3.6M in the camera frame in mm: ``[T, 17, 3]``.
        layout: The joints that are detected.
        exact: Their true projections in pixels: ``[T, 17, 2]``.
        xy: The same as detected, NaN where missing.
        score: Confidence: ``[T, 17]``.
        focal: The focal length in pixels.
    """

    subject: str
    clip: str
    fps: float
    truth: np.ndarray
    layout: str
    exact: np.ndarray
    xy: np.ndarray
    score: np.ndarray
    focal: float

    @property
    def pose(self) -> np.ndarray:
        """True joints relative to the root."""
        return self.truth - self.truth[:, :1]

    @property
    def root(self) -> np.ndarray:
        """The true place of the root."""
        return self.truth[:, 0]

    @property
    def height(self) -> float:
        """The height of the person in mm, as lifters define it."""
        size = body_size(torch.from_numpy(self.truth)).median()
        return float(size / SIZE_PER_HEIGHT)

    @property
    def millimetres(self) -> np.ndarray:
        """Per pixel at the depth of the root: ``[T]``."""
        return self.truth[:, 0, 2] / self.focal

    def keypoints(self, exact: bool = False) -> Keypoints:
        """The detections as of a file."""
        frames = np.arange(len(self.truth))
        xy = self.exact if exact else self.xy
        score = np.ones_like(self.score) if exact else self.score
        track = Track('1', frames, xy, score)
        return Keypoints(self.layout, (track,), 'scene', IMAGE, self.fps)


@cache
def recorded(root: Path, fps: float) -> dict[str, list[tuple[str, Tensor]]]:
    """All motion below a data home by subject: names and world joints
    ``[T, 17, 3]`` in mm, z up.
    """
    dataset: Iterable
    if fps <= 60:  # the slowest recordings of OpenMocap
        raw = find_openmocap(root)
        dataset = Motion(HOME / 'OpenMocap', raw, fps, log=False)
    else:
        people = HOME / 'CMUMocap'
        dataset = CMUMocap(people, root / PEOPLE, fps=fps, log=False)
    out: dict[str, list[tuple[str, Tensor]]] = {}
    for clip in dataset:
        motion = (clip.clip, clip.pos.transpose(0, 1))
        out.setdefault(clip.subject, []).append(motion)
    return out


def make_scenes(
    root: Path,
    subjects: Sequence[str],
    noises: Sequence[Noise] | None,
    count: int,
    fps: float = 25.0,
    seed: int = 0,
    seconds: float = 12.0,
    vary: bool = False,
) -> Iterator[Scene]:
    """Random clips of some people, as many of each, each as all of some
    detectors find it.

    Args:
        root: The data home.
        subjects: The people.
        noises: The detectors; None draws another one for each clip.
        count: The number of clips.
        fps: Frames per second.
        seed: The seed.
        seconds: The longest clip; the shortest has 2 seconds.
        vary: Whether bodies get random proportions.
    """
    motion = recorded(root, fps)
    for name in subjects:
        if name not in motion:
            raise ValueError(
                f"Expected motion of {name} below '{root}' (got "
                f'{len(motion)} people{did_you_mean(name, list(motion))})'
            )
    rng = np.random.default_rng(seed)
    made = 0
    while made < count:
        subject = subjects[made % len(subjects)]
        clips = [c for c in motion[subject] if len(c[1]) >= 2 * fps]
        clip, pos = clips[rng.integers(len(clips))]
        length = min(int(seconds * fps), len(pos))
        start = rng.integers(0, len(pos) - length + 1)
        generator = Generator().manual_seed(int(rng.integers(2**31)))
        pos = pos[start : start + length].float()
        scene = film(subject, clip, pos, fps, generator, vary)
        if scene is None:
            continue
        made += 1
        for noise in noises or [Noise.draw(rng)]:
            yield detect(scene, noise, rng)


def film(
    subject: str,
    clip: str,
    pos: Tensor,
    fps: float,
    generator: Generator,
    vary: bool = False,
    layout: str = 'coco17',
) -> Scene | None:
    """Puts a camera in front of a motion ``[T, 17, 3]``, in world mm; None if
    the person comes nearer than 1.2 m.
    """
    pos = pos[None]
    if vary:
        pos = vary_proportions(pos, 0.08, generator)
    people, pos = bodies(pos, layout, generator), pos[0]
    middle = pos[:, 0].mean(dim=0)
    middle[2] = pos[:, 0, 2].median()
    reach = float((pos[:, 0, :2] - middle[:2]).norm(dim=-1).max())
    near = max(2500.0, 2.2 * reach)
    views = random_views(
        people,
        middle[None],
        replace(
            PLAIN_VIEWS,
            focal=(0.8, 1.6),
            distance=(near, near + 3500),
            height=(500.0, 2400.0),
            off_center=0.15,
            image_sizes=(IMAGE,),
        ),
        generator,
    )
    count = H36M17.num_joints
    truth = views.joints[0, :, :count].double().numpy()
    exact = views.keypoints[0, :, detected_joints(layout)].double().numpy()
    if truth[..., 2].min() < 1200:
        return None
    ones = np.ones(exact.shape[:2])
    focal = float(views.focal[0, 0, 0])
    return Scene(subject, clip, fps, truth, layout, exact, exact, ones, focal)


def detect(scene: Scene, noise: Noise, rng: np.random.Generator) -> Scene:
    """Adds the errors of a detector."""
    shape = scene.exact.shape
    error = _autoregressive(rng, shape, noise.correlation)
    level = noise.spread * _autoregressive(rng, shape[:2], noise.correlation)
    size = noise.size * np.exp(level - noise.spread**2)  # unit mean square
    score = np.full(shape[:2], 0.9)
    if not noise.pixels:
        size = size * SIGMA[noise_joints(get_skeleton(scene.layout))]
        if noise.scored:
            score = np.exp(-size / DetectorNoise().tolerance)
        size = size / scene.millimetres[:, None]
    size = size * np.where(rng.random(shape[:2]) < noise.outliers, 4, 1)
    start = rng.random(shape[:2]) < noise.lost
    frame = np.arange(shape[0])[:, None]
    end = np.where(start, frame + rng.geometric(1 / 6, shape[:2]), 0)
    lost = np.maximum.accumulate(end, axis=0) > frame
    names = get_skeleton(scene.layout).joints
    hips = [i for i, name in enumerate(names) if name.endswith('Hip')]
    lost[:, hips] &= ~lost[:, hips].all(axis=1, keepdims=True)
    xy = scene.exact + size[..., None] * error
    xy[lost] = np.nan
    return replace(scene, xy=xy, score=np.where(lost, 0.0, score))


def _autoregressive(
    rng: np.random.Generator, shape: tuple[int, ...], correlation: float
) -> np.ndarray:
    """A first-order sequence of unit variance along the first axis."""
    draws = rng.standard_normal(shape)
    draws[1:] *= np.sqrt(1 - correlation**2)
    return lfilter([1.0], [1.0, -correlation], draws, axis=0)
