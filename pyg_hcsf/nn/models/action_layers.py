from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

import torch
from torch import Tensor
from torch.nn import Module, ModuleList

from pyg_hcsf.hops import HopEdges
from pyg_hcsf.nn.conv import HCSFConv, PartitionConv
from pyg_hcsf.nn.models.layers import HopLayer
from pyg_hcsf.skeleton import Skeleton

# A layer maps clips [B, T, N, C_in] to C_out channels. Weights are shared and
# adjacencies row-normalised, as the recognisers of the field do.


def _with_graph(
    conv: HCSFConv, dynamic: Optional[dict[str, Any]], out_channels: int
) -> HopLayer:
    if dynamic is not None:  # C_h is a quarter of the output, as in AAGCN
        width = max(4, out_channels // 4)
        dynamic = {'embed_channels': width, **dynamic}
    return HopLayer(conv, dynamic)


def _hcsf(
    in_channels: int,
    out_channels: int,
    skeleton: Skeleton,
    short_hops: int = 5,
    long_hops: int = 7,
    neighborhood: str = 'ring',
    sharing: str = 'all',
    dynamic: Optional[dict[str, Any]] = None,
    **kwargs: Any,
) -> Module:
    hops = HopEdges(skeleton, short_hops, long_hops, neighborhood)
    conv = HCSFConv(in_channels, out_channels, hops, sharing=sharing, **kwargs)
    return _with_graph(conv, dynamic, out_channels)


def _k_hop(
    in_channels: int,
    out_channels: int,
    skeleton: Skeleton,
    long_hops: int = 1,
    sharing: str = 'all',
    dynamic: Optional[dict[str, Any]] = None,
    **kwargs: Any,
) -> Module:
    hops = HopEdges(skeleton, long_hops, long_hops)
    conv = HCSFConv(
        in_channels,
        out_channels,
        hops,
        sharing=sharing,
        hierarchy=False,
        **kwargs,
    )
    return _with_graph(conv, dynamic, out_channels)


class SeveralHops(Module):
    r"""Layers that see different neighborhoods, side by side or averaged."""

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
    return SeveralHops(layers, concat=True)


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
    return SeveralHops(layers, concat=False)


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
