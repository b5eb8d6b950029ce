"""Lower bounds: matrix products of equal arithmetic, and memory reads."""

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
    """Matrix products: one forward, and two backward for the gradients of
    input and weight. They write to preallocated memory, so that their time is
    that of the arithmetic alone.
    """
    products = list(products)

    jobs = []
    for p in products:
        x = torch.randn(p.rows, p.depth, device=device)
        w = torch.randn(p.depth, p.width, device=device)
        out = torch.randn(p.rows, p.width, device=device)
        grad_x, grad_w = torch.empty_like(x), torch.empty_like(w)
        jobs.append((x, w, out, grad_x, grad_w, p.first))

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
        num_bytes=sum(tensor_bytes(x, w, out) for x, w, out, *_ in jobs),
    )


def memory_read(size: int, name: str, what: str, device: str) -> Candidate:
    """The time to read ``size`` bytes once from memory, a lower bound of the
    pass of a single pose, which uses each weight once. It is the share of the
    time to sum 256 MB, which do not fit into caches.
    """
    buffer = torch.ones(1 << 26, device=device)
    step: Step = buffer.sum
    share = size / tensor_bytes(buffer)
    return Candidate(name, steps={what: step}, floor=name, scale=share)
