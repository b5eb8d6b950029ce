r"""Films motion capture with four cameras: 3D clips in, lifting clips out."""

import zlib
from dataclasses import dataclass
from typing import Literal, NamedTuple, Optional, Sequence

import numpy as np
import torch
from scipy.signal import lfilter
from torch import Tensor
from torch_geometric.data import Data

from pyg_hcsf.geometry.camera import Camera, Distortion
from pyg_hcsf.geometry.human36m import human36m_cameras
from pyg_hcsf.skeleton import H36M17

#: The capture volume, a disc on the floor, in millimetres. On it a body with
#: a reach of 0.6 m and a height of 1.8 m is inside all four images of the S1
#: cameras of Human3.6M (measured on a grid: up to 1.2 m around (0, 400) mm).
CAPTURE_CENTER = (0.0, 500.0)
CAPTURE_RADIUS = 1250.0


@dataclass(frozen=True)
class DetectorNoise:
    r"""The parameters of :func:`detector_noise`.

    The numbers are this project's choice; they are not measured on a
    detector. They give a mean 2D error of about 5 pixels on the Human3.6M
    cameras, the size of a good fine-tuned detector's.

    Args:
        sigma (tuple): The standard deviation of each joint and coordinate on
            the person, in millimetres: hips and the ends of the limbs are
            the worst.
        correlation (float): The correlation of the error between one frame
            and the next.
        spread (float): The standard deviation of the logarithm of the noise
            level, which gives the error its heavy tails.
        drop_rate (float): The probability that a joint starts to be missed
            in a frame.
        drop_length (float): The mean number of frames it is missed for.
        tolerance (float): The expected error at which the confidence falls
            to :math:`1/e`, in millimetres.
    """

    sigma: tuple[float, ...] = (
        *(14.0, 20.0, 16.0, 22.0, 20.0, 16.0, 22.0),  # hip, legs
        *(16.0, 13.0, 12.0, 13.0),  # spine, thorax, neck, head
        *(15.0, 19.0, 25.0, 15.0, 19.0, 25.0),  # arms
    )
    correlation: float = 0.6
    spread: float = 0.4
    drop_rate: float = 0.003
    drop_length: float = 4.0
    tolerance: float = 60.0


class View(NamedTuple):
    r"""One camera's view of a clip: the :obj:`camera`, the :obj:`joints`
    :obj:`[T, 17, 3]` in its frame in millimetres, and the
    :obj:`keypoints` :obj:`[T, 17, 2]` in pixels.
    """

    camera: Camera
    joints: Tensor
    keypoints: Tensor


def project_views(
    pos: Tensor,
    clip: str,
    seed: int = 0,
    cameras: Optional[Sequence[Camera]] = None,
    distortion: Optional[Distortion] = None,
) -> list[View]:
    r"""Places a clip in the capture volume and films it with every camera.

    The clip is turned about the vertical by an angle drawn from
    :obj:`(clip, seed)`, its lowest joint is put on the floor :math:`z = 0`,
    and the middle of its root path is put at the centre of the volume, a
    disc of 1.25 m radius around :math:`(0, 500)` mm.
    In frames where the root is still outside, the whole body is moved
    horizontally until the root is at the nearest point of the disc: poses
    are never changed, and a root path inside is not either.

    The volume is made for the Human3.6M cameras. Of a standing adult on
    random walks, 0.01 % of the joints leave the images; of 62 clips of CMU and
    HDM05, 0.18 % do, nearly all of them in one clip of a climber, and the
    body is moved in 22 % of the frames.

    Args:
        pos (torch.Tensor): Joints :obj:`[T, 17, 3]` in the world frame
            (:math:`z` up), in millimetres.
        clip (str): The unique name of the clip; with :obj:`seed` it decides
            the rotation, in every process alike.
        seed (int, optional): The seed, not negative. (default: :obj:`0`)
        cameras (sequence, optional): The cameras. :obj:`None` takes those of
            Human3.6M's S1. (default: :obj:`None`)
        distortion (str, optional): See :meth:`Camera.project`.
            (default: :obj:`None`)

    Returns:
        list[View]: One view per camera, in the order of :obj:`cameras`, in
        float64.

    Raises:
        ValueError: If :obj:`pos` is empty, not finite or of another shape.

    .. code-block:: python

        views = project_views(motion.pos.transpose(0, 1), motion.clip)
        views[0].keypoints  # [T, 17, 2] pixels
    """
    _check_clip(pos, clip)
    angle = _generator(clip, seed).uniform(0.0, 2 * np.pi)
    pos = pos.to(torch.float64)
    turn = pos.new_tensor(
        [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    )
    ground = pos[..., :2] @ turn
    path = ground[:, H36M17.root]
    path = path - (path.amax(dim=0) + path.amin(dim=0)) / 2
    reach = path.norm(dim=-1, keepdim=True)
    path = path * (CAPTURE_RADIUS / reach.clamp(min=CAPTURE_RADIUS))
    path = path + path.new_tensor(CAPTURE_CENTER)
    ground = ground - ground[:, H36M17.root, None] + path[:, None]
    height = pos[..., 2:] - pos[..., 2].min()
    world = torch.cat([ground, height], dim=-1)

    views = []
    for camera in human36m_cameras('S1') if cameras is None else cameras:
        joints = camera.world_to_camera(world)
        keypoints = camera.project(joints, distortion)
        views.append(View(camera, joints, keypoints))
    return views


def detector_noise(
    keypoints: Tensor,
    joints: Tensor,
    camera: Camera,
    clip: str,
    seed: int = 0,
    noise: DetectorNoise = DetectorNoise(),  # noqa: B008 (frozen)
) -> tuple[Tensor, Tensor]:
    r"""Disturbs projected joints as a 2D detector would.

    A detector looks at a crop around the person, so its error is a fraction
    of the person's size: with :math:`Z` the depth of the root, :math:`f` the
    focal length and :math:`\mathbf{e}` a Gaussian first-order autoregressive
    sequence of unit variance,

    .. math::
        \mathbf{u}^{\prime}_{t,j} = \mathbf{u}_{t,j} +
        \tfrac{f}{Z_t} \, \sigma_j \, \lambda_{t,j} \, \mathbf{e}_{t,j},
        \qquad c_{t,j} = \exp(-\sigma_j \lambda_{t,j} / \tau)

    where :math:`\lambda` is a log-normal noise level with unit mean square.
    The confidence :math:`c` tells the expected error, not the drawn one.
    Now and then a joint is missed for a few frames: its confidence is 0 and
    its keypoint is that of its parent joint, where detectors tend to put a
    limb they cannot see. The root is never missed.

    Args:
        keypoints (torch.Tensor): Pixels :obj:`[T, 17, 2]`.
        joints (torch.Tensor): The same joints :obj:`[T, 17, 3]` in the frame
            of :obj:`camera`, in millimetres.
        camera (Camera): The camera.
        clip (str): The unique name of the clip.
        seed (int, optional): The seed, not negative; with :obj:`clip` and
            the name of :obj:`camera` it decides the noise.
            (default: :obj:`0`)
        noise (DetectorNoise, optional): The parameters.

    Returns:
        tuple[Tensor, Tensor]: The noisy keypoints :obj:`[T, 17, 2]`, and
        the confidence :obj:`[T, 17]` in :math:`[0, 1]`.

    .. code-block:: python

        view = project_views(pos, 'walk_01')[0]
        noisy, confidence = detector_noise(
            view.keypoints, view.joints, view.camera, 'walk_01')
    """
    _check_clip(joints, clip)
    num_frames, num_joints, _ = joints.shape
    if tuple(keypoints.shape) != (num_frames, num_joints, 2):
        raise ValueError(
            f"Expected 'keypoints' of shape [{num_frames}, {num_joints}, 2] "
            f"as 'joints' has that many frames (got {list(keypoints.shape)})"
        )
    rng = _generator(clip, seed, camera.name)
    error = _autoregressive(rng, (num_frames, num_joints, 2), noise)
    level = _autoregressive(rng, (num_frames, num_joints), noise)
    level = np.exp(noise.spread * level - noise.spread**2)
    sigma = np.asarray(noise.sigma) * level  # millimetres on the person

    start = rng.random((num_frames, num_joints)) < noise.drop_rate
    start[:, H36M17.root] = False
    length = rng.geometric(1 / noise.drop_length, start.shape)
    frame = np.arange(num_frames)[:, None]
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


def lifting_clips(
    motion: Data,
    keypoints: Literal['gt', 'noisy'] = 'gt',
    distortion: Optional[Distortion] = None,
    seed: int = 0,
) -> list[Data]:
    r"""Turns a motion clip into one lifting clip per Human3.6M camera.

    Args:
        motion (torch_geometric.data.Data): A clip with :obj:`pos`
            :obj:`[17, T, 3]` in world millimetres, :obj:`edge_index`,
            :obj:`subject`, :obj:`action`, :obj:`clip` and :obj:`fps`.
        keypoints (str, optional): :obj:`'gt'` for the exact projection,
            :obj:`'noisy'` for :func:`detector_noise` on top.
            (default: :obj:`'gt'`)
        distortion (str, optional): See :meth:`Camera.project`.
            (default: :obj:`None`)
        seed (int, optional): The seed of :func:`project_views` and
            :func:`detector_noise`. (default: :obj:`0`)

    Returns:
        list[Data]: Four clips with :obj:`x` :obj:`[17, T, 2]` in pixels,
        :obj:`y` :obj:`[17, T, 3]` in camera-frame millimetres (absolute),
        the camera as :obj:`focal`, :obj:`center` and :obj:`image_size`
        (:obj:`[1, 2]`, float64 pixels) and, if noisy, :obj:`confidence`
        :obj:`[17, T]`.

    .. code-block:: python

        clips = [view for motion in dataset for view in lifting_clips(motion)]
    """
    if keypoints not in ('gt', 'noisy'):
        raise ValueError(
            f"Expected 'keypoints' to be 'gt' or 'noisy' (got {keypoints!r})"
        )
    out = []
    pos = motion.pos.transpose(0, 1)
    for view in project_views(pos, motion.clip, seed, distortion=distortion):
        camera, x = view.camera, view.keypoints
        data = Data(
            edge_index=motion.edge_index,
            num_nodes=motion.num_nodes,
            y=view.joints.transpose(0, 1).float().contiguous(),
            subject=motion.subject,
            action=motion.action,
            clip=motion.clip,
            camera=camera.name,
            fps=motion.fps,
            focal=torch.tensor([camera.focal], dtype=torch.float64),
            center=torch.tensor([camera.center], dtype=torch.float64),
            image_size=torch.tensor([camera.image_size], dtype=torch.float64),
        )
        if keypoints == 'noisy':
            x, confidence = detector_noise(
                x, view.joints, camera, motion.clip, seed
            )
            data.confidence = confidence.t().float().contiguous()
        data.x = x.transpose(0, 1).float().contiguous()
        out.append(data)
    return out


def _generator(clip: str, seed: int, camera: str = '') -> np.random.Generator:
    # A stable hash: Python's own differs from process to process.
    if seed < 0:
        raise ValueError(f"Expected 'seed' to be not negative (got {seed})")
    names = (zlib.crc32(name.encode()) for name in (clip, camera))
    return np.random.default_rng(np.random.SeedSequence([*names, seed]))


def _autoregressive(
    rng: np.random.Generator, shape: tuple[int, ...], noise: DetectorNoise
) -> np.ndarray:
    rho = noise.correlation
    innovation = rng.standard_normal(shape)
    innovation[1:] *= np.sqrt(1 - rho**2)
    return lfilter([1.0], [1.0, -rho], innovation, axis=0)


def _check_clip(pos: Tensor, clip: str) -> None:
    shape = (H36M17.num_joints, 3)
    if pos.dim() != 3 or pos.shape[1:] != shape or pos.size(0) == 0:
        raise ValueError(
            f"Expected clip '{clip}' to have at least one frame of shape "
            f'[T, {shape[0]}, {shape[1]}] (got {list(pos.shape)})'
        )
    bad = ~torch.isfinite(pos).all(dim=-1)
    if bad.any():
        frame, joint = bad.nonzero()[0].tolist()
        raise ValueError(
            f"Expected clip '{clip}' to be finite (got {int(bad.sum())} "
            f'joints that are not, the first in frame {frame}, joint '
            f'{joint}). Drop or interpolate these frames first'
        )
