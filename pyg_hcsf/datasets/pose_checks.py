r"""Checks that the readers of pose data sets share."""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np

from pyg_hcsf.safe_io.shown import shown

MAX_MM = 1e6  # largest credible coordinate: a kilometre, or a million pixels
MIN_DEPTH = 1.0  # smallest credible distance from a camera in millimetres


def is_credible(values: np.ndarray) -> bool:
    r"""Whether all coordinates are finite and at most a million."""
    with np.errstate(invalid='ignore'):
        return bool((np.abs(values) <= MAX_MM).all())


def is_array(
    value: Any, *shape: int | tuple[int, ...] | None
) -> TypeGuard[np.ndarray]:
    r"""Whether a value is an array of floating-point numbers with a shape,
    where a tuple stands for one of its sizes and :obj:`None` for any but 0.
    """
    return (
        isinstance(value, np.ndarray)
        and value.dtype.kind == 'f'
        and value.ndim == len(shape)
        and all(
            size > 0 if expected is None else size in np.atleast_1d(expected)
            for size, expected in zip(value.shape, shape, strict=True)
        )
    )


def unexpected(expected: str, value: Any) -> ValueError:
    r"""Makes the error for a value that a file should not contain.

    Example:
        >>> raise unexpected('a list of frames', None)
        ValueError: expected a list of frames, got None
    """
    return ValueError(f'expected {expected}, got {shown(value, 80)}')
