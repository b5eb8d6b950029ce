from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from pyg_hcsf.io.ntu_names import ActionClip
from pyg_hcsf.io.ntu_rows import ClipNames, Rows, check_counts, read_rows

SETS = ('x', 'y', 'valid_x', 'valid_y', 'test_x', 'test_y')
PREFIXES = {'train': ('', 'valid_'), 'test': ('test_',)}
CHUNK_LIMIT = 2**26  # bytes that HDF5 holds at a time


def read_sgn(path: str | Path, benchmark: str) -> Iterator[ActionClip]:
    r"""Reads :obj:`NTU_CS.h5` or :obj:`NTU_CV.h5` of SGN, a few clips at a
    time.

    Its training clips and the 5 % of them that SGN put aside at random are
    both called :obj:`'train_00000'`, ...: their names are not in the file.
    Coordinates and cuts are as in :func:`~pyg_hcsf.io.ctrgcn.read_ctrgcn`.

    Args:
        path (str or pathlib.Path): The file.
        benchmark (str): Which one it is for, such as :obj:`'ntu60-xsub'`.

    Raises:
        ValueError: If it is malformed, or another benchmark's; names it.

    Example:
        >>> next(read_sgn('NTU_CS.h5', 'ntu60-xsub')).joints.shape
        (103, 1, 25, 3)
    """
    try:
        with h5py.File(path, 'r') as file:
            sets = {name: _rows(file, name) for name in SETS}
            count = {name: rows.shape[0] for name, rows in sets.items()}
            train = count['x'] + count['valid_x']
            check_counts(train, count['test_x'], benchmark)
            for split, prefixes in PREFIXES.items():
                names = ClipNames(split)
                for prefix in prefixes:
                    x, y = sets[f'{prefix}x'], sets[f'{prefix}y']
                    yield from read_rows(x, y, names, benchmark)
    except (
        *(OSError, ValueError, LookupError, RuntimeError, TypeError),
        *(MemoryError, AttributeError, OverflowError),
    ) as e:
        raise ValueError(
            f"'{path}' is not a whole file of SGN ({e}): get it again or pass "
            'another'
        ) from e


def _rows(file: h5py.File, name: str) -> Rows:
    # Links and external or virtual storage would read other files.
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"no data set '{name}' in it")
    data = file[name]
    if (
        not isinstance(data, h5py.Dataset)
        or data.is_virtual
        or data.external
        or math.prod(data.chunks or ()) * data.dtype.itemsize > CHUNK_LIMIT
    ):
        raise ValueError(f"'{name}' is not a plain array")
    at = 0

    def read(count: int) -> np.ndarray:
        nonlocal at
        at += count
        return data[at - count : at]

    return Rows(data.shape, data.dtype, read)
