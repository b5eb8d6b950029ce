from __future__ import annotations

import math
import threading

import torch
from torch import Tensor

CACHE = 2**19  # elements that stay in the cache of a CPU core

_kept = threading.local()


def scratch(x: Tensor, name: str, *shape: int) -> Tensor:
    r"""Uninitialised memory for a step. On a CPU each thread keeps some:
    fresh pages cost as much as small products.
    """
    size = math.prod(shape)
    if x.device.type != 'cpu' or size > 2 * CACHE:
        return x.new_empty(shape)
    key = f'{name} {x.dtype}'
    kept = getattr(_kept, key, None)
    if kept is None or kept.numel() < size:
        with torch.inference_mode(False):  # a training may use it later
            kept = torch.empty(size, dtype=x.dtype, device=x.device)
        setattr(_kept, key, kept)
    return kept[:size].view(shape)
