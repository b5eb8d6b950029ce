r"""Reads the test files of MPI-INF-3DHP."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import numpy as np

from pyg_hcsf.datasets.mpi_inf_3dhp.annotation import (
    FRAMES_LIMIT,
    RELEVANT17_OF_28,
    WIDTHS,
    Annotation,
    check_annotation,
    to_float32,
)
from pyg_hcsf.safe_io.hdf5 import HDF5Process
from pyg_hcsf.safe_io.shown import cause

#: Arrays are so many times the file, and the slack. Most frames of TS1 to TS4
#: are not evaluated, and what they hold may be easy to compress.
INFLATION, SLACK = 16, 2**20


def read_test_annotations(
    path: str | Path, process: HDF5Process | None = None
) -> Annotation:
    r"""Reads an :obj:`annot_data.mat` of the test set.

    Args:
        path (str or pathlib.Path): The file, in MATLAB's format 7.3, which is
            HDF5 with all dimensions reversed: :obj:`annot2`, :obj:`annot3`
            and :obj:`univ_annot3` of shape :obj:`[T, 1, 17, C]` and
            :obj:`valid_frame`, a number for each frame.
        process (HDF5Process, optional): Reads it, and may have read others.
            (default: a new one)

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
        with contextlib.ExitStack() as stack:
            if process is None:
                process = stack.enter_context(HDF5Process())
            limit = INFLATION * os.path.getsize(path) + SLACK
            names = [*WIDTHS, 'valid_frame']
            arrays = process.read(path, names, limit)
        numbers = arrays['valid_frame'].reshape(-1)
        num_frames = len(numbers)
        if not 0 < num_frames <= FRAMES_LIMIT:
            raise ValueError(f"'valid_frame' is of {num_frames} frames")
        for key, width in WIDTHS.items():
            shape = (num_frames, 1, len(RELEVANT17_OF_28), width)
            if arrays[key].shape not in (shape, shape[:1] + shape[2:]):
                raise ValueError(
                    f"'{key}' has the shape {list(arrays[key].shape)}, not "
                    f'{list(shape)} as {num_frames} frames would'
                )
        keypoints, metric, universal = (
            to_float32(arrays[key]).reshape(num_frames, -1, width)
            for key, width in WIDTHS.items()
        )
        if not np.isin(numbers, (0, 1)).all():
            raise ValueError("'valid_frame' has other numbers than 0 and 1")
        seen = Annotation(keypoints, metric, universal, numbers == 1)
        if not seen.valid.any():
            raise ValueError('no frame of it is valid')
        check_annotation(seen, 'it')
    except (OSError, ValueError) as e:
        raise ValueError(
            f"'{path}' is not an annot_data.mat of MPI-INF-3DHP's test set "
            f'({cause(e)}): get it again'
        ) from e
    return seen
