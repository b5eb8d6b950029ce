"""Reads NTU RGB+D from the HDF5 files of SGN."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np

from pyg_hcsf.datasets.ntu.clip_names import ActionClip
from pyg_hcsf.datasets.ntu.padded_arrays import (
    ArrayReader,
    check_counts,
    read_padded_clips,
)
from pyg_hcsf.safe_io.hdf5 import DataSet, HDF5Process
from pyg_hcsf.safe_io.shown import explained

SETS = ('x', 'y', 'valid_x', 'valid_y', 'test_x', 'test_y')
PREFIXES = {'train': ('', 'valid_'), 'test': ('test_',)}


def read_sgn(
    path: str | Path, benchmark: str, process: HDF5Process | None = None
) -> Iterator[ActionClip]:
    r"""Reads :obj:`NTU_CS.h5` or :obj:`NTU_CV.h5` of SGN, a few clips at a
    time.

    The file stores no clip names: the training clips, including the random
    5 % that SGN uses for validation, are named :obj:`'train_00000'`, ....
    Coordinates and padding are as in
    :func:`~pyg_hcsf.datasets.ntu.ctrgcn.read_ctrgcn`.

    Args:
        path (str or pathlib.Path): The file.
        benchmark (str): The benchmark of the file, such as
            :obj:`'ntu60-xsub'`.
        process (HDF5Process, optional): The process that reads the file; it
            cannot read another file meanwhile. (default: a new process)

    Raises:
        ValueError: If the file is malformed or of another benchmark. The
            message names it.

    Example:
        >>> next(read_sgn('NTU_CS.h5', 'ntu60-xsub')).joints.shape
        (103, 1, 25, 3)
    """
    problem = f"'{path}' is not a complete file of SGN"
    remedy = 'download it again or pass another'
    with (
        explained(problem, remedy, (ValueError,)),
        contextlib.ExitStack() as stack,
    ):
        if process is None:
            process = stack.enter_context(HDF5Process())
        sets = {
            name: _array_reader(process, name, data)
            for name, data in process.open(path, SETS).items()
        }
        num_train = sets['x'].shape[0] + sets['valid_x'].shape[0]
        check_counts(num_train, sets['test_x'].shape[0], benchmark)
        for split, prefixes in PREFIXES.items():
            names = map((split + '_{:05}').format, count())
            for prefix in prefixes:
                x, y = sets[f'{prefix}x'], sets[f'{prefix}y']
                yield from read_padded_clips(x, y, names, benchmark)


def _array_reader(
    process: HDF5Process, name: str, data: DataSet
) -> ArrayReader:
    if not data.shape:
        raise ValueError(f"'{name}' is a single number, not an array")
    position = 0

    def read(size: int) -> np.ndarray:
        nonlocal position
        position += size
        return process.rows(name, position - size, position)

    return ArrayReader(data.shape, data.dtype, read)
