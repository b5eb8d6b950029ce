"""Scores a lifter on motion that it has not seen, under cameras and detectors
that it has not met.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor
from torch_geometric.data import Data

from experiments.lifting.config import LiftConfig
from experiments.lifting.data import Observation, bodies, detect
from experiments.pose.evaluate import check_lifted
from pyg_hcsf import metrics
from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.geometry import human36m_cameras
from pyg_hcsf.geometry.random_keypoints import KeypointNoise
from pyg_hcsf.geometry.random_views import (
    ViewRanges,
    Views,
    random_views,
    studio_views,
)
from pyg_hcsf.geometry.root_ray import decode_pose
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.protocols import get_protocol
from pyg_hcsf.skeleton import H36M17

WINDOWS = 2000  # of each data set and condition, about
ERRORS = ('mpjpe', 'n_mpjpe', 'pa_mpjpe')  # mm

# Joints outside of the image are missed under all of them.
_EXACT = KeypointNoise((0.0, 0.0), 0.0, 4.0, 0.0, 0.0, 2, 0.0, 0.0, 0.0)
_TYPICAL = replace(_EXACT, strength=(1.0, 1.0), outlier_rate=0.01)
_STEEP = ViewRanges((0.8, 1.2), (1500.0, 4000.0), (4000.0, 6000.0))


class Condition(NamedTuple):
    """Cameras, a detector, and what is known.

    Args:
        noise: The errors of the detector.
        cameras: What cameras are drawn from; None for those of Human3.6M.
        guess: Whether the focal length is guessed.
        text: In words.
    """

    noise: KeypointNoise
    cameras: ViewRanges | None
    guess: bool
    text: str


CONDITIONS = {
    'typical': Condition(
        _TYPICAL,
        ViewRanges(),
        False,
        '2D errors of 17 mm a coordinate on the person',
    ),
    'exact': Condition(_EXACT, ViewRanges(), False, 'exact keypoints'),
    'heavy': Condition(
        replace(_TYPICAL, strength=(2.5, 2.5)),
        ViewRanges(),
        False,
        '2.5 times that noise',
    ),
    'dropped': Condition(
        replace(_TYPICAL, occlusion_rate=1.0, back_rate=0.5),
        ViewRanges(),
        False,
        'typical, a joint missing with all within 0, 1 or 2 bones',
    ),
    'guessed': Condition(
        _TYPICAL, ViewRanges(), True, 'typical, guessed focal length'
    ),
    'studio': Condition(
        _TYPICAL, None, False, 'typical, the cameras of Human3.6M'
    ),
    'steep': Condition(
        _TYPICAL,
        _STEEP,
        False,
        'typical, from 4 to 6 m above the floor at 1.5 to 4 m',
    ),
}


class Lifted(NamedTuple):
    """What a network made of windows: joints from the root in millimetres at
    the known size of the person, the truth, both ``[F, 17, 3]``, and how far
    an image and its mirror image disagree, over the size ``[F, 17]``.
    """

    pose: Tensor
    joints: Tensor
    spread: Tensor
    size: Tensor


class LiftEvaluator:
    """Draws windows of clips, sees them under conditions, and lifts them.

    Args:
        clips: World motion of one data set.
        config: The settings of the row.
        name: The name of the data; it decides what is drawn.
        windows: About how many; each clip has one.
    """

    def __init__(
        self,
        clips: Sequence[Data],
        config: LiftConfig,
        name: str,
        windows: int = WINDOWS,
    ) -> None:
        frames = sum(clip.pos.size(1) for clip in clips)
        loader = ClipLoader(
            clips,
            batch_size=frames,
            frames=config.model.frames,
            stride=-(-frames // windows),
            keys=('pos',),
        )
        batch = next(iter(loader))
        pos = batch.pos
        self.pos = pos.unsqueeze(1) if pos.dim() == 3 else pos
        self.clips, self.clip, self.frame = clips, batch.clip, batch.frame
        self.config, self.name = config, name

    def see(self, condition: str) -> Observation:
        """The windows under a condition, the same for all networks."""
        c, layout = CONDITIONS[condition], self.config.motion.layout
        seed = zlib.crc32(f'{self.name} {condition}'.encode())
        generator = Generator().manual_seed(seed)
        people = bodies(self.pos, layout, generator)
        root = self.pos[:, -1, H36M17.root]
        views: Views
        if c.cameras is None:
            cameras = human36m_cameras()
            views = studio_views(people, root, cameras, generator)
        else:
            views = random_views(people, root, c.cameras, generator)
        return detect(views, layout, c.noise, float(c.guess), generator)

    @torch.no_grad()
    def lift(self, model: PoseLifter, condition: str = 'typical') -> Lifted:
        """Lifts what is seen under a condition."""
        seen = self.see(condition)
        network = model.folded()
        device = next(model.parameters()).device
        mirror = partial(mirror_pose, model=model)
        outs = []
        for x in seen.x.split(self.config.evaluate.batch_size):
            x = x.to(device)
            out = network(x)
            again = (
                mirror(network(mirror(x)))
                if self.config.evaluate.flip
                else out
            )
            outs.append(torch.stack([out, again]).cpu())
        out, again = torch.cat(outs, dim=1)
        pose = decode_pose((out + again) / 2, seen.rotation, seen.size)
        spread = (out - again).norm(dim=-1)
        return Lifted(pose, seen.joints, spread, seen.size)

    def error(self, model: PoseLifter, trained: bool = False) -> float:
        """MPJPE in mm under the typical condition, for validation."""
        out = self.lift(model)
        check_lifted(out.pose, out.joints, trained)
        return float(metrics.mpjpe(out.pose, out.joints))

    def score(self, model: PoseLifter) -> dict[str, dict[str, float]]:
        """The errors in mm under each condition."""
        table = {}
        for condition in CONDITIONS:
            out = self.lift(model, condition)
            table[condition] = {
                name: float(getattr(metrics, name)(out.pose, out.joints))
                for name in ERRORS
            }
        return table

    def arrays(self, out: Lifted) -> dict[str, np.ndarray]:
        """What frames.npz holds."""
        error = metrics.mpjpe(out.pose, out.joints, per_frame=True)
        names = {
            key: np.array([str(clip[key]) for clip in self.clips])
            for key in ('subject', 'action', 'clip')
        }
        return {
            'error': error.float().numpy(),
            'clip': self.clip.int().numpy(),
            'frame': self.frame.int().numpy(),
            'prediction': out.pose.float().numpy(),
            'joints': out.joints.float().numpy(),
            'clip_names': names.pop('clip'),
            'camera': np.full(len(self.clips), 'random'),
            **names,
        }


def mirror_pose(x: Tensor, model: PoseLifter) -> Tensor:
    """What the mirror image of a body is encoded as."""
    return get_protocol('vp3d').mirror(x, model.skeleton)


def joint_names(error: Tensor) -> dict[str, Any]:
    """An error per joint, by its name."""
    return dict(zip(H36M17.joints, error.tolist(), strict=True))
