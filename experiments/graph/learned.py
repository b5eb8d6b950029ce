"""Reads M_k and O_k of Eqs. 7 and 8 from networks with dynamic graphs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.hops import HopEdges
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.nn.graph import DynamicGraph


@dataclass
class LearnedGraph:
    """The dynamic graph of one layer, over the edges ``[E]`` of its hops.

    Args:
        layer: The name of the layer.
        hops: Its edges.
        base: The learned M_k, or zeros without one.
        scale: The learned alpha of the hop group of each edge.
        offset: The mean of O_k over the frames of each action.
        strength: The mean of the magnitude of O_k, likewise.
    """

    layer: str
    hops: HopEdges
    base: np.ndarray
    scale: np.ndarray
    offset: dict[str, np.ndarray] = field(default_factory=dict)
    strength: dict[str, np.ndarray] = field(default_factory=dict)

    def shift(self, action: str) -> np.ndarray:
        """The mean of alpha O_k."""
        return self.scale * self.offset[action]

    def contrast(self, a: str, b: str) -> float:
        """The mean difference of two actions over edges."""
        return float(np.abs(self.shift(a) - self.shift(b)).mean())


class _OffsetSum:
    """A hook that sums the offsets O_k of a dynamic graph by action."""

    def __init__(self, graph: DynamicGraph, actions: Sequence[str]) -> None:
        self.graph = graph
        hops = graph.hops
        source, target = hops.edge_index
        cell = hops.edge_group * hops.num_nodes + target
        self.cell = cell * hops.num_nodes + source  # in flat [K * N * N]
        shape = (len(actions), hops.num_pairs)
        self.total = torch.zeros(shape, dtype=torch.float64)
        self.strength = torch.zeros(shape, dtype=torch.float64)
        self.action = torch.empty(0, dtype=torch.long)  # of each window

    def __call__(self, module: Any, args: tuple[Tensor, ...]) -> None:
        out = self.graph.offsets(args[0]).cpu().double()[..., self.cell]
        if out.dim() == 3:  # [B, T, E], one graph per frame
            self.strength.index_add_(0, self.action, out.abs().mean(1))
            out = out.mean(1)
        else:
            self.strength.index_add_(0, self.action, out.abs())
        self.total.index_add_(0, self.action, out)


def read_graphs(
    model: PoseLifter, loader: ClipLoader, actions: Sequence[str]
) -> list[LearnedGraph]:
    """Reads the dynamic graphs of a network, and the mean offsets by action.

    Args:
        model: The network.
        loader: Windows to compute offsets for.
        actions: The action of each clip of the loader.
    """
    names = list(dict.fromkeys(actions))
    number = torch.tensor([names.index(action) for action in actions])
    graphs = {
        name.removesuffix('.graph').removesuffix('.layer'): module
        for name, module in model.named_modules()
        if isinstance(module, DynamicGraph)
    }
    if not graphs:
        raise ValueError(
            "Expected a run with a dynamic graph, such as row 'hcsf_dynamic' "
            "of preset 'openmocap' (got one without)"
        )
    sums = {n: _OffsetSum(g, names) for n, g in graphs.items() if g.offset}
    hooks = [s.graph.register_forward_pre_hook(s) for s in sums.values()]
    count = torch.zeros(len(names), dtype=torch.float64)
    device = next(model.parameters()).device
    with torch.no_grad():
        for batch in loader if sums else ():
            action = number[batch.clip]
            count += action.bincount(minlength=len(names))
            for offset_sum in sums.values():
                offset_sum.action = action
            model(batch.x.to(device))
    for hook in hooks:
        hook.remove()
    out = []
    for name, graph in graphs.items():
        pairs = graph.hops.num_pairs
        base, scale = torch.zeros(pairs), torch.zeros(pairs)
        if graph.base is not None:
            base = graph.base.detach().cpu()
        if graph.scale is not None:
            scale = graph.scale.detach().cpu()[graph.hops.edge_group]
        found = LearnedGraph(name, graph.hops, base.numpy(), scale.numpy())
        if name in sums:
            means = [
                dict(zip(names, (x / count[:, None]).numpy(), strict=True))
                for x in (sums[name].total, sums[name].strength)
            ]
            found.offset, found.strength = means
        out.append(found)
    return out


def furthest_actions(graphs: Sequence[LearnedGraph]) -> tuple[str, ...]:
    """The two actions whose mean graphs differ most, over all layers."""
    pairs = combinations(graphs[0].offset, 2)
    return max(
        pairs,
        key=lambda pair: sum(graph.contrast(*pair) for graph in graphs),
        default=tuple(graphs[0].offset),
    )


def edge_table(graphs: Sequence[LearnedGraph]) -> pd.DataFrame:
    """One line per layer, edge and action."""
    parts = []
    for graph in graphs:
        joints = np.array(graph.hops.skeleton.joints)
        source, target = graph.hops.edge_index.numpy()
        edges = {
            'layer': graph.layer,
            'hop': graph.hops.edge_hop.numpy(),
            'group': graph.hops.edge_group.numpy() + graph.hops.short_hops,
            'source': joints[source],
            'target': joints[target],
            'topology': graph.hops.topology.numpy().astype(int),
            'M': graph.base,
            'alpha': graph.scale,
        }
        for action in graph.offset or ('',):
            dynamic = {}
            if action:
                dynamic = {
                    'action': action,
                    'mean O': graph.offset[action],
                    'mean |O|': graph.strength[action],
                }
            parts.append(pd.DataFrame({**edges, **dynamic}))
    return pd.concat(parts, ignore_index=True)


def layer_table(
    graphs: Sequence[LearnedGraph], actions: Sequence[str]
) -> pd.DataFrame:
    """The mean difference from the topology by layer and hop group."""
    rows = []
    for graph in graphs:
        group = graph.hops.edge_group.numpy()
        moved = np.abs(graph.base - graph.hops.topology.numpy())
        for k, hop in enumerate(graph.hops.group_hops):
            row = {
                'layer': graph.layer,
                'hops': f'up to {hop}' if k == 0 else str(hop),
                'mean |M_k - topology|': f'{moved[group == k].mean():.3f}',
                'alpha': f'{graph.scale[group == k].mean():+.3f}',
            }
            for action in actions:
                size = np.abs(graph.scale) * graph.strength[action]
                mean = size[group == k].mean()
                row[f'mean |alpha O_k|, {action}'] = f'{mean:.4f}'
            if len(actions) > 1:
                a, b = (graph.shift(action) for action in actions[:2])
                mean = np.abs(a - b)[group == k].mean()
                row['difference of the means'] = f'{mean:.4f}'
            rows.append(row)
    return pd.DataFrame(rows).set_index('layer')
