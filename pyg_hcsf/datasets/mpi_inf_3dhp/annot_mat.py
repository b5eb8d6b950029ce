r"""Reads the :obj:`annot.mat` files of MPI-INF-3DHP's training set."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from pyg_hcsf.safe_io.matlab import read_matlab
from pyg_hcsf.safe_io.shown import explained

from .annotation import CHANNELS, MAX_FRAMES, Annotation, make_annotation
from .constants import CAMERAS, JOINTS28, NUM_CAMERAS

# Each variable is about a third of the file, and may decompress to 2 times the
# file plus 256 KiB.
INFLATION, SLACK = 2, 2**18


def read_annotations(
    content: bytes,
    name: str,
    cameras: Collection[int] = CAMERAS,
    num_frames: int | None = None,
) -> Iterator[tuple[int, Annotation]]:
    r"""Reads an :obj:`annot.mat`, one camera at a time.

    Args:
        content (bytes): The file, in MATLAB's format 5: :obj:`annot2`,
            :obj:`annot3` and :obj:`univ_annot3` are cells of 14 cameras, with
            a row of 28 joints for each frame.
        name (str): The name of the file for error messages.
        cameras (collection of int, optional): The cameras to read, from 0.
            (default: the 8 that the literature uses)
        num_frames (int, optional): The largest number of frames that are
            read. (default: all)

    Returns:
        For each camera its number and its annotations, as float32, with 28
        joints. A damaged file raises a :class:`ValueError`.
    """
    problem = f"'{name}' is not an annot.mat of MPI-INF-3DHP's training set"
    limit = INFLATION * len(content) + SLACK
    with explained(problem):
        found = read_matlab(content, list(CHANNELS), limit, stored=True)
        for key in CHANNELS:
            cells = found.get(key)
            if not isinstance(cells, list) or len(cells) != NUM_CAMERAS:
                raise ValueError(
                    f"it has no '{key}' with a cell for each of {NUM_CAMERAS} "
                    'cameras'
                )
        for camera in sorted(cameras):
            yield camera, _annotation(found, camera, num_frames)


def _annotation(
    found: dict[str, Any], camera: int, num_frames: int | None
) -> Annotation:
    arrays = [
        _joints(found[key][camera], f'{key}{{{camera + 1}}}', channels)
        for key, channels in CHANNELS.items()
    ]
    if len({len(array) for array in arrays}) != 1:
        raise ValueError(
            f'camera {camera} has {[len(a) for a in arrays]} frames in '
            f'{list(CHANNELS)}'
        )
    poses = [array[:num_frames] for array in arrays]
    return make_annotation(
        poses, np.ones(len(poses[0]), bool), f'camera {camera}'
    )


def _joints(value: Any, key: str, channels: int) -> np.ndarray:
    size = len(JOINTS28) * channels
    if (
        not isinstance(value, np.ndarray)
        or value.ndim != 2
        or value.shape[1] != size
        or not 0 < len(value) <= MAX_FRAMES
    ):
        got = getattr(value, 'shape', None)
        shape = f'the shape {list(got)}' if got is not None else 'no numbers'
        raise ValueError(f"'{key}' has {shape}, not frames of {size}")
    # [T, 28 * C] to [T, 28, C] without a copy: reshape would copy the array,
    # which is in Fortran order.
    step, column = value.strides
    return np.lib.stride_tricks.as_strided(
        value,
        (len(value), len(JOINTS28), channels),
        (step, channels * column, column),
        writeable=False,
    )
