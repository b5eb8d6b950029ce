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
    value: Any, *shape: int | None, kinds: str = 'f'
) -> TypeGuard[np.ndarray]:
    r"""Whether a value is an array with a shape, where :obj:`None` stands for
    any size but 0, and with one of some kinds of :obj:`dtype`.
    """
    return (
        isinstance(value, np.ndarray)
        and value.dtype.kind in kinds
        and value.ndim == len(shape)
        and all(
            size > 0 if expected is None else size == expected
            for size, expected in zip(value.shape, shape, strict=True)
        )
    )


def unexpected(
    expected: str, value: Any, name: str, remedy: str = 'get it again'
) -> ValueError:
    r"""Makes the error for a value that a file should not contain.

    Args:
        expected (str): What was expected instead.
        value (Any): The value.
        name (str): The name of the file.
        remedy (str, optional): What the user can do.
            (default: :obj:`'get it again'`)

    Example:
        >>> raise unexpected('a list of frames', records, 'h36m_test.pkl')
        ValueError: Expected a list of frames in 'h36m_test.pkl' (got None):
        get it again
    """
    return ValueError(
        f"Expected {expected} in '{name}' (got {shown(value, 80)}): {remedy}"
    )
