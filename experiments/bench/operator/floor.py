"""Yardsticks: plain matrix products of equal arithmetic, and memory."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from experiments.bench.operator.timing import Candidate, Step, tensor_bytes
from experiments.sweep.cost import Product

FLOOR = 'equal-FLOP products'
READ = 'weights read once'


def floor(
    products: Iterable[Product],
    name: str = FLOOR,
    device: str | torch.device = 'cpu',
) -> Candidate:
    """Plain matrix products: one forward, two backward for the gradients of
    input and weight. They write where space is already allocated, so that
    no allocation makes the floor higher than the arithmetic.
    """
    products = list(products)

    def matrix(rows: int, columns: int) -> torch.Tensor:
        return torch.randn(rows, columns, device=device)

    jobs = []
    for p in products:
        x, w = matrix(p.rows, p.depth), matrix(p.depth, p.width)
        grads = torch.empty_like(x), torch.empty_like(w)
        jobs.append((x, w, matrix(p.rows, p.width), *grads, p.first))

    def forward() -> None:
        for x, w, out, *_ in jobs:
            torch.mm(x, w, out=out)

    def backward() -> None:
        forward()
        for x, w, out, grad_x, grad_w, first in reversed(jobs):
            torch.mm(x.t(), out, out=grad_w)
            if not first:
                torch.mm(out, w.t(), out=grad_x)

    return Candidate(
        name,
        steps={'forward': forward, 'forward+backward': backward},
        floor=name,
        macs=sum(p.macs for p in products),
        held=sum(tensor_bytes(x, w, out) for x, w, out, *_ in jobs),
    )


def memory_read(size: int, name: str, what: str, device: str) -> Candidate:
    """The time to read so many bytes once from memory, which is what a pass
    over the weights of a network for a single pose cannot be faster than:
    256 MB, more than caches hold, are summed up, and a share of it is taken.
    """
    buffer = torch.ones(1 << 26, device=device)
    step: Step = buffer.sum
    share = size / tensor_bytes(buffer)
    return Candidate(name, steps={what: step}, floor=name, scale=share)
