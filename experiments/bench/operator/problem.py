"""Random inputs of the node-pair product, and candidates with gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from experiments.bench.operator.floor import FLOOR
from experiments.bench.operator.timing import Candidate, tensor_bytes
from pyg_hcsf.hops import HopEdges


@dataclass
class Problem:
    """The random inputs of a node-pair product.

    Args:
        x: Node features ``[B, N, C]``.
        weights: For each group of hops, ``[P_g, C, D_g]``.
        edge_index: Source and target of each pair, group after group:
            ``[2, P]``.
        edge_weight: The edge weights of a dynamic graph, ``[B, P]``.
        grad: The gradient of the output, ``[B, N, sum(D_g)]``.
    """

    x: Tensor
    weights: list[Tensor]
    edge_index: Tensor
    edge_weight: Tensor
    grad: Tensor

    @property
    def macs(self) -> int:
        """The multiply-adds of a forward pass."""
        return self.x.size(0) * sum(w.numel() for w in self.weights)

    @property
    def sizes(self) -> list[int]:
        """The number of pairs in each group."""
        return [w.size(0) for w in self.weights]

    def pairs(self) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Sources, targets and weights of each group."""
        sources, targets = (end.split(self.sizes) for end in self.edge_index)
        return list(zip(sources, targets, self.weights, strict=True))


def make_problem(
    hops: HopEdges,
    channels: int,
    widths: Mapping[int, int],
    batch: int,
    node_major: bool,
    device: str,
) -> Problem:
    """Draws a problem for the edges of hops and the width of each group. If
    ``node_major`` is set, features are in ``[N, B, C]`` memory.
    """
    torch.manual_seed(0)

    def features(width: int) -> Tensor:
        shape = (batch, hops.num_nodes, width)
        if node_major:
            return torch.randn(shape[1], batch, width).transpose(0, 1)
        return torch.randn(shape)

    ends = hops.group_ptr
    weights = [
        torch.randn(stop - start, channels, width) / channels**0.5
        for start, stop, width in zip(
            ends, ends[1:], widths.values(), strict=False
        )
    ]
    return Problem(
        x=features(channels).to(device),
        weights=[weight.to(device) for weight in weights],
        edge_index=hops.edge_index.to(device),
        edge_weight=torch.rand(batch, hops.num_pairs, device=device),
        grad=features(sum(widths.values())).to(device),
    )


def autograd_candidate(
    name: str,
    function: Callable[[], Tensor],
    leaves: Sequence[Tensor],
    grad: Tensor,
) -> Candidate:
    """A candidate with two steps: forward without autograd, and forward with
    the gradients of all leaves.
    """

    def forward() -> Tensor:
        with torch.no_grad():
            return function()

    def backward() -> tuple[Tensor, ...]:
        return torch.autograd.grad(function(), leaves, grad)

    return Candidate(
        name,
        steps={'forward': forward, 'forward+backward': backward},
        floor=FLOOR,
        num_bytes=tensor_bytes(grad, *leaves),
    )


def everything(candidate: Candidate) -> Callable[[], list[Tensor]]:
    """Computes the output and all gradients of a candidate."""
    steps = candidate.steps
    return lambda: [steps['forward'](), *steps['forward+backward']()]
