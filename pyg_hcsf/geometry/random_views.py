r"""Data augmentation of views: projects each window to a random camera."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from pyg_hcsf.geometry.camera import Camera
from pyg_hcsf.geometry.root_ray import look_along
from pyg_hcsf.geometry.virtual_cameras import CAPTURE_CENTER, CAPTURE_RADIUS

#: Shares of cameras and the range of their focal length over the longer side
#: of the image. Main cameras of phones: 24 to 28 mm on 36 mm of film, cropped
#: by up to 15 % for video; their wide cameras: 13 to 15 mm, likewise; webcams:
#: 78 to 55 degrees across the diagonal; telephoto and studio lenses. The
#: shares are an assumption.
LENSES = (
    (0.4, 0.7, 0.85),
    (0.1, 0.45, 0.5),
    (0.25, 0.75, 1.1),
    (0.25, 1.1, 3.0),
)


@dataclass(frozen=True)
class ViewRanges:
    r"""The ranges from which :func:`random_views` draws cameras.

    The defaults were chosen for this project and cover phones, webcams and
    studio cameras, from the floor to a ceiling.

    Args:
        focal (tuple): The range of the focal length over the longer side of
            the image, drawn uniformly on a logarithmic scale; or several
            ranges, each with its share before it.
        distance (tuple): The range of the horizontal distance from the camera
            to the person, in millimetres.
        height (tuple): The range of the height of the camera above the
            floor, in millimetres.
        fill (float): The largest height of an upright person of 1.7 m in the
            image, over the height of the image; raises the smallest distance.
        off_center (float): The largest offset of the root from the middle of
            the image along each axis, over half the image.
        roll (float): The standard deviation of the roll in degrees.
        radial (tuple): The range of the radial distortion, as the change of
            the distance from the middle of the image at the middle of its
            shorter edges: :math:`k_1 (w / 2 f)^2` with the longer side
            :math:`w`; negative for barrels. Wide lenses without correction
            reach -0.12.
        image_sizes (tuple): Widths and heights in pixels.
    """

    focal: tuple[float, float] | tuple[tuple[float, float, float], ...] = (
        LENSES
    )
    distance: tuple[float, float] = (1200.0, 8000.0)
    height: tuple[float, float] = (100.0, 4000.0)
    fill: float = 2.0
    off_center: float = 0.8
    roll: float = 6.0
    radial: tuple[float, float] = (-0.08, 0.03)
    image_sizes: tuple[tuple[int, int], ...] = (
        (1920, 1080),
        (1080, 1920),
        (1000, 1000),
    )


#: Cameras without distortion, with focal lengths of 0.8 to 2 times the longer
#: side, that see most people whole.
PLAIN_VIEWS = ViewRanges(
    focal=(0.8, 2.0),
    distance=(2000.0, 8000.0),
    height=(300.0, 3000.0),
    fill=1.2,
    off_center=0.5,
    roll=4.0,
    radial=(0.0, 0.0),
)


class Views(NamedTuple):
    r"""Windows of motion, each in a camera.

    Args:
        joints (torch.Tensor): Joints in the camera frame in millimetres,
            ``[B, T, N, 3]``.
        focal (torch.Tensor): Focal lengths in pixels, ``[B, 1, 2]``.
        center (torch.Tensor): Principal points in pixels, ``[B, 1, 2]``.
        image_size (torch.Tensor): Widths and heights in pixels,
            ``[B, 1, 2]``.
        radial (torch.Tensor, optional): Brown's radial distortion
            :math:`k_1`, ``[B]``. (default: :obj:`None`)
    """

    joints: Tensor
    focal: Tensor
    center: Tensor
    image_size: Tensor
    radial: Tensor | None = None

    @property
    def keypoints(self) -> Tensor:
        r"""The projections of the joints in pixels, ``[B, T, N, 2]``: with
        the point :math:`\mathbf{x}` at unit depth, that of :math:`\mathbf{x}
        (1 + k_1 \lVert \mathbf{x} \rVert^2)`. NaN for depths below 10 cm,
        and where the distortion has no inverse.
        """
        depth = self.joints[..., 2:]
        depth = depth.masked_fill(depth < 100, torch.nan)
        xy = self.joints[..., :2] / depth
        if self.radial is not None:
            x, y = xy.unbind(dim=-1)
            off = self.radial[:, None, None] * (x * x + y * y)
            gain = (1 + off).masked_fill_(off < -1 / 3, torch.nan)
            xy *= gain[..., None]
        return xy * self.focal[..., None, :] + self.center[..., None, :]


def random_views(
    pos: Tensor, root: Tensor, ranges: ViewRanges, generator: Generator
) -> Views:
    r"""Projects each window to a random camera around the person.

    The camera stands still in a window. It looks at the root in the last
    frame, up to a random offset in the image and a random roll.

    Args:
        pos (torch.Tensor): Joints of any skeleton in world millimetres
            (:math:`z` up), ``[B, T, N, 3]``. The lowest one is on the floor.
        root (torch.Tensor): The root in the last frame, ``[B, 3]``.
        ranges (ViewRanges): The ranges of the camera parameters.
        generator (torch.Generator): The source of random numbers.

    Example:
        >>> views = random_views(pos, pos[:, -1, 0], ViewRanges(), generator)
        >>> views.keypoints  # [B, T, N, 2] pixels
    """
    size = pos.size(0)

    def draw(low: Tensor | float, high: Tensor | float) -> Tensor:
        return low + (high - low) * torch.rand(size, generator=generator)

    sizes = torch.tensor(ranges.image_sizes, dtype=torch.float32)
    chosen = torch.randint(len(sizes), (size,), generator=generator)
    image_size = sizes[chosen]
    focal = _focal_lengths(ranges, size, generator) * image_size.amax(dim=1)
    low, far = ranges.distance
    # A person of 1,700 mm at distance Z is f 1700 / Z pixels high.
    near = (focal * 1700 / (ranges.fill * image_size[:, 1])).clamp(low, far)
    distance, height = draw(near, far), draw(*ranges.height)
    angle = draw(0.0, 2 * math.pi)
    roll = math.radians(ranges.roll) * torch.randn(size, generator=generator)
    offset = torch.stack([draw(-1.0, 1.0), draw(-1.0, 1.0)], dim=-1)
    offset = ranges.off_center * offset * image_size / 2

    radial = None
    if any(ranges.radial):
        radial = draw(*ranges.radial)
        radial = radial * (2 * focal / image_size.amax(dim=1)).square()

    camera = root.clone()
    camera[:, 0] += distance * angle.cos()
    camera[:, 1] += distance * angle.sin()
    camera[:, 2] = pos[..., 2].amin(dim=(1, 2)) + height

    ray = torch.cat([offset / focal[:, None], torch.ones(size, 1)], dim=1)
    turn = _turns(root - camera, ray, roll)
    # (pos - camera) @ turn.mT; batched products of 3 x 3 matrices are slow.
    joints = -(turn @ camera[..., None])[:, None, None, :, 0]
    for axis, column in enumerate(turn[:, None, None].unbind(dim=-1)):
        joints = torch.addcmul(joints, pos[..., axis : axis + 1], column)
    return Views(
        joints,
        focal[:, None, None].expand(-1, 1, 2),
        image_size[:, None] / 2,
        image_size[:, None],
        radial,
    )


def _turns(ahead: Tensor, ray: Tensor, roll: Tensor) -> Tensor:
    r"""The rotations ``[B, 3, 3]`` from the world to cameras that see what is
    :obj:`ahead` of them ``[B, 3]`` along a ray ``[B, 3]``, with a roll about
    it ``[B]``.
    """
    ahead = ahead / ahead.norm(dim=1, keepdim=True)
    # Horizontal: ahead x (0, 0, 1); the rows of axes are x, y, z of a camera
    # that looks at the root.
    right = torch.stack([ahead[:, 1], -ahead[:, 0], 0 * roll], dim=1)
    right = right / right.norm(dim=1, keepdim=True)
    axes = torch.stack([right, torch.linalg.cross(ahead, right), ahead], dim=1)
    # Roll about the root, then rotate so that it appears at the offset.
    cos, sin, zero, one = roll.cos(), roll.sin(), 0 * roll, 1 + 0 * roll
    rows = [cos, -sin, zero, sin, cos, zero, zero, zero, one]
    spin = torch.stack(rows, dim=1).view(-1, 3, 3)
    ray = ray / ray.norm(dim=1, keepdim=True)
    return look_along(ray).mT @ spin @ axes


def _focal_lengths(
    ranges: ViewRanges, size: int, generator: Generator
) -> Tensor:
    r"""Focal lengths over the longer side of the image: ``[B]``."""
    focal = torch.tensor(ranges.focal)
    if focal.dim() == 1:
        low, high = focal.log()
    else:
        share, *limits = focal.unbind(dim=1)
        kind = torch.multinomial(share, size, True, generator=generator)
        low, high = (x.log()[kind] for x in limits)
    return (low + (high - low) * torch.rand(size, generator=generator)).exp()


def studio_views(
    pos: Tensor,
    root: Tensor,
    cameras: tuple[Camera, ...],
    generator: Generator,
) -> Views:
    r"""Projects each window to one of some calibrated cameras around the
    capture volume of :func:`~pyg_hcsf.geometry.project_views`. The body is
    rotated by a random angle about the vertical, and the root of its last
    frame is put at a random point of the volume.

    Args:
        pos (torch.Tensor): Joints in world millimetres (:math:`z` up),
            ``[B, T, N, 3]``.
        root (torch.Tensor): The root in the last frame, ``[B, 3]``.
        cameras (tuple[Camera, ...]): The cameras to draw from.
        generator (torch.Generator): The source of random numbers.

    Example:
        >>> views = studio_views(pos, root, human36m_cameras(), generator)
    """
    size = pos.size(0)
    turn, angle, area, number = torch.rand((4, size), generator=generator)
    turn, angle = 2 * math.pi * turn, 2 * math.pi * angle
    # The square root makes points uniform on the disc.
    radius = CAPTURE_RADIUS * area.sqrt()
    target = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
    target = target + torch.tensor(CAPTURE_CENTER)
    cos, sin = turn.cos(), turn.sin()
    rotation = torch.stack([cos, sin, -sin, cos], dim=1).view(-1, 2, 2)
    ground = (pos[..., :2] - root[:, None, None, :2]) @ rotation[:, None]
    ground = ground + target[:, None, None]
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
