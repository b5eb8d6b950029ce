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
    r"""The dynamic graphs that a network has learned: of each layer and group
    of hops the static :math:`\mathbf{M}_k`, and as it is added to it the
    offset :math:`\alpha_k \mathbf{O}_k` of each input.

    Args:
        model (PoseLifter): With the layer :obj:`"hcsf"` or :obj:`"lcn"` and
            a dynamic graph.
        x (torch.Tensor): Normalised keypoints, one input for each frame:
            ``[T, N, C]``, or ``[T, F, N, C]`` for windows of F frames.
        frames (sequence of int, optional): The numbers of the frames,
            ascending. (default: :obj:`0, 1, ...`)
        attribution (HopAttribution, optional): See
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
    weights: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        def hook(module: Module, args: Any, out: Tensor) -> None:
            weights[name] = out

        return hook

    handles = [m.register_forward_hook(keep(n)) for n, m in graphs.items()]
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
        weight = weights[name]
        if graph.offset and graph.base is not None:
            weight = weight - graph.base.detach()
        if weight.dim() == 3:  # one graph for each frame of a window
            weight = weight[:, weight.size(1) // 2]
        base = None if graph.base is None else graph.base.detach()
        groups += _groups(
            name, graph.hops, base, weight if graph.offset else None, numbers
        )
    return LearnedGraph(model.skeleton.name, tuple(groups), attribution)


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
        for kind, weight, times in (
            ('M', base, None),
            ('αO', offset, frames),
        ):
            if weight is not None:
                values = weight[..., part].cpu().numpy()
                title = f'{name}: {kind}, {reach}'
                out.append(EdgeGroup(title, hop, edges[part], values, times))
    return out


class _Flat(Module):
    """A lifter as an explainer calls it: a row for each node, whatever frames
    that holds, and an output in its own spread, so that what a lost edge
    costs is a share of the variance.
    """

    def __init__(self, model: PoseLifter, shape: torch.Size) -> None:
        super().__init__()
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.shape = shape  # [T, (F,) C]
        self.spread: Optional[Tensor] = None

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        x = x.unflatten(1, self.shape).movedim(0, -2)  # [T, (F,) N, C]
        out = self.model(x)
        if self.spread is None:
            self.spread = out.flatten(0, 1).std(0).clamp(min=1e-6)
        return (out / self.spread).movedim(-2, 0).flatten(1)


def hop_attribution(
    model: PoseLifter,
    x: Tensor,
    frames: Optional[Sequence[int]] = None,
    each: Sequence[int] = (),
    epochs: int = 100,
    lr: float = 0.03,
    **kwargs: Any,
) -> HopAttribution:
    r"""How much the edges of each hop matter for what a network predicts, by
    PyG's :class:`~torch_geometric.explain.GNNExplainer`: it learns which
    edges can be masked in all layers at once while the prediction stays, and
    the masks are averaged over the edges of each hop.

    Args:
        model (PoseLifter): With a layer of template edges, such as
            :obj:`"hcsf"`.
        x (torch.Tensor): Normalised keypoints, as in :func:`learned_graph`.
        frames (sequence of int, optional): The numbers of the frames,
            ascending. (default: :obj:`0, 1, ...`)
        each (sequence of int, optional): Which rows of :obj:`x` are also
            explained one by one, ascending. (default: none)
        epochs (int, optional): The steps of the explainer.
            (default: :obj:`100`)
        lr (float, optional): How far they go. (default: :obj:`0.03`)
        **kwargs (optional): Additional arguments of
            :class:`~torch_geometric.explain.GNNExplainer`.

    Raises:
        ValueError: If the layers have no template edges, or not all the same.

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
            f"Expected 'frames' with a number for each of {count} inputs in "
            f"'x' (got shape {numbers.shape})"
        )
    return numbers.astype(np.int32)
