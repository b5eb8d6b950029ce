"""The arithmetic of a network: the matrix products that it is made of."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, NamedTuple

import torch
from torch.nn import Module
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from pyg_hcsf.nn import ActionRecognizer, HCSFConv, PoseLifter


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


def products_of(module: Module, *args: Any) -> list[Product]:
    """For each operation of a network that multiplies, one plain matrix
    product with the same input and the same number of multiply-adds.

    The input of the node-pair product is ``[B, N, C]``: its equal is
    ``[B * N, C] @ [C, D]``, with ``D`` the sum of the widths of all pairs over
    ``N``, whichever kernel would compute it. Everything else that a network
    does, such as norms and sums over neighbours, is left out: arithmetic
    alone.
    """
    module = deepcopy(module).eval()
    for part in module.modules():
        if isinstance(part, HCSFConv):
            part.kernel = 'batched'  # the only one without zeros or sums
    with torch.no_grad(), _Recorder() as recorder:
        module(*args)
    first, *rest = recorder.products
    return [first._replace(first=True), *rest]


def count_macs(model: PoseLifter) -> int:
    """Multiply-accumulates of one pose."""
    n, c = model.skeleton.num_joints, model.in_channels
    window = (1, n, c) if model.frames == 1 else (1, model.frames, n, c)
    x = torch.zeros(window, device=next(model.parameters()).device)
    return sum(product.macs for product in products_of(model, x))


def count_clip_macs(model: ActionRecognizer, length: int) -> int:
    """Multiply-accumulates of one clip, all of whose bodies are there."""
    n, m, c = model.skeleton.num_joints, model.num_bodies, model.in_channels
    x = torch.ones(1, length, m, n, c)
    model = deepcopy(model).cpu().eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(x)
    return counter.get_total_flops() // 2
