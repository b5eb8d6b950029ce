"""Action recognizers, and sums over neighbors by messages of PyG."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor
from torch.nn import CrossEntropyLoss, Module
from torch_geometric.nn import SimpleConv

from experiments.bench.operator.layers import group_edges
from experiments.bench.operator.models import (
    INFER,
    TRAIN,
    infer,
    result,
    training_step,
)
from experiments.bench.operator.timing import HCSF, Candidate, tensor_bytes
from experiments.sweep.cost import count_clip_macs
from pyg_hcsf.hops import HopEdges
from pyg_hcsf.nn import ActionRecognizer, HCSFConv
from pyg_hcsf.skeleton import Skeleton

ST_GCN = 'ST-GCN'
MESSAGES = 'HCSF by gather and scatter'
ONE_BODY = 'HCSF, no second body'
NETWORKS: dict[str, dict[str, Any]] = {
    ST_GCN: {'layer': 'st_gcn'},
    'AAGCN graph': {'layer': 'aagcn'},
    HCSF: {'layer': 'hcsf'},
    'HCSF, A_k w/T': {
        'layer': 'hcsf',
        'layer_options': {'dynamic': {'kernel_size': 3}},
    },
}
CLASSES = 60


def action_candidates(
    skeleton: Skeleton,
    hops: HopEdges,
    channels: int,
    squeeze: float,
    clips: Tensor,
) -> list[Candidate]:
    """Networks on clips ``[B, T, M, N, 3]`` with all bodies present; HCSF
    also by messages of PyG, and on clips whose second body is zero.
    """
    torch.manual_seed(0)
    out, plain = [], None
    for name, settings in NETWORKS.items():
        options = dict(settings.get('layer_options', {}))
        if settings['layer'] == 'hcsf':
            options |= {
                'short_hops': hops.short_hops,
                'long_hops': hops.long_hops,
                'squeeze': squeeze,
            }
        model = ActionRecognizer(
            skeleton,
            settings['layer'],
            hidden_channels=channels,
            out_channels=CLASSES,
            num_bodies=clips.size(2),
            layer_options=options,
        )
        with torch.no_grad():
            model(torch.randn_like(clips[:2], device='cpu'))
        model = model.eval().to(clips.device)
        out.append(_network(name, model, clips))
        plain = model if name == HCSF else plain
    assert plain is not None
    other = _network(MESSAGES, by_messages(plain), clips)
    del other.steps[TRAIN]  # which would take minutes
    other.result, other.expected = result(other.steps), result(out[2].steps)
    out.append(other)
    if clips.size(2) > 1:
        alone = clips.clone()
        alone[:, :, 1:] = 0
        single = _network(ONE_BODY, deepcopy(plain), alone)
        del single.steps[TRAIN]  # training computes all bodies
        single.result = result(single.steps)
        # With gradients, all bodies are computed.
        single.expected = lambda: [plain(alone).detach()]
        out.append(single)
    return out


def by_messages(model: ActionRecognizer) -> ActionRecognizer:
    """A copy of the network with :class:`Messages` as its layers."""
    model = deepcopy(model)
    for block in model.blocks:
        conv = block.get_submodule('layer.conv')
        assert isinstance(conv, HCSFConv)
        block.register_module('layer', Messages(conv))
    return model


class Messages(Module):
    """HCSF with shared weights from parts of PyG: for each group of hops a
    linear map and a SimpleConv on a batch of copies of the graph, whose edges
    are computed once.
    """

    def __init__(self, conv: HCSFConv) -> None:
        super().__init__()
        self.conv = conv
        self.sum = SimpleConv(aggr='sum')
        self._edges: dict[int, list[tuple[Tensor, Tensor]]] = {}

    def forward(self, x: Tensor) -> Tensor:
        rows = x.shape[:-2].numel()
        if rows not in self._edges:
            self._edges[rows] = group_edges(self.conv, rows)
        flat = x.flatten(0, -2)
        outs = [
            self.sum(flat @ weight[0], edges, value)
            for (edges, value), weight in zip(
                self._edges[rows], self.conv.weights, strict=True
            )
        ]
        out = self.conv.fusion(torch.cat(outs, dim=-1)) @ self.conv.weight_a[0]
        return (out + self.conv.bias).view(*x.shape[:-1], -1)


def neighbor_candidates(
    hops: HopEdges, channels: int, squeeze: float, rows: int, device: str
) -> list[Candidate]:
    """The sums over neighbors alone, without transforming and concatenating
    features: for each group of hops a dense matrix of joints by joints, or
    PyG's SimpleConv on a batch of graphs or on a static one.
    """
    torch.manual_seed(0)
    conv = HCSFConv(channels, channels, hops, squeeze, sharing='all')
    conv, n = conv.to(device), hops.num_nodes
    widths = conv.hop_channels.values()
    xs = [torch.randn(rows, n, w, device=device) for w in widths]
    grads = [torch.randn_like(x) for x in xs]
    leaves = [x.requires_grad_() for x in xs]
    batch, static = group_edges(conv, rows), group_edges(conv, 1)
    dense = [
        torch.zeros(n, n, device=device).index_put((edges[1], edges[0]), value)
        for edges, value in static
    ]
    pyg = SimpleConv(aggr='sum')

    def by_matrix() -> list[Tensor]:
        return [a @ x for a, x in zip(dense, leaves, strict=True)]

    def by_batch() -> list[Tensor]:
        return [
            pyg(x.flatten(0, 1), *edges).view_as(x)
            for x, edges in zip(leaves, batch, strict=True)
        ]

    def by_static() -> list[Tensor]:
        return [
            pyg(x, *edges) for x, edges in zip(leaves, static, strict=True)
        ]

    out = [
        _sum(HCSF, by_matrix, leaves, grads),
        _sum('PyG, batch of graphs', by_batch, leaves, grads),
        _sum('PyG, static graph', by_static, leaves, grads),
    ]
    for candidate in out:
        candidate.expected = out[1].result
    return out


def _sum(
    name: str,
    function: Callable[[], list[Tensor]],
    leaves: list[Tensor],
    grads: list[Tensor],
) -> Candidate:
    def forward() -> list[Tensor]:
        with torch.no_grad():
            return function()

    def backward() -> tuple[Tensor, ...]:
        return torch.autograd.grad(function(), leaves, grads)

    return Candidate(
        name,
        {'forward': forward, 'forward+backward': backward},
        floor=HCSF,
        result=lambda: [*forward(), *backward()],
        num_bytes=tensor_bytes(*leaves, *grads),
    )


def _network(name: str, model: ActionRecognizer, clips: Tensor) -> Candidate:
    y = torch.zeros(len(clips), dtype=torch.long, device=clips.device)
    train = training_step(deepcopy(model), clips, y, CrossEntropyLoss())
    return Candidate(
        name,
        {INFER: infer(model, clips), TRAIN: train},
        floor=ST_GCN,
        macs=len(clips) * count_clip_macs(model, clips.size(1)),
        num_bytes=tensor_bytes(clips, *model.parameters()),
    )
