from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import Parameter, ParameterList
from torch_geometric.nn.conv import MessagePassing
from torch_geometric.nn.inits import glorot, zeros
from torch_geometric.typing import Adj, OptTensor

from pyg_hcsf.hops import HopEdges
from pyg_hcsf.nn.constants import ConstantBuffers
from pyg_hcsf.nn.conv.fusion import HopFusion
from pyg_hcsf.nn.conv.template import Edges, TemplateEdges
from pyg_hcsf.nn.kernels import KERNELS, by_rows, node_major_product

SHARINGS = ('pair', 'source', 'target', 'hop', 'all')


class HCSFConv(MessagePassing, ConstantBuffers):
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

    where :math:`\mathcal{N}_{S,i}` holds the nodes within :math:`S` hops of
    node :math:`i` and itself, which keep the full width :math:`C`, and
    :math:`\mathcal{N}_{k,i}` those exactly :math:`k` hops away, squeezed by
    the ratio :math:`d` once per hop.
    With :math:`d = 1`, sums as fusions and no :math:`\mathbf{W}_a` it is
    :class:`~pyg_hcsf.nn.LCNConv`.

    Args:
        in_channels (int): Size of each input sample.
        out_channels (int): Size of each output sample.
        hops (HopEdges): The hop-indexed edge set of the template graph, which
            sets :math:`S`, :math:`L` and the neighborhoods.
        squeeze (float, optional): The squeezing ratio :math:`d` in
            :math:`(0, 1]`. (default: :obj:`0.125`)
        sharing (str, optional): Which edges share a weight: :obj:`"pair"` none
            (LCN's), :obj:`"source"` those from the same node
            (pre-aggregation), :obj:`"target"` those to the same node
            (post-aggregation), :obj:`"hop"` those of a hop, :obj:`"all"` those
            of a group. (default: :obj:`"pair"`)
        fuse_long (str, optional): :math:`\mathcal{F}_k`, one of :obj:`"cat"`,
            :obj:`"add"`, :obj:`"mul"`. (default: :obj:`"cat"`)
        fuse (str, optional): :math:`\mathcal{F}_a`, likewise.
            (default: :obj:`"cat"`)
        hierarchy (bool, optional): If set to :obj:`False`, all hops are summed
            at width :obj:`out_channels` in one stage without
            :math:`\mathbf{W}_a`, as in LCN. (default: :obj:`True`)
        hop_aware (bool, optional): If set to :obj:`False`, every long-range
            hop has the same width :math:`C d`. (default: :obj:`True`)
        base (str, optional): The base width :math:`C`: the :obj:`"max"` of
            input and output width, or :obj:`"in"` or :obj:`"out"`.
            (default: :obj:`"max"`)
        decay_origin (str, optional): The hop from which widths decay,
            :obj:`"S"`; or :obj:`"L"`, Eq. 6 as printed, which expands.
            (default: :obj:`"S"`)
        node_transform (bool, optional): If set to :obj:`True`, every node has
            a :math:`\mathbf{W}_a` of its own. (default: :obj:`False`)
        normalize (str, optional): The static adjacency values :math:`a_{ij}`:
            :obj:`"binary"`, :obj:`"row"`, :obj:`"hop"` or :obj:`"sym"`, see
            :meth:`HopEdges.edge_weight`. :obj:`None` takes :obj:`"binary"`
            for :obj:`sharing="pair"`, else :obj:`"row"`.
            (default: :obj:`None`)
        bias (bool, optional): If set to :obj:`False`, the layer will not learn
            an additive bias. (default: :obj:`True`)
        kernel (str, optional): The implementation of the node-pair product,
            see :func:`~pyg_hcsf.nn.kernels.pair_product`.
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
          pair of each edge :math:`(|\mathcal{E}|)` *(optional)*,
          edge weights :math:`a_{ij}` :math:`(|\mathcal{E}|)` or
          :math:`(*, |\mathcal{E}|)` *(optional)*, whose leading dimensions
          may be one; with node features
          :math:`(B, T, |\mathcal{V}|, C_{in})`, those of
          :math:`(B, |\mathcal{E}|)` hold for all of a clip
        - **output:** node features :math:`(*, |\mathcal{V}|, C_{out})`

    .. note::
        Edges are compared with the template at every call. A compiled or
        exported graph compares them, too, and raises a :obj:`RuntimeError`;
        an ONNX model, which cannot, returns NaN for edges of another graph.

    Example:
        >>> hops = HopEdges(get_skeleton('h36m17'), short_hops=1, long_hops=2)
        >>> out = HCSFConv(16, 32, hops)(x, hops.edge_index)
    """

    adjacency: Tensor
    _slot: Tensor
    _cell: Tensor

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
        if min(in_channels, out_channels) < 1:
            raise ValueError(
                "Expected 'in_channels' and 'out_channels' >= 1 (got "
                f'{in_channels} and {out_channels}); hop widths depend '
                'on them, so they cannot be lazy'
            )
        if not 0 < squeeze <= 1:
            raise ValueError(f"Expected 'squeeze' in (0, 1] (got {squeeze})")
        if kwargs['aggr'] != 'add' or self.flow != 'source_to_target':
            raise ValueError(
                f"'{self.__class__.__name__}' sums over sources: expected "
                "aggr='add' and flow='source_to_target' (got "
                f"'{kwargs['aggr']}' and '{self.flow}')"
            )
        if self.node_dim != -2:
            raise ValueError(
                f"Expected 'node_dim' to be -2 (got {self.node_dim})"
            )
        for name, value, choices in [
            ('sharing', sharing, SHARINGS),
            ('base', base, ('max', 'in', 'out')),
            ('decay_origin', decay_origin, ('S', 'L')),
            ('kernel', kernel, KERNELS),
        ]:
            if value not in choices:
                raise ValueError(
                    f"Expected '{name}' to be one of {choices} (got '{value}')"
                )

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
        self.base_channels = {
            'max': max(in_channels, out_channels),
            'in': in_channels,
            'out': out_channels,
        }[base]

        if normalize is None:
            normalize = 'binary' if sharing == 'pair' else 'row'
        self.normalize = normalize
        self.template = TemplateEdges(hops)
        # Networks set this: their layers read node-major memory.
        self.node_major = False

        widths = list(self.hop_channels.values())
        counts = {
            'pair': hops.edge_group.bincount().tolist(),
            'source': [hops.num_nodes] * len(widths),
            'target': [hops.num_nodes] * len(widths),
            'hop': [hops.short_hops + 1] + [1] * (len(widths) - 1),
            'all': [1] * len(widths),
        }[sharing]
        self.weights = ParameterList(
            torch.empty(count, in_channels, width)
            for count, width in zip(counts, widths, strict=True)
        )
        with torch.device('cpu'):
            constants = self._make_constants(counts)
        self._unit = bool((constants['adjacency'] == 1).all())
        self.register_constants(**constants)

        if hierarchy:
            self.fusion = HopFusion(widths, fuse_long, fuse)
            nodes = hops.num_nodes if node_transform else 1
            self.weight_a = Parameter(
                torch.empty(nodes, self.fusion.out_channels, out_channels)
            )
        else:
            self.fusion = HopFusion(widths, 'add', 'add')
            self.register_parameter('weight_a', None)
        if bias:
            self.bias = Parameter(torch.empty(out_channels))
        else:
            self.register_parameter('bias', None)

        self.reset_parameters()

    def _make_constants(self, counts: list[int]) -> dict[str, Tensor]:
        hops, group = self.hops, self.hops.edge_group
        # The weight that each edge uses, of those of all groups:
        slot = {
            'pair': hops.edge_pair - torch.tensor(hops.group_ptr)[group],
            'source': hops.edge_index[0],
            'target': hops.edge_index[1],
            'hop': hops.edge_hop.where(group == 0, 0),
            'all': torch.zeros_like(group),
        }[self.sharing]
        slot = slot + torch.tensor([0, *counts[:-1]]).cumsum(0)[group]
        adjacency = hops.edge_weight(self.normalize, torch.double)
        out = {'adjacency': adjacency, '_slot': slot}
        # For shared weights, the edge in each cell of each dense adjacency:
        if self.sharing != 'pair':
            plane = group if self.sharing in ('source', 'target') else slot
            n = hops.num_nodes
            cell = torch.full((int(plane.max()) + 1, n, n), hops.num_pairs)
            cell[plane, hops.edge_index[1], hops.edge_index[0]] = (
                hops.edge_pair
            )
            out['_cell'] = cell
        return out

    @property
    def decomposed_layers(self) -> int:
        r"""Always 1: each message needs all of the input channels."""
        return 1

    @decomposed_layers.setter
    def decomposed_layers(self, decomposed_layers: int) -> None:
        if decomposed_layers != 1:
            raise ValueError(
                f"'{self.__class__.__name__}' does not support feature "
                'decomposition, as each message needs all input channels: '
                f"expected 'decomposed_layers' to be 1 (got "
                f'{decomposed_layers})'
            )

    @property
    def hop_channels(self) -> dict[int, int]:
        r"""The output width :math:`C_k` of each group by its furthest hop."""
        first, *rest = self.hops.group_hops
        if not self.hierarchy:
            return dict.fromkeys([first, *rest], self.out_channels)
        out = {first: self.base_channels}
        origin = {'S': first, 'L': self.hops.long_hops}[self.decay_origin]
        for hop in rest:
            exponent = hop - origin if self.hop_aware else 1
            width = self.base_channels * self.squeeze**exponent
            out[hop] = max(1, round(width))
        return out

    @property
    def foldable(self) -> bool:
        r"""Whether the output is linear in each pair's weight with nothing
        but one :math:`\mathbf{W}_a` after the sum.
        """
        if self.sharing != 'pair' or self.weight_a is None:
            return self.sharing == 'pair'
        return len(self.fusion.stages) == 0 and self.weight_a.size(0) == 1

    def reset_parameters(self) -> None:
        r"""Resets all learnable parameters of the module.

        A weight is drawn from Glorot's uniform distribution, its fan-in being
        that of the target node in its group.
        """
        super().reset_parameters()
        group, target = self.hops.edge_group, self.hops.edge_index[1]
        square = self.hops.edge_weight(self.normalize).square()
        degree = square.new_zeros(len(self.weights), self.hops.num_nodes)
        degree.index_put_((group, target), square, accumulate=True)
        for g, weight in enumerate(self.weights):
            if self.sharing == 'pair':
                scale = degree[g, target[group == g]]
            elif self.sharing == 'target':
                scale = degree[g]
            else:
                scale = degree[g][degree[g] > 0].mean().repeat(weight.size(0))
            fan = scale * self.in_channels + weight.size(-1)
            bound = (6 / fan).sqrt().view(-1, 1, 1).to(weight)
            with torch.no_grad():
                weight.copy_((2 * torch.rand_like(weight) - 1) * bound)
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
        edges = self.template(
            x, edge_index, edge_pair, edge_weight, self.adjacency
        )
        if x.size(-1) != self.in_channels:
            raise ValueError(
                f"Expected 'x' with {self.in_channels} channels, the "
                f"'in_channels' of {self} (got shape {tuple(x.shape)})"
            )
        order, edge_weight = edges.node_order, edges.edge_weight
        if edges.valid is not None:
            x = x.where(edges.valid, float('nan'))
        if self.explain or self._has_hooks():
            out = self._propagate(x, edges)
            out = out if order is None else out.index_select(-2, order)
        else:
            if order is not None:
                x = x.index_select(-2, order)
            if edges.edge_order is not None and edge_weight is not None:
                edge_weight = edge_weight.index_select(-1, edges.edge_order)
            shape = x.shape[:-1]
            x = x.reshape(-1, self.hops.num_nodes, self.in_channels)
            out = self._fused(x, edge_weight)
            out = out.reshape(*shape, out.size(-1))

        out = self.fusion(out)  # [*, N, sum(C_k)]
        if self.weight_a is not None:
            out = self._transform(out)
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
            # One graph for several frames:
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
        out = self._pair_major(x_j, self._slot[edge_pair])
        return out if edge_weight is None else edge_weight.unsqueeze(-1) * out

    def _pair_major(self, x_j: Tensor, slot: Tensor) -> Tensor:
        # One matrix product per weight over all edges that use it; each fills
        # the columns of its group.
        copies = slot.numel() // self._slot.numel()
        sizes = (copies * self._slot.bincount()).tolist()
        order = slot.argsort()
        chunks = x_j.index_select(-2, order).split(sizes, dim=-2)
        total = sum(weight.size(-1) for weight in self.weights)
        outs, start = [], 0
        matrices = []
        for weight in self.weights:
            stop = start + weight.size(-1)
            matrices += [(w, (start, total - stop)) for w in weight.unbind()]
            start = stop
        for chunk, (weight, pad) in zip(chunks, matrices, strict=False):
            outs.append(F.pad(chunk @ weight, pad))
        return torch.cat(outs, dim=-2).index_select(-2, order.argsort())

    def _fused(self, x: Tensor, edge_weight: OptTensor) -> Tensor:
        if self.sharing != 'pair':
            return self._shared(x, edge_weight)
        if edge_weight is None and not self._unit:
            edge_weight = self.adjacency
        pairs = self.hops.num_pairs
        if edge_weight is not None and (
            edge_weight.dim() > 1 or edge_weight.size(0) != pairs
        ):
            edge_weight = edge_weight.reshape(-1, pairs)
            if edge_weight.size(0) != x.size(0):  # one graph for T frames
                repeats = x.size(0) // edge_weight.size(0)
                edge_weight = edge_weight.repeat_interleave(repeats, dim=0)
        return node_major_product(
            x,
            list(self.weights),
            self.template.edge_index,
            edge_weight,
            self.kernel,
        )

    def _shared(self, x: Tensor, edge_weight: OptTensor) -> Tensor:
        shape, pairs = x.shape, self.hops.num_pairs
        if edge_weight is None:
            edge_weight = self.adjacency
        elif edge_weight.dim() > 1 or edge_weight.size(0) != pairs:
            # One matrix for all T frames of a clip is never repeated.
            edge_weight = edge_weight.reshape(-1, 1, pairs)
            clips = edge_weight.size(0)
            frames = x.size(0) // clips if x.size(0) > 0 else 0
            x = x.unflatten(0, (clips, frames))
        planes = F.pad(edge_weight, (0, 1))[..., self._cell]  # [*, K, N, N]
        adjacencies = iter(planes.unbind(-3))
        outs = []
        for weight in self.weights:
            if self.sharing == 'source':
                h = torch.einsum('...nc,ncd->...nd', x, weight)
                outs.append(next(adjacencies) @ h)
            elif self.sharing == 'target':
                h = next(adjacencies) @ x
                outs.append(torch.einsum('...nc,ncd->...nd', h, weight))
            else:
                outs.append(sum(next(adjacencies) @ (x @ w) for w in weight))
        out = torch.cat(outs, dim=-1)
        return out.reshape(*shape[:-1], out.size(-1))

    def _transform(self, x: Tensor) -> Tensor:
        if self.weight_a.size(0) == 1:
            weight = self.weight_a[0].t()
            return by_rows(lambda x: F.linear(x, weight, self.bias), x)
        h = x.reshape(-1, *self.weight_a.shape[:2])
        out = torch.einsum('bnc,ncd->bnd', h, self.weight_a)
        out = out.reshape(*x.shape[:-1], self.out_channels)
        return out if self.bias is None else out + self.bias

    def _has_hooks(self) -> bool:
        return any(
            len(hooks) > 0
            for name, hooks in self.__dict__.items()
            if name.startswith(('_propagate', '_message', '_aggregate'))
            and name.endswith('_hooks')
        )

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}({self.in_channels}, '
            f'{self.out_channels}, short_hops={self.hops.short_hops}, '
            f'long_hops={self.hops.long_hops}, squeeze={self.squeeze:g})'
        )
