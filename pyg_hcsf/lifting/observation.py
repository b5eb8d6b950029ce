r"""Keypoints as a network observes them: along the ray of the root."""

import numpy as np
import torch
from torch import Tensor

from pyg_hcsf.geometry.root_ray import RootRay, locate_root, look_at_root
from pyg_hcsf.keypoints import convert_joints
from pyg_hcsf.lifting.assumed_camera import AssumedCamera
from pyg_hcsf.lifting.lifter_weights import SKELETON
from pyg_hcsf.skeleton import H36M17

MIN_JOINTS = 6  # of a frame that is lifted
MIN_SCORE = 0.1  # keypoints of less confidence are treated as missing
MIN_ANGLE = 1e-3  # rad, of a person: 1 pixel at a focal length of 1000


@torch.no_grad()
def observe(
    xy: np.ndarray,
    score: np.ndarray,
    layout: str,
    camera: AssumedCamera,
    skeleton: str = SKELETON,
) -> tuple[RootRay, Tensor]:
    r"""Converts keypoints, pixels ``[T, N, 2]`` and scores ``[T, N]``, to
    the joints of a network along the ray of the root. Also returns which of
    the frames can be lifted, ``[T]``, bool.
    """
    if camera.lens is not None:
        distorted = torch.from_numpy(np.array(xy, np.float64))
        xy = camera.lens.undistort(distorted).numpy()
    xy, score = convert_joints(xy, score, layout, skeleton)
    uv = torch.from_numpy(np.array(xy, np.float64))
    weight = torch.from_numpy(np.array(score, np.float64))
    weight[weight < MIN_SCORE] = 0.0
    observed = look_at_root(uv, weight, camera.focal, camera.center)
    body = main_joints(observed)
    count = (body.score > 0).sum(dim=-1)
    size = body.plane.square().sum(dim=(-1, -2)) / count.clamp(min=1)
    enough = (count >= MIN_JOINTS) & (size > MIN_ANGLE**2)
    return observed, observed.liftable & enough


def main_joints(observed: RootRay) -> RootRay:
    r"""Without the joints that Human3.6M lacks, which are the last ones."""
    count = H36M17.num_joints
    plane, score, rotation = observed
    return RootRay(plane[..., :count, :], score[..., :count], rotation)


def select(observed: RootRay, rows: Tensor) -> RootRay:
    r"""The observations in some frames, such as those of windows."""
    return RootRay._make(value[rows] for value in observed)


def find_root(pose: Tensor, observed: RootRay) -> Tensor:
    r"""The position of the root in millimetres, by which a pose projects to
    the observed joints: ``[*, 3]``. Where that is behind the camera or at an
    implausible depth, it is the position on the same ray at the depth implied
    by the apparent size.
    """
    root = locate_root(pose, observed)
    # Pinhole: apparent size = size / depth, both as squares over the joints.
    size = (pose @ observed.rotation.mT)[..., :2].square().sum(dim=(-1, -2))
    count = (observed.score > 0).sum(dim=-1) / pose.size(-2)
    apparent = observed.plane.square().sum(dim=(-1, -2)) / count
    depth = (size / apparent).sqrt()[..., None]
    ray = observed.rotation[..., 2, :]
    along = (root * ray).sum(dim=-1, keepdim=True)
    plausible = (along > depth / 4) & (along < 4 * depth)
    return torch.where(plausible, root, depth * ray)
