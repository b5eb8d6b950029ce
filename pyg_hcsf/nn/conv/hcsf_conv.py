r"""Hop-aware hierarchical channel-squeezing fusion (HCSF)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

import torch
from torch import Tensor
from torch.nn import Parameter
from torch_geometric.nn.conv import MessagePassing
from torch_geometric.nn.inits import glorot, zeros
from torch_geometric.typing import Adj, OptTensor

from pyg_hcsf.choices import check_choice, check_range
from pyg_hcsf.hops import HopEdges, check_hops
from pyg_hcsf.nn.conv.fusion import HopFusion, transform_nodes
from pyg_hcsf.nn.conv.hop_weights import SHARINGS, HopWeights
from pyg_hcsf.nn.conv.template import Edges
from pyg_hcsf.nn.kernels import KERNELS


class HCSFConv(MessagePassing, HopWeights):
    r"""The hop-aware hierarchical channel-squeezing fusion operator from the
    `"Learning Skeletal Graph Neural Networks for Hard 3D Pose Estimation"
    <https://arxiv.org/abs/2108.07181>`_ paper

    .. math::
        \mathbf{h}_i &= \mathcal{F}_a \left[ \mathbf{h}_{S,i}, \,
        \mathcal{F}_k \{ \mathbf{h}_{k,i} \mid k = S + 1, \ldots, L \} \right]
        \mathbf{W}_a

        \mathbf{h}_{k,i} &= \sum_{j \in \mathcal{N}_{k,i}} a_{ij} \,
        \mathbf{x}_j \mathbf{W}_{ij}, \quad
        \mathbf{W}_{ij} \in \mathbb{R}^{C_{in} \times C_k}, \quad
        C_k = \max(1, \mathrm{round}(C \, d^{\,k - S}))

    where :math:`\mathcal{N}_{S,i}` contains node :math:`i` and the nodes
    within :math:`S` hops of it, at the full width :math:`C`, and
    :math:`\mathcal{N}_{k,i}` those exactly :math:`k` hops away, whose width is
    squeezed by the ratio :math:`d` once per hop.
    With :math:`d = 1`, sums as fusions and no :math:`\mathbf{W}_a`, it is
    :class:`~pyg_hcsf.nn.LCNConv`.

    Args:
        in_channels (int): Size of each input sample.
        out_channels (int): Size of each output sample.
        hops (HopEdges): The hop-indexed edge set of the template graph, which
            defines :math:`S`, :math:`L` and the neighborhoods.
        squeeze (float, optional): The squeezing ratio :math:`d` in
            :math:`(0, 1]`. (default: :obj:`0.125`)
        sharing (str, optional): Which edges of a group share a weight:
            :obj:`"pair"` none (as in LCN), :obj:`"source"` those from the same
            node (pre-aggregation), :obj:`"target"` those to the same node
            (post-aggregation), :obj:`"hop"` those of the same hop,
            :obj:`"all"` all of them. (default: :obj:`"pair"`)
        fuse_long (str, optional): :math:`\mathcal{F}_k`, one of :obj:`"cat"`,
            :obj:`"add"`, :obj:`"mul"`. (default: :obj:`"cat"`)
        fuse (str, optional): :math:`\mathcal{F}_a`, one of the same.
            (default: :obj:`"cat"`)
        hierarchy (bool, optional): If set to :obj:`False`, all hops are summed
            at width :obj:`out_channels` in one stage without
            :math:`\mathbf{W}_a`, as in LCN. (default: :obj:`True`)
        hop_aware (bool, optional): If set to :obj:`False`, every long-range
            hop has the same width :math:`C d`. (default: :obj:`True`)
        base (str, optional): The base width :math:`C`: the :obj:`"max"` of
            input and output width, or :obj:`"in"` or :obj:`"out"`.
            (default: :obj:`"max"`)
        decay_origin (str, optional): The hop from which widths decay:
            :obj:`"S"`; or :obj:`"L"`, Eq. 6 as printed, which makes widths
            grow. (default: :obj:`"S"`)
        node_transform (bool, optional): If set to :obj:`True`, each node has
            its own :math:`\mathbf{W}_a`. (default: :obj:`False`)
        normalize (str, optional): The static adjacency values :math:`a_{ij}`:
            :obj:`"binary"`, :obj:`"row"`, :obj:`"hop"` or :obj:`"sym"`, see
            :meth:`~pyg_hcsf.HopEdges.edge_weight`. :obj:`None` is
            :obj:`"binary"` for :obj:`sharing="pair"`, else :obj:`"row"`.
            (default: :obj:`None`)
        bias (bool, optional): If set to :obj:`False`, the layer will not learn
            an additive bias. (default: :obj:`True`)
        kernel (str, optional): The implementation of the node-pair product,
            see :func:`~pyg_hcsf.nn.pair_product`.
            (default: :obj:`"auto"`)
        **kwargs (optional): Additional arguments of
            :class:`torch_geometric.nn.conv.MessagePassing`.

    Shapes:
        - **input:**
          node features :math:`(*, |\mathcal{V}|, C_{in})` on one graph, or
          :math:`(B |\mathcal{V}|, C_{in})` on a batch of copies of it,
          edge indices :math:`(2, |\mathcal{E}|)` or a sparse adjacency, whose
          values are pairs (integers) or factors of the static adjacency
          :math:`a_{ij}` (floating point),
          pair of each edge :math:`(|\mathcal{E}|)` (optional),
          edge weights :math:`a_{ij}` :math:`(|\mathcal{E}|)` or
          :math:`(*, |\mathcal{E}|)` (optional), whose leading dimensions
          broadcast; with node features
          :math:`(B, T, |\mathcal{V}|, C_{in})`, edge weights
          :math:`(B, |\mathcal{E}|)` apply to all frames of a clip
        - **output:** node features :math:`(*, |\mathcal{V}|, C_{out})`

    Raises:
        ValueError: If an option is out of range, or edges, nodes or channels
            do not match the template graph.

    .. note::
        Every call compares the edges with the template graph. Compiled and
        exported models raise a :obj:`RuntimeError` for other edges; ONNX
        models, which cannot raise, return NaN.

    Example:
        >>> hops = HopEdges(get_skeleton('h36m17'), short_hops=1, long_hops=2)
        >>> out = HCSFConv(16, 32, hops)(x, hops.edge_index)
    """

    if TYPE_CHECKING:  # the methods of MessagePassing have no types

        def __getattr__(self, name: str) -> Any: ...

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        hops: HopEdges,
        squeeze: float = 1 / 8,
        sharing: str = 'pair',
        fuse_long: str = 'cat',
        fuse: str = 'cat',
        hierarchy: bool = True,
        hop_aware: bool = True,
        base: str = 'max',
        decay_origin: str = 'S',
        node_transform: bool = False,
        normalize: Optional[str] = None,
        bias: bool = True,
        kernel: str = 'auto',
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault('aggr', 'add')
        super().__init__(**kwargs)
        check_hops(hops)
        remedy = 'hop-aware layers sum over sources'
        check_choice('aggr', kwargs['aggr'], ('add',), remedy)
        check_choice('flow', self.flow, ('source_to_target',), remedy)
        check_choice('node_dim', self.node_dim, (-2,), remedy)
        remedy = 'hop widths depend on it, so it cannot be lazy'
        check_range('in_channels', in_channels, 1, remedy=remedy)
        check_range('out_channels', out_channels, 1, remedy=remedy)
        if not 0 < squeeze <= 1:
            raise ValueError(f"Expected 'squeeze' in (0, 1] (got {squeeze})")
        check_choice('sharing', sharing, SHARINGS)
        check_choice('base', base, ('max', 'in', 'out'))
        check_choice('decay_origin', decay_origin, ('S', 'L'))
        check_choice('kernel', kernel, KERNELS)

        self.in_channels = in_channels
        self.out_channels = out_channels
        self.hops = hops
        self.squeeze = squeeze
        self.sharing = sharing
        self.hierarchy = hierarchy
        self.hop_aware = hop_aware
        self.node_transform = node_transform
        self.decay_origin = decay_origin
        self.kernel = kernel
        widest = max(in_channels, out_channels)
        choices = {'max': widest, 'in': in_channels, 'out': out_channels}
        self.base_channels = choices[base]  # C of Eq. 6
        # Set by networks whose other layers read node-major memory:
        self.node_major = False
        if normalize is None:
            normalize = 'binary' if sharing == 'pair' else 'row'
        widths = list(self.hop_channels.values())  # C_S, ..., C_L
        self.make_weights(widths, normalize)
        if hierarchy:
            self.fusion = HopFusion(widths, fuse_long, fuse)
            nodes = hops.num_nodes if node_transform else 1
            # W_a of Eq. 5: one matrix, or one for each node
            weight_a = Parameter(
                torch.empty(nodes, self.fusion.out_channels, out_channels)
            )
        else:
            self.fusion, weight_a = HopFusion(widths, 'add', 'add'), None
        self.register_parameter('weight_a', weight_a)
        self.register_parameter(
            'bias', Parameter(torch.empty(out_channels)) if bias else None
        )
        self.reset_parameters()

    @property
    def decomposed_layers(self) -> int:
        r"""Always 1, as each message needs all input channels."""
        return 1

    @decomposed_layers.setter
    def decomposed_layers(self, decomposed_layers: int) -> None:
        if decomposed_layers != 1:
            raise ValueError(
                f"Expected 'decomposed_layers' to be 1 (got "
                f'{decomposed_layers}): messages need all input channels'
            )

    def reset_parameters(self) -> None:
        r"""Resets all learnable parameters of the module."""
        super().reset_parameters()
        self.reset_weights()
        self.fusion.reset_parameters()
        glorot(self.weight_a)
        zeros(self.bias)

    def forward(
        self,
        x: Tensor,
        edge_index: Adj,
        edge_pair: OptTensor = None,
        edge_weight: OptTensor = None,
    ) -> Tensor:
        # The edges may come in any order, and for several copies of the graph.
        edges = self.template(
            x, edge_index, edge_pair, edge_weight, self.adjacency
        )
        if x.size(-1) != self.in_channels:
            raise ValueError(
                f"Expected 'x' with {self.in_channels} channels, the "
                f"'in_channels' of {self} (got shape {tuple(x.shape)})"
            )
        order, edge_weight = edges.node_order, edges.edge_weight
        # Exported models cannot raise: other edges make the output NaN.
        if edges.valid is not None:
            x = x.where(edges.valid, float('nan'))
        # Explainers and hooks of PyG see one message per edge; otherwise there
        # are none, but one product for all samples.
        if self.explain or self._has_hooks():
            out = self._propagate(x, edges)
            out = out if order is None else out.index_select(-2, order)
        else:
            if order is not None:
                x = x.index_select(-2, order)
            if edges.edge_order is not None and edge_weight is not None:
                edge_weight = edge_weight.index_select(-1, edges.edge_order)
            shape = x.shape[:-1]
            # [B, N, C_in], where B is the product of all leading dimensions
            x = x.reshape(-1, self.hops.num_nodes, self.in_channels)
            out = self.hop_sums(x, edge_weight)
            out = out.reshape(*shape, out.size(-1))

        out = self.fusion(out)  # [*, N, sum(C_k)]
        if self.weight_a is not None:
            out = transform_nodes(out, self.weight_a, self.bias)
        elif self.bias is not None:
            out = out + self.bias
        if order is not None:
            return out.index_select(-2, order.argsort())
        return out if self.node_major else out.contiguous()

    def _propagate(self, x: Tensor, edges: Edges) -> Tensor:
        edge_weight = edges.edge_weight
        if edge_weight is None and not self._unit:
            edge_weight = self.adjacency[edges.edge_pair]
        elif edge_weight is not None and edge_weight.dim() > 1:
            # One graph for all frames of a clip:
            lead = edge_weight.shape[:-1]
            ones = (1,) * (x.dim() - 2 - len(lead))
            edge_weight = edge_weight.reshape(*lead, *ones, -1)
        # propagate_type: (x: Tensor, edge_weight: OptTensor, edge_pair: Tensor)  # noqa
        return self.propagate(
            edges.edge_index,
            x=x,
            edge_weight=edge_weight,
            edge_pair=edges.edge_pair,
        )

    def message(
        self, x_j: Tensor, edge_weight: OptTensor, edge_pair: Tensor
    ) -> Tensor:
        out = self.hop_messages(x_j, edge_pair)
        return out if edge_weight is None else edge_weight.unsqueeze(-1) * out

    def _has_hooks(self) -> bool:
        return bool(
            self._propagate_forward_pre_hooks
            or self._propagate_forward_hooks
            or self._message_forward_pre_hooks
            or self._message_forward_hooks
            or self._message_and_aggregate_forward_pre_hooks
            or self._message_and_aggregate_forward_hooks
            or self._aggregate_forward_pre_hooks
            or self._aggregate_forward_hooks
        )

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}({self.in_channels}, '
            f'{self.out_channels}, short_hops={self.hops.short_hops}, '
            f'long_hops={self.hops.long_hops}, squeeze={self.squeeze:g})'
        )
