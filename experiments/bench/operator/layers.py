"""Layers of PyG at equal width, and implementations of HCSF with shared
weights.
"""

from __future__ import annotations

import warnings
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module
from torch_geometric.nn import GCNConv, MixHopConv, RGCNConv
from torch_geometric.utils import scatter, to_torch_csr_tensor

from experiments.bench.operator.floor import floor
from experiments.bench.operator.problem import autograd_candidate, everything
from experiments.bench.operator.timing import HCSF, Candidate
from experiments.sweep.cost import products_of
from pyg_hcsf.hops import HopEdges
from pyg_hcsf.nn import HCSFConv, LCNConv
from pyg_hcsf.nn.graph import DynamicGraph
from pyg_hcsf.skeleton import Skeleton


def layer_candidates(
    skeleton: Skeleton,
    hops: HopEdges,
    channels: int,
    squeeze: float,
    batch: int,
    device: str,
) -> list[Candidate]:
    """Layers from C to C channels. All but HCSF and LCN compute another
    function with fewer weights, and show the cost of a weight per pair.

    PyG's layers and one HCSF run on a PyG batch of copies of the graph, the
    other HCSF and LCN on a static graph, as in our networks.
    """
    torch.manual_seed(0)
    n, c, last = hops.num_nodes, channels, hops.long_hops
    x = torch.randn(batch, n, c, device=device)
    grad = torch.randn(batch, n, c, device=device)
    conv = HCSFConv(c, c, hops, squeeze)
    lcn_hops = HopEdges(skeleton, last, last)
    relations = hops.edge_hop.repeat(batch).to(device)
    bones = repeat_edges(skeleton.edge_index, n, batch, device)
    edges = repeat_edges(hops.edge_index, n, batch, device)
    template = hops.edge_index.to(device)
    lcn_template = lcn_hops.edge_index.to(device)
    width = -(-c // (last + 1))
    mixhop = MixHopConv(c, width, powers=list(range(last + 1)))
    rgcn = RGCNConv(c, c, last + 1, aggr='add', root_weight=False)
    flat, flat_grad = x.flatten(0, 1), grad.flatten(0, 1)
    mixhop_grad = torch.randn(batch * n, width * (last + 1), device=device)
    out = [
        _layer(HCSF, conv, (template,), x, grad),
        _layer('HCSF on a PyG batch', conv, (edges,), flat, flat_grad),
        _layer('HCSF, dynamic graph', _Dynamic(c, conv), (), x, grad),
        _layer('LCN', LCNConv(c, c, lcn_hops), (lcn_template,), x, grad),
        _layer('GCNConv', GCNConv(c, c), (bones,), flat, flat_grad),
        _layer('MixHopConv', mixhop, (bones,), flat, mixhop_grad),
        _layer('RGCNConv', rgcn, (edges, relations), flat, flat_grad),
    ]
    products = products_of(conv, x, template)
    every = [p._replace(first=False) for p in products]
    return [floor(every, device=device), *out]


class _Dynamic(Module):
    """HCSF with a dynamic graph per sample."""

    def __init__(self, channels: int, conv: HCSFConv) -> None:
        super().__init__()
        self.conv = conv
        self.graph = DynamicGraph(channels, conv.hops)
        edge_index = conv.hops.edge_index
        self.register_buffer('edge_index', edge_index, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x, self.edge_index, edge_weight=self.graph(x))


def _layer(
    name: str, module: Module, rest: tuple[Any, ...], x: Tensor, grad: Tensor
) -> Candidate:
    module = module.to(x.device)
    x = x.detach().requires_grad_()
    leaves = [x, *module.parameters()]
    return autograd_candidate(name, lambda: module(x, *rest), leaves, grad)


def repeat_edges(
    edge_index: Tensor, nodes: int, batch: int, device: str | torch.device
) -> Tensor:
    """The edges of a PyG batch of copies of one graph."""
    offset = nodes * torch.arange(batch).view(-1, 1, 1)
    edges = edge_index.unsqueeze(0) + offset
    return edges.transpose(0, 1).flatten(1).to(device)


def shared_candidates(
    hops: HopEdges, channels: int, squeeze: float, batch: int, device: str
) -> list[Candidate]:
    """One weight per group of hops, as in action recognition, with the sums
    over neighbors by a small dense matrix, messages of PyG, gather and
    scatter, or one sparse matrix for the batch.
    """
    torch.manual_seed(0)
    n, c = hops.num_nodes, channels
    x = torch.randn(batch, n, c, device=device)
    grad = torch.randn(batch, n, c, device=device)
    conv = HCSFConv(c, c, hops, squeeze, sharing='all').to(device)
    messages = deepcopy(conv)
    messages.register_message_forward_hook(lambda *_: None)
    template = hops.edge_index.to(device)
    out = [
        _layer(HCSF, conv, (template,), x, grad),
        _layer('HCSF as PyG messages', messages, (template,), x, grad),
        _layer('gather and scatter', _Scatter(deepcopy(conv)), (), x, grad),
        _layer('torch.sparse', _Sparse(deepcopy(conv), batch), (), x, grad),
    ]
    for candidate in out:
        candidate.result = everything(candidate)
        candidate.expected = everything(out[1])
    products = products_of(conv, x, template)
    every = [p._replace(first=False) for p in products]
    return [floor(every, device=device), *out]


def group_edges(
    conv: HCSFConv, copies: int = 1
) -> list[tuple[Tensor, Tensor]]:
    """The edges of each group of hops for a batch of copies of the graph, and
    their adjacency values.
    """
    group, device = conv.hops.edge_group, conv.adjacency.device
    out = []
    for g in range(len(conv.weights)):
        edges = conv.hops.edge_index[:, group == g]
        edges = repeat_edges(edges, conv.hops.num_nodes, copies, device)
        value = conv.adjacency[(group == g).to(device)]
        out.append((edges, value.repeat(copies)))
    return out


class _Scatter(Module):
    """Transforms nodes, gathers them by edge, and sums by target."""

    def __init__(self, conv: HCSFConv) -> None:
        super().__init__()
        self.conv = conv
        self.groups = group_edges(conv)

    def forward(self, x: Tensor) -> Tensor:
        outs = []
        for (edges, value), weight in zip(
            self.groups, self.conv.weights, strict=True
        ):
            h = (x @ weight[0])[:, edges[0]] * value.unsqueeze(-1)
            outs.append(scatter(h, edges[1], 1, x.size(1)))
        return torch.cat(outs, -1) @ self.conv.weight_a[0] + self.conv.bias


class _Sparse(Module):
    """Transforms nodes and multiplies by the sparse adjacency of the batch."""

    def __init__(self, conv: HCSFConv, batch: int) -> None:
        super().__init__()
        self.conv = conv
        n = conv.hops.num_nodes
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # CSR is called a beta feature
            self.matrices = [
                to_torch_csr_tensor(edges.flip(0), value, batch * n)
                for edges, value in group_edges(conv, batch)
            ]

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(0, 1)
        outs = [
            torch.sparse.mm(matrix, flat @ weight[0])
            for matrix, weight in zip(
                self.matrices, self.conv.weights, strict=True
            )
        ]
        out = torch.cat(outs, -1) @ self.conv.weight_a[0] + self.conv.bias
        return out.view_as(x)
