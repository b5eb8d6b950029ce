r"""Disturbs projected joints of windows of motion as a 2D detector would."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from pyg_hcsf.geometry.capture import DetectorNoise
from pyg_hcsf.skeleton import H36M17, Skeleton, get_skeleton

_COCO = get_skeleton('coco17')
_FACE = 5  # of COCO's joints are on the face; the last two are ears
#: The joints of Human3.6M whose noise those of COCO have.
_LIKE = [H36M17.joints.index('Neck')] * _FACE + [
    H36M17.joints.index(name.replace('Ankle', 'Foot'))
    for name in _COCO.joints[_FACE:]
]


@dataclass(frozen=True)
class KeypointNoise:
    r"""The parameters of :func:`disturb_keypoints`. As those of
    :class:`~pyg_hcsf.geometry.DetectorNoise`, which give the size, the
    tails and the correlation of the error, they are this project's choice.

    Args:
        strength (tuple): The range of a factor on the error, one a window.
        outlier_rate (float): The probability that a joint is
            :obj:`outlier` times as far off, which its confidence does not
            tell.
        outlier (float): See there.
        drop_rate (float): The probability that a joint is missed through a
            window.
        blob_rate (float): The probability that a joint and all within a
            random number of up to :obj:`blob_hops` bones are missed, from a
            random frame of the window on.
        blob_hops (int): See there.
        lost_rate (float): The probability that nobody is found in a frame
            between the first and the last: the one before stands for it.
        back_rate (float): The probability that nose and eyes of a head that
            faces away are missed.
        unscored_rate (float): The probability that a window has no
            confidences: 1 for joints that are there.
    """

    strength: tuple[float, float] = (0.0, 2.0)
    outlier_rate: float = 0.01
    outlier: float = 4.0
    drop_rate: float = 0.02
    blob_rate: float = 0.25
    blob_hops: int = 2
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
    r"""Adds errors that are a fraction of the size of the person and
    correlated over time, see :func:`~pyg_hcsf.geometry.detector_noise`, takes
    joints away, and tells the expected error as a confidence. Joints outside
    of the image are missed, but not the hip, and of two hips one.

    Args:
        keypoints (torch.Tensor): Pixels ``[B, T, N, 2]``, NaN behind the
            camera.
        joints (torch.Tensor): In the frame of the camera in millimetres:
            ``[B, T, N, 3]``.
        focal (torch.Tensor): In pixels: ``[B, 1, 2]``.
        image_size (torch.Tensor): Width and height in pixels:
            ``[B, 1, 2]``.
        skeleton (Skeleton): That of Human3.6M or COCO.
        noise (KeypointNoise): How much.
        generator (torch.Generator): The source of random numbers.
        detector (DetectorNoise, optional): Size, tails and correlation.

    Returns:
        tuple: Pixels ``[B, T, N, 2]``, anything where missed, and the
        confidence ``[B, T, N]``, 0 where missed.

    .. code-block:: python

        uv, score = disturb_keypoints(views.keypoints, views.joints,
            views.focal, views.image_size, H36M17, KeypointNoise(), generator)
    """
    size, frames, nodes, _ = keypoints.shape

    def chance(rate: float, *shape: int) -> Tensor:
        return torch.rand(shape, generator=generator) < rate

    low, high = noise.strength
    strength = torch.rand((size, 1, 1), generator=generator)
    strength = low + (high - low) * strength
    over_time = _over_time(frames, detector.correlation)
    shape = (3, size, frames, nodes)
    draws = torch.randn(shape, generator=generator)
    draws = torch.einsum('ts,kbsn->kbtn', over_time, draws)
    level = (detector.spread * draws[0] - detector.spread**2).exp()
    sigma = torch.tensor(detector.sigma)
    if skeleton.name == _COCO.name:
        sigma = sigma[_LIKE]
    expected = sigma * strength * level  # mm on the person
    wild = chance(noise.outlier_rate, size, frames, nodes)
    error = expected * torch.where(wild, noise.outlier, 1.0)
    depth = joints[..., 2].clamp(min=100.0)
    offset = error * draws[1:] / depth  # [2, B, T, N]
    uv = keypoints + offset.movedim(0, -1) * focal[..., None, :]

    score = (-expected / detector.tolerance).exp()
    unscored = chance(noise.unscored_rate, size, 1, 1)
    score = torch.where(unscored, 1.0, score)
    missed = (uv < 0).any(dim=-1) | (uv >= image_size[..., None, :]).any(-1)
    missed |= chance(noise.drop_rate, size, 1, nodes)
    missed |= _blobs(size, frames, skeleton, noise, generator)
    if skeleton.name == _COCO.name:
        ears = joints[..., _FACE - 2 : _FACE, :].mean(dim=-2)
        away = ((joints[..., 0, :] - ears) * ears).sum(dim=-1) > 0
        away &= chance(noise.back_rate, size, 1)
        missed[..., : _FACE - 2] |= away[..., None]
    missed = _keep_hips(missed, skeleton, generator) | uv.isnan().any(dim=-1)
    score = score.masked_fill(missed, 0.0)
    lost = chance(noise.lost_rate, size, frames)
    lost[:, -1] = False
    held = torch.arange(frames).masked_fill(lost, 0).cummax(dim=1).values
    row = torch.arange(size)[:, None]
    return uv[row, held], score[row, held]


def _over_time(frames: int, correlation: float) -> Tensor:
    # Turns independent draws into a first-order autoregressive sequence.
    time = torch.arange(frames)
    powers = correlation ** (time[:, None] - time).abs().double()
    return torch.linalg.cholesky(powers).float()


def _blobs(
    size: int,
    frames: int,
    skeleton: Skeleton,
    noise: KeypointNoise,
    generator: Generator,
) -> Tensor:
    distance = skeleton.with_graph('tree').hop_distance()
    some, hops, start = torch.rand((3, size, 1), generator=generator)
    hops = (hops * (noise.blob_hops + 1)).long()
    middle = torch.randint(len(distance), (size,), generator=generator)
    joints = (distance[middle] <= hops) & (some < noise.blob_rate)
    late = torch.arange(frames) >= (start * frames).long()
    return joints[:, None] & late[..., None]


def _keep_hips(
    missed: Tensor, skeleton: Skeleton, generator: Generator
) -> Tensor:
    # A pose without a root cannot be lifted.
    out = missed.clone()
    if 'Hip' in skeleton.joints:
        out[..., skeleton.joints.index('Hip')] = False
        return out
    sides = [skeleton.joints.index(name) for name in ('LHip', 'RHip')]
    both = missed[..., sides].all(dim=-1)
    pick = torch.rand((missed.size(0), 1), generator=generator) < 0.5
    out[..., sides[0]] &= ~(both & pick)
    out[..., sides[1]] &= ~(both & ~pick)
    return out
