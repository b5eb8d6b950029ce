r"""Reads the recordings of MPI-INF-3DHP from raw files."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import torch

from pyg_hcsf.data.formats import read_whole
from pyg_hcsf.geometry.calibrate import refine_pinhole
from pyg_hcsf.safe_io.hdf5 import HDF5Process
from pyg_hcsf.safe_io.shown import cause, shown

from .annot_data_mat import read_test_annotations
from .annot_mat import read_annotations
from .camera_calibration import read_calibration
from .constants import TEST_SEQUENCES, TRAIN_SEQUENCES
from .formats import PSTMO, TEST_FILE, TRAIN_FILE, split_of
from .pstmo_npz import read_pstmo_test, read_pstmo_train
from .takes import (
    MPIINF3DHPTake,
    fill_invalid_frames,
    take_of_annotation,
    take_of_pstmo,
)

FILE_LIMIT = 2**33  # bytes; P-STMO's training archive has about 0.5 GB


def read_takes(
    form: str, files: list[Path], split: str, cameras: Collection[int]
) -> Iterator[MPIINF3DHPTake]:
    r"""Reads the recordings of a split from raw files, one file at a time, in
    the order of sequences and cameras.

    Args:
        form (str): The name of the format.
        files (list[pathlib.Path]): The files in that format.
        split (str): :obj:`'train'` or :obj:`'test'`.
        cameras (collection of int): The training cameras to read.

    Returns:
        The recordings, with 28 joints if the format has them, else 17.

    Raises:
        ValueError: If a file is missing or damaged; names it.
    """
    chosen = [file for file in files if split_of(file) == split]
    read_mat = _read_mat_train if split == 'train' else _read_mat_test
    read = _read_pstmo if form == 'pstmo' else read_mat
    return read(chosen, cameras)


def _read_mat_train(
    files: list[Path], cameras: Collection[int]
) -> Iterator[MPIINF3DHPTake]:
    annotations = [file for file in files if file.name == 'annot.mat']
    for name, file in _by_sequence(annotations, TRAIN_FILE):
        beside = file.with_name('camera.calibration')
        known = read_calibration(read_whole(beside, FILE_LIMIT), str(beside))
        # Before the annotations are read, which takes longer.
        if lacking := sorted(set(cameras) - set(known)):
            raise ValueError(
                f"Expected the cameras {shown(sorted(cameras))} in '{beside}' "
                f'(got none called {lacking}): get it again'
            )
        length, _ = TRAIN_SEQUENCES[name]
        content = read_whole(file, FILE_LIMIT)
        views = read_annotations(content, str(file), cameras, length)
        for number, seen in views:
            yield take_of_annotation(seen, name, known[number], file)


def _read_mat_test(
    files: list[Path], cameras: Collection[int]
) -> Iterator[MPIINF3DHPTake]:
    with HDF5Process() as process:
        for name, file in _by_sequence(files, TEST_FILE):
            seen = fill_invalid_frames(read_test_annotations(file, process))
            joints, pixels = (  # [F * N, 3] and [F * N, 2] of valid frames
                torch.from_numpy(array[seen.valid].astype(np.float64))
                for array in (seen.metric, seen.keypoints)
            )
            camera = refine_pinhole(
                TEST_SEQUENCES[name].camera,
                joints.flatten(0, 1),
                pixels.flatten(0, 1),
                f"{name} in '{file}'",
            )
            yield take_of_annotation(seen, name, camera, file)


def _by_sequence(
    files: list[Path], pattern: re.Pattern[str]
) -> list[tuple[str, Path]]:
    r"""Sorts files by their sequences, such as :obj:`'S1 Seq1'`."""
    found: dict[str, Path] = {}
    for file in files:
        match = pattern.fullmatch(file.absolute().as_posix())
        name = ' '.join(match.groups()[:2]) if match else file.name
        if name in found:
            raise ValueError(
                f"Expected one file of {name} (got '{found[name]}' and "
                f"'{file}'): remove the copy"
            )
        found[name] = file
    return sorted(found.items())


def _read_pstmo(
    files: list[Path], cameras: Collection[int]
) -> Iterator[MPIINF3DHPTake]:
    for _, file in _by_sequence(files, PSTMO):
        content = read_whole(file, FILE_LIMIT)
        is_test = split_of(file) == 'test'
        read = read_pstmo_test if is_test else read_pstmo_train
        for name, number, annotation in read(content, str(file)):
            if is_test or number in cameras:
                where = name if is_test else f'{name} {number}'
                try:
                    yield take_of_pstmo(annotation, name, number, is_test)
                except ValueError as e:
                    raise ValueError(
                        f"Expected {where} in '{file}' as P-STMO makes it, "
                        "univ_annot3 in the camera's frame with its keypoints "
                        f'({cause(e)}): get it again'
                    ) from e
