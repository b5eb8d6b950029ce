"""Counts the multiply-adds of a network, from its matrix products."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, NamedTuple

import torch
from torch.nn import Module
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from pyg_hcsf.nn import ActionRecognizer, HCSFConv, PoseLifter


class Product(NamedTuple):
    """A matrix product ``[rows, depth] @ [depth, width]``. The first one of a
    network needs no gradient of its input.
    """

    rows: int
    depth: int
    width: int
    first: bool = False

    @property
    def macs(self) -> int:
        """The multiply-adds of the forward pass."""
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


def products_of(module: Module, *args: Any) -> list[Product]:
    """For each multiplying operation of a network, the plain matrix product
    with an input of the same size and as many multiply-adds.

    The input of the node-pair product is ``[B, N, C]``: it is counted as
    ``[B * N, C] @ [C, D]``, where ``D`` is the sum of the widths of all pairs
    over ``N``, for any kernel. Norms, sums over neighbours and the like are
    not counted.
    """
    module = deepcopy(module).eval()
    for part in module.modules():
        if isinstance(part, HCSFConv):
            part.kernel = 'batched'  # adds no products with zeros
    with torch.no_grad(), _Recorder() as recorder:
        module(*args)
    first, *rest = recorder.products
    return [first._replace(first=True), *rest]


def count_macs(model: PoseLifter) -> int:
    """Multiply-adds of one pose."""
    n, c = model.skeleton.num_joints, model.in_channels
    window = (1, n, c) if model.frames == 1 else (1, model.frames, n, c)
    x = torch.zeros(window, device=next(model.parameters()).device)
    return sum(product.macs for product in products_of(model, x))


def count_clip_macs(model: ActionRecognizer, length: int) -> int:
    """Multiply-adds of one clip in which all bodies are present."""
    n, m, c = model.skeleton.num_joints, model.num_bodies, model.in_channels
    x = torch.ones(1, length, m, n, c)
    model = deepcopy(model).cpu().eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(x)
    return counter.get_total_flops() // 2
