r"""Keypoints and poses relative to the viewing ray of the root, so that one
lifting network serves any camera.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from pyg_hcsf.skeleton import H36M17

#: The size of a body, see :func:`body_size`, over its height: the sum of the
#: segments from ankle to the top of the head in
#: :data:`pyg_hcsf.datasets.synthetic.body.SEGMENTS` (Drillis and Contini,
#: 1966), without the feet and the bend of the neck.
SIZE_PER_HEIGHT = 0.914

#: The focal length over the longer side of the image that is assumed where it
#: is unknown. It is about 0.7 for webcams, 0.75 for phones and 1.15 for
#: Human3.6M. Overestimates do less harm: the error of the weights
#: single_h36m17 on 20 views of SyntheticMotion (S9, S11; 37.2 mm) grows by up
#: to 0.9 mm with 0.8 to 1.25 times the true length, by 2.4 mm with 1.6 times
#: and by 4.5 mm with 0.6 times; the depth of the root is off in proportion.
FOCAL_PER_SIDE = 1.1

#: The limit of the coordinates of :func:`window_input`: joints farther out
#: are detector errors.
MAX_COORDINATE = 5.0

_HIP = H36M17.root
_SIDES = [H36M17.joints.index(name) for name in ('LHip', 'RHip')]
_LEGS = ('RKnee', 'RFoot', 'LKnee', 'LFoot')
_TRUNK = ('Spine', 'Thorax', 'Neck', 'Head')
_BONES = [H36M17.joints.index(name) for name in _LEGS + _TRUNK]
_PARENTS = [H36M17.parents[joint] for joint in _BONES]
_SHARE = (0.5,) * len(_LEGS) + (1.0,) * len(_TRUNK)


class RootRay(NamedTuple):
    r"""Keypoints relative to the ray of the root, from :func:`look_at_root`.

    Args:
        plane (torch.Tensor): The joints projected to the plane at unit
            distance across the ray, ``[*, 17, 2]``.
        score (torch.Tensor): Their confidence, 0 where missing, ``[*, 17]``.
        rotation (torch.Tensor): The rotation from the camera frame to the
            frame of the ray, ``[*, 3, 3]``.
    """

    plane: Tensor
    score: Tensor
    rotation: Tensor

    @property
    def liftable(self) -> Tensor:
        r"""Whether a frame has a root, ``[*]``. Otherwise :obj:`rotation` is
        NaN and all scores are 0.
        """
        return self.rotation[..., 2, 2].isfinite()


def guess_camera(image_size: tuple[float, float]) -> tuple[Tensor, Tensor]:
    r"""Returns the intrinsics that are assumed for an unknown camera: the
    focal length :data:`FOCAL_PER_SIDE` times the longer side of the image, and
    the principal point in the middle.

    Args:
        image_size (tuple[float, float]): Width and height in pixels.

    Returns:
        tuple: Two float64 tensors :obj:`[2]` in pixels.

    Example:
        >>> focal, center = guess_camera((1920, 1080))
    """
    size = torch.tensor(image_size, dtype=torch.float64)
    return (FOCAL_PER_SIDE * size.max()).expand(2).clone(), size / 2


def look_at_root(
    uv: Tensor, score: Tensor, focal: Tensor, center: Tensor
) -> RootRay:
    r"""Rotates the camera so that it looks at the root of a person.

    With the rays :math:`\mathbf{r}_i = ((u_i - c_x) / f_x,\,
    (v_i - c_y) / f_y,\, 1)`, the direction of the root :math:`\mathbf{d} =
    \mathbf{r}_0 / \lVert \mathbf{r}_0 \rVert` and the smallest rotation
    :math:`\mathbf{R}` that takes :math:`\mathbf{d}` to :math:`(0, 0, 1)`,

    .. math::
        \mathbf{p}_i = \left( \tfrac{(\mathbf{R r}_i)_x}{(\mathbf{R r}_i)_z},
        \tfrac{(\mathbf{R r}_i)_y}{(\mathbf{R r}_i)_z} \right), \qquad
        \mathbf{R} = \begin{pmatrix}
        1 - d_x^2 / (1 + d_z) & -d_x d_y / (1 + d_z) & -d_x \\
        -d_x d_y / (1 + d_z) & 1 - d_y^2 / (1 + d_z) & -d_y \\
        d_x & d_y & d_z \end{pmatrix}

    so that the root is at zero and :math:`\mathbf{p}` depends, up to
    perspective, neither on the position of the person in the image nor on the
    focal length.

    The root is the hip of Human3.6M's skeleton, or else the mean of left and
    right hip, or the one that is not missing. A frame without any of them is
    not liftable. Joints 84 degrees or more from the root count as missing.

    Args:
        uv (torch.Tensor): Keypoints of Human3.6M's 17 joints in pixels,
            ``[*, 17, 2]``, with arbitrary values where missing.
        score (torch.Tensor): Confidence, 0 where missing, ``[*, 17]``.
        focal (torch.Tensor): Focal lengths in pixels, a scalar or
            ``[..., 2]`` that broadcasts against :obj:`uv[..., 0, :]`.
        center (torch.Tensor): The principal point in pixels, ``[..., 2]``.

    Returns:
        RootRay: The keypoints on the plane, their confidence and the rotation
        :math:`\mathbf{R}`.

    Example:
        >>> ray = look_at_root(uv, score, *guess_camera((1920, 1080)))
        >>> x = window_input(ray.plane, ray.score)
    """
    visible = (score > 0) & uv.isfinite().all(dim=-1)
    focal, center = focal.to(uv), center.to(uv)
    focal = focal.unsqueeze(-2) if focal.dim() else focal
    ray = (uv - center.unsqueeze(-2)) / focal
    ray = torch.cat([ray, torch.ones_like(ray[..., :1])], dim=-1)
    ray = ray.masked_fill(~visible[..., None], 0.0)

    hips = ray[..., _SIDES, :].sum(dim=-2)  # [0, 0, 0] where both are missing
    root = torch.where(visible[..., _HIP, None], ray[..., _HIP, :], hips)
    rotation = look_along(root / root.norm(dim=-1, keepdim=True))
    rotated = (rotation.unsqueeze(-3) @ ray.unsqueeze(-1)).squeeze(-1)
    cosine = rotated[..., 2] / ray.norm(dim=-1).clamp(min=1.0)
    visible = visible & (cosine > 0.1)  # False for NaN: not liftable
    plane = rotated[..., :2] / rotated[..., 2:]
    return RootRay(
        plane.masked_fill(~visible[..., None], 0.0),
        score.to(uv).masked_fill(~visible, 0.0),
        rotation,
    )


def look_along(direction: Tensor) -> Tensor:
    r"""Returns the smallest rotation ``[*, 3, 3]`` that takes a unit vector
    ``[*, 3]`` to the third axis, see :func:`look_at_root`.
    """
    x, y, z = direction.unbind(dim=-1)
    xx, xy, yy = (a / (1 + z) for a in (x * x, x * y, y * y))
    rows = [1 - xx, -xy, -x, -xy, 1 - yy, -y, x, y, z]
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))


def window_input(plane: Tensor, score: Tensor) -> Tensor:
    r"""The network input for a window of :obj:`T` frames:
    :math:`(p_x / s,\, p_y / s,\, c)` per joint with the confidence :math:`c`
    and one scale

    .. math::
        s^2 = \tfrac{1}{|\mathcal{V}|} \sum_{(t, i) \in \mathcal{V}}
        \lVert \mathbf{p}_{t, i} \rVert_2^2

    over the joints :math:`\mathcal{V}` of all frames of the window that are
    not missing, so that the input does not depend on the distance of the
    person. Coordinates are clamped to :data:`MAX_COORDINATE`; missing joints
    are zero.

    Args:
        plane (torch.Tensor): From :func:`look_at_root`, ``[*, T, 17, 2]``.
        score (torch.Tensor): From :func:`look_at_root`, ``[*, T, 17]``.

    Returns:
        torch.Tensor: ``[*, T, 17, 3]``.

    Example:
        >>> x = window_input(ray.plane[:9], ray.score[:9])
    """
    visible = score > 0
    count = visible.sum(dim=(-1, -2)).clamp(min=1)
    square = plane.square().sum(dim=(-1, -2, -3)) / count
    scale = square.sqrt().clamp(min=1e-6)[..., None, None, None]
    plane = (plane / scale).clamp(-MAX_COORDINATE, MAX_COORDINATE)
    return torch.cat([plane, score.unsqueeze(-1)], dim=-1)


def body_size(pose: Tensor) -> Tensor:
    r"""The size of a body, independent of its pose: the summed lengths of the
    bones from ankle to hip (mean of both legs) and from hip over spine,
    thorax and neck to the head. It is about :data:`SIZE_PER_HEIGHT` times the
    height of the person.

    Args:
        pose (torch.Tensor): Human3.6M's joints, ``[*, 17, 3]``.

    Returns:
        torch.Tensor: The size ``[*]`` in the unit of :obj:`pose`.

    Example:
        >>> height = body_size(joints) / SIZE_PER_HEIGHT
    """
    # Both legs count by half, the trunk once.
    bones = (pose[..., _BONES, :] - pose[..., _PARENTS, :]).norm(dim=-1)
    return bones @ bones.new_tensor(_SHARE)


def encode_pose(pose: Tensor, rotation: Tensor) -> tuple[Tensor, Tensor]:
    r"""The network target for a pose: relative to the root, in the frame of
    the root's ray, and of unit size.

    .. math::
        \mathbf{y}_i = \tfrac{1}{h} \mathbf{R} (\mathbf{x}_i - \mathbf{x}_0)

    with the size :math:`h` of :func:`body_size`.

    Args:
        pose (torch.Tensor): Joints in the camera frame, ``[*, 17, 3]``.
        rotation (torch.Tensor): :math:`\mathbf{R}` from
            :func:`look_at_root`, ``[*, 3, 3]``.

    Returns:
        tuple: The target ``[*, 17, 3]`` and the size ``[*]`` in the unit of
        :obj:`pose`.

    Example:
        >>> y, size = encode_pose(joints, ray.rotation)
    """
    size = body_size(pose)
    pose = (pose - pose[..., _HIP, None, :]) @ rotation.mT
    return pose / size[..., None, None], size


def decode_pose(target: Tensor, rotation: Tensor, size: Tensor) -> Tensor:
    r"""Inverts :func:`encode_pose`, up to the position of the root.

    Args:
        target (torch.Tensor): The output of a network, ``[*, 17, 3]``.
        rotation (torch.Tensor): From :func:`look_at_root`, ``[*, 3, 3]``.
        size (torch.Tensor): The size of the person, a scalar or ``[*]``.

    Returns:
        torch.Tensor: Root-relative joints ``[*, 17, 3]`` in the camera frame
        and the unit of :obj:`size`; NaN where a frame is not liftable.

    Example:
        >>> joints = decode_pose(model(x), ray.rotation, size)
    """
    target = target - target[..., _HIP, None, :]
    return (target @ rotation) * size[..., None, None]


def locate_root(pose: Tensor, ray: RootRay) -> Tensor:
    r"""The position of the root, from root-relative joints and their
    keypoints.

    In the frame of the ray, the least-squares solution :math:`\mathbf{t}`,
    weighted by confidence, of

    .. math::
        t_x + x_i = p_{i, x} (t_z + z_i), \qquad
        t_y + y_i = p_{i, y} (t_z + z_i)

    Args:
        pose (torch.Tensor): Root-relative joints in the camera frame from
            :func:`decode_pose`, ``[*, 17, 3]``.
        ray (RootRay): Their keypoints from :func:`look_at_root`.

    Returns:
        torch.Tensor: The root ``[*, 3]`` in the camera frame and the unit of
        :obj:`pose`; NaN where all visible joints are in one point.

    Example:
        >>> joints = locate_root(pose, ray)[..., None, :] + pose
    """
    p, weight = ray.plane.to(pose), ray.score.to(pose)
    rotation = ray.rotation.to(pose)
    local = pose @ rotation.mT
    # For a given t_z, the weighted means solve for t_x and t_y.
    total = weight.sum(dim=-1)[..., None]
    rest = p * local[..., 2:] - local[..., :2]

    def mean(values: Tensor) -> Tensor:
        return (weight[..., None] * values).sum(dim=-2) / total

    # With t_x = mean_rest_x + mean_p_x t_z, and so for y, a line is fitted:
    # p_off t_z = -rest_off.
    mean_p, mean_rest = mean(p), mean(rest)
    p_off, rest_off = p - mean_p[..., None, :], rest - mean_rest[..., None, :]
    square = mean(p_off.square()).sum(dim=-1)
    depth = -mean(p_off * rest_off).sum(dim=-1) / square
    depth = depth.masked_fill(square < 1e-12, torch.nan)[..., None]
    root = torch.cat([mean_rest + mean_p * depth, depth], dim=-1)
    return (root[..., None, :] @ rotation).squeeze(-2)
