"""Filters that do not look ahead, to compare live smoothing with:
``python -m experiments.bench.motion --live``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from experiments.lifting.scenes import Scene
from pyg_hcsf.lifting import Lifter, LiveLifter
from pyg_hcsf.poses import PoseSequence

Filter = Callable[..., np.ndarray]
Parameters = tuple[float, ...]


def one_euro(
    motion: np.ndarray,
    fps: float,
    cutoff: float,
    beta: float,
    speed_cutoff: float,
) -> np.ndarray:
    """The One-Euro filter (Casiez et al., CHI 2012) of points in mm
    ``[T, *, C]``, NaN where missing.
    """

    def share(cutoff: np.ndarray | float) -> np.ndarray:
        return 1 - np.exp(-2 * np.pi * cutoff / fps)

    smooth, speed, out = motion[0], np.zeros_like(motion[0]), []
    for x in motion:
        smooth = np.where(np.isfinite(smooth), smooth, x)
        step = np.nan_to_num(x - smooth)
        speed = speed + share(speed_cutoff) * (step * fps - speed)
        norm = np.linalg.norm(speed, axis=-1, keepdims=True)
        smooth = smooth + share(cutoff + beta * norm) * step
        out.append(np.where(np.isfinite(x), smooth, np.nan))
    return np.stack(out)


def kalman(
    motion: np.ndarray,
    fps: float,
    order: int,
    change: float,
    memory: float,
) -> np.ndarray:
    """The Kalman filter of points in mm ``[T, *, C]`` of constant velocity
    (order 2) or acceleration (3), whose highest derivative changes by some
    mm/s^order per root of a second. Noise is estimated from the innovations
    of the last seconds.
    """
    dt = 1 / fps
    powers = np.array([1.0, dt, dt**2 / 2])
    move = np.array(
        [[powers[j - i] if j >= i else 0 for j in range(order)]
         for i in range(order)]
    )  # fmt: skip
    spread = np.zeros((order, order))
    spread[-1, -1] = change**2 * dt
    shape = motion.shape[1:]
    state = np.zeros((*shape, order))
    state[..., 0] = motion[0]
    joints = (*shape[:-1], 1)
    cover = np.broadcast_to(np.eye(order) * 100.0**2, (*joints, order, order))
    noise, out = np.full(joints, 10.0**2), []
    for x in motion:
        known = np.isfinite(x)
        fresh = known & ~np.isfinite(state[..., 0])
        state[..., 0] = np.where(fresh, x, state[..., 0])
        state = state @ move.T
        cover = move @ cover @ move.T + spread
        innovation = np.nan_to_num(x - state[..., 0])
        square = np.square(innovation).mean(axis=-1, keepdims=True)
        found = np.maximum(square - cover[..., 0, 0], 0.01 * square)
        rate = (1 - np.exp(-dt / memory)) * known[..., :1]
        noise = np.maximum(noise + rate * (found - noise), 0.01)
        gain = cover[..., :, 0] / (cover[..., 0, 0] + noise)[..., None]
        gain = gain * known[..., :1, None]
        state = state + gain * innovation[..., None]
        cover = cover - gain[..., None] * cover[..., :1, :]
        out.append(np.where(known, state[..., 0], np.nan))
    return np.stack(out)


class Candidate:
    """A filter for keypoints, poses and the root.

    Args:
        filter: The filter, of points in mm.
        keypoint: Its parameters for keypoints, in mm at the root's depth.
        pose: Those for poses.
        root: Those for the root.
    """

    def __init__(
        self,
        filter: Filter,
        keypoint: Parameters,
        pose: Parameters,
        root: Parameters,
    ) -> None:
        self.filter = filter
        self.keypoint = keypoint
        self.pose = pose
        self.root = root

    def __call__(self, scene: Scene, lifter: Lifter) -> PoseSequence:
        scale = scene.millimetres[:, None, None]
        xy = self.filter(scene.xy * scale, scene.fps, *self.keypoint) / scale
        lifter.smooth = False
        (person,) = lifter.lift(replace(scene, xy=xy).keypoints())
        assert person.root is not None
        pose = self.filter(person.pose, scene.fps, *self.pose)
        root = self.filter(person.root[:, None], scene.fps, *self.root)
        return replace(person, pose=pose, root=root[:, 0])


def live(scene: Scene, lifter: Lifter, smooth: bool) -> PoseSequence:
    """Lifts live."""
    lifter.smooth = False
    (person,) = lifter.lift(scene.keypoints())
    lifter.smooth = smooth
    live, poses = LiveLifter(lifter), []
    for frame, (xy, score) in enumerate(
        zip(scene.xy, scene.score, strict=True)
    ):
        poses += live.push(frame, xy, score)
    return replace(
        person,
        pose=np.stack([pose.pose for pose in poses]),
        root=np.stack([pose.root for pose in poses]),
    )


# Parameters were fitted to the same people and goals as those of
# pyg_hcsf/lifting/smoothing/live.py.
LIVE_METHODS: dict[str, Callable[[Scene, Lifter], PoseSequence]] = {
    'off': partial(live, smooth=False),
    'One-Euro': Candidate(
        one_euro, (2.43, 0.0039, 1.16), (1.13, 0.002, 1.39), (1.05, 4e-4, 0.07)
    ),
    'constant velocity': Candidate(
        kalman, (2, 1705.0, 1.01), (2, 279.0, 127.0), (2, 76.9, 0.57)
    ),
    'constant acceleration': Candidate(
        kalman, (3, 24784.0, 0.59), (3, 3305.0, 6.24), (3, 244.0, 0.89)
    ),
    'on': partial(live, smooth=True),
}
