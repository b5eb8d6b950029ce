r"""Bone and motion streams of clips."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from pyg_hcsf.choices import check_choice
from pyg_hcsf.skeleton import Skeleton

STREAMS = ('joint', 'bone', 'joint-motion', 'bone-motion')


def bones(x: Tensor, skeleton: Skeleton, dim: int = 0) -> Tensor:
    r"""The vector from its parent to each joint, zero for the root.

    .. math::
        \mathbf{b}_i = \mathbf{x}_i - \mathbf{x}_{\mathrm{parent}(i)}

    Args:
        x (torch.Tensor): Joints, of any shape.
        skeleton (Skeleton): The skeleton, for the parents.
        dim (int, optional): The dimension of joints. (default: :obj:`0`)

    Example:
        >>> bones(torch.randn(25, 300, 2, 3), get_skeleton('ntu25'))
    """
    if x.size(dim) != skeleton.num_joints:
        raise ValueError(
            f"Expected 'x' with the {skeleton.num_joints} joints of "
            f"'{skeleton.name}' in dimension {dim} (got {list(x.shape)})"
        )
    parents = [
        joint if parent == -1 else parent
        for joint, parent in enumerate(skeleton.parents)
    ]
    return x - x.index_select(dim, torch.tensor(parents, device=x.device))


def motion(x: Tensor, dim: int = 1) -> Tensor:
    r"""The step to the next frame, zero for the last one.

    .. math::
        \mathbf{m}_t = \mathbf{x}_{t + 1} - \mathbf{x}_t

    Args:
        x (torch.Tensor): Joints or bones, of any shape.
        dim (int, optional): The dimension of frames. (default: :obj:`1`)

    Example:
        >>> motion(bones(x, skeleton))  # the bone-motion stream
    """
    last = torch.zeros_like(x.narrow(dim, 0, min(1, x.size(dim))))
    return torch.cat([x.diff(dim=dim), last], dim=dim)


@functional_transform('modality')
class Modality(BaseTransform):
    r"""Makes a clip of 3D joints one of the four streams of the `"Skeleton-
    Based Action Recognition with Multi-Stream Adaptive Graph Convolutional
    Networks" <https://arxiv.org/abs/1912.06971>`_ paper (functional name:
    :obj:`modality`): :obj:`"joint"` leaves it, :obj:`"bone"` is
    :func:`bones`, :obj:`"joint-motion"` and :obj:`"bone-motion"` are
    :func:`motion` of either.

    Motion and padding by repetition do not commute: a clip that repeats has a
    jump at each seam. 2s-AGCN, which the D-HCSF paper follows, computes motion
    **after** padding, including the jumps: apply this transform after
    :class:`~pyg_hcsf.transforms.FitFrames`. Applied before it, motion is that
    of the recorded frames (pyskl). Bones commute with padding.

    Args:
        stream (str): :obj:`"joint"`, :obj:`"bone"`, :obj:`"joint-motion"` or
            :obj:`"bone-motion"`.
        skeleton (Skeleton): The skeleton of the clips.

    Shapes:
        - **input:** :obj:`data.x` :math:`(|\mathcal{V}|, T, *)`, in any unit
        - **output:** likewise; motion is per frame

    Raises:
        ValueError: If there is no such stream, or :obj:`x` has other joints.

    Example:
        >>> transform = Compose([FitFrames(300), Modality('bone', skeleton)])
    """

    def __init__(self, stream: str, skeleton: Skeleton) -> None:
        check_choice('stream', stream, STREAMS)
        self.stream = stream
        self.skeleton = skeleton

    def forward(self, data: Data) -> Data:
        x = data.x
        if x.dim() < 3 or x.size(0) != self.skeleton.num_joints:
            raise ValueError(
                f"Expected 'x' of shape [{self.skeleton.num_joints}, T, *] "
                f"with the joints of '{self.skeleton.name}' (got "
                f'{list(x.shape)})'
            )
        if self.stream.startswith('bone'):
            x = bones(x, self.skeleton)
        if self.stream.endswith('motion'):
            x = motion(x)
        data.x = x
        return data

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}('{self.stream}')"
