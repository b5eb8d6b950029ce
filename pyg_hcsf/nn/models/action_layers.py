r"""Layers of action networks, built by name with one signature: each maps
clips ``[B, T, N, C_in]`` to ``C_out`` channels. By default they share weights
and use row-normalised adjacencies, like other skeleton-based recognisers.
"""

from __future__ import annotations

from collections.abc import Callable
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
    short_hops: int = 5,
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


def _k_hop(
    in_channels: int,
    out_channels: int,
    skeleton: Skeleton,
    long_hops: int = 1,
    **kwargs: Any,
) -> Module:
    return _hcsf(
        in_channels,
        out_channels,
        skeleton,
        short_hops=long_hops,
        long_hops=long_hops,
        hierarchy=False,
        **kwargs,
    )


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


def _mixhop(
    in_channels: int,
    out_channels: int,
    skeleton: Skeleton,
    hops: tuple[int, ...] = (1, 5, 7),
    **kwargs: Any,
) -> Module:
    if out_channels < len(hops):
        raise ValueError(
            f"Expected at least {len(hops)} channels for 'hops' {tuple(hops)} "
            f'(got {out_channels})'
        )
    width, more = divmod(out_channels, len(hops))
    layers = [
        _k_hop(in_channels, width + (i < more), skeleton, hop, **kwargs)
        for i, hop in enumerate(hops)
    ]
    return MultiHopLayer(layers, concat=True)


def _ms_hop(
    in_channels: int,
    out_channels: int,
    skeleton: Skeleton,
    hops: tuple[int, ...] = (1, 5, 7),
    **kwargs: Any,
) -> Module:
    layers = [
        _k_hop(in_channels, out_channels, skeleton, hop, **kwargs)
        for hop in hops
    ]
    return MultiHopLayer(layers, concat=False)


def _aagcn(
    in_channels: int, out_channels: int, skeleton: Skeleton, **kwargs: Any
) -> Module:
    return PartitionConv(
        in_channels, out_channels, skeleton, adaptive=True, **kwargs
    )


ACTION_LAYERS: dict[str, Callable[..., Module]] = {
    'hcsf': _hcsf,
    'st_gcn': PartitionConv,
    'k_hop': _k_hop,
    'mixhop': _mixhop,
    'ms_hop': _ms_hop,
    'aagcn': _aagcn,
}
