r"""Reads the :obj:`annot_data.mat` files of MPI-INF-3DHP's test set."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import numpy as np

from pyg_hcsf.safe_io.hdf5 import HDF5Process
from pyg_hcsf.safe_io.shown import explained

from .annotation import CHANNELS, MAX_FRAMES, Annotation, make_annotation
from .constants import RELEVANT17_OF_28

# Arrays may decompress to 16 times the file plus 1 MiB: most frames of TS1 to
# TS4 are not evaluated, and their content may compress well.
INFLATION, SLACK = 16, 2**20


def read_test_annotations(
    path: str | Path, process: HDF5Process | None = None
) -> Annotation:
    r"""Reads an :obj:`annot_data.mat`, or raises a :class:`ValueError`.

    Args:
        path (str or pathlib.Path): The file, in MATLAB's format 7.3, which is
            HDF5 with all dimensions reversed: :obj:`annot2`, :obj:`annot3`
            and :obj:`univ_annot3` of shape :obj:`[T, 1, 17, C]` and
            :obj:`valid_frame`, a number for each frame.
        process (HDF5Process, optional): The process that reads the file.
            (default: a new one)

    Returns:
        The annotations as float32, with the 17 relevant joints. Only frames
        that are :obj:`valid` are checked; others may hold anything.
    """
    problem = f"'{path}' is not an annot_data.mat of MPI-INF-3DHP's test set"
    with contextlib.ExitStack() as stack:
        stack.enter_context(explained(problem, errors=(OSError, ValueError)))
        if process is None:
            process = stack.enter_context(HDF5Process())
        limit = INFLATION * os.path.getsize(path) + SLACK
        arrays = process.read(path, [*CHANNELS, 'valid_frame'], limit)
        valid = arrays['valid_frame'].reshape(-1)
        num_frames = len(valid)
        if not 0 < num_frames <= MAX_FRAMES:
            raise ValueError(
                f"Expected 1 to {MAX_FRAMES} frames in 'valid_frame' (got "
                f'{num_frames})'
            )
        if not np.isin(valid, (0, 1)).all():
            raise ValueError("'valid_frame' has other numbers than 0 and 1")
        if not valid.any():
            raise ValueError('none of its frames is valid')
        for key, channels in CHANNELS.items():
            # MATLAB's [C, 17, 1, T], whose axes HDF5 reverses.
            shape = (num_frames, 1, len(RELEVANT17_OF_28), channels)
            if arrays[key].shape not in (shape, shape[:1] + shape[2:]):
                raise ValueError(
                    f"'{key}' has the shape {list(arrays[key].shape)}, not "
                    f'{list(shape)} as {num_frames} frames would'
                )
        poses = (
            arrays[key].reshape(num_frames, -1, channels)
            for key, channels in CHANNELS.items()
        )
        return make_annotation(poses, valid == 1, 'it')
