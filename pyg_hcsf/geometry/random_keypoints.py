r"""Data augmentation of keypoints: random 2D detector errors per window."""

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Generator, Tensor

from pyg_hcsf.geometry.keypoint_noise import DetectorNoise
from pyg_hcsf.geometry.keypoint_spells import Spells, occlusions
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
    :class:`~pyg_hcsf.geometry.DetectorNoise`.

    Where two values are said to be measured, they are those of OpenPose and
    MediaPipe, which found one man in 400 images of four cameras, by
    ``experiments/fitting/detector_errors.py``; the others were chosen for
    this project.

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
        bias (float): The standard deviation of an error of a joint that is
            constant in a window, in millimetres a coordinate, times the
            strength (measured: 15 and 11).
        swap_rate (float): The share of frames in which left and right are
            exchanged, in spells of all joints (7 of 10), of the legs or of the
            arms (measured: none and 8 %, of which all joints 7 of 8).
        limb_rate (float): The share of frames in which an arm or a leg is put
            where the other one is, and of those in which its last bone is
            drawn together, at each limb (measured: 1 and 2 % of joints are off
            by more than 100 mm).
        gap_rate (float): The share of frames in which a joint is missing for a
            spell (measured: 0.1 % and none, of a person seen whole).
        spell (float): The mean length of these spells in frames at 25 Hz
            (measured: 2.3 frames of exchanged sides).
        score_spread (float): The standard deviation of the logarithm of the
            expected error as the confidence shows it (measured: the rank
            correlation of confidence and error is -0.21 and -0.13).
        score_power (tuple): The range of a random exponent of the confidence,
            drawn once per window on a logarithmic scale, as detectors differ
            (measured: 1.9 and 0.05 for median confidences of 0.65 and 0.99).
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
    bias: float = 12.0
    swap_rate: float = 0.03
    limb_rate: float = 0.005
    gap_rate: float = 0.01
    spell: float = 3.0
    score_spread: float = 0.8
    score_power: tuple[float, float] = (0.05, 2.0)


#: A detector without errors: joints outside of the image are missing.
NO_ERRORS = KeypointNoise(
    strength=(0.0, 0.0),
    outlier_rate=0.0,
    drop_rate=0.0,
    occlusion_rate=0.0,
    lost_rate=0.0,
    back_rate=0.0,
    unscored_rate=0.0,
    bias=0.0,
    swap_rate=0.0,
    limb_rate=0.0,
    gap_rate=0.0,
    score_spread=0.0,
    score_power=(1.0, 1.0),
)


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
    r"""Adds random detector errors to projected joints, exchanges limbs,
    removes joints, and computes confidences.

    As in :func:`~pyg_hcsf.geometry.detector_noise`, errors are a fraction of
    the size of the person and correlated over time, and the confidence
    depends on the expected error, of which it is a random monotone function
    in each window. Joints outside of the image are missing.
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
    shape = (size, frames, nodes)
    expected, offset = _errors(shape, skeleton, noise, detector, generator)
    depth = joints[..., 2].clamp(min=100.0)
    uv = keypoints + (offset / depth).movedim(0, -1) * focal[..., None, :]
    spells = Spells(
        shape,
        (noise.swap_rate, noise.limb_rate, noise.gap_rate),
        noise.spell,
        generator,
    )
    uv = spells.move_limbs(uv, skeleton)

    score = _confidence(expected / detector.tolerance, noise, generator)
    missed = spells.missing | _outside(uv, image_size)
    missed |= _missed(joints, skeleton, noise, generator)
    missed = _keep_hips(missed, skeleton, generator) | uv.isnan().any(dim=-1)
    score = score.masked_fill(missed, 0.0)
    lost = _chance(noise.lost_rate, (size, frames), generator)
    lost[:, -1] = False
    # The frame to show at each time: the last one that was not lost.
    shown = torch.arange(frames).masked_fill(lost, 0).cummax(dim=1).values
    window = torch.arange(size)[:, None]
    return uv[window, shown], score[window, shown]


def _chance(
    rate: float, shape: tuple[int, ...], generator: Generator
) -> Tensor:
    return torch.rand(shape, generator=generator) < rate


def _errors(
    shape: tuple[int, int, int],
    skeleton: Skeleton,
    noise: KeypointNoise,
    detector: DetectorNoise,
    generator: Generator,
) -> tuple[Tensor, Tensor]:
    r"""The expected error of each joint ``[B, T, N]``, and its error in x and
    y, ``[2, B, T, N]``, in millimetres on the person.
    """
    size, frames, nodes = shape
    low, high = noise.strength
    strength = torch.rand((size, 1, 1), generator=generator)
    strength = low + (high - low) * strength
    draws = torch.randn((3, size, frames, nodes), generator=generator)
    # One sequence for the noise level, two for the offsets in x and y
    _correlate(draws, detector.correlation)
    level = (detector.spread * draws[0] - detector.spread**2).exp()
    sigma = torch.tensor(detector.sigma)[noise_joints(skeleton)]
    expected = sigma * strength * level
    outlier = _chance(noise.outlier_rate, shape, generator)
    error = expected * torch.where(outlier, noise.outlier, 1.0)
    offset = error * draws[1:]
    if noise.bias:
        constant = torch.randn((2, size, 1, nodes), generator=generator)
        offset += noise.bias * strength * constant
    return expected, offset


def _outside(uv: Tensor, image_size: Tensor) -> Tensor:
    r"""Whether keypoints are outside of the image, ``[B, T, N]``."""
    return ((uv < 0) | (uv >= image_size[..., None, :])).any(dim=-1)


def _missed(
    joints: Tensor,
    skeleton: Skeleton,
    noise: KeypointNoise,
    generator: Generator,
) -> Tensor:
    r"""The joints that are not found in a whole window, are occluded, or face
    away, ``[B, T, N]``.
    """
    size, frames, nodes, _ = joints.shape
    missed = _chance(noise.drop_rate, (size, 1, nodes), generator)
    missed = missed | occlusions(
        (size, frames),
        skeleton,
        noise.occlusion_rate,
        noise.occlusion_hops,
        generator,
    )
    if skeleton.joints[:5] == _FACE:
        # The head faces away if the nose is behind the ears, seen from the
        # camera at the origin.
        ears = (joints[..., 3, :] + joints[..., 4, :]) / 2
        away = ((joints[..., 0, :] - ears) * ears).sum(dim=-1) > 0
        away &= _chance(noise.back_rate, (size, 1), generator)
        missed[..., :3] |= away[..., None]  # nose and eyes
    return missed


def _confidence(
    expected: Tensor, noise: KeypointNoise, generator: Generator
) -> Tensor:
    r"""The confidence for expected errors, over the error of :math:`1/e`."""
    size = (len(expected), 1, 1)
    if noise.score_spread:
        shown = torch.randn(expected.shape, generator=generator)
        expected = expected * (noise.score_spread * shown).exp()
    low, high = map(math.log, noise.score_power)
    if low or high:
        power = torch.rand(size, generator=generator)
        expected = expected * (low + (high - low) * power).exp()
    unscored = torch.rand(size, generator=generator) < noise.unscored_rate
    return torch.where(unscored, 1.0, (-expected).exp())


def _correlate(draws: Tensor, correlation: float) -> None:
    r"""Makes independent draws ``[*, T, N]`` of unit variance first-order
    autoregressive sequences, in place.
    """
    draws[..., 1:, :] *= math.sqrt(1 - correlation**2)
    for t in range(1, draws.size(-2)):
        draws[..., t, :].add_(draws[..., t - 1, :], alpha=correlation)


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
