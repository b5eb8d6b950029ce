r"""Layers of pose networks, built by name with one signature: each maps node
features ``[B, N, C_in]`` or ``[B, T, N, C_in]`` to ``C_out`` channels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Optional

import torch.nn.functional as F
from torch import Tensor
from torch.nn import BatchNorm1d, Conv2d, Linear, Module
from torch.nn.init import zeros_
from torch_geometric.nn import GCNConv, MixHopConv
from torch_geometric.nn.inits import reset

from pyg_hcsf.choices import check_choice
from pyg_hcsf.hops import HopEdges
from pyg_hcsf.nn.constants import ConstantBuffers
from pyg_hcsf.nn.conv import HCSFConv, LCNConv, SemGCNConv
from pyg_hcsf.nn.graph import DynamicGraph
from pyg_hcsf.nn.kernels import by_rows
from pyg_hcsf.nn.models.dropout import dropout
from pyg_hcsf.skeleton import Skeleton


class HopLayer(Module):
    r"""A hop-aware operator on its template graph, optionally with a dynamic
    graph: :obj:`dynamic` holds the arguments of
    :class:`~pyg_hcsf.nn.DynamicGraph`.
    """

    def __init__(
        self, conv: HCSFConv, dynamic: Optional[dict[str, Any]] = None
    ) -> None:
        super().__init__()
        self.conv = conv
        self.graph = None
        if dynamic is not None:
            options = {'normalize': conv.normalize, **dynamic}
            self.graph = DynamicGraph(conv.in_channels, conv.hops, **options)

    def forward(self, x: Tensor) -> Tensor:
        weight = None if self.graph is None else self.graph(x)
        edge_index = self.conv.template.edge_index
        return self.conv(x, edge_index, edge_weight=weight)


class EdgeLayer(ConstantBuffers):
    r"""A PyG operator on the edges of the skeleton, with a linear map where
    its output width is not :obj:`out_channels`.
    """

    edge_index: Tensor

    def __init__(
        self, conv: Module, skeleton: Skeleton, width: int, out_channels: int
    ) -> None:
        super().__init__()
        self.conv = conv
        self.lin = None
        if width != out_channels:
            self.lin = Linear(width, out_channels)
        self.register_constants(edge_index=skeleton.edge_index)

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv(x, self.edge_index)
        return out if self.lin is None else self.lin(out)


class TemporalConv(Module):
    r"""A convolution over time, joint by joint: ``[B, T, N, C]`` to
    ``[B, T - (kernel_size - 1) * dilation, N, D]``, or with zeros beyond the
    ends, if :obj:`padded`, to ``[B, ceil(T / stride), N, D]``.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        dilation: int = 1,
        padded: bool = False,
    ) -> None:
        super().__init__()
        # A kernel of one frame reads no others: they are left out before. (In
        # PyTorch 2.13 the gradients of a strided 1 x 1 convolution with few
        # channels corrupt memory on some CPUs, in oneDNN's AVX2 kernel.)
        self.subsample = stride if kernel_size == 1 else 1
        self.conv = Conv2d(
            in_channels,
            out_channels,
            (kernel_size, 1),
            stride=(stride // self.subsample, 1),
            padding=(kernel_size // 2 if padded else 0, 0),
            dilation=(dilation, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, :: self.subsample]
        return self.conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class Unit(Module):
    r"""A graph layer or temporal convolution, then batch norm, LeakyReLU and
    dropout. Batch norm is per channel, or per node and channel if
    :obj:`norm_width` is :math:`N C`. With :obj:`zero`, it is zero at first.
    """

    def __init__(
        self,
        layer: Module,
        norm_width: int,
        slope: float,
        dropout: float,
        zero: bool = False,
    ) -> None:
        super().__init__()
        self.layer = layer
        self.norm = BatchNorm1d(norm_width)
        self.slope = slope
        self.dropout = dropout
        self.zero = zero
        if zero:
            zeros_(self.norm.weight)

    def reset_parameters(self) -> None:
        r"""Resets all learnable parameters of the module."""
        reset(self.layer)
        self.norm.reset_parameters()
        if self.zero:
            zeros_(self.norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer(x)
        if self.norm.num_features == x.size(-1):
            return by_rows(self._activate, x)
        rows = x.reshape(-1, self.norm.num_features)
        return self._activate(rows).view(x.shape)

    def _activate(self, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.norm(x), self.slope, inplace=True)
        return dropout(x, self.dropout, self.training)


class FlatLayer(Module):
    r"""A linear map of all joints to all joints, the fully connected network
    of the `"A Simple Yet Effective Baseline for 3D Human Pose Estimation"
    <https://arxiv.org/abs/1705.03098>`_ paper.
    """

    def __init__(
        self, in_channels: int, out_channels: int, skeleton: Skeleton
    ) -> None:
        super().__init__()
        n = skeleton.num_joints
        self.lin = Linear(n * in_channels, n * out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.lin(x.flatten(-2)).unflatten(-1, (x.size(-2), -1))


def _hcsf(
    in_channels: int,
    out_channels: int,
    skeleton: Skeleton,
    short_hops: Optional[int] = 1,
    long_hops: int = 2,
    neighborhood: str = 'ring',
    dynamic: Optional[dict[str, Any]] = None,
    conv: type[HCSFConv] = HCSFConv,
    **kwargs: Any,
) -> Module:
    # Layers without a hierarchy have a short-range group only.
    short_hops = long_hops if short_hops is None else short_hops
    hops = HopEdges(skeleton, short_hops, long_hops, neighborhood)
    return HopLayer(conv(in_channels, out_channels, hops, **kwargs), dynamic)


def _gcn(in_channels: int, out_channels: int, skeleton: Skeleton) -> Module:
    conv = GCNConv(in_channels, out_channels)
    return EdgeLayer(conv, skeleton, out_channels, out_channels)


def _mixhop(
    in_channels: int,
    out_channels: int,
    skeleton: Skeleton,
    powers: tuple[int, ...] = (0, 1, 2, 3),
) -> Module:
    # Rounded up; EdgeLayer maps the concatenated powers to out_channels.
    width = -(-out_channels // len(powers))
    conv = MixHopConv(in_channels, width, powers=list(powers))
    return EdgeLayer(conv, skeleton, width * len(powers), out_channels)


_lcn = partial(_hcsf, short_hops=None, conv=LCNConv)
LAYERS: dict[str, Callable[..., Module]] = {
    'hcsf': _hcsf,
    'lcn': _lcn,
    'gcn': _gcn,
    'mixhop': _mixhop,
    'ms_hop': partial(
        _hcsf,
        long_hops=3,
        neighborhood='cumulative',
        sharing='all',
        hierarchy=False,
    ),
    'sem_gcn': SemGCNConv,
    'pre_agg': partial(_lcn, sharing='source'),
    'post_agg': partial(_lcn, sharing='target'),
    'fcn': FlatLayer,
}


def make_layer(
    name: str,
    in_channels: int,
    out_channels: int,
    skeleton: Skeleton,
    known: Optional[Mapping[str, Callable[..., Module]]] = None,
    **options: Any,
) -> Module:
    r"""Builds a layer on a skeleton by its name.

    Args:
        name (str): One of :obj:`known`.
        in_channels (int): Size of each input sample.
        out_channels (int): Size of each output sample.
        skeleton (Skeleton): The template graph.
        known (dict, optional): The functions that build layers, by name.
            (default: :obj:`LAYERS`)
        **options (optional): The layer's own arguments.

    Raises:
        ValueError: If there is no such layer, or it does not take an option.
    """
    known = LAYERS if known is None else known
    check_choice('layer', name, sorted(known))
    try:
        return known[name](in_channels, out_channels, skeleton, **options)
    except TypeError as e:
        raise ValueError(f"Layer '{name}': {e}") from e


def needs_joint_embedding(name: str, options: dict[str, Any]) -> bool:
    r"""Whether the output of a layer does not depend on which joint its input
    belongs to: one that shares its weights over a fixed graph cannot tell left
    from right, so its network needs an embedding of each joint.
    """
    if name in ('gcn', 'mixhop', 'ms_hop'):
        return True
    shared = options.get('sharing', 'pair') in ('hop', 'all')
    return shared and options.get('dynamic') is None


def has_offset_graph(options: Mapping[str, Any]) -> bool:
    r"""Whether layers of these options have a dynamic offset graph, which
    depends on every frame.
    """
    dynamic = options.get('dynamic')
    return dynamic is not None and dynamic.get('offset', True)


def unbatch(x: Tensor, num_nodes: int) -> Tensor:
    r"""The graphs of a PyG batch as a dimension of their own: node features
    ``[B * N, *]`` to ``[B, N, *]``.
    """
    if x.size(0) % num_nodes:
        raise ValueError(
            f"Expected 'x' of a batch with a multiple of {num_nodes} nodes "
            f'(got {x.size(0)})'
        )
    return x.unflatten(0, (-1, num_nodes))


def keep_node_major(model: Module) -> None:
    r"""Makes the hop-aware layers of a network return node-major memory,
    which saves a copy where the other layers read both orders of memory.
    """
    for module in model.modules():
        if isinstance(module, HCSFConv):
            module.node_major = True
