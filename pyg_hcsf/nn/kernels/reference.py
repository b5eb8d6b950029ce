from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

import torch
from torch import Tensor


def reference_product(
    x: Tensor,
    weights: Sequence[Tensor],
    edge_index: Tensor,
    edge_weight: Optional[Tensor],
) -> Tensor:
    r"""The node-pair product as it is defined: a message per pair, scaled, and
    summed by target.
    """
    b, n, _ = x.shape
    x = x.transpose(0, 1)  # [N, B, C]
    nodes = torch.arange(n, device=x.device).view(-1, 1)
    outs, start = [], 0
    for weight in weights:
        pairs = slice(start, start + weight.size(0))
        source, target = edge_index[:, pairs]
        x_j = x.index_select(0, source)  # [P_g, B, C]
        if edge_weight is not None:
            x_j = x_j * edge_weight.t()[pairs].unsqueeze(-1)
        message = torch.bmm(x_j, weight)  # [P_g, B, D_g]
        # A product and no index_add: exported as ScatterElements, that gives
        # wrong sums in ONNX Runtime 1.32 with several threads.
        incidence = (nodes == target).to(message.dtype)  # [N, P_g]
        out = incidence @ message.flatten(1)
        outs.append(out.view(n, b, weight.size(-1)))
        start = pairs.stop
    return torch.cat(outs, dim=-1).transpose(0, 1)
