r"""Projects motion capture to virtual cameras: 3D clips to lifting clips."""

from typing import Literal, NamedTuple, Optional, Sequence

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from pyg_hcsf.axes import frames_first, nodes_first
from pyg_hcsf.choices import check_choice
from pyg_hcsf.geometry.camera import Camera, Distortion
from pyg_hcsf.geometry.clip_camera import camera_attributes
from pyg_hcsf.geometry.h36m_cameras import human36m_cameras
from pyg_hcsf.geometry.keypoint_noise import (
    check_clip,
    clip_generator,
    detector_noise,
)
from pyg_hcsf.skeleton import H36M17

#: The capture volume: centre and radius of a disc on the floor, in
#: millimetres. A body on it with a reach of 0.6 m and a height of 1.8 m is
#: inside the images of all four S1 cameras of Human3.6M (measured on a grid:
#: up to 1.2 m around (0, 400) mm).
CAPTURE_CENTER = (0.0, 500.0)
CAPTURE_RADIUS = 1250.0


class View(NamedTuple):
    r"""A clip in one camera.

    Args:
        camera (Camera): The camera.
        joints (torch.Tensor): The joints :obj:`[T, 17, 3]` in its frame, in
            millimetres.
        keypoints (torch.Tensor): Their projections :obj:`[T, 17, 2]` in
            pixels.
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
    r"""Places a clip in the capture volume and projects it to every camera.

    The clip is rotated about the vertical by a random angle, its lowest joint
    is put on the floor :math:`z = 0`, and the middle of its root path is put
    at the centre of the volume, a disc of 1.25 m radius around
    :math:`(0, 500)` mm. In frames where the root is still outside, the whole
    body is moved horizontally until the root is at the nearest point of the
    disc. Poses never change; a root path changes only where it is outside.

    The volume is made for the Human3.6M cameras. For a standing adult on
    random walks, 0.01 % of the joints leave the images; for 62 clips of CMU
    and HDM05, 0.18 % do, nearly all of them in one clip of a climber, and the
    body is moved in 22 % of the frames.

    Args:
        pos (torch.Tensor): Joints :obj:`[T, 17, 3]` in the world frame
            (:math:`z` up), in millimetres.
        clip (str): The unique name of the clip.
        seed (int, optional): The seed, at least 0. The rotation depends on it
            and on :obj:`clip` only. (default: :obj:`0`)
        cameras (sequence, optional): The cameras. If :obj:`None`, those of
            Human3.6M's S1 are used. (default: :obj:`None`)
        distortion (str, optional): See :meth:`Camera.project`.
            (default: :obj:`None`)

    Returns:
        list[View]: One view per camera, in the order of :obj:`cameras`, in
        float64.

    Raises:
        ValueError: If :obj:`pos` is empty, not finite or of another shape.

    Example:
        >>> views = project_views(motion.pos.transpose(0, 1), motion.clip)
        >>> views[0].keypoints  # [T, 17, 2] pixels
    """
    check_clip(pos, clip)
    angle = clip_generator(clip, seed).uniform(0.0, 2 * np.pi)
    pos = pos.to(torch.float64)
    rotation = pos.new_tensor(
        [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    )
    ground = pos[..., :2] @ rotation
    path = ground[:, H36M17.root]
    # The middle of the path is at the centre; what is outside of the disc is
    # pulled to its edge.
    path = path - (path.amax(dim=0) + path.amin(dim=0)) / 2
    distance = path.norm(dim=-1, keepdim=True)
    path = path * (CAPTURE_RADIUS / distance.clamp(min=CAPTURE_RADIUS))
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


def lifting_clips(
    motion: Data,
    keypoints: Literal['gt', 'noisy'] = 'gt',
    distortion: Optional[Distortion] = None,
    seed: int = 0,
) -> list[Data]:
    r"""Projects a motion clip to one lifting clip per Human3.6M camera.

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

    Example:
        >>> clips = lifting_clips(motion_clip('S9', 'Walking', 1), 'noisy')
    """
    check_choice('keypoints', keypoints, ('gt', 'noisy'))
    out = []
    pos = frames_first(motion.pos)
    for view in project_views(pos, motion.clip, seed, distortion=distortion):
        camera, x = view.camera, view.keypoints
        data = Data(
            edge_index=motion.edge_index,
            num_nodes=motion.num_nodes,
            y=nodes_first(view.joints).float().contiguous(),
            subject=motion.subject,
            action=motion.action,
            clip=motion.clip,
            camera=camera.name,
            fps=motion.fps,
            **camera_attributes(camera),
        )
        if keypoints == 'noisy':
            x, confidence = detector_noise(
                x, view.joints, camera, motion.clip, seed
            )
            data.confidence = nodes_first(confidence).float().contiguous()
        data.x = nodes_first(x).float().contiguous()
        out.append(data)
    return out
