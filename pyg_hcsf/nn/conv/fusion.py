r"""Fusion of the features of hop groups."""

from __future__ import annotations

from functools import reduce
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import Identity, Linear, Module, ModuleList
from torch_geometric.nn.inits import reset

from pyg_hcsf.choices import check_choice
from pyg_hcsf.nn.kernels import by_rows

FUSIONS = ('cat', 'add', 'mul')


class Fusion(Module):
    r"""Fuses features of several widths: :obj:`"cat"` concatenates them;
    :obj:`"add"` and :obj:`"mul"` combine them elementwise, after linear maps
    of the narrower ones to the largest width.
    """

    def __init__(self, widths: list[int], mode: str) -> None:
        super().__init__()
        self.mode = mode
        self.out_channels = sum(widths) if mode == 'cat' else max(widths)
        self.lins = ModuleList()
        for width in [] if mode == 'cat' else widths:
            lin: Module = Identity()
            if width != self.out_channels:
                lin = Linear(width, self.out_channels, bias=False)
            self.lins.append(lin)

    def forward(self, xs: list[Tensor]) -> Tensor:
        if self.mode == 'cat':
            return torch.cat(xs, dim=-1)
        xs = [lin(x) for lin, x in zip(self.lins, xs, strict=True)]
        return reduce(torch.add if self.mode == 'add' else torch.mul, xs)


class HopFusion(Module):
    r"""The two-stage fusion of Eq. 5: :math:`\mathcal{F}_k` over the
    long-range features, then :math:`\mathcal{F}_a` of the result and the
    short-range features.

    Args:
        widths (list[int]): The widths :math:`C_S, C_{S+1}, \ldots, C_L`.
        fuse_long (str): :math:`\mathcal{F}_k`.
        fuse (str): :math:`\mathcal{F}_a`.

    Shapes:
        - **input:** concatenated features :math:`(*, \sum_k C_k)`
        - **output:** :math:`(*, C)`, where :math:`C` is :obj:`out_channels`
    """

    def __init__(self, widths: list[int], fuse_long: str, fuse: str) -> None:
        super().__init__()
        check_choice('fuse_long', fuse_long, FUSIONS)
        check_choice('fuse', fuse, FUSIONS)
        self.widths = widths
        self.out_channels = sum(widths)
        self.stages = ModuleList()
        # Groups are computed side by side: nothing to do for concatenation
        if len(widths) > 1 and (fuse_long, fuse) != ('cat', 'cat'):
            long = Fusion(widths[1:], fuse_long)
            last = Fusion([widths[0], long.out_channels], fuse)
            self.stages.extend([long, last])
            self.out_channels = last.out_channels

    def reset_parameters(self) -> None:
        reset(self.stages)

    def forward(self, x: Tensor) -> Tensor:
        if len(self.stages) == 0:
            return x
        short, *rest = x.split(self.widths, dim=-1)
        long, last = self.stages
        return last([short, long(rest)])


def transform_nodes(
    x: Tensor, weight: Tensor, bias: Optional[Tensor]
) -> Tensor:
    r"""Multiplies node features ``[*, N, C]`` by one matrix ``[1, C, D]``, or
    by one for each node ``[N, C, D]``, and adds a bias ``[D]``.
    """
    if weight.size(0) == 1:
        return by_rows(lambda x: F.linear(x, weight[0].t(), bias), x)
    # One matrix for each node
    h = x.reshape(-1, *weight.shape[:2])
    out = torch.einsum('bnc,ncd->bnd', h, weight)
    out = out.reshape(*x.shape[:-1], out.size(-1))
    return out if bias is None else out + bias
