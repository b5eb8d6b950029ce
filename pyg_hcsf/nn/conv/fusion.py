from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import Identity, Linear, Module, ModuleList

FUSIONS = ('cat', 'add', 'mul')


class Fusion(Module):
    r"""Fuses features of several widths: :obj:`"cat"` side by side;
    :obj:`"add"` or :obj:`"mul"` elementwise, after a linear map of each to the
    widest where widths differ.
    """

    def __init__(self, widths: list[int], mode: str) -> None:
        super().__init__()
        self.mode = mode
        self.out_channels = sum(widths) if mode == 'cat' else max(widths)
        self.lins = ModuleList()
        if mode != 'cat':
            for width in widths:
                same = width == self.out_channels
                self.lins.append(
                    Identity()
                    if same
                    else Linear(width, self.out_channels, bias=False)
                )

    def forward(self, xs: list[Tensor]) -> Tensor:
        if self.mode == 'cat':
            return torch.cat(xs, dim=-1)
        xs = [lin(x) for lin, x in zip(self.lins, xs, strict=True)]
        out = xs[0]
        for x in xs[1:]:
            out = out + x if self.mode == 'add' else out * x
        return out


class HopFusion(Module):
    r"""The two-stage fusion of Eq. 5: :math:`\mathcal{F}_k` over the
    long-range features, then :math:`\mathcal{F}_a` of the result and the
    short-range features.

    Args:
        widths (list[int]): The widths :math:`C_S, C_{S+1}, \ldots, C_L`.
        fuse_long (str): :math:`\mathcal{F}_k`.
        fuse (str): :math:`\mathcal{F}_a`.

    Shapes:
        - **input:** the features side by side :math:`(*, \sum_k C_k)`
        - **output:** :math:`(*, C)`, see :obj:`out_channels`
    """

    def __init__(self, widths: list[int], fuse_long: str, fuse: str) -> None:
        super().__init__()
        for name, mode in [('fuse_long', fuse_long), ('fuse', fuse)]:
            if mode not in FUSIONS:
                raise ValueError(
                    f"Expected '{name}' to be one of {FUSIONS} (got '{mode}')"
                )
        self.widths = widths
        self.out_channels = sum(widths)
        self.stages = ModuleList()
        if len(widths) > 1 and (fuse_long, fuse) != ('cat', 'cat'):
            long = Fusion(widths[1:], fuse_long)
            last = Fusion([widths[0], long.out_channels], fuse)
            self.stages.extend([long, last])
            self.out_channels = last.out_channels

    def reset_parameters(self) -> None:
        for module in self.modules():
            if isinstance(module, Linear):
                module.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        if len(self.stages) == 0:
            return x
        short, *rest = x.split(self.widths, dim=-1)
        long, last = self.stages
        return last([short, long(rest)])
