"""What the networks that smooth lifted motion are trained on."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from experiments.lifting.scenes import Scene
from pyg_hcsf.lifting import Lifter, MotionSmoother
from pyg_hcsf.lifting.smoothing import Motion, SmootherNetworks
from pyg_hcsf.lifting.smoothing.bands import (
    describe_bands,
    split_bands,
)
from pyg_hcsf.lifting.smoothing.feet import ANKLES
from pyg_hcsf.lifting.smoothing.keypoint_filter import weigh_keypoints
from pyg_hcsf.lifting.smoothing.root_path import smooth_depth

WEIGHTS = ('single', 'temporal', 'temporal')


class Example(NamedTuple):
    """A motion to smooth, split into bands.

    Args:
        slow: The part below all bands: ``[T, N, C]``.
        bands: ``[T, N, C, K]``.
        features: ``[T, N, F]``.
        truth: ``[T, N, C]``.
        scale: Millimetres per unit: ``[T, 1, 1]``.
        fps: Frames per second.
    """

    slow: Tensor
    bands: Tensor
    features: Tensor
    truth: Tensor
    scale: Tensor
    fps: float


def make_example(
    motion: np.ndarray,
    weight: np.ndarray,
    truth: np.ndarray,
    scale: np.ndarray,
    fps: float,
) -> Example:
    """Splits a motion into bands once, for all steps."""
    split = split_bands(motion, weight, fps)
    return Example(
        slow=torch.from_numpy(split.slow).float(),
        bands=torch.from_numpy(split.bands.transpose(1, 2, 3, 0)).float(),
        features=torch.from_numpy(describe_bands(split)),
        truth=torch.from_numpy(truth).float(),
        scale=torch.from_numpy(scale[:, None, None]).float(),
        fps=fps,
    )


class Take:
    """A scene on its way through the smoother."""

    def __init__(self, scene: Scene, networks: SmootherNetworks) -> None:
        self.scene = scene
        self.keypoints = scene.keypoints()
        self.lifter = Lifter(
            WEIGHTS[len(scene.truth) % len(WEIGHTS)],
            height=scene.height,
            focal=scene.focal,
            smooth=False,
        )
        self.smoother = MotionSmoother(
            self.keypoints.layout,
            self.lifter.camera(self.keypoints.image_size),
            scene.fps,
            float(self.lifter.size),
            networks,
        )

    def keypoint_example(self) -> Example:
        """The detected keypoints."""
        scene = self.scene
        seen, size = scene.score > 0, scene.millimetres
        xy, weight = weigh_keypoints(scene.xy, seen, scene.fps)
        return make_example(xy, weight, scene.exact, size, scene.fps)

    def pose_example(self) -> Example:
        """The poses lifted from smoothed keypoints."""
        self.clip = self.smoother.smooth_keypoints(self.keypoints.tracks[0])
        (person,) = self.lifter.lift(
            replace(self.keypoints, tracks=(self.clip,))
        )
        assert person.root is not None and person.uncertainty is not None
        self.motion = Motion(
            person.frames,
            person.pose,
            person.root,
            person.uncertainty,
            np.zeros((len(person.frames), 2)),
        )
        filled, weight = self.smoother.fill_poses(
            self.motion, self.clip.frames
        )
        size, scene = np.ones(len(weight)), self.scene
        return make_example(filled.pose, weight, scene.pose, size, scene.fps)

    def depth_example(self) -> Example:
        """The distances of the root, of smooth poses of constant bones."""
        motion = self.smoother.smooth_poses(self.motion, self.clip)
        self.pose = self.smoother.fix_bones(motion)
        root, self.weight = self.smoother.find_root(self.pose, self.clip)
        self.root = root
        ours, truth = (
            np.linalg.norm(x, axis=-1) for x in (root, self.scene.root)
        )
        return make_example(
            np.log(ours)[:, None, None],
            self.weight[:, None],
            np.log(truth)[:, None, None],
            truth,
            self.scene.fps,
        )

    def feet(self) -> tuple[Tensor, Tensor]:
        """What describes feet, ``[2 T, F]``, and their true speeds in mm/s,
        ``[2 T]``.
        """
        scene, smoother = self.scene, self.smoother
        depth = smoother.networks.depth
        root = smooth_depth(self.root, self.weight, scene.fps, depth)
        features = smoother.describe_feet(self.pose, root, self.clip)
        step = np.gradient(scene.truth[:, ANKLES], axis=0) * scene.fps
        speed = np.linalg.norm(step, axis=-1)
        return (
            torch.from_numpy(features).flatten(0, 1),
            torch.from_numpy(speed).float().flatten(),
        )
