from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pyg_hcsf.datasets.ntu.clip_names import ActionClip
from pyg_hcsf.datasets.ntu.rows import ClipNames, Rows, check_counts, read_rows
from pyg_hcsf.safe_io.hdf5 import DataSet, HDF5Process
from pyg_hcsf.safe_io.shown import cause

SETS = ('x', 'y', 'valid_x', 'valid_y', 'test_x', 'test_y')
PREFIXES = {'train': ('', 'valid_'), 'test': ('test_',)}


def read_sgn(
    path: str | Path, benchmark: str, process: HDF5Process | None = None
) -> Iterator[ActionClip]:
    r"""Reads :obj:`NTU_CS.h5` or :obj:`NTU_CV.h5` of SGN, a few clips at a
    time.

    Its training clips and the 5 % of them that SGN put aside at random are
    both called :obj:`'train_00000'`, ...: their names are not in the file.
    Coordinates and cuts are as in
    :func:`~pyg_hcsf.datasets.ntu.ctrgcn.read_ctrgcn`.

    Args:
        path (str or pathlib.Path): The file.
        benchmark (str): Which one it is for, such as :obj:`'ntu60-xsub'`.
        process (HDF5Process, optional): Reads it, and nothing else meanwhile.
            (default: a new one)

    Raises:
        ValueError: If it is malformed, or another benchmark's; names it.

    Example:
        >>> next(read_sgn('NTU_CS.h5', 'ntu60-xsub')).joints.shape
        (103, 1, 25, 3)
    """
    try:
        with contextlib.ExitStack() as stack:
            if process is None:
                process = stack.enter_context(HDF5Process())
            sets = {
                name: _rows(process, name, data)
                for name, data in process.open(path, SETS).items()
            }
            count = {name: _count(rows) for name, rows in sets.items()}
            train = count['x'] + count['valid_x']
            check_counts(train, count['test_x'], benchmark)
            for split, prefixes in PREFIXES.items():
                names = ClipNames(split)
                for prefix in prefixes:
                    x, y = sets[f'{prefix}x'], sets[f'{prefix}y']
                    yield from read_rows(x, y, names, benchmark)
    except ValueError as e:
        raise ValueError(
            f"'{path}' is not a whole file of SGN ({cause(e)}): get it again "
            'or pass another'
        ) from e


def _count(rows: Rows) -> int:
    if not rows.shape:
        raise ValueError('a single number where clips should be')
    return rows.shape[0]


def _rows(process: HDF5Process, name: str, data: DataSet) -> Rows:
    at = 0

    def read(count: int) -> np.ndarray:
        nonlocal at
        at += count
        return process.rows(name, at - count, at)

    return Rows(data.shape, data.dtype, read)
