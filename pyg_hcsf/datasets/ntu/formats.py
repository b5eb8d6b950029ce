r"""File formats in which NTU RGB+D is distributed."""

from __future__ import annotations

import contextlib
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from pyg_hcsf.data.formats import Format, archives_with
from pyg_hcsf.datasets.ntu.agcn import DATA, LABELS
from pyg_hcsf.datasets.ntu.clip_names import NAME, NUM_JOINTS
from pyg_hcsf.datasets.ntu.ctrgcn import MEMBERS
from pyg_hcsf.datasets.ntu.padded_arrays import FRAME_VALUES
from pyg_hcsf.datasets.ntu.sgn import SETS
from pyg_hcsf.datasets.ntu.skeleton_files import SKELETON_FILE
from pyg_hcsf.safe_io.archives import ZIP_ERRORS
from pyg_hcsf.safe_io.hdf5 import HDF5Process
from pyg_hcsf.safe_io.npy import read_npy_header
from pyg_hcsf.safe_io.pickle_scan import pickle_array_shape

HEAD = 2**18  # bytes of a pickle that are searched for names
KEYS = (b'split', b'frame_dir', b'filename')  # of pyskl
_NAME = re.compile(NAME.pattern.encode())


def walk(path: Path, *suffixes: str) -> Iterator[Path]:
    r"""The files at or below a path whose names end in one of
    :obj:`suffixes`, in alphabetical order.
    """
    if path.is_file() and path.name.lower().endswith(suffixes):
        yield path
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):  # faster than sorting paths
            if name.lower().endswith(suffixes) and name[:2] != '._':
                yield Path(folder, name)


def find_skeleton(path: Path) -> list[Path]:
    r"""The .skeleton files, and zip archives of some, at or below a path."""
    files = walk(path, '.skeleton')
    found = [file for file in files if SKELETON_FILE.fullmatch(file.name)]
    return found + archives_with(path, SKELETON_FILE)


def find_sgn(path: Path) -> list[Path]:
    r"""The files of SGN, at or below a path."""
    with HDF5Process() as process:
        return _find(path, ('.h5',), lambda file: process.contains(file, SETS))


def _find(
    path: Path, suffixes: tuple[str, ...], matches: Callable[[Path], bool]
) -> list[Path]:
    found = []
    for file in walk(path, *suffixes):
        with contextlib.suppress(*ZIP_ERRORS):
            if matches(file):
                found.append(file)
    return found


def _is_pyskl(file: Path) -> bool:
    if file.name.endswith(LABELS):
        return False
    head = _head(file)
    if not _NAME.search(head) or not any(key in head for key in KEYS):
        return False
    shape = pickle_array_shape(file, 'keypoint')
    return shape is not None and shape[2:] == (NUM_JOINTS, 3)


def _is_agcn(file: Path) -> bool:
    if file.name.endswith(LABELS):
        return _NAME.search(_head(file)) is not None
    with file.open('rb') as stream:
        shape = read_npy_header(stream).shape
    return len(shape) == 5 and shape[3] == NUM_JOINTS


def _is_ctrgcn(file: Path) -> bool:
    with zipfile.ZipFile(file) as archive:
        if not set(MEMBERS) <= set(archive.namelist()):
            return False
        with archive.open(MEMBERS[0]) as member:
            shape = read_npy_header(member).shape
    return len(shape) == 3 and shape[2] == FRAME_VALUES


def _head(file: Path) -> bytes:
    with file.open('rb') as stream:
        return stream.read(HEAD)


NTU_FORMATS = (
    Format(
        'skeleton',
        'the official .skeleton files or zips of them: all tracked bodies in '
        'metres, 30 Hz',
        find_skeleton,
    ),
    Format(
        'pyskl',
        "pyskl's or mmaction2's pickle, as ntu60_3danno.pkl: chosen bodies in "
        'metres, half precision, with the splits',
        partial(_find, suffixes=('.pkl',), matches=_is_pyskl),
    ),
    Format(
        'ctrgcn',
        "CTR-GCN's npz, as NTU60_CS.npz, one per benchmark: chosen bodies in "
        'metres from the first mid-spine, without names',
        partial(_find, suffixes=('.npz',), matches=_is_ctrgcn),
    ),
    Format(
        'agcn',
        "2s-AGCN's, MS-G3D's or Shift-GCN's train_data_joint.npy and "
        'train_label.pkl: normalised and looped to 300 frames',
        partial(_find, suffixes=(DATA, LABELS), matches=_is_agcn),
    ),
    Format(
        'sgn',
        "SGN's h5, as NTU_CS.h5, one per benchmark: as ctrgcn, with 5 % of "
        'the training clips apart',
        find_sgn,
    ),
)
