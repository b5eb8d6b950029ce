r"""File formats of MPI-INF-3DHP."""

from __future__ import annotations

import re
from pathlib import Path

from pyg_hcsf.data.formats import Format, files_named

TRAIN_FILE = re.compile(
    r'(?:.*/)?(S[1-8])/(Seq[12])/(annot\.mat|camera\.calibration)'
)
TEST_FILE = re.compile(r'(?:.*/)?(TS[1-6])/annot_data\.(?i:mat)')
MAT = re.compile(r'annot(_data)?\.(?i:mat)|camera\.calibration')
PSTMO = re.compile(r'data_(train|test)_3dhp\.(?i:npz)')
IMAGES = ('imageSequence', 'FGmasks', 'ChairMasks')  # a million files


def find_mat(path: Path) -> list[Path]:
    r"""The official annotations and calibrations."""
    return [
        file
        for file in files_named(path, MAT, IMAGES)
        if TRAIN_FILE.fullmatch(file.absolute().as_posix())
        or TEST_FILE.fullmatch(file.absolute().as_posix())
    ]


def find_pstmo(path: Path) -> list[Path]:
    r"""P-STMO's archives."""
    return files_named(path, PSTMO, IMAGES)


MPI_INF_3DHP_FORMATS = (
    Format(
        'mat',
        'the official S*/Seq*/annot.mat with camera.calibration, and '
        'TS*/annot_data.mat',
        find_mat,
    ),
    Format(
        'pstmo',
        "P-STMO's data_train_3dhp.npz and data_test_3dhp.npz",
        find_pstmo,
    ),
)


def split_of(file: Path) -> str:
    r"""The split of a raw file, :obj:`'train'` or :obj:`'test'`."""
    is_test = file.stem in ('annot_data', 'data_test_3dhp')
    return 'test' if is_test else 'train'
