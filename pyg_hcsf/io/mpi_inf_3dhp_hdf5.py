r"""Reads the test files of MPI-INF-3DHP."""

from __future__ import annotations

import math
import os
from pathlib import Path

import h5py
import numpy as np

from pyg_hcsf.io.mpi_inf_3dhp import (
    FRAMES_LIMIT,
    RELEVANT17_OF_28,
    WIDTHS,
    Annotation,
    check_annotation,
    to_float32,
)

CHUNK_LIMIT = 2**26  # bytes that HDF5 holds at a time
#: Arrays are so many times the file, and the slack. Most frames of TS1 to TS4
#: are not evaluated, and what they hold may be easy to compress.
INFLATION, SLACK = 16, 2**20


def read_test_annotations(path: str | Path) -> Annotation:
    r"""Reads an :obj:`annot_data.mat` of the test set.

    Args:
        path (str or pathlib.Path): The file, in MATLAB's format 7.3, which is
            HDF5 with all dimensions reversed: :obj:`annot2`, :obj:`annot3`
            and :obj:`univ_annot3` of shape :obj:`[T, 1, 17, C]` and
            :obj:`valid_frame`, a number for each frame.

    Returns:
        What the camera saw, as float32, with the 17 relevant joints. Only
        frames that are :obj:`valid` are checked; others may hold anything.

    Raises:
        ValueError: If it is damaged or holds something else; names it.

    Example:
        >>> read_test_annotations('TS1/annot_data.mat').valid.sum()
        603
    """
    try:
        with h5py.File(path, 'r') as file:
            sets = {key: _dataset(file, key) for key in WIDTHS}
            mask = _dataset(file, 'valid_frame')
            num_frames = mask.size
            if not 0 < num_frames <= FRAMES_LIMIT:
                raise ValueError(f"'valid_frame' is of {num_frames} frames")
            size = 0
            for key, data in sets.items():
                shape = (num_frames, 1, len(RELEVANT17_OF_28), WIDTHS[key])
                if data.shape not in (shape, shape[:1] + shape[2:]):
                    raise ValueError(
                        f"'{key}' has the shape {list(data.shape)}, not "
                        f'{list(shape)} as {num_frames} frames would'
                    )
                size += data.size * data.dtype.itemsize
            if size > INFLATION * os.path.getsize(path) + SLACK:
                raise ValueError(
                    f'it swells to more than {INFLATION} times its size'
                )
            keypoints, metric, universal = (
                to_float32(data[()]).reshape(num_frames, -1, WIDTHS[key])
                for key, data in sets.items()
            )
            numbers = mask[()].reshape(-1)
        if not np.isin(numbers, (0, 1)).all():
            raise ValueError("'valid_frame' has other numbers than 0 and 1")
        seen = Annotation(keypoints, metric, universal, numbers == 1)
        if not seen.valid.any():
            raise ValueError('no frame of it is valid')
        check_annotation(seen, 'it')
    except (
        *(OSError, ValueError, LookupError, RuntimeError, TypeError),
        *(MemoryError, AttributeError, OverflowError),
    ) as e:
        raise ValueError(
            f"'{path}' is not an annot_data.mat of MPI-INF-3DHP's test set "
            f'({e}): get it again'
        ) from e
    return seen


def _dataset(file: h5py.File, name: str) -> h5py.Dataset:
    # Links and external or virtual storage would read other files.
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"no data set '{name}' in it")
    data = file[name]
    if (
        not isinstance(data, h5py.Dataset)
        or data.is_virtual
        or data.external
        or data.dtype.kind not in 'fiu'
        or data.dtype.itemsize > 8
        or math.prod(data.chunks or ()) * data.dtype.itemsize > CHUNK_LIMIT
    ):
        raise ValueError(f"'{name}' is not a plain array of numbers")
    return data
