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
    sources, targets = edge_index
    nodes = torch.arange(x.size(-2), device=x.device)
    incidence = (nodes.view(-1, 1) == targets).to(x.dtype)  # [N, P]
    outs, start = [], 0
    for weight in weights:
        group = slice(start, start + weight.size(0))
        message = torch.einsum('bpc,pcd->bpd', x[:, sources[group]], weight)
        if edge_weight is not None:
            message = message * edge_weight[..., group].unsqueeze(-1)
        outs.append(incidence[:, group] @ message)  # [B, N, D_g]
        start = group.stop
    return torch.cat(outs, dim=-1)
