r"""The spatial graph convolutions of ST-GCN and AAGCN."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import Conv2d, Parameter
from torch_geometric.nn.inits import glorot, zeros

from pyg_hcsf.nn.constants import ConstantBuffers
from pyg_hcsf.skeleton import Skeleton


class PartitionConv(ConstantBuffers):
    r"""The spatial graph convolution with three partitions of the neighbors,
    from the `"Spatial Temporal Graph Convolutional Networks for Skeleton-Based
    Action Recognition" <https://arxiv.org/abs/1801.07455>`_ paper

    .. math::
        \mathbf{X}^{\prime} = \sum_{p=1}^{3} \mathbf{A}_p \mathbf{X}
        \mathbf{W}_p

    where the three partitions :math:`p` are the node itself, its neighbors
    nearer to the root of the skeleton, and its other neighbors, and

    .. math::
        \mathbf{A}_p = \mathbf{M}_p \odot \mathbf{G}_p \quad \textrm{or} \quad
        \mathbf{A}_p = \mathbf{M}_p + \alpha \tanh \left( \frac{1}{C_h T} \,
        \theta_p(\mathbf{X})^{\top} \phi_p(\mathbf{X}) \right)

    with a learned importance :math:`\mathbf{M}_p` of each edge of the fixed
    graph :math:`\mathbf{G}_p`; or, if :obj:`adaptive`, as in the
    `"Skeleton-Based Action Recognition with Multi-Stream Adaptive Graph
    Convolutional Networks" <https://arxiv.org/abs/1912.06971>`_ paper, with
    :math:`\mathbf{M}_p` initialised to :math:`\mathbf{G}_p` and
    :math:`\alpha` to zero. (Attention modules and the residual within the
    layer are left out.)

    Args:
        in_channels (int): Size of each input sample.
        out_channels (int): Size of each output sample.
        skeleton (Skeleton): The template graph. Its adjacency is normalised
            by the number of neighbors: of all of them, or, if
            :obj:`adaptive`, of those of a partition, as in the code of the
            two papers.
        adaptive (bool, optional): If set to :obj:`True`, learns the graph and
            adds an offset for each clip. (default: :obj:`False`)
        bias (bool, optional): If set to :obj:`False`, the layer will not learn
            an additive bias. (default: :obj:`True`)

    Shapes:
        - **input:** node features :math:`(B, T, |\mathcal{V}|, C_{in})`, or
          :math:`(*, |\mathcal{V}|, C_{in})` if not :obj:`adaptive`
        - **output:** the same with :math:`C_{out}` channels

    Raises:
        ValueError: If the input has another shape.

    Example:
        >>> conv = PartitionConv(3, 64, get_skeleton('ntu25'))
        >>> conv(torch.randn(2, 300, 25, 3)).shape
        torch.Size([2, 300, 25, 64])
    """

    graph: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        skeleton: Skeleton,
        adaptive: bool = False,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.skeleton = skeleton
        self.adaptive = adaptive
        graph = partitions(skeleton).double()
        degree = graph.sum(-1, keepdim=True)  # of each partition
        if not adaptive:
            degree = degree.sum(0, keepdim=True)
        graph = graph / degree.clamp(min=1)
        self.register_constants(graph=graph)
        self.weight = Parameter(torch.empty(in_channels, 3 * out_channels))
        self.mask = Parameter(torch.empty(graph.shape))
        if adaptive:
            width = max(4, out_channels // 4)
            # theta and phi of three partitions, with C_h as in AAGCN
            self.embed = Conv2d(in_channels, 6 * width, 1)
            self.scale = Parameter(torch.empty(1))
        if bias:
            self.bias = Parameter(torch.empty(out_channels))
        else:
            self.register_parameter('bias', None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        r"""Resets all learnable parameters of the module."""
        glorot(self.weight)
        zeros(self.bias)
        with torch.no_grad():
            if self.adaptive:
                self.mask.copy_(self.graph)
                self.embed.reset_parameters()
                self.scale.zero_()
            else:
                self.mask.fill_(1)

    def forward(self, x: Tensor) -> Tensor:
        n = self.skeleton.num_joints
        if x.dim() < 3 or x.shape[-2:] != (n, self.in_channels):
            raise ValueError(
                f"Expected 'x' of shape [*, {n}, {self.in_channels}] (got "
                f'{tuple(x.shape)})'
            )
        if not self.adaptive:
            graph = self.mask * self.graph  # [3, N, N], rows are targets
        else:
            graph = self.mask + self.scale * self._offsets(x)  # [B, 1, ...]
        # For each target one product over (partition, source):
        graph = graph.transpose(-3, -2).flatten(-2)  # [*, N, 3 * N]
        h = (x @ self.weight).unflatten(-1, (3, -1)).transpose(-3, -2)
        out = graph @ h.flatten(-3, -2)
        return out if self.bias is None else out + self.bias

    def _offsets(self, x: Tensor) -> Tensor:
        if x.dim() != 4:
            raise ValueError(
                "Expected 'x' of clips [B, T, N, C] with adaptive=True (got "
                f'{tuple(x.shape)})'
            )
        h = self.embed(x.permute(0, 3, 1, 2)).permute(0, 3, 2, 1)
        h = h.unflatten(-1, (6, -1))  # [B, N, T, 6, C_h]
        # [B, 3, N, T * C_h] each: the product sums over time and channels.
        theta, phi = h.permute(0, 3, 1, 2, 4).flatten(-2).chunk(2, dim=1)
        score = theta @ phi.transpose(-1, -2) / theta.size(-1)
        return torch.tanh(score).unsqueeze(1)  # [B, 1, 3, N, N]

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}({self.in_channels}, '
            f'{self.out_channels}, adaptive={self.adaptive})'
        )


def partitions(skeleton: Skeleton) -> Tensor:
    r"""The binary adjacencies of :class:`PartitionConv` with targets as rows:
    self-loops, neighbors nearer to the root, and other neighbors:
    ``[3, N, N]``.
    """
    distance = skeleton.hop_distance()
    depth = distance[skeleton.root]
    neighbor = distance == 1
    # Whether the source (column) is nearer to the root than the target
    nearer = depth.view(1, -1) < depth.view(-1, 1)
    return torch.stack(
        [distance == 0, neighbor & nearer, neighbor & ~nearer]
    ).float()
