"""Evaluates a lifter on other motion, cameras and detectors than those of its
training.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Generator, Tensor
from torch_geometric.data import Data

from experiments.lifting.config import LiftConfig
from experiments.lifting.data import (
    Observation,
    bodies,
    detect,
    make_windows,
)
from experiments.pose.evaluate import check_lifted
from experiments.sweep.processes import progress
from pyg_hcsf import metrics
from pyg_hcsf.geometry import human36m_cameras
from pyg_hcsf.geometry.bodies import shift_joints
from pyg_hcsf.geometry.random_keypoints import NO_ERRORS, KeypointNoise
from pyg_hcsf.geometry.random_views import (
    PLAIN_VIEWS,
    ViewRanges,
    Views,
    random_views,
    studio_views,
)
from pyg_hcsf.geometry.root_ray import decode_pose
from pyg_hcsf.lifting.lifter_ensemble import uncertainty
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.protocols import get_protocol
from pyg_hcsf.skeleton import H36M17

WINDOWS = 2000  # of each data set and condition, approximately
ERRORS = ('mpjpe', 'n_mpjpe', 'pa_mpjpe', 'limbs', 'trunk')  # mm
# Joints that all rigs define alike, and those that they do not
_TRUNK = [H36M17.joints.index(j) for j in ('Spine', 'Thorax', 'Neck', 'Head')]
_LIMBS = [
    joint
    for joint in range(H36M17.num_joints)
    if joint not in (H36M17.root, *_TRUNK)
]

# Joints outside of the image are missed under all of them.
_TYPICAL = replace(NO_ERRORS, strength=(1.0, 1.0), outlier_rate=0.01)
_STEEP = replace(
    PLAIN_VIEWS,
    focal=(0.8, 1.2),
    distance=(1500.0, 4000.0),
    height=(4000.0, 6000.0),
)


class Condition(NamedTuple):
    """A condition of the test: cameras and a detector.

    Args:
        text: A description.
        noise: The errors of the detector.
        cameras: The ranges of random cameras; None for those of Human3.6M.
        guess: Whether the focal length is guessed.
    """

    text: str
    noise: KeypointNoise = _TYPICAL
    cameras: ViewRanges | None = PLAIN_VIEWS
    guess: bool = False


CONDITIONS = {
    'typical': Condition('2D errors of 17 mm a coordinate on the person'),
    'exact': Condition('exact keypoints', NO_ERRORS),
    'heavy': Condition(
        '2.5 times that noise', replace(_TYPICAL, strength=(2.5, 2.5))
    ),
    'dropped': Condition(
        'typical, a joint missing with all within 0, 1 or 2 bones',
        replace(_TYPICAL, occlusion_rate=1.0, back_rate=0.5),
    ),
    'guessed': Condition('typical, guessed focal length', guess=True),
    'studio': Condition('typical, the cameras of Human3.6M', cameras=None),
    'steep': Condition(
        'typical, from 4 to 6 m above the floor at 1.5 to 4 m', cameras=_STEEP
    ),
}


class Lifted(NamedTuple):
    """The predictions of a network for windows.

    Args:
        pose: Predicted joints relative to the root, in mm at the known size
            of the person: ``[F, 17, 3]``.
        joints: True joints, likewise.
        spread: How uncertain a joint is, relative to the size, see
            :func:`pyg_hcsf.lifting.lifter_ensemble.uncertainty`:
            ``[F, 17]``.
        size: The size of the person in mm: ``[F]``.
    """

    pose: Tensor
    joints: Tensor
    spread: Tensor
    size: Tensor


class LiftEvaluator:
    """Observes windows of motion under each condition, and lifts them.

    Args:
        clips: World motion of one data set.
        config: The run config.
        name: The name of the data, which seeds the random cameras.
        windows: Approximate number of windows; each clip has at least one.
        displaced: Whether the joints of every third window are displaced as
            far as rigs differ.
    """

    def __init__(
        self,
        clips: Sequence[Data],
        config: LiftConfig,
        name: str,
        windows: int = WINDOWS,
        displaced: bool = False,
    ) -> None:
        motion = make_windows(clips, config)
        stride = -(-len(motion) // windows)
        # The first frame of each clip, and every stride-th one after it
        age = torch.arange(len(motion)) - motion.first
        rows = torch.nonzero(age % stride == 0).flatten()
        self.pos, self.target = motion.take(rows), motion.target
        if displaced:
            generator = Generator().manual_seed(0)
            third = self.pos[::3]
            self.pos[::3] = shift_joints(third, 1.0, generator)
        self.clip, self.frame = motion.clip[rows], age[rows]
        self.clips, self.config, self.name = clips, config, name

    def observe(self, condition: str) -> Observation:
        """Observes the windows; the result is the same for all networks."""
        c, layout = CONDITIONS[condition], self.config.motion.layout
        seed = zlib.crc32(f'{self.name} {condition}'.encode())
        generator = Generator().manual_seed(seed)
        people = bodies(self.pos, layout, generator)
        root = self.pos[:, self.target, H36M17.root]
        views: Views
        if c.cameras is None:
            cameras = human36m_cameras()
            views = studio_views(people, root, cameras, generator)
        else:
            views = random_views(people, root, c.cameras, generator)
        guess = float(c.guess)
        return detect(views, layout, c.noise, guess, self.target, generator)

    @torch.no_grad()
    def lift(self, model: PoseLifter, condition: str = 'typical') -> Lifted:
        """Lifts the windows as observed under a condition."""
        observed = self.observe(condition)
        network = model.folded()
        device = next(model.parameters()).device
        mirror = partial(mirror_pose, model=model)
        outs = []
        for x in observed.x.split(self.config.evaluate.batch_size):
            x = x.to(device)
            out = network(x)
            again = (
                mirror(network(mirror(x)))
                if self.config.evaluate.flip
                else out
            )
            outs.append(torch.stack([out, again]).cpu())
        # [2, F, 17, 3 or 4], without ears and feet
        both = torch.cat(outs, dim=1)[..., : H36M17.num_joints, :]
        y, spread = both[..., :3].mean(dim=0), uncertainty(both)
        pose = decode_pose(y, observed.rotation, observed.size)
        return Lifted(pose, observed.joints, spread, observed.size)

    def error(self, model: PoseLifter, trained: bool = False) -> float:
        """MPJPE in mm under the typical condition, for validation."""
        out = self.lift(model)
        check_lifted(out.pose, out.joints, trained)
        return self.mean(window_errors(out)['mpjpe'])

    def lift_all(self, model: PoseLifter) -> dict[str, Lifted]:
        """Lifts the windows as observed under each condition."""
        names = progress(CONDITIONS, 'Testing')
        return {name: self.lift(model, name) for name in names}

    def score(self, out: Lifted) -> dict[str, float]:
        """Errors in mm, the mean over people of means over windows."""
        errors = window_errors(out)
        return {name: self.mean(error) for name, error in errors.items()}

    @property
    def people(self) -> list[str]:
        """The person of each window."""
        return [self.clips[clip].subject for clip in self.clip]

    def mean(self, error: Tensor) -> float:
        """The mean over people of their means over windows."""
        frame = pd.Series(error.double().numpy()).groupby(self.people)
        return float(frame.mean().mean())

    def arrays(self, out: Lifted) -> dict[str, np.ndarray]:
        """The arrays of frames.npz."""
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


def window_errors(out: Lifted) -> dict[str, Tensor]:
    """The errors of each window in mm: all of ERRORS."""
    pose, joints = out.pose, out.joints
    errors = {
        name: getattr(metrics, name)(pose, joints, per_frame=True)
        for name in ERRORS[:3]
    }
    distance = metrics.joint_errors(pose, joints)
    for name, part in (('limbs', _LIMBS), ('trunk', _TRUNK)):
        errors[name] = distance[:, part].mean(dim=1)
    return errors


def mirror_pose(x: Tensor, model: PoseLifter) -> Tensor:
    """Mirrors encoded keypoints or poses."""
    return get_protocol('vp3d').mirror(x, model.skeleton)
