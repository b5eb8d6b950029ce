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
    x = x.transpose(0, 1)  # [N, B, C]
    outs, start = [], 0
    for weight in weights:
        pairs = slice(start, start + weight.size(0))
        source, target = edge_index[:, pairs]
        x_j = x.index_select(0, source)  # [P_g, B, C]
        if edge_weight is not None:
            x_j = x_j * edge_weight.t()[pairs].unsqueeze(-1)
        message = torch.bmm(x_j, weight)  # [P_g, B, D_g]
        out = message.new_zeros(*x.shape[:2], weight.size(-1))
        outs.append(out.index_add(0, target, message))
        start = pairs.stop
    return torch.cat(outs, dim=-1).transpose(0, 1)
