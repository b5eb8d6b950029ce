"""Yardsticks: plain matrix products of equal arithmetic, and memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from bench_timing import Candidate, Step, tensor_bytes
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

FLOOR = 'equal-FLOP products'
READ = 'weights read once'


class Product(NamedTuple):
    """A matrix product ``[rows, depth] @ [depth, width]``; the first of a
    network has no gradient to pass on.
    """

    rows: int
    depth: int
    width: int
    first: bool = False

    @property
    def macs(self) -> int:
        """Its multiply-adds, forward."""
        return self.rows * self.depth * self.width


class _Recorder(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.products: list[Product] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        packet = func.overloadpacket
        if packet in flop_registry:
            flops = flop_registry[packet](*args, **kwargs, out_val=out)
            added = packet in (torch.ops.aten.addmm, torch.ops.aten.baddbmm)
            x = args[1] if added else args[0]
            depth = x.size(1) if x.dim() == 4 else x.size(-1)
            width = max(1, round(flops / (2 * x.numel())))
            self.products.append(Product(x.numel() // depth, depth, width))
        return out


def products_of(function: Callable[[], Any]) -> list[Product]:
    """For each operation of a network that multiplies, one plain matrix
    product with the same input and the same number of multiply-adds.

    The input of the node-pair product is ``[B, N, C]``: its equal is
    ``[B * N, C] @ [C, D]``, with ``D`` the sum of the widths of all pairs over
    ``N``. Everything else that a network does, such as norms and sums over
    neighbours, is left out: the floor is arithmetic alone.
    """
    with torch.no_grad(), _Recorder() as recorder:
        function()
    first, *rest = recorder.products
    return [first._replace(first=True), *rest]


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
