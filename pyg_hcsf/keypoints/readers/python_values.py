r"""Converts the values of pickles and ``.npy`` files to those of JSON."""

from typing import Any

import numpy as np

from pyg_hcsf.keypoints.messages import file_error, unexpected

MAX_NUMBERS = 2 * 10**7  # that are converted; an hour of three people
MAX_DEPTH = 40  # of containers


def is_array(value: Any) -> bool:
    r"""Whether this is an array of numbers, or of one array for each frame,
    that the reader of arrays takes.
    """
    if not isinstance(value, np.ndarray) or value.ndim == 0:
        return False
    if value.dtype.kind in 'iuf':
        return True
    return value.ndim == 1 and all(
        isinstance(frame, np.ndarray)
        and frame.dtype.kind in 'iuf'
        and frame.ndim in (2, 3)
        for frame in value
    )


def to_json(value: Any) -> Any:
    r"""Lists, and mappings with texts as keys, for arrays, tuples and
    dictionaries.

    Raises:
        ValueError: If there are more than 20 million numbers in arrays, or
            more than 40 containers in each other.
    """
    return _Converter().convert(value)


class _Converter:
    def __init__(self) -> None:
        self.left = MAX_NUMBERS

    def convert(self, value: Any, depth: int = 0) -> Any:
        if depth > MAX_DEPTH:
            raise file_error(f'more than {MAX_DEPTH} lists are in each other')
        if isinstance(value, (np.ndarray, np.generic)):
            self.left -= value.size
            if self.left < 0:
                raise file_error(
                    f'it has more than {MAX_NUMBERS:,} numbers: split it'
                )
            if not value.dtype.hasobject:
                return value.tolist()
            value = value.tolist()
        if isinstance(value, dict):
            return {
                str(key): self.convert(item, depth + 1)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.convert(item, depth + 1) for item in value]
        if isinstance(value, bytes):
            return value.decode('latin1')
        if value is None or isinstance(value, (str, int, float, bool)):
            return value
        raise unexpected('numbers, texts and lists', value)
