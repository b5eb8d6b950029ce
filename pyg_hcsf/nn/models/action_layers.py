r"""Layers of action networks, built by name with one signature: each maps
clips ``[B, T, N, C_in]`` to ``C_out`` channels. By default they share weights
and use row-normalised adjacencies, like other skeleton-based recognisers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Optional

import torch
from torch import Tensor
from torch.nn import Module, ModuleList

from pyg_hcsf.nn.conv import PartitionConv
from pyg_hcsf.nn.models.layers import LAYERS
from pyg_hcsf.skeleton import Skeleton


def _hcsf(
    in_channels: int,
    out_channels: int,
    skeleton: Skeleton,
    short_hops: Optional[int] = 5,
    long_hops: int = 7,
    sharing: str = 'all',
    dynamic: Optional[dict[str, Any]] = None,
    **kwargs: Any,
) -> Module:
    if dynamic is not None:  # C_h is a quarter of the output, as in AAGCN
        dynamic = {'embed_channels': max(4, out_channels // 4), **dynamic}
    return LAYERS['hcsf'](
        in_channels,
        out_channels,
        skeleton,
        short_hops=short_hops,
        long_hops=long_hops,
        sharing=sharing,
        dynamic=dynamic,
        **kwargs,
    )


_k_hop = partial(_hcsf, short_hops=None, long_hops=1, hierarchy=False)


class MultiHopLayer(Module):
    r"""Layers of different neighborhoods, concatenated or averaged."""

    def __init__(self, layers: list[Module], concat: bool) -> None:
        super().__init__()
        self.layers = ModuleList(layers)
        self.concat = concat

    def forward(self, x: Tensor) -> Tensor:
        outs = [layer(x) for layer in self.layers]
        if self.concat:
            return torch.cat(outs, dim=-1)
        return sum(outs[1:], outs[0]) / len(outs)


def _multi_hop(
    in_channels: int,
    out_channels: int,
    skeleton: Skeleton,
    concat: bool,
    hops: tuple[int, ...] = (1, 5, 7),
    **kwargs: Any,
) -> Module:
    widths = [out_channels] * len(hops)
    if concat:
        if out_channels < len(hops):
            raise ValueError(
                f"Expected at least {len(hops)} channels for 'hops' "
                f'{tuple(hops)} (got {out_channels})'
            )
        width, more = divmod(out_channels, len(hops))
        # As equal as possible, the wider ones first
        widths = [width + (i < more) for i in range(len(hops))]
    layers = [
        _k_hop(in_channels, width, skeleton, long_hops=hop, **kwargs)
        for width, hop in zip(widths, hops, strict=True)
    ]
    return MultiHopLayer(layers, concat)


ACTION_LAYERS: dict[str, Callable[..., Module]] = {
    'hcsf': _hcsf,
    'st_gcn': PartitionConv,
    'k_hop': _k_hop,
    'mixhop': partial(_multi_hop, concat=True),
    'ms_hop': partial(_multi_hop, concat=False),
    'aagcn': partial(PartitionConv, adaptive=True),
}
