r"""Adds the errors of a 2D detector to the projected joints of a clip."""

import zlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pyg_hcsf.choices import check_finite, check_range
from pyg_hcsf.geometry.camera import Camera
from pyg_hcsf.skeleton import H36M17


@dataclass(frozen=True)
class DetectorNoise:
    r"""The parameters of :func:`detector_noise`.

    The defaults were chosen for this project and are not measured on a
    detector. They give a mean 2D error of about 5 pixels on the Human3.6M
    cameras, which is that of a good fine-tuned detector.

    Args:
        sigma (tuple): The standard deviation of each joint and coordinate on
            the person, in millimetres; it is largest for the hips and the
            ends of the limbs.
        correlation (float): The correlation of the errors of consecutive
            frames.
        spread (float): The standard deviation of the logarithm of the noise
            level, which makes the error heavy-tailed.
        drop_rate (float): The probability that a joint starts to be missed
            in a frame.
        drop_length (float): The mean number of frames it is missed for.
        tolerance (float): The expected error at which the confidence falls
            to :math:`1/e`, in millimetres.
    """

    # fmt: off
    sigma: tuple[float, ...] = (
        14.0, 20.0, 16.0, 22.0, 20.0, 16.0, 22.0,  # hip, legs
        16.0, 13.0, 12.0, 13.0,  # spine, thorax, neck, head
        15.0, 19.0, 25.0, 15.0, 19.0, 25.0,  # arms
    )
    # fmt: on
    correlation: float = 0.6
    spread: float = 0.4
    drop_rate: float = 0.003
    drop_length: float = 4.0
    tolerance: float = 60.0


def detector_noise(
    keypoints: Tensor,
    joints: Tensor,
    camera: Camera,
    clip: str,
    seed: int = 0,
    noise: DetectorNoise = DetectorNoise(),  # noqa: B008 (frozen)
) -> tuple[Tensor, Tensor]:
    r"""Adds the errors of a 2D detector to projected joints.

    A detector looks at a crop around the person, so its error is a fraction
    of the person's size: with :math:`Z` the depth of the root, :math:`f` the
    focal length and :math:`\mathbf{e}` a Gaussian first-order autoregressive
    sequence of unit variance,

    .. math::
        \mathbf{u}^{\prime}_{t,j} = \mathbf{u}_{t,j} +
        \tfrac{f}{Z_t} \, \sigma_j \, \lambda_{t,j} \, \mathbf{e}_{t,j},
        \qquad c_{t,j} = \exp(-\sigma_j \lambda_{t,j} / \tau)

    where :math:`\lambda` is a log-normal noise level with unit mean square.
    The confidence :math:`c` depends on the expected error, not on the drawn
    one. Joints are missed at random for a few frames: their confidence is 0
    and their keypoint is that of the parent joint, where detectors tend to
    put a limb that is not visible. The root is never missed.

    Args:
        keypoints (torch.Tensor): Pixels :obj:`[T, 17, 2]`.
        joints (torch.Tensor): The same joints :obj:`[T, 17, 3]` in the frame
            of :obj:`camera`, in millimetres.
        camera (Camera): The camera.
        clip (str): The unique name of the clip.
        seed (int, optional): The seed, at least 0. The noise depends on it,
            on :obj:`clip` and on the name of :obj:`camera` only.
            (default: :obj:`0`)
        noise (DetectorNoise, optional): The parameters.

    Returns:
        tuple[Tensor, Tensor]: The noisy keypoints :obj:`[T, 17, 2]`, and
        the confidence :obj:`[T, 17]` in :math:`[0, 1]`.

    Raises:
        ValueError: If shapes do not fit, joints are not finite or
            :obj:`seed` is negative.

    Example:
        >>> view = project_views(pos, 'walk_01')[0]
        >>> noisy, confidence = detector_noise(
        ...     view.keypoints, view.joints, view.camera, 'walk_01')
    """
    check_clip(joints, clip)
    num_frames, num_joints, _ = joints.shape
    if tuple(keypoints.shape) != (num_frames, num_joints, 2):
        raise ValueError(
            f"Expected 'keypoints' of shape [{num_frames}, {num_joints}, 2] "
            f"as 'joints' has that many frames (got {list(keypoints.shape)})"
        )
    rng = clip_generator(clip, seed, camera.name)
    error = _autoregressive(rng, (num_frames, num_joints, 2), noise)
    level = _autoregressive(rng, (num_frames, num_joints), noise)
    # Log-normal: E exp(2 (s n - s^2)) = 1, a mean square of one
    level = np.exp(noise.spread * level - noise.spread**2)
    sigma = np.asarray(noise.sigma) * level  # millimetres on the person

    start = rng.random((num_frames, num_joints)) < noise.drop_rate
    start[:, H36M17.root] = False
    length = rng.geometric(1 / noise.drop_length, start.shape)
    frame = np.arange(num_frames)[:, None]
    # The frame at which the latest gap of each joint ends
    end = np.maximum.accumulate(np.where(start, frame + length, 0), axis=0)
    missed = torch.from_numpy(end > frame)

    offset = torch.from_numpy(sigma[..., None] * error).to(keypoints)
    scale = keypoints.new_tensor(camera.focal)
    scale = scale / joints[:, H36M17.root, None, 2:].to(keypoints)
    noisy = keypoints + scale * offset
    parents = torch.tensor(H36M17.parents).clamp(min=0)
    noisy = torch.where(missed[..., None], noisy[:, parents], noisy)
    confidence = torch.from_numpy(np.exp(-sigma / noise.tolerance))
    return noisy, confidence.to(keypoints).masked_fill(missed, 0.0)


def clip_generator(
    clip: str, seed: int, camera: str = ''
) -> np.random.Generator:
    r"""A random generator that is the same for a clip in every process."""
    check_range('seed', seed, 0)
    # Python's own hash of strings differs from process to process.
    names = (zlib.crc32(name.encode()) for name in (clip, camera))
    return np.random.default_rng(np.random.SeedSequence([*names, seed]))


def check_clip(pos: Tensor, clip: str) -> None:
    r"""Raises a :class:`ValueError` unless :obj:`pos` is a finite
    :obj:`[T, 17, 3]` with at least one frame.
    """
    shape = (H36M17.num_joints, 3)
    if pos.dim() != 3 or pos.shape[1:] != shape or pos.size(0) == 0:
        raise ValueError(
            f"Expected clip '{clip}' to have at least one frame of shape "
            f'[T, {shape[0]}, {shape[1]}] (got {list(pos.shape)})'
        )
    check_finite(f"clip '{clip}'", pos, 'drop or interpolate these frames')


def _autoregressive(
    rng: np.random.Generator, shape: tuple[int, ...], noise: DetectorNoise
) -> np.ndarray:
    r"""A first-order sequence of unit variance along the first axis."""
    from scipy.signal import lfilter  # slow to import

    rho = noise.correlation
    innovation = rng.standard_normal(shape)
    # x_t = rho x_(t-1) + sqrt(1 - rho^2) n_t has unit variance.
    innovation[1:] *= np.sqrt(1 - rho**2)
    return lfilter([1.0], [1.0, -rho], innovation, axis=0)
