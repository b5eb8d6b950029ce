r"""Temporary memory that each thread keeps between calls."""

from __future__ import annotations

import math
import threading

import torch
from torch import Tensor

CACHE = 2**19  # elements that fit into the cache of a CPU core

_buffers = threading.local()


def workspace(x: Tensor, name: str, *shape: int) -> Tensor:
    r"""Uninitialised memory with the type and device of :obj:`x`. On a CPU
    each thread reuses one buffer per name, as mapping fresh pages takes as
    long as a small matrix product.
    """
    size = math.prod(shape)
    if x.device.type != 'cpu' or size > 2 * CACHE:
        return x.new_empty(shape)
    key = f'{name} {x.dtype}'
    buffer = getattr(_buffers, key, None)
    if buffer is None or buffer.numel() < size:
        # Tensors created in inference mode could not be used in training.
        with torch.inference_mode(False):
            buffer = torch.empty(size, dtype=x.dtype, device=x.device)
        setattr(_buffers, key, buffer)
    return buffer[:size].view(shape)
