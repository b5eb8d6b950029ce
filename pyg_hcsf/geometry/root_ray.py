r"""Keypoints and poses as seen along the ray of the root, for lifting with any
camera.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from pyg_hcsf.skeleton import H36M17

#: Size of a body, see :func:`body_size`, over its stature: the sum of the
#: segments of Drillis and Contini (1966) from ankle to hip and on to the top
#: of the head, as :data:`pyg_hcsf.datasets.synthetic.body.SEGMENTS` has them.
#: The feet and the bend of the neck make up the rest.
SIZE_PER_HEIGHT = 0.914

#: Focal length over the longer side of the image where it is not known. That
#: of a webcam is about 0.7, of a telephone 0.75, of Human3.6M 1.15. Lengths
#: that are too long do less harm: with 0.8 to 1.25 times the true one, the
#: error of the weights single_h36m17 on 20 views of SyntheticMotion (S9, S11;
#: 37.2 mm) grows by up to 0.9 mm, with 1.6 times by 2.4, with 0.6 times by
#: 4.5; the distance of the root is off in proportion.
FOCAL_PER_SIDE = 1.1

#: Coordinates of :func:`window_input` end here: joints that are farther away
#: than that are not where the detector says.
FARTHEST = 5.0

_HIP = H36M17.root
_SIDES = [H36M17.joints.index(name) for name in ('LHip', 'RHip')]
_LEGS = ('RKnee', 'RFoot', 'LKnee', 'LFoot')
_TRUNK = ('Spine', 'Thorax', 'Neck', 'Head')
_BONES = [H36M17.joints.index(name) for name in _LEGS + _TRUNK]
_PARENTS = [H36M17.parents[joint] for joint in _BONES]
_SHARE = (0.5,) * len(_LEGS) + (1.0,) * len(_TRUNK)


class RootRay(NamedTuple):
    r"""What :func:`look_at_root` sees: the joints on a plane across the ray of
    the root :obj:`plane [*, 17, 2]`, their confidence :obj:`score [*, 17]`,
    0 where there is no joint, and the :obj:`rotation [*, 3, 3]` from the axes
    of the camera to those of the ray.
    """

    plane: Tensor
    score: Tensor
    rotation: Tensor

    @property
    def liftable(self) -> Tensor:
        r"""Whether a frame has a root: ``[*]``. Where not,
        :obj:`rotation` is NaN and all scores are 0.
        """
        return self.rotation[..., 2, 2].isfinite()


def guess_camera(image_size: tuple[float, float]) -> tuple[Tensor, Tensor]:
    r"""The focal length and the principal point to assume of an image:
    :data:`FOCAL_PER_SIDE` times its longer side, and its middle.

    Args:
        image_size (tuple[float, float]): Width and height in pixels.

    Returns:
        tuple: Two float64 tensors :obj:`[2]` in pixels.

    .. code-block:: python

        focal, center = guess_camera((1920, 1080))
    """
    size = torch.tensor(image_size, dtype=torch.float64)
    return (FOCAL_PER_SIDE * size.max()).expand(2).clone(), size / 2


def look_at_root(
    uv: Tensor, score: Tensor, focal: Tensor, center: Tensor
) -> RootRay:
    r"""Turns the camera until it looks at the root of a person.

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

    so that the root is at zero and, but for perspective, neither the place
    of the person in the image nor the focal length can be told.

    The root is the hip of Human3.6M's skeleton, or else the mean of the
    left and right hip that are there. A frame without any is not liftable.
    Joints 84 degrees or more from the root are taken as missing.

    Args:
        uv (torch.Tensor): Keypoints in pixels, of the 17 joints of
            Human3.6M: ``[*, 17, 2]``, anything where missing.
        score (torch.Tensor): Confidence, 0 where missing: ``[*, 17]``.
        focal (torch.Tensor): Focal lengths in pixels, a scalar or
            ``[..., 2]`` that broadcasts against :obj:`uv[..., 0, :]`.
        center (torch.Tensor): The principal point in pixels, ``[..., 2]``.

    .. code-block:: python

        seen = look_at_root(uv, score, *guess_camera((1920, 1080)))
        x = window_input(seen.plane, seen.score)
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
    turned = (rotation.unsqueeze(-3) @ ray.unsqueeze(-1)).squeeze(-1)
    depth = turned[..., 2] / ray.norm(dim=-1).clamp(min=1.0)
    visible = visible & (depth > 0.1)  # NaN, not liftable, is not greater
    plane = turned[..., :2] / turned[..., 2:]
    return RootRay(
        plane.masked_fill(~visible[..., None], 0.0),
        score.to(uv).masked_fill(~visible, 0.0),
        rotation,
    )


def look_along(direction: Tensor) -> Tensor:
    r"""The smallest rotation that takes a direction to the third axis, see
    :func:`look_at_root`: unit vectors ``[*, 3]`` to ``[*, 3, 3]``.
    """
    x, y, z = direction.unbind(dim=-1)
    xx, xy, yy = (a / (1 + z) for a in (x * x, x * y, y * y))
    rows = [1 - xx, -xy, -x, -xy, 1 - yy, -y, x, y, z]
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))


def window_input(plane: Tensor, score: Tensor) -> Tensor:
    r"""What a network is given of a window of :obj:`T` frames: per joint
    :math:`(p_x / s,\, p_y / s,\, c)` with the confidence :math:`c` and one

    .. math::
        s^2 = \tfrac{1}{|\mathcal{V}|} \sum_{(t, i) \in \mathcal{V}}
        \lVert \mathbf{p}_{t, i} \rVert_2^2

    over the joints :math:`\mathcal{V}` of all frames of the window that are
    there, so that the distance of the person cannot be told. Coordinates end
    at :data:`FARTHEST`; joints that are missing are all zero.

    Args:
        plane (torch.Tensor): Of :func:`look_at_root`: ``[*, T, 17, 2]``.
        score (torch.Tensor): Likewise: ``[*, T, 17]``.

    Returns:
        torch.Tensor: ``[*, T, 17, 3]``.

    .. code-block:: python

        x = window_input(seen.plane[:9], seen.score[:9])
    """
    visible = score > 0
    count = visible.sum(dim=(-1, -2)).clamp(min=1)
    square = plane.square().sum(dim=(-1, -2, -3)) / count
    scale = square.sqrt().clamp(min=1e-6)[..., None, None, None]
    plane = (plane / scale).clamp(-FARTHEST, FARTHEST)
    return torch.cat([plane, score.unsqueeze(-1)], dim=-1)


def body_size(pose: Tensor) -> Tensor:
    r"""The size of a body in any pose: from ankle to hip, as the mean of
    both legs, and along the bones from hip to spine, thorax, neck and head.

    It is about :data:`SIZE_PER_HEIGHT` times the height of the person.

    Args:
        pose (torch.Tensor): The joints of Human3.6M: ``[*, 17, 3]``.

    Returns:
        torch.Tensor: ``[*]`` in the unit of :obj:`pose`.
    """
    bones = (pose[..., _BONES, :] - pose[..., _PARENTS, :]).norm(dim=-1)
    return bones @ bones.new_tensor(_SHARE)


def encode_pose(pose: Tensor, rotation: Tensor) -> tuple[Tensor, Tensor]:
    r"""What a network learns of a pose: :math:`\mathbf{y}_i = \mathbf{R}
    (\mathbf{x}_i - \mathbf{x}_0) / h`, relative to the root, in the axes of
    the root's ray and of unit size :math:`h`, see :func:`body_size`.

    Args:
        pose (torch.Tensor): Joints in the axes of the camera:
            ``[*, 17, 3]``.
        rotation (torch.Tensor): Of :func:`look_at_root`: ``[*, 3, 3]``.

    Returns:
        tuple: The target ``[*, 17, 3]`` and the size ``[*]`` in the unit of
        :obj:`pose`.

    .. code-block:: python

        y, size = encode_pose(joints, seen.rotation)
    """
    size = body_size(pose)
    pose = (pose - pose[..., _HIP, None, :]) @ rotation.mT
    return pose / size[..., None, None], size


def decode_pose(target: Tensor, rotation: Tensor, size: Tensor) -> Tensor:
    r"""Inverts :func:`encode_pose`: root-relative joints in the axes of the
    camera, in the unit of :obj:`size`; NaN where a frame is not liftable.

    Args:
        target (torch.Tensor): What a network predicts: ``[*, 17, 3]``.
        rotation (torch.Tensor): Of :func:`look_at_root`: ``[*, 3, 3]``.
        size (torch.Tensor): The size of the person, a scalar or ``[*]``.

    .. code-block:: python

        joints = decode_pose(model(x), seen.rotation, size)
    """
    target = target - target[..., _HIP, None, :]
    return (target @ rotation) * size[..., None, None]


def locate_root(pose: Tensor, seen: RootRay) -> Tensor:
    r"""Where the root is, from the root-relative joints of
    :func:`decode_pose` and where they were seen.

    In the axes of the ray, the least squares solution :math:`\mathbf{t}`,
    weighted by confidence, of

    .. math::
        t_x + x_i = p_{i, x} (t_z + z_i), \qquad
        t_y + y_i = p_{i, y} (t_z + z_i)

    Args:
        pose (torch.Tensor): Joints in the axes of the camera:
            ``[*, 17, 3]``.
        seen (RootRay): Of :func:`look_at_root`.

    Returns:
        torch.Tensor: ``[*, 3]`` in the axes of the camera and the unit of
        :obj:`pose`; NaN where the joints that are there lie in one point.
    """
    p, weight = seen.plane.to(pose), seen.score.to(pose)
    rotation = seen.rotation.to(pose)
    local = pose @ rotation.mT
    # Of t_x and t_y given t_z, the weighted means are the solution.
    total = weight.sum(dim=-1)[..., None]
    rest = p * local[..., 2:] - local[..., :2]

    def mean(values: Tensor) -> Tensor:
        return (weight[..., None] * values).sum(dim=-2) / total

    mean_p, mean_rest = mean(p), mean(rest)
    p_off, rest_off = p - mean_p[..., None, :], rest - mean_rest[..., None, :]
    square = mean(p_off.square()).sum(dim=-1)
    depth = -mean(p_off * rest_off).sum(dim=-1) / square
    depth = depth.masked_fill(square < 1e-12, torch.nan)[..., None]
    root = torch.cat([mean_rest + mean_p * depth, depth], dim=-1)
    return (root[..., None, :] @ rotation).squeeze(-2)
