"""Fits the parameters of live smoothing (KEYPOINT, POSE, DIRECTION and DEPTH
in pyg_hcsf/lifting/smoothing/live.py), in about 20 minutes on one core.

    python -m experiments.fitting.live_smoother --root $PYG_HCSF_DATA

The people are some of those of experiments/fitting/smoother.py; nobody is
tested on here, see experiments/bench/motion.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.optimize import minimize

from experiments.lifting.scenes import NOISES, Scene, make_scenes
from experiments.sweep.sources import data_home
from pyg_hcsf import metrics
from pyg_hcsf.cli.command import CommandParser, log, run_command
from pyg_hcsf.lifting import Lifter
from pyg_hcsf.lifting.smoothing.live import (
    DEPTH,
    DIRECTION,
    KEYPOINT,
    POSE,
    CausalFilter,
    Tuning,
)

PEOPLE = ('CMU02', 'CMU14', 'CMU35')
RATES = {25.0: 6, 60.0: 3}  # clips, each with all kinds of noise
SECONDS = 8.0
#: The weights of the logarithm of a ratio of accelerations above 1, and of
#: an error that is larger than without smoothing; most of the error of the
#: root is not noise.
POSE_WEIGHTS, ROOT_WEIGHTS = (0.1, 3.0), (0.2, 0.5)
FITTED = 3  # parameters of a Tuning: cutoff, gain, speed_cutoff


class Errors(NamedTuple):
    """The error of joints in mm, and their acceleration over the true one."""

    position: float
    acceleration: float

    @staticmethod
    def of(ours: np.ndarray, truth: np.ndarray) -> Errors:
        """Those of joints ``[T, N, 3]``."""
        a, b = torch.from_numpy(ours), torch.from_numpy(truth)
        sizes = [float(metrics.acceleration(x)) for x in (a, b)]
        return Errors(float((a - b).norm(dim=-1).mean()), sizes[0] / sizes[1])

    def cost(self, raw: Errors, weights: tuple[float, float]) -> float:
        """What is minimised, from the errors without smoothing."""
        shakes, worse = weights
        ratio = self.position / raw.position
        shaking = np.log(max(self.acceleration, 1.0))
        return ratio + worse * max(0.0, ratio - 1) + shakes * shaking


def smooth(tuning: Tuning, motion: np.ndarray, fps: float) -> np.ndarray:
    """Filters a motion ``[T, N, C]`` frame by frame."""
    _, joints, channels = motion.shape
    filter = CausalFilter(tuning, joints, channels, fps)
    return np.stack([filter(x, frame) for frame, x in enumerate(motion)])


class Take:
    """A scene on its way through the filters."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.lifter = Lifter(
            'single_coco17',
            height=scene.height,
            focal=scene.focal,
            smooth=False,
        )
        self.raw_pose, self.raw_root = self.errors(*self.lift(None))

    def lift(self, tuning: Tuning | None) -> tuple[np.ndarray, np.ndarray]:
        """Poses and roots from keypoints smooth or not, in all frames."""
        scene = self.scene
        if tuning is not None:
            scene = replace(scene, xy=smooth(tuning, scene.xy, scene.fps))
        (person,) = self.lifter.lift(scene.keypoints())
        assert person.root is not None
        rows = np.searchsorted(person.frames, np.arange(len(scene.truth)))
        rows = rows.clip(max=len(person.frames) - 1)
        return person.pose[rows], person.root[rows]

    def errors(
        self, pose: np.ndarray, root: np.ndarray
    ) -> tuple[Errors, Errors]:
        """Of a pose and a root."""
        scene = self.scene
        return (
            Errors.of(pose, scene.pose),
            Errors.of(root[:, None], scene.root[:, None]),
        )

    def pose_cost(self, keypoint: Tuning, pose: Tuning) -> float:
        """How good poses are."""
        lifted, root = self.lift(keypoint)
        smoothed = smooth(pose, lifted, self.scene.fps)
        return self.errors(smoothed, root)[0].cost(self.raw_pose, POSE_WEIGHTS)

    def keep_root(self, keypoint: Tuning) -> None:
        """Stores the root for :meth:`root_cost`."""
        self.pose, self.root = self.lift(keypoint)

    def root_cost(self, direction: Tuning, depth: Tuning) -> float:
        """How good the root is."""
        fps, root = self.scene.fps, self.root[:, None]
        distance = np.linalg.norm(root, axis=-1, keepdims=True)
        ray = smooth(direction, root / distance, fps)
        root = ray * np.exp(smooth(depth, np.log(distance), fps))
        return self.errors(self.pose, root[:, 0])[1].cost(
            self.raw_root, ROOT_WEIGHTS
        )


def fit(
    cost: Callable[..., float], start: Sequence[Tuning], evaluations: int
) -> list[Tuning]:
    """The best parameters, from some on, by the method of Nelder and Mead."""

    def make(logs: np.ndarray) -> list[Tuning]:
        parts = np.exp(logs).reshape(len(start), FITTED).tolist()
        return [
            Tuning(*part, *tuning[FITTED:])
            for part, tuning in zip(parts, start, strict=True)
        ]

    def run(logs: np.ndarray) -> float:
        value = cost(*make(logs))
        log(f'{value:.4f} {np.exp(logs).round(4).tolist()}')
        return value

    logs = np.log([x for tuning in start for x in tuning[:FITTED]])
    simplex = np.vstack([logs, logs + 0.4 * np.eye(len(logs))])
    options: Any = {'maxfev': evaluations, 'initial_simplex': simplex}
    return make(minimize(run, logs, method='Nelder-Mead', options=options).x)


def main(argv: list[str] | None = None) -> list[Tuning]:
    """Runs the command."""
    parser = CommandParser(prog='live_smoother', description=__doc__)
    parser.add_argument('--root', help='the data home')
    parser.add_argument('--evaluations', type=int, default=80)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args(argv)
    takes = [
        Take(scene)
        for fps, count in RATES.items()
        for scene in make_scenes(
            data_home(args.root), PEOPLE, NOISES, count, fps, args.seed,
            SECONDS,
        )
    ]  # fmt: skip
    keypoint, pose = fit(
        lambda *x: float(np.mean([take.pose_cost(*x) for take in takes])),
        [KEYPOINT, POSE],
        args.evaluations,
    )
    for take in takes:
        take.keep_root(keypoint)
    direction, depth = fit(
        lambda *x: float(np.mean([take.root_cost(*x) for take in takes])),
        [DIRECTION, DEPTH],
        args.evaluations,
    )
    names = ('KEYPOINT', 'POSE', 'DIRECTION', 'DEPTH')
    found = [keypoint, pose, direction, depth]
    for name, tuning in zip(names, found, strict=True):
        print(name, tuning)
    return found


if __name__ == '__main__':
    run_command(main)
