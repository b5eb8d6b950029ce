"""The node-pair product in the ways that people write it today.

All of them compute what :func:`pyg_hcsf.nn.kernels.pair_product` does, and are
held to its values and gradients before they are timed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch_geometric.utils import scatter

from experiments.bench.operator.floor import FLOOR, floor
from experiments.bench.operator.timing import HCSF, Candidate, tensor_bytes
from experiments.sweep.cost import Product
from pyg_hcsf.hops import HopEdges
from pyg_hcsf.nn.kernels import KERNELS, pair_product

GATHERED = 2**34  # bytes of weights that are gathered for a batch at most

# Takes x, the weights and the edge weights; returns [B, N, sum(D_g)].
Way = Callable[..., Tensor]


@dataclass
class Problem:
    """Random numbers of one shape: what a node-pair product is given.

    Args:
        x: Node features ``[B, N, C]``.
        weights: For each group of hops, ``[P_g, C, D_g]``.
        edge_index: DataSource and target of each pair, group after group.
        edge_weight: A dynamic graph ``[B, P]``, for those that take one.
        grad: The gradient of the output, ``[B, N, sum(D_g)]``.
    """

    x: Tensor
    weights: list[Tensor]
    edge_index: Tensor
    edge_weight: Tensor
    grad: Tensor

    @property
    def macs(self) -> int:
        """Multiply-adds, forward."""
        return self.x.size(0) * sum(w.numel() for w in self.weights)

    @property
    def sizes(self) -> list[int]:
        """The number of pairs in each group."""
        return [w.size(0) for w in self.weights]

    def pairs(self) -> list[tuple[Tensor, Tensor, Tensor]]:
        """DataSource, target and weight of each group."""
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
    """Draws a problem on a graph of hops, with the width of each group."""
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
        features(channels).to(device),
        [weight.to(device) for weight in weights],
        hops.edge_index.to(device),
        torch.rand(batch, hops.num_pairs, device=device),
        features(sum(widths.values())).to(device),
    )


def autograd_candidate(
    name: str,
    function: Callable[[], Tensor],
    leaves: Sequence[Tensor],
    grad: Tensor,
) -> Candidate:
    """Forward without a graph, and forward with gradients for all leaves."""

    def forward() -> Tensor:
        with torch.no_grad():
            return function()

    def backward() -> tuple[Tensor, ...]:
        return torch.autograd.grad(function(), leaves, grad)

    return Candidate(
        name,
        steps={'forward': forward, 'forward+backward': backward},
        floor=FLOOR,
        held=tensor_bytes(grad, *leaves),
    )


def floor_and_hcsf(problem: Problem) -> list[Candidate]:
    """The two that a sweep follows."""
    p = problem
    rows, depth = p.x.shape[:2].numel(), p.x.size(2)
    product = Product(rows, depth, round(p.macs / (rows * depth)))
    hcsf = _candidate(p, HCSF, _kernel(p, 'auto'), [p.x, *p.weights])
    return [floor([product], device=p.x.device), hcsf]


def product_candidates(problem: Problem) -> list[Candidate]:
    """The floor, all kernels of the package, and the peers."""
    p = problem
    blocks = [
        Product(p.x.size(0), weight.size(1), weight.size(2))
        for weight in p.weights
        for _ in range(weight.size(0))
    ]
    by_pair = floor(blocks, f'{FLOOR}, one per pair', p.x.device)
    by_pair.floor = FLOOR
    others = [name for name in KERNELS if name != 'auto']
    ways = {
        **{f'HCSF, kernel {name}': _kernel(p, name) for name in others},
        'einsum over edges': _einsum(p),
        'bmm by pair and index_add': _bmm(p),
    }
    if p.x.element_size() * p.macs < GATHERED:  # each weight once a sample
        ways['weights gathered per edge'] = _gather(p)
    dynamic = {
        'HCSF, dynamic graph': _kernel(p, 'auto'),
        'einsum over edges, dynamic graph': _einsum(p),
    }
    tensors = [p.x, *p.weights]
    return [
        *floor_and_hcsf(p),
        by_pair,
        *[_candidate(p, name, way, tensors) for name, way in ways.items()],
        dense_candidate(p),
        *[
            _candidate(p, name, way, [*tensors, p.edge_weight])
            for name, way in dynamic.items()
        ],
    ]


def _candidate(
    problem: Problem, name: str, way: Way, tensors: list[Tensor]
) -> Candidate:
    leaves = [tensor.detach().requires_grad_() for tensor in tensors]
    reference = _kernel(problem, 'reference')
    out, expected = (
        autograd_candidate(
            name, partial(function, *leaves), leaves, problem.grad
        )
        for function in (way, reference)
    )
    out.result, out.expected = everything(out), everything(expected)
    out.macs = problem.macs
    return out


def everything(candidate: Candidate) -> Callable[[], list[Tensor]]:
    """Computes the output and all gradients of a candidate."""
    steps = candidate.steps
    return lambda: [steps['forward'](), *steps['forward+backward']()]


def _kernel(problem: Problem, kernel: str) -> Way:
    groups = len(problem.weights)

    def way(x: Tensor, *rest: Tensor) -> Tensor:
        weights, edge_weight = list(rest[:groups]), None
        if len(rest) > groups:
            edge_weight = rest[groups]
        return pair_product(
            x, weights, problem.edge_index, edge_weight, kernel
        )

    return way


def _einsum(problem: Problem) -> Way:
    """A static graph: one einsum over its edges, summed by target."""
    pairs = problem.pairs()

    def way(x: Tensor, *rest: Tensor) -> Tensor:
        outs, start = [], 0
        edge_weight = rest[len(pairs)] if len(rest) > len(pairs) else None
        for (source, target, _), weight in zip(pairs, rest, strict=False):
            h = torch.einsum('bpc,pcd->bpd', x[:, source], weight)
            if edge_weight is not None:
                part = edge_weight[:, start : start + source.numel()]
                h = h * part.unsqueeze(-1)
            start += source.numel()
            out = h.new_zeros(*x.shape[:2], weight.size(-1))
            outs.append(out.index_add(1, target, h))
        return torch.cat(outs, dim=-1)

    return way


def _bmm(problem: Problem) -> Way:
    """Pairs first: ``[P, B, C] @ [P, C, D]``, summed by target."""
    pairs = problem.pairs()

    def way(x: Tensor, *weights: Tensor) -> Tensor:
        x = x.transpose(0, 1)
        outs = []
        for (source, target, _), weight in zip(pairs, weights, strict=True):
            h = torch.bmm(x[source], weight)
            out = h.new_zeros(*x.shape[:2], weight.size(-1))
            outs.append(out.index_add(0, target, h))
        return torch.cat(outs, dim=-1).transpose(0, 1)

    return way


def _gather(problem: Problem) -> Way:
    """A PyG batch: for each of its edges a copy of the weight of its type, as
    FastRGCNConv does: ``[B * P, 1, C] @ [B * P, C, D]``.
    """
    batch, nodes, _ = problem.x.shape
    offset = nodes * torch.arange(batch, device=problem.x.device).view(-1, 1)
    edges = [
        (
            (source + offset).flatten(),
            (target + offset).flatten(),
            torch.arange(source.numel(), device=source.device).repeat(batch),
        )
        for source, target, _ in problem.pairs()
    ]

    def way(x: Tensor, *weights: Tensor) -> Tensor:
        x = x.flatten(0, 1)
        outs = []
        for (source, target, kind), w in zip(edges, weights, strict=True):
            h = torch.bmm(x[source].unsqueeze(-2), w[kind]).squeeze(-2)
            outs.append(scatter(h, target, 0, batch * nodes))
        return torch.cat(outs, dim=-1).unflatten(0, (batch, nodes))

    return way


def dense_candidate(problem: Problem) -> Candidate:
    """LCN's own way: one weight of all joints and channels to all joints and
    channels, ``[N * C, N * D]``, most of which a mask sets to zero.
    """
    p = problem
    batch, nodes, channels = p.x.shape
    total = p.grad.size(-1)
    weight = p.x.new_zeros(nodes, channels, nodes, total)
    mask = torch.zeros_like(weight)
    slices, start = [], 0
    for w in p.weights:
        slices.append(slice(start, start + w.size(-1)))
        start = slices[-1].stop
    for columns, (source, target, w) in zip(slices, p.pairs(), strict=True):
        # Advanced indices first: [P, C, D_g]
        weight[source, :, target, columns] = w
        mask[source, :, target, columns] = 1
    size = (nodes * channels, nodes * total)
    mask = mask.view(size)

    x = p.x.detach().requires_grad_()
    leaf = weight.view(size).requires_grad_()

    def way() -> Tensor:
        out = x.flatten(1) @ (leaf * mask)
        return out.view(batch, nodes, total)

    out = autograd_candidate(
        'dense masked weight (LCN)', way, [x, leaf], p.grad
    )
    reference = _candidate(p, '', _kernel(p, 'reference'), [p.x, *p.weights])

    def result() -> list[Tensor]:
        grad_x, grad = out.steps['forward+backward']()
        grad = grad.view(nodes, channels, nodes, total)
        grads = [
            grad[source, :, target, columns]
            for columns, (source, target, _) in zip(
                slices, p.pairs(), strict=True
            )
        ]
        return [out.steps['forward'](), grad_x, *grads]

    out.result = result
    out.expected = reference.expected
    # What it holds is counted as for all others, by the weights of the pairs.
    out.held = tensor_bytes(p.x, p.grad, *p.weights)
    return out
