from __future__ import annotations

import math
import re
from typing import IO, NamedTuple

import numpy as np

from pyg_hcsf.safe_io.restricted_pickle import NPY_HEADER
from pyg_hcsf.safe_io.shown import shown

NUMBERS = re.compile(rb'[<|][iuf][1248]')


class NpyHeader(NamedTuple):
    r"""What an :obj:`.npy` file says that it holds.

    Args:
        shape (tuple): The shape of the array.
        dtype (numpy.dtype): The type of its numbers.
        offset (int): Where they start, in bytes.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    offset: int

    @property
    def row_bytes(self) -> int:
        r"""The size of what the first dimension counts."""
        return self.dtype.itemsize * math.prod(self.shape[1:])

    @property
    def size(self) -> int:
        r"""The size of the file."""
        return self.offset + self.dtype.itemsize * math.prod(self.shape)


def read_npy_header(file: IO[bytes]) -> NpyHeader:
    r"""Reads the header of an :obj:`.npy` file of numbers, first dimension
    first; NumPy's own reader evaluates it as Python, and fails in many ways.

    Args:
        file (file object): Open at its start, and then where numbers start.

    Raises:
        ValueError: If there is no such header.

    Example:
        >>> with open('train_data_joint.npy', 'rb') as file:
        ...     shape = read_npy_header(file).shape
    """
    start = file.read(10)
    size = int.from_bytes(start[8:], 'little')
    match = NPY_HEADER.fullmatch(header := file.read(size))
    if start[:8] != b'\x93NUMPY\x01\x00' or len(header) != size or not match:
        raise ValueError('it has no header of the .npy format, version 1.0')
    descr, fortran, numbers = match.groups()
    if not NUMBERS.fullmatch(descr) or fortran == b'True':
        raise ValueError(f'it holds {shown(descr)} where numbers are expected')
    shape = tuple(map(int, re.findall(rb'\d{1,19}', numbers)))
    if not shape:
        raise ValueError('it holds a single number')
    return NpyHeader(shape, np.dtype(descr.decode()), 10 + size)
