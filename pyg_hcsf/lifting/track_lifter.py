r"""Lifts the keypoints of one person of a video."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from pyg_hcsf.geometry.root_ray import RootRay, decode_pose, window_input
from pyg_hcsf.keypoints import Track
from pyg_hcsf.lifting.assumed_camera import AssumedCamera
from pyg_hcsf.lifting.lifter_ensemble import LifterEnsemble
from pyg_hcsf.lifting.observation import (
    find_root,
    main_joints,
    observe,
    select,
)
from pyg_hcsf.lifting.smoothing import Motion, MotionSmoother
from pyg_hcsf.lifting.windows import WindowPlan, window_rows


class LiftedFrames(NamedTuple):
    r"""Poses in the axes of the camera, in millimetres.

    Args:
        pose (torch.Tensor): Joints relative to the root: ``[B, 17, 3]``.
        root (torch.Tensor): Position of the root: ``[B, 3]``.
        uncertainty (torch.Tensor): The expected error of each joint:
            ``[B, 17]``.
    """

    pose: Tensor
    root: Tensor
    uncertainty: Tensor


@torch.no_grad()
def lift_windows(
    window: RootRay, network: LifterEnsemble, size: Tensor
) -> LiftedFrames:
    r"""Lifts the target frame of each window.

    Args:
        window (RootRay): The observations: ``[B, W, ...]``.
        network (LifterEnsemble): The networks.
        size (torch.Tensor): The size of the person in mm, a scalar, see
            :func:`~pyg_hcsf.geometry.root_ray.body_size`.
    """
    y, spread = network(window_input(window.plane, window.score))
    frame = network.info.target
    target = main_joints(RootRay._make(value[:, frame] for value in window))
    # Without a calibration, the uncertainty itself is the error.
    floor, slope = network.info.calibration or (0.0, 1.0)
    pose = decode_pose(y.double(), target.rotation, size)
    return LiftedFrames(
        pose=pose,
        root=find_root(pose, target),
        uncertainty=size * (floor + slope * spread.double()),
    )


class TrackLifter:
    r"""Lifts the people of one video.

    Args:
        network (LifterEnsemble): The networks for the layout.
        plan (WindowPlan): Their windows at the frame rate of the video.
        camera (AssumedCamera): The camera.
        layout (str): The layout of the keypoints.
        size (torch.Tensor): The size of the people in mm.
        batch_size (int): The number of frames in a batch.
    """

    def __init__(
        self,
        network: LifterEnsemble,
        plan: WindowPlan,
        camera: AssumedCamera,
        layout: str,
        size: Tensor,
        batch_size: int,
    ) -> None:
        self.network = network
        self.plan = plan
        self.camera = camera
        self.layout = layout
        self.size = size
        self.batch_size = batch_size

    def __call__(self, track: Track, smooth: bool) -> Motion | None:
        r"""The motion of a person, smoothed or frame by frame, :obj:`None` if
        no frame can be lifted.
        """
        seen, observed = self._observe(track)
        if not len(seen.frames):
            return None
        if not smooth:
            return self._lift(seen, observed)
        starts = self._starts(seen, observed).numpy()
        smoother = MotionSmoother(
            self.layout, self.camera, self.plan.fps, float(self.size)
        )
        return smoother(seen, starts, self.lift)

    def lift(self, track: Track) -> Motion:
        r"""Lifts the frames in which that is possible."""
        return self._lift(*self._observe(track))

    def _lift(self, seen: Track, observed: RootRay) -> Motion:
        starts = self._starts(seen, observed).numpy()
        windows = window_rows(seen.frames, self.plan.offsets, starts)  # [T, W]
        # A batch counts frames, not windows: memory does not grow with W.
        size = max(1, self.batch_size // len(self.plan.offsets))
        parts = [
            lift_windows(select(observed, part), self.network, self.size)
            for part in windows.split(size)
        ]
        pose, root, uncertainty = (
            torch.cat(x).numpy() for x in zip(*parts, strict=True)
        )
        standing = np.zeros((len(windows), 2))
        return Motion(seen.frames, pose, root, uncertainty, standing)

    def _observe(self, track: Track) -> tuple[Track, RootRay]:
        r"""The frames in which a person can be lifted."""
        observed, liftable = observe(
            track.xy,
            track.score,
            self.layout,
            self.camera,
            self.network.info.skeleton,
        )
        return track.select(liftable.numpy()), select(observed, liftable)

    def _starts(self, track: Track, observed: RootRay) -> Tensor:
        frames = torch.from_numpy(np.array(track.frames, np.int64))
        return self.plan.segment_starts(frames, observed)
