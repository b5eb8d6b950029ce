r"""Dropout that draws few random numbers."""

import torch
import torch.nn.functional as F
from torch import Tensor

from pyg_hcsf.nn.tracing import has_values


def dropout(x: Tensor, p: float, training: bool) -> Tensor:
    r"""Dropout with probability :obj:`p`, rounded to 1/65536. On a CPU torch
    draws one random number per element, which takes longer than a layer; here
    four elements share the bits of one draw, or eight if :obj:`p` is a
    multiple of 1/256.
    """
    if x.device.type != 'cpu' or not has_values(x):
        return F.dropout(x, p, training)
    if not training or p == 0:
        return x
    if p == 1:
        return x * 0
    size, kind = 4, torch.int16
    if (256 * p).is_integer():
        size, kind = 8, torch.int8
    # Each draw has 64 random bits, read as integers of 16 or 8 bits.
    draws = torch.empty(-(-x.numel() // size), dtype=torch.int64, device='cpu')
    bits = draws.random_(-(2**63), None).view(kind)[: x.numel()]
    values = 2 ** (64 // size)
    # Of `values` equally likely integers from -values / 2 on, the lowest `cut`
    # drop an element; the others scale it by 1 / (1 - p).
    cut = min(round(p * values), values - 1)
    mask = (bits >= cut - values // 2).to(x.dtype)
    mask.mul_(values / (values - cut))
    return x * mask.view(x.shape)
