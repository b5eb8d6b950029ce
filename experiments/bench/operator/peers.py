"""Common implementations of the node-pair product.

All compute the same as :func:`pyg_hcsf.nn.kernels.pair_product`; their values
and gradients are compared before they are timed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch_geometric.utils import scatter

from experiments.bench.operator.floor import FLOOR, floor
from experiments.bench.operator.problem import (
    Problem,
    autograd_candidate,
    everything,
)
from experiments.bench.operator.timing import HCSF, Candidate, tensor_bytes
from experiments.sweep.cost import Product
from pyg_hcsf.nn.kernels import KERNELS, pair_product

MAX_GATHERED = 2**34  # bytes of weights that are gathered per batched edge

# Maps x, the weights and optional edge weights to [B, N, sum(D_g)].
Implementation = Callable[..., Tensor]


def floor_and_hcsf(problem: Problem) -> list[Candidate]:
    """The lower bound and the kernel of the package, for sweeps."""
    p = problem
    rows, depth = p.x.shape[:2].numel(), p.x.size(2)
    product = Product(rows, depth, round(p.macs / (rows * depth)))
    hcsf = _candidate(p, HCSF, _kernel(p, 'auto'), [p.x, *p.weights])
    return [floor([product], device=p.x.device), hcsf]


def product_candidates(problem: Problem) -> list[Candidate]:
    """The lower bound, all kernels of the package, and their peers."""
    p = problem
    blocks = [
        Product(p.x.size(0), weight.size(1), weight.size(2))
        for weight in p.weights
        for _ in range(weight.size(0))
    ]
    by_pair = floor(blocks, f'{FLOOR}, one per pair', p.x.device)
    by_pair.floor = FLOOR
    others = [name for name in KERNELS if name != 'auto']
    static = {
        **{f'HCSF, kernel {name}': _kernel(p, name) for name in others},
        'einsum over edges': _einsum(p),
        'bmm by pair and index_add': _bmm(p),
    }
    # Each weight is gathered once per sample.
    if p.x.element_size() * p.macs < MAX_GATHERED:
        static['weights gathered per edge'] = _gather(p)
    dynamic = {
        'HCSF, dynamic graph': _kernel(p, 'auto'),
        'einsum over edges, dynamic graph': _einsum(p),
    }
    tensors = [p.x, *p.weights]
    return [
        *floor_and_hcsf(p),
        by_pair,
        *[_candidate(p, name, run, tensors) for name, run in static.items()],
        dense_candidate(p),
        *[
            _candidate(p, name, run, [*tensors, p.edge_weight])
            for name, run in dynamic.items()
        ],
    ]


def _candidate(
    problem: Problem, name: str, run: Implementation, tensors: list[Tensor]
) -> Candidate:
    leaves = [tensor.detach().requires_grad_() for tensor in tensors]
    reference = _kernel(problem, 'reference')
    out, expected = (
        autograd_candidate(
            name, partial(function, *leaves), leaves, problem.grad
        )
        for function in (run, reference)
    )
    out.result, out.expected = everything(out), everything(expected)
    out.macs = problem.macs
    return out


def _kernel(problem: Problem, kernel: str) -> Implementation:
    groups = len(problem.weights)

    def run(x: Tensor, *rest: Tensor) -> Tensor:
        weights, edge_weight = list(rest[:groups]), None
        if len(rest) > groups:
            edge_weight = rest[groups]
        return pair_product(
            x, weights, problem.edge_index, edge_weight, kernel
        )

    return run


def _einsum(problem: Problem) -> Implementation:
    """One einsum over the edges of a static graph, summed by target."""
    pairs = problem.pairs()

    def run(x: Tensor, *rest: Tensor) -> Tensor:
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

    return run


def _bmm(problem: Problem) -> Implementation:
    """One batched product ``[P, B, C] @ [P, C, D]``, summed by target."""
    pairs = problem.pairs()

    def run(x: Tensor, *weights: Tensor) -> Tensor:
        x = x.transpose(0, 1)
        outs = []
        for (source, target, _), weight in zip(pairs, weights, strict=True):
            h = torch.bmm(x[source], weight)
            out = h.new_zeros(*x.shape[:2], weight.size(-1))
            outs.append(out.index_add(0, target, h))
        return torch.cat(outs, dim=-1).transpose(0, 1)

    return run


def _gather(problem: Problem) -> Implementation:
    """The weight of each edge of a PyG batch is gathered, as FastRGCNConv
    does: ``[B * P, 1, C] @ [B * P, C, D]``.
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

    def run(x: Tensor, *weights: Tensor) -> Tensor:
        x = x.flatten(0, 1)
        outs = []
        for (source, target, kind), w in zip(edges, weights, strict=True):
            h = torch.bmm(x[source].unsqueeze(-2), w[kind]).squeeze(-2)
            outs.append(scatter(h, target, 0, batch * nodes))
        return torch.cat(outs, dim=-1).unflatten(0, (batch, nodes))

    return run


def dense_candidate(problem: Problem) -> Candidate:
    """The implementation of LCN: one weight from all joints and channels to
    all joints and channels, ``[N * C, N * D]``, with a mask of zeros.
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

    def run() -> Tensor:
        out = x.flatten(1) @ (leaf * mask)
        return out.view(batch, nodes, total)

    out = autograd_candidate(
        'dense masked weight (LCN)', run, [x, leaf], p.grad
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
    # Its memory is compared with the tensors of the other candidates.
    out.num_bytes = tensor_bytes(p.x, p.grad, *p.weights)
    return out
