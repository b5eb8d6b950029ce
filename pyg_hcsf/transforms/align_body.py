r"""Alignment of clips of any skeleton."""

from __future__ import annotations

from typing import Optional

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from pyg_hcsf.skeleton import Skeleton


@functional_transform('align_body')
class AlignBody(BaseTransform):
    r"""Translates and rotates a clip of any skeleton to a common frame
    (functional name: :obj:`align_body`).

    The root of the first body in its first frame becomes the origin, so that
    its path is kept. With :obj:`up`, the clip is rotated about the vertical
    axis until the vector between its hips, from right to left, points along
    the first horizontal axis. Joints that are exactly zero are absent and
    stay zero. For NTU RGB+D see :class:`~pyg_hcsf.transforms.PreNormalize`.

    Args:
        skeleton (Skeleton): The skeleton of the clips.
        up (int, optional): The vertical axis, :obj:`1` for Kinect's y and
            :obj:`2` for motion capture's z; :obj:`None` does not rotate, for
            people who face the sensor. (default: :obj:`None`)
        scale (float, optional): A factor for all coordinates, *e.g.*
            :obj:`0.001` from mm to m. (default: :obj:`1.0`)
        follow (bool, optional): If set to :obj:`True`, the root of each body
            is above the origin in all frames, so that of its path only the
            height is kept. Needs :obj:`up`. (default: :obj:`False`)
        key (str, optional): The attribute of the joints; the result is
            :obj:`x`. (default: :obj:`"x"`)

    Shapes:
        - **input:** joints :math:`(|\mathcal{V}|, T, 3)` or
          :math:`(|\mathcal{V}|, T, M, 3)`
        - **output:** likewise

    Raises:
        ValueError: If joints have another shape, or all are zero.

    Example:
        >>> HDM05(root, transform=AlignBody(skeleton, 2, 0.001, 'pos'))[0].x
    """

    def __init__(
        self,
        skeleton: Skeleton,
        up: Optional[int] = None,
        scale: float = 1.0,
        key: str = 'x',
        follow: bool = False,
    ) -> None:
        if up not in (None, 0, 1, 2):
            raise ValueError(f"Expected 'up' to be 0, 1, 2 or None (got {up})")
        if follow and up is None:
            raise ValueError("Expected 'up' to be 0, 1 or 2 with 'follow'")
        self.skeleton = skeleton
        self.up = up
        self.scale = scale
        self.key = key
        self.follow = follow
        pairs = list(zip(skeleton.left, skeleton.right, strict=True))
        parents, root = skeleton.parents, skeleton.root
        # Hips: a left and a right joint whose parent is the root.
        at_root = [pair for pair in pairs if parents[pair[0]] == root]
        self.sides = next(iter(at_root or pairs), None)

    def forward(self, data: Data) -> Data:
        x, n = data[self.key], self.skeleton.num_joints
        if x.dim() not in (3, 4) or (x.size(0), x.size(-1)) != (n, 3):
            raise ValueError(
                f"Expected '{self.key}' of shape [{n}, T, 3] or [{n}, T, M, "
                f'3] (got {list(x.shape)})'
            )
        present = x.any(dim=-1, keepdim=True)
        # [N, T, 3] of the first body, and the frames in which it is present.
        body = x if x.dim() == 3 else x[:, :, 0]
        frames = body.flatten(2).any(-1).any(0).nonzero()
        if frames.numel() == 0:
            raise ValueError(
                'Expected a clip with a body in the first place (got only '
                'zeros): leave it out'
            )
        pose = body[:, int(frames[0])]  # [N, 3]
        origin = pose[self.skeleton.root]
        if self.follow and self.up is not None:
            path = x[self.skeleton.root].clone()  # [T, (M,) 3]
            path[..., self.up] = origin[self.up]
            origin = path
        out = self.scale * (x - origin)
        if self.up is not None and self.sides is not None:
            out = out @ self._rotation(pose, *self.sides).to(out)
        data.x = torch.where(present, out, 0.0)
        return data

    def _rotation(self, pose: Tensor, left: int, right: int) -> Tensor:
        first, second = (axis for axis in range(3) if axis != self.up)
        side = (pose[left] - pose[right])[[first, second]]
        turn, length = torch.eye(3), side.norm()
        if length == 0:  # the orientation is undefined
            return turn
        cos, sin = side / length
        turn[[first, second], [first, second]] = cos
        turn[first, second], turn[second, first] = -sin, sin
        return turn

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}('{self.skeleton.name}', up={self.up}, "
            f'scale={self.scale:g})'
        )
