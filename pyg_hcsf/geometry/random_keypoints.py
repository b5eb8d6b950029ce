r"""Data augmentation of keypoints: random 2D detector errors per window."""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Generator, Tensor

from pyg_hcsf.geometry.keypoint_noise import DetectorNoise
from pyg_hcsf.skeleton import H36M17, Skeleton

#: The first joints of COCO's and Halpe's layouts.
_FACE = ('Nose', 'LEye', 'REye', 'LEar', 'REar')


@cache
def noise_joints(skeleton: Skeleton) -> list[int]:
    r"""For each joint of a layout, the joint of Human3.6M whose noise it has:
    its ankle for feet, and its neck for the face.
    """
    feet = ('Ankle', 'BigToe', 'SmallToe', 'Heel')
    out = []
    for name in skeleton.joints:
        if name[1:] in feet:
            name = f'{name[0]}Foot'
        known = name in H36M17.joints
        out.append(H36M17.joints.index(name if known else 'Neck'))
    return out


@dataclass(frozen=True)
class KeypointNoise:
    r"""The parameters of :func:`disturb_keypoints`. Size, tails and
    correlation of the error are those of
    :class:`~pyg_hcsf.geometry.DetectorNoise`. The defaults were chosen for
    this project and are not measured on a detector.

    Args:
        strength (tuple): The range of a random factor on the error, drawn
            once per window.
        outlier_rate (float): The probability that the error of a joint is
            multiplied by :obj:`outlier`, which its confidence does not show.
        outlier (float): The factor on the error of an outlier.
        drop_rate (float): The probability that a joint is missing in all
            frames of a window.
        occlusion_rate (float): The probability that a joint and all joints
            within 0 to :obj:`occlusion_hops` bones of it are missing, from a
            random frame of the window on.
        occlusion_hops (int): The largest number of bones.
        lost_rate (float): The probability that nobody is detected in a frame,
            other than the first and the last, so that the previous frame is
            repeated.
        back_rate (float): The probability that nose and eyes are missing
            where a head faces away from the camera.
        unscored_rate (float): The probability that the confidences of a
            window are 1 for all joints that are not missing, as in formats
            without confidences.
    """

    strength: tuple[float, float] = (0.0, 2.0)
    outlier_rate: float = 0.01
    outlier: float = 4.0
    drop_rate: float = 0.02
    occlusion_rate: float = 0.25
    occlusion_hops: int = 2
    lost_rate: float = 0.02
    back_rate: float = 0.5
    unscored_rate: float = 0.15


def disturb_keypoints(
    keypoints: Tensor,
    joints: Tensor,
    focal: Tensor,
    image_size: Tensor,
    skeleton: Skeleton,
    noise: KeypointNoise,
    generator: Generator,
    detector: DetectorNoise = DetectorNoise(),  # noqa: B008 (frozen)
) -> tuple[Tensor, Tensor]:
    r"""Adds random detector errors to projected joints, removes joints, and
    computes confidences.

    As in :func:`~pyg_hcsf.geometry.detector_noise`, errors are a fraction of
    the size of the person and correlated over time, and the confidence
    depends on the expected error. Joints outside of the image are missing.
    The hip of Human3.6M never is, and of COCO's two hips at least one is kept.

    Args:
        keypoints (torch.Tensor): Pixels ``[B, T, N, 2]``, NaN behind the
            camera.
        joints (torch.Tensor): The same joints in the camera frame in
            millimetres, ``[B, T, N, 3]``.
        focal (torch.Tensor): Focal lengths in pixels, ``[B, 1, 2]``.
        image_size (torch.Tensor): Width and height in pixels,
            ``[B, 1, 2]``.
        skeleton (Skeleton): That of Human3.6M or COCO.
        noise (KeypointNoise): The rates of errors.
        generator (torch.Generator): The source of random numbers.
        detector (DetectorNoise, optional): The size of the errors, how heavy
            the tails of their distribution are, and their correlation over
            time.

    Returns:
        tuple: Pixels ``[B, T, N, 2]``, with arbitrary values where a joint is
        missing, and the confidence ``[B, T, N]``, 0 where missing.

    Example:
        >>> uv, score = disturb_keypoints(
        ...     views.keypoints, views.joints, views.focal, views.image_size,
        ...     H36M17, KeypointNoise(), generator)
    """
    size, frames, nodes, _ = keypoints.shape

    def chance(rate: float, *shape: int) -> Tensor:
        return torch.rand(shape, generator=generator) < rate

    low, high = noise.strength
    strength = torch.rand((size, 1, 1), generator=generator)
    strength = low + (high - low) * strength
    over_time = _autoregression(frames, detector.correlation)
    draws = torch.randn((3, size, frames, nodes), generator=generator)
    # One sequence for the noise level, two for the offsets in x and y
    draws = torch.einsum('ts,kbsn->kbtn', over_time, draws)
    level = (detector.spread * draws[0] - detector.spread**2).exp()
    sigma = torch.tensor(detector.sigma)[noise_joints(skeleton)]
    expected = sigma * strength * level  # mm on the person
    outlier = chance(noise.outlier_rate, size, frames, nodes)
    error = expected * torch.where(outlier, noise.outlier, 1.0)
    depth = joints[..., 2].clamp(min=100.0)
    offset = error * draws[1:] / depth  # [2, B, T, N]
    uv = keypoints + offset.movedim(0, -1) * focal[..., None, :]

    score = (-expected / detector.tolerance).exp()
    unscored = chance(noise.unscored_rate, size, 1, 1)
    score = torch.where(unscored, 1.0, score)
    missed = (uv < 0).any(dim=-1) | (uv >= image_size[..., None, :]).any(-1)
    missed |= chance(noise.drop_rate, size, 1, nodes)
    missed |= _occlusions(size, frames, skeleton, noise, generator)
    if skeleton.joints[:5] == _FACE:
        # The head faces away if the nose is behind the ears, seen from the
        # camera at the origin.
        ears = joints[..., 3:5, :].mean(dim=-2)
        away = ((joints[..., 0, :] - ears) * ears).sum(dim=-1) > 0
        away &= chance(noise.back_rate, size, 1)
        missed[..., :3] |= away[..., None]  # nose and eyes
    missed = _keep_hips(missed, skeleton, generator) | uv.isnan().any(dim=-1)
    score = score.masked_fill(missed, 0.0)
    lost = chance(noise.lost_rate, size, frames)
    lost[:, -1] = False
    # The frame to show at each time: the last one that was not lost.
    shown = torch.arange(frames).masked_fill(lost, 0).cummax(dim=1).values
    window = torch.arange(size)[:, None]
    return uv[window, shown], score[window, shown]


def _autoregression(frames: int, correlation: float) -> Tensor:
    r"""A matrix ``[T, T]`` that makes independent draws a first-order
    autoregressive sequence.
    """
    time = torch.arange(frames)
    powers = correlation ** (time[:, None] - time).abs().double()
    return torch.linalg.cholesky(powers).float()


def _occlusions(
    size: int,
    frames: int,
    skeleton: Skeleton,
    noise: KeypointNoise,
    generator: Generator,
) -> Tensor:
    r"""Neighbouring joints that are missing from some frame on, [B, T, N]."""
    distance = skeleton.with_graph('tree').hop_distance()
    chance, hops, start = torch.rand((3, size, 1), generator=generator)
    hops = (hops * (noise.occlusion_hops + 1)).long()
    middle = torch.randint(len(distance), (size,), generator=generator)
    joints = (distance[middle] <= hops) & (chance < noise.occlusion_rate)
    late = torch.arange(frames) >= (start * frames).long()
    return joints[:, None] & late[..., None]


def _keep_hips(
    missed: Tensor, skeleton: Skeleton, generator: Generator
) -> Tensor:
    r"""Keeps one hip joint: a pose without a root cannot be lifted."""
    out = missed.clone()
    if 'Hip' in skeleton.joints:
        out[..., skeleton.joints.index('Hip')] = False
        return out
    left, right = (skeleton.joints.index(name) for name in ('LHip', 'RHip'))
    both = missed[..., left] & missed[..., right]
    keep_left = torch.rand((missed.size(0), 1), generator=generator) < 0.5
    out[..., left] &= ~(both & keep_left)
    out[..., right] &= ~(both & ~keep_left)
    return out
