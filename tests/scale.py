"""How close floats are, on any processor."""

from typing import Any

import torch
from torch import Tensor


def deviation(found: Any, expected: Any) -> float:
    """The largest difference of two arrays, over the largest magnitude of
    the second: float32 comes within about 1e-6, a wrong kernel does not.

    Vector units add up in another order, so each element may differ by the
    rounding of the largest numbers that went into it, not of its own.

    Args:
        found: An array, a tensor or a number.
        expected: The same, of the same shape.
    """
    a, b = (_double(values) for values in (found, expected))
    assert a.shape == b.shape, (a.shape, b.shape)
    return float((a - b).abs().max() / b.abs().max())


def _double(values: Any) -> Tensor:
    return torch.as_tensor(values).detach().cpu().double()
