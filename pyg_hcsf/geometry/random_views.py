r"""Films windows of motion, each with a camera of its own."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from pyg_hcsf.geometry.camera import Camera
from pyg_hcsf.geometry.capture import CAPTURE_CENTER, CAPTURE_RADIUS
from pyg_hcsf.geometry.root_ray import look_along


@dataclass(frozen=True)
class ViewRanges:
    r"""What :func:`random_views` draws cameras from.

    The numbers are this project's choice, to cover telephones, webcams and
    studio cameras.

    Args:
        focal (tuple): Focal length over the longer side of the image, drawn
            evenly on a logarithmic scale.
        distance (tuple): From the camera to the person along the ground, in
            millimetres. A person of 1.7 m upright is not more than
            :obj:`fill` times as high as the image.
        height (tuple): Of the camera above the floor, in millimetres.
        fill (float): See :obj:`distance`.
        off_center (float): How far from its middle the root is in the image
            at most, over half the image.
        roll (float): The standard deviation of the roll in degrees.
        image_sizes (tuple): Widths and heights in pixels.
    """

    focal: tuple[float, float] = (0.8, 2.0)
    distance: tuple[float, float] = (2000.0, 8000.0)
    height: tuple[float, float] = (300.0, 3000.0)
    fill: float = 1.2
    off_center: float = 0.5
    roll: float = 4.0
    image_sizes: tuple[tuple[int, int], ...] = (
        (1920, 1080),
        (1080, 1920),
        (1000, 1000),
    )


class Views(NamedTuple):
    r"""What cameras see, one per window.

    Args:
        joints (torch.Tensor): In the frame of the camera in millimetres:
            ``[B, T, N, 3]``.
        focal (torch.Tensor): In pixels: ``[B, 1, 2]``.
        center (torch.Tensor): Likewise the principal point.
        image_size (torch.Tensor): Width and height in pixels: ``[B, 1, 2]``.
    """

    joints: Tensor
    focal: Tensor
    center: Tensor
    image_size: Tensor

    @property
    def keypoints(self) -> Tensor:
        r"""Where the joints are in the images in pixels, ``[B, T, N, 2]``;
        NaN behind the camera and nearer than 10 cm to its plane.
        """
        depth = self.joints[..., 2:]
        depth = depth.masked_fill(depth < 100, torch.nan)
        xy = self.joints[..., :2] / depth
        return xy * self.focal[..., None, :] + self.center[..., None, :]


def random_views(
    pos: Tensor, root: Tensor, ranges: ViewRanges, generator: Generator
) -> Views:
    r"""Films each window with a random camera that looks about at the root in
    the last frame, from any side.

    Args:
        pos (torch.Tensor): Joints in world millimetres, z up, of any
            skeleton: ``[B, T, N, 3]``. The lowest one is on the floor.
        root (torch.Tensor): The root in the last frame: ``[B, 3]``.
        ranges (ViewRanges): What to draw from.
        generator (torch.Generator): The source of random numbers.

    .. code-block:: python

        views = random_views(pos, pos[:, -1, 0], ViewRanges(), generator)
        views.keypoints  # [B, T, N, 2] pixels
    """
    size = pos.size(0)

    def draw(low: Tensor | float, high: Tensor | float) -> Tensor:
        return low + (high - low) * torch.rand(size, generator=generator)

    sizes = torch.tensor(ranges.image_sizes, dtype=torch.float32)
    chosen = torch.randint(len(sizes), (size,), generator=generator)
    image_size = sizes[chosen]
    focal = draw(*(math.log(value) for value in ranges.focal)).exp()
    focal = focal * image_size.amax(dim=1)
    low, far = ranges.distance
    near = (focal * 1700 / (ranges.fill * image_size[:, 1])).clamp(low, far)
    distance, height = draw(near, far), draw(*ranges.height)
    angle = draw(0.0, 2 * math.pi)
    roll = math.radians(ranges.roll) * torch.randn(size, generator=generator)
    offset = torch.stack([draw(-1.0, 1.0), draw(-1.0, 1.0)], dim=-1)
    offset = ranges.off_center * offset * image_size / 2

    camera = root.clone()
    camera[:, 0] += distance * angle.cos()
    camera[:, 1] += distance * angle.sin()
    camera[:, 2] = pos[..., 2].amin(dim=(1, 2)) + height

    ahead = root - camera
    ahead = ahead / ahead.norm(dim=1, keepdim=True)
    right = torch.stack([ahead[:, 1], -ahead[:, 0], 0 * roll], dim=1)
    right = right / right.norm(dim=1, keepdim=True)
    axes = torch.stack([right, torch.linalg.cross(ahead, right), ahead], dim=1)
    # Roll about the root, then turn it to where it is to be in the image.
    cos, sin, zero, one = roll.cos(), roll.sin(), 0 * roll, 1 + 0 * roll
    rows = [cos, -sin, zero, sin, cos, zero, zero, zero, one]
    spin = torch.stack(rows, dim=1).view(-1, 3, 3)
    ray = torch.cat([offset / focal[:, None], one[:, None]], dim=1)
    ray = ray / ray.norm(dim=1, keepdim=True)
    turn = look_along(ray).mT @ spin @ axes
    joints = (pos - camera[:, None, None]) @ turn.mT[:, None]
    return Views(
        joints,
        focal[:, None, None].expand(-1, 1, 2),
        image_size[:, None] / 2,
        image_size[:, None],
    )


def studio_views(
    pos: Tensor,
    root: Tensor,
    cameras: tuple[Camera, ...],
    generator: Generator,
) -> Views:
    r"""Films each window with one of some calibrated cameras around the
    capture volume of :func:`~pyg_hcsf.geometry.capture.project_views`: the root of its
    last frame is anywhere in there, the body turned to any side.

    Args:
        pos (torch.Tensor): See :func:`random_views`.
        root (torch.Tensor): Likewise.
        cameras (tuple[Camera, ...]): The cameras.
        generator (torch.Generator): The source of random numbers.

    .. code-block:: python

        views = studio_views(pos, root, human36m_cameras(), generator)
    """
    size = pos.size(0)
    turn, angle, area, number = torch.rand((4, size), generator=generator)
    turn, angle = 2 * math.pi * turn, 2 * math.pi * angle
    radius = CAPTURE_RADIUS * area.sqrt()
    place = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
    place = place + torch.tensor(CAPTURE_CENTER)
    cos, sin = turn.cos(), turn.sin()
    rotation = torch.stack([cos, sin, -sin, cos], dim=1).view(-1, 2, 2)
    ground = (pos[..., :2] - root[:, None, None, :2]) @ rotation[:, None]
    ground = ground + place[:, None, None]
    height = pos[..., 2:] - pos[..., 2].amin(dim=(1, 2))[:, None, None, None]
    world = torch.cat([ground, height], dim=-1)

    chosen = (number * len(cameras)).long().clamp(max=len(cameras) - 1)
    joints = torch.stack([c.world_to_camera(world) for c in cameras], dim=1)
    joints = joints[torch.arange(size), chosen]

    def each(values: list[tuple[float, float]]) -> Tensor:
        return torch.tensor(values, dtype=pos.dtype)[chosen, None]

    return Views(
        joints,
        each([camera.focal for camera in cameras]),
        each([camera.center for camera in cameras]),
        each([camera.image_size for camera in cameras]),
    )
