r"""Semantic graph convolution (SemGCN)."""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import Parameter
from torch_geometric.nn.inits import glorot, ones, zeros

from pyg_hcsf.nn.constants import ConstantBuffers
from pyg_hcsf.skeleton import Skeleton


class SemGCNConv(ConstantBuffers):
    r"""The semantic graph convolution from the `"Semantic Graph Convolutional
    Networks for 3D Human Pose Regression"
    <https://arxiv.org/abs/1904.03345>`_ paper

    .. math::
        \mathbf{X}^{\prime} = (\mathbf{A} \odot \mathbf{I}) \, \mathbf{X}
        \mathbf{W}_0 + (\mathbf{A} \odot (1 - \mathbf{I})) \, \mathbf{X}
        \mathbf{W}_1, \quad
        \mathbf{A} = \mathrm{softmax}_j(\mathbf{E})

    where one logit :math:`e_{ij}` is learned per edge and self-loop of the
    skeleton, and the softmax runs over the neighbors :math:`j` of node
    :math:`i`.

    Args:
        in_channels (int): Size of each input sample.
        out_channels (int): Size of each output sample.
        skeleton (Skeleton): The template graph.
        bias (bool, optional): If set to :obj:`False`, the layer will not learn
            an additive bias. (default: :obj:`True`)

    Shapes:
        - **input:** node features :math:`(*, |\mathcal{V}|, C_{in})`
        - **output:** node features :math:`(*, |\mathcal{V}|, C_{out})`

    Example:
        >>> conv = SemGCNConv(16, 32, get_skeleton('h36m17'))
        >>> out = conv(x)
    """

    cell: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        skeleton: Skeleton,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.skeleton = skeleton
        distance = skeleton.hop_distance()
        # Neighbors and the node itself; -1 is the distance of unconnected
        # nodes.
        support = (distance >= 0) & (distance <= 1)
        cell = support.view(-1).nonzero().squeeze(-1)
        self.register_constants(cell=cell)
        self.logits = Parameter(torch.empty(cell.numel()))
        self.weight = Parameter(torch.empty(2, in_channels, out_channels))
        if bias:
            self.bias = Parameter(torch.empty(out_channels))
        else:
            self.register_parameter('bias', None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        r"""Resets all learnable parameters of the module."""
        ones(self.logits)
        glorot(self.weight)
        zeros(self.bias)

    @property
    def adjacency(self) -> Tensor:
        r"""The learned adjacency :math:`\mathbf{A}`: ``[N, N]``."""
        n = self.skeleton.num_joints
        # The softmax makes zeros of minus infinity.
        logits = self.logits.new_full((n * n,), float('-inf'))
        logits = logits.index_copy(0, self.cell, self.logits)
        return F.softmax(logits.view(n, n), dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        adjacency = self.adjacency
        # W_0 is for the node itself, W_1 for its neighbors.
        own = adjacency.diagonal()
        out = own.unsqueeze(-1) * (x @ self.weight[0])
        out = out + (adjacency - own.diag()) @ (x @ self.weight[1])
        return out if self.bias is None else out + self.bias

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}({self.in_channels}, '
            f'{self.out_channels})'
        )
