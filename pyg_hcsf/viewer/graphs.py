r"""Extracts learned graphs and the importance of hops from a pose lifter."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Optional

import numpy as np
import torch
from torch import Tensor
from torch.nn import Module
from torch_geometric.explain import Explainer, GNNExplainer

from pyg_hcsf.hops import HopEdges
from pyg_hcsf.nn.graph import DynamicGraph
from pyg_hcsf.nn.models import PoseLifter
from pyg_hcsf.nn.models.layers import HopLayer
from pyg_hcsf.viewer.graph_file import EdgeGroup, HopAttribution, LearnedGraph


def learned_graph(
    model: PoseLifter,
    x: Tensor,
    frames: Optional[Sequence[int]] = None,
    attribution: Optional[HopAttribution] = None,
) -> LearnedGraph:
    r"""Extracts the dynamic graphs of a network: the static
    :math:`\mathbf{M}_k` of each layer and hop group, and the offset
    :math:`\alpha_k \mathbf{O}_k` that is added to it for each input.

    Args:
        model (PoseLifter): A network with the layer :obj:`"hcsf"` or
            :obj:`"lcn"` and a dynamic graph.
        x (torch.Tensor): Normalised keypoints, one input for each frame:
            ``[T, N, C]``, or ``[T, F, N, C]`` for windows of F frames.
        frames (sequence of int, optional): The frame numbers, ascending.
            (default: :obj:`0, 1, ...`)
        attribution (HopAttribution, optional): The result of
            :func:`hop_attribution`. (default: :obj:`None`)

    Raises:
        ValueError: If the network has no dynamic graph.

    Example:
        >>> model = PoseLifter(layer_options=dict(dynamic=dict()))
        >>> graph = learned_graph(model, torch.rand(5, 17, 2))
        >>> write_graph('graph.json', graph)
    """
    graphs = {
        name.removesuffix('.layer.graph').removesuffix('.graph'): module
        for name, module in model.named_modules()
        if isinstance(module, DynamicGraph)
    }
    if not graphs:
        raise ValueError(
            f"Expected a 'model' with a dynamic graph (got {model}); train "
            'one with layer_options=dict(dynamic=...)'
        )
    numbers = _numbers(frames, len(x))
    weights: dict[Module, Tensor] = {}

    def hook(module: Module, args: Any, out: Tensor) -> None:
        weights[module] = out

    handles = [m.register_forward_hook(hook) for m in graphs.values()]
    training = model.training
    try:
        with torch.no_grad():
            model.eval()(x)
    finally:
        model.train(training)
        for handle in handles:
            handle.remove()
    groups = []
    for name, graph in graphs.items():
        base = None if graph.base is None else graph.base.detach()
        offset = None
        if graph.offset:
            offset = weights[graph] - (0 if base is None else base)
            if offset.dim() == 3:  # a graph of each frame: central
                offset = offset[:, offset.size(1) // 2]
        groups += _groups(name, graph.hops, base, offset, numbers)
    return LearnedGraph(model.skeleton, tuple(groups), attribution)


def _groups(
    name: str,
    hops: HopEdges,
    base: Optional[Tensor],
    offset: Optional[Tensor],
    frames: np.ndarray,
) -> list[EdgeGroup]:
    edges = hops.edge_index.t().cpu().numpy().astype(np.int32)
    out = []
    for k, hop in enumerate(hops.group_hops):
        part = slice(*hops.group_ptr[k : k + 2])
        reach = f'hop {hop}' if k or not hop else f'hops 0-{hop}'
        for kind, weight, numbers in (
            ('M', base, None),
            ('αO', offset, frames),
        ):
            if weight is not None:
                group = EdgeGroup(
                    name=f'{name}: {kind}, {reach}',
                    hop=hop,
                    edges=edges[part],
                    weights=weight[..., part].cpu().numpy(),
                    frames=numbers,
                )
                out.append(group)
    return out


class _Flat(Module):
    """A lifter in the form that PyG's explainer needs: one row per node, with
    the frames as features, and an output of unit standard deviation, so that
    the loss of an edge is relative to the variance.
    """

    def __init__(self, model: PoseLifter, shape: torch.Size) -> None:
        super().__init__()
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.shape = shape  # [T, (F,) C]
        self.std: Optional[Tensor] = None

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        x = x.unflatten(1, self.shape).movedim(0, -2)  # [T, (F,) N, C]
        out = self.model(x)
        if self.std is None:
            self.std = out.flatten(0, 1).std(0).clamp(min=1e-6)
        return (out / self.std).movedim(-2, 0).flatten(1)


def hop_attribution(
    model: PoseLifter,
    x: Tensor,
    frames: Optional[Sequence[int]] = None,
    each: Sequence[int] = (),
    epochs: int = 100,
    lr: float = 0.03,
    **kwargs: Any,
) -> HopAttribution:
    r"""The importance of the edges of each hop for the predictions of a
    network, by PyG's :class:`~torch_geometric.explain.GNNExplainer`: it
    learns a mask of the edges, shared by all layers, that preserves the
    predictions. Masks are averaged over the edges of each hop.

    Args:
        model (PoseLifter): A network whose layers have hops, such as
            :obj:`"hcsf"`.
        x (torch.Tensor): Normalised keypoints, as in :func:`learned_graph`.
        frames (sequence of int, optional): The frame numbers, ascending.
            (default: :obj:`0, 1, ...`)
        each (sequence of int, optional): The rows of :obj:`x` to explain
            also one by one, ascending. (default: none)
        epochs (int, optional): The number of steps of the explainer.
            (default: :obj:`100`)
        lr (float, optional): Its learning rate. (default: :obj:`0.03`)
        **kwargs (optional): Additional arguments of
            :class:`~torch_geometric.explain.GNNExplainer`.

    Raises:
        ValueError: If the layers have no hops.

    Example:
        >>> hops = hop_attribution(PoseLifter(), torch.rand(8, 17, 2))
        >>> dict(zip(hops.hops, hops.total))
    """
    layers = [m for m in model.modules() if isinstance(m, HopLayer)]
    if not layers:
        raise ValueError(
            "Expected a 'model' whose layers have hops, such as 'hcsf' (got "
            f'{model})'
        )
    hops = layers[0].conv.hops
    numbers = _numbers(frames, len(x))[list(each)]

    def explain(rows: Tensor) -> np.ndarray:
        explainer = Explainer(
            _Flat(model, rows.shape[:-2] + rows.shape[-1:]),
            algorithm=GNNExplainer(epochs, lr, **kwargs),
            explanation_type='model',
            edge_mask_type='object',
            model_config=dict(
                mode='regression', task_level='node', return_type='raw'
            ),
        )
        flat = rows.movedim(-2, 0).flatten(1)
        edge_index = hops.edge_index.to(x.device)
        mask = explainer(flat, edge_index).edge_mask.detach().cpu()
        total = torch.zeros(hops.long_hops + 1)
        total.index_add_(0, hops.edge_hop, mask)
        return (total / hops.edge_hop.bincount().clamp(min=1)).numpy()

    with torch.enable_grad():
        total = explain(x)
        values = [explain(x[row : row + 1]) for row in each]
    return HopAttribution(
        hops=tuple(range(hops.long_hops + 1)),
        total=total,
        values=np.stack(values) if values else None,
        frames=numbers if values else None,
    )


def _numbers(frames: Optional[Sequence[int]], count: int) -> np.ndarray:
    numbers = np.arange(count) if frames is None else np.asarray(frames)
    if numbers.shape != (count,):
        raise ValueError(
            f"Expected 'frames' with one frame number for each of the {count} "
            f"samples in 'x' (got shape {numbers.shape})"
        )
    return numbers.astype(np.int32)
