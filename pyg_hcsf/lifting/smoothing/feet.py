r"""Feet that stand on the ground: finds them, and keeps them where they
are.
"""

import numpy as np
import torch
from scipy.linalg import solveh_banded
from scipy.ndimage import gaussian_filter1d
from torch.nn import Module

from pyg_hcsf.keypoints.layouts import common_names
from pyg_hcsf.lifting.smoothing.bands import difference_penalty, penalty_of
from pyg_hcsf.skeleton import H36M17

#: Hips, knees and ankles of both legs in the poses.
LEGS = [
    [H36M17.joints.index(side + name) for name in ('Hip', 'Knee', 'Foot')]
    for side in 'RL'
]
ANKLES = [leg[2] for leg in LEGS]
LAGS = (-0.24, -0.16, -0.08, 0.0, 0.08, 0.16, 0.24)  # seconds
MISSING_ANKLE = 24  # the feature that says so
#: Between these probabilities, a foot counts as standing by a share.
UNSURE, SURE = 0.03, 0.1
STILL, DEPART, CUTOFF = 4.0, 30.0, 2.0  # mm/s, mm, Hz
FAR = 120.0  # mm, farther than which feet are not moved to stand
#: The bend of a knee in mm whose direction is its own, and the seconds over
#: which the direction of straighter ones is averaged.
MIN_BEND, USUAL = 15.0, 0.3


def contact_features(
    xy: np.ndarray,
    score: np.ndarray,
    layout: str,
    position: np.ndarray,
    focal: np.ndarray,
    fps: float,
) -> np.ndarray:
    r"""What tells whether a foot stands: the speeds of ankle, knee and hip
    across the image and in space, and which ankle is lower.

    Args:
        xy (numpy.ndarray): Smoothed keypoints in pixels: ``[T, N, 2]``.
        score (numpy.ndarray): Their confidence: ``[T, N]``.
        layout (str): Their layout.
        position (numpy.ndarray): Joints of Human3.6M in the camera frame in
            mm: ``[T, 17, 3]``.
        focal (numpy.ndarray): Focal lengths in pixels: ``[2]``.
        fps (float): Frames per second.

    Returns:
        numpy.ndarray: ``[T, 2, 25]`` of the right and the left foot, float32.
    """
    names = common_names(layout)
    legs = np.array(
        [[names.index(s + n) for n in ('Hip', 'Knee', 'Ankle')] for s in 'RL']
    )
    distance = np.linalg.norm(position[:, 0], axis=-1)
    size = distance[:, None, None] / focal  # mm per pixel
    seen = score[:, legs] > 0
    points = np.where(seen[..., None], xy[:, legs], 0.0)  # [T, 2, 3, 2]
    flat = np.gradient(points, axis=0) * size[:, None] * fps
    flat = _log_speed(flat)
    space = _log_speed(np.gradient(position[:, ANKLES], axis=0) * fps)
    height = points[:, :, 2, 1] - points[:, ::-1, 2, 1]
    height = np.clip(height * size[:, 0, 1:] / 300, -2, 2)
    times = np.arange(len(xy))
    out = []
    for foot in (0, 1):
        parts = []
        for lag in LAGS:
            at = np.clip(times + round(lag * fps), 0, len(xy) - 1)
            parts += [
                flat[at, foot, 2],
                space[at, foot],
                flat[at, 1 - foot, 2],
            ]
        parts += [flat[:, foot, 1], flat[:, foot, 0], height[:, foot]]
        parts.append(~seen[:, foot, 2])  # MISSING_ANKLE
        out.append(np.stack(parts, axis=-1))
    return np.stack(out, axis=1).astype(np.float32)


def _log_speed(velocity: np.ndarray) -> np.ndarray:
    r"""The logarithm of a speed in mm/s, flat below 30."""
    speed = np.linalg.norm(velocity, axis=-1)
    return np.log((speed + 30) / 300)


@torch.no_grad()
def find_standing(features: np.ndarray, network: Module) -> np.ndarray:
    r"""How sure it is that each foot stands from a frame to the next:
    ``[T - 1, 2]``, from :func:`contact_features`. Feet that are not seen do
    not count as standing.
    """
    chance = network(torch.from_numpy(features))[..., 0].sigmoid().numpy()
    sure = np.clip((chance - UNSURE) / (SURE - UNSURE), 0, 1)
    sure = np.where(features[..., MISSING_ANKLE] > 0, 0, sure)
    return np.minimum(sure[1:], sure[:-1])


def drop_far_feet(
    position: np.ndarray, standing: np.ndarray, fps: float
) -> np.ndarray:
    r"""Those of :obj:`standing` that :func:`plant_feet` need not move by more
    than :data:`FAR`. Others do not stand in the scene, as when the camera
    moves.
    """
    out = standing.copy()
    for foot, ankle in enumerate(ANKLES):
        path = position[:, ankle]
        held = _hold(path, standing[:, foot], fps)
        far = np.linalg.norm(held - path, axis=-1) > FAR
        out[far[1:] | far[:-1], foot] = 0
    return out


def plant_feet(
    position: np.ndarray, standing: np.ndarray, fps: float
) -> np.ndarray:
    r"""Keeps standing feet still, and bends the knees accordingly.

    The path of each ankle is moved as little and as smoothly as possible so
    that it does not slide. Then the knee is put where thigh and shank keep
    their lengths, in the plane in which it was bent.

    Args:
        position (numpy.ndarray): Joints of constant bone lengths in mm:
            ``[T, 17, 3]``.
        standing (numpy.ndarray): From :func:`find_standing`.
        fps (float): Frames per second.
    """
    out = position.copy()
    if len(position) < 3:
        return out
    for foot, (hip, knee, ankle) in enumerate(LEGS):
        path = _hold(position[:, ankle], standing[:, foot], fps)
        out[:, knee], out[:, ankle] = _bend_leg(
            position[:, hip], position[:, knee], position[:, ankle], path, fps
        )
    return out


def _hold(path: np.ndarray, standing: np.ndarray, fps: float) -> np.ndarray:
    r"""The path ``[T, 3]`` with the least squares of its departure, of the
    second differences of that, and of speeds while standing.
    """
    second = 1 / fps
    near = second / DEPART**2
    still = (fps / STILL) ** 2 * second * standing
    rough = penalty_of(CUTOFF, fps, 2) * near
    matrix = difference_penalty(np.full(len(path) - 2, rough), 2)
    matrix[1:] += difference_penalty(still, 1)
    matrix[2] += near
    pull = still[:, None] * np.diff(path, axis=0)
    target = np.zeros(path.shape)
    target[1:] -= pull
    target[:-1] += pull
    return path + solveh_banded(matrix, target)


def _bend_leg(
    hip: np.ndarray,
    knee: np.ndarray,
    ankle: np.ndarray,
    target: np.ndarray,
    fps: float,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Knee and ankle of a leg that reaches for a target, all ``[T, 3]``."""
    thigh, shank, reach, moved = (
        np.linalg.norm(x, axis=-1, keepdims=True)
        for x in (knee - hip, ankle - knee, target - hip, target - ankle)
    )
    toward = (target - hip) / np.maximum(reach, 1e-6)
    distance = np.clip(reach, np.abs(thigh - shank) + 1, thigh + shank)
    bend = _across(knee - hip, _unit(ankle - hip))
    # A straight leg that moves is bent as at other times.
    usual = gaussian_filter1d(bend, USUAL * fps, axis=0, mode='nearest')
    bend = bend + np.minimum(moved, MIN_BEND) * _unit(usual)
    bend = _unit(_across(bend, toward))
    along = (thigh**2 - shank**2 + distance**2) / (2 * distance)
    aside = np.sqrt(np.maximum(thigh**2 - along**2, 0))
    return hip + along * toward + aside * bend, hip + distance * toward


def _across(vector: np.ndarray, axis: np.ndarray) -> np.ndarray:
    r"""The part of a vector that is perpendicular to a unit vector."""
    return vector - (vector * axis).sum(axis=-1, keepdims=True) * axis


def _unit(vector: np.ndarray) -> np.ndarray:
    norm = np.linalg.norm(vector, axis=-1, keepdims=True)
    return vector / np.maximum(norm, 1e-9)
