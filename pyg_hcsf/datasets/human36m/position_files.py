r"""Reads world positions of Human3.6M, one file per take or an archive per
subject: official :obj:`.cdf` and :obj:`.tgz`, :obj:`.cdf.mat` from MATLAB, and
3d-pose-baseline's :obj:`.h5`. A damaged file raises a :class:`ValueError`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pyg_hcsf.data.formats import files_named, read_whole
from pyg_hcsf.safe_io.hdf5 import HDF5Process
from pyg_hcsf.safe_io.matlab import MatlabValue, read_matlab
from pyg_hcsf.safe_io.shown import explained
from pyg_hcsf.safe_io.tar_archive import read_tgz

from .constants import TAKE
from .official_cdf import INFLATION, SLACK, read_cdf_pose

FILE_LIMIT = 2**31  # bytes; the largest archive has about 0.2 GB
H5_KEY = '3D_positions'
D3_ARCHIVE = re.compile(r'Poses_D3_Positions_(S\d+)\.tgz', re.IGNORECASE)
_SUFFIX = re.compile(r'.*\.(?:cdf|cdf\.mat|h5)', re.IGNORECASE)
_SUBJECT = r'(?:.*/)?(S\d{1,2})/'
_CDF_TAKE = rf'{_SUBJECT}(?:MyPoseFeatures/D3_Positions/)?({TAKE})'
CDF_MEMBER = re.compile(rf'{_CDF_TAKE}\.cdf')
CDF_FILE = re.compile(rf'{_CDF_TAKE}\.(?i:cdf(?:\.mat)?)')
H5_FILE = re.compile(rf'{_SUBJECT}(?:MyPoses/)?3D_positions/({TAKE})\.(?i:h5)')


class TakeFile(NamedTuple):
    r"""A file of one take, or of all of a subject with an empty take."""

    subject: str
    take: str
    path: Path


def find_cdf(path: Path) -> list[Path]:
    r"""Finds official files and archives, and :obj:`.cdf.mat` files without a
    CDF file of the same take beside them.
    """
    files = [f for f in files_named(path, _SUFFIX) if _match(f, CDF_FILE)]
    there = set(files)
    found = [
        file
        for file in files
        if file.suffix.lower() != '.mat' or file.with_suffix('') not in there
    ]
    return sorted([*found, *files_named(path, D3_ARCHIVE)])


def find_h5(path: Path) -> list[Path]:
    r"""Finds the files of 3d-pose-baseline."""
    return [f for f in files_named(path, _SUFFIX) if _match(f, H5_FILE)]


def take_file(path: Path) -> TakeFile:
    r"""Returns the subject and the take that the path of a file names.

    Example:
        >>> take_file(Path('S9/MyPoseFeatures/D3_Positions/Photo.cdf')).take
        'Photo'
    """
    if match := D3_ARCHIVE.fullmatch(path.name):
        return TakeFile(match[1].upper(), '', path)
    match = _match(path, CDF_FILE) or _match(path, H5_FILE)
    assert match is not None
    return TakeFile(match[1], match[2], path)


def repeated_take(files: list[Path]) -> str:
    r"""Describes the first take that is in two files; empty if none is."""
    found: dict[tuple[str, str], Path] = {}
    # An archive has all recordings of a subject, so it repeats each one.
    for subject, take, path in map(take_file, files):
        for other in found.keys() & {(subject, take), (subject, '')}:
            return f"{subject} {take} in '{found[other]}' and '{path}'"
        found[subject, take] = path
        if not take and any(s == subject and t for s, t in found):
            return f"{subject} in '{path}' and as files"
    return ''


def read_world_positions(
    files: list[Path], subjects: tuple[str, ...]
) -> Iterator[tuple[str, str, np.ndarray]]:
    r"""Reads the positions of some subjects from the files that were found.

    Returns:
        For each take the subject, the name and the positions
        :obj:`[T, 32, 3]` in the world frame in millimetres.
    """
    if repeated := repeated_take(files):
        raise ValueError(
            f'Expected each take once (got {repeated}): remove the copy, such '
            'as an archive that is extracted already'
        )
    # Archives and files of one subject never mix, see above.
    with HDF5Process() as process:
        for subject, take, path in map(take_file, files):
            if subject not in subjects:
                continue
            name = str(path)
            if take:
                pose = _read_file(path, process)
                yield subject, take, _joints(pose, name)
                continue
            content = read_whole(path, FILE_LIMIT)
            for owner, part, cdf in read_d3_archive(content, name):
                where = f'{name}/{owner} {part}.cdf'
                yield owner, part, _joints(read_cdf_pose(cdf, where), where)


def _read_file(path: Path, process: HDF5Process) -> np.ndarray:
    if path.suffix.lower() == '.h5':
        return _read_h5(path, process)
    is_mat = path.suffix.lower() == '.mat'
    read = read_cdf_mat if is_mat else read_cdf_pose
    return read(read_whole(path, FILE_LIMIT), str(path))


def read_d3_archive(
    content: bytes, name: str
) -> Iterator[tuple[str, str, bytes]]:
    r"""Reads the CDF files of a :obj:`Poses_D3_Positions_S*.tgz` without
    extracting it; :obj:`name` is for error messages.

    Returns:
        For each file the subject, the take and the content.
    """
    found = False
    errors = (ValueError, zlib.error)
    with explained(f"'{name}' is not a complete .tgz archive", errors=errors):
        for member, part in read_tgz(content, CDF_MEMBER.fullmatch):
            match = CDF_MEMBER.fullmatch(member)
            assert match is not None
            found = True
            yield match[1], match[2], part
    if not found:
        raise ValueError(
            f"Expected S*/MyPoseFeatures/D3_Positions/*.cdf in '{name}' (got "
            'none): get Poses_D3_Positions_S*.tgz'
        )


def read_cdf_mat(content: bytes, name: str) -> np.ndarray:
    r"""Reads a file of MATLAB's format 5 with the result of :obj:`cdfread`, a
    cell :obj:`data`; :obj:`name` is for error messages.

    Returns:
        x, y and z of 32 joints in the world frame, :obj:`[T, 96]`, in
        millimetres.
    """
    problem = f"'{name}' has no cell 'data' with frames of 96 numbers"
    with explained(problem, 'get the .cdf file'):
        if content.startswith(b'MATLAB 7.3'):
            raise ValueError("MATLAB's format 7.3: save it with '-v7'")
        limit = INFLATION * len(content) + SLACK
        pose = _from_cells(read_matlab(content, ['data'], limit).get('data'))
        if not np.isfinite(pose).all():
            raise ValueError('values that are not finite')
    return pose


def _from_cells(value: MatlabValue) -> np.ndarray:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, list):
        # scipy's savemat writes an array of objects [1, T, 96] as a cell for
        # each number, in Fortran order.
        cells = [c for c in value if isinstance(c, np.ndarray) and c.size == 1]
        if len(value) % 96 or len(cells) < len(value):
            raise ValueError(f'{len(value)} cells')
        value = np.array([cell.item() for cell in cells]).reshape(96, -1).T
    if not isinstance(value, np.ndarray) or value.dtype.kind != 'f':
        raise ValueError('no floating-point numbers')
    if value.ndim != 2 or value.shape[1] != 96 or len(value) == 0:
        raise ValueError(f'the shape {list(value.shape)}')
    return value


def _read_h5(path: Path, process: HDF5Process) -> np.ndarray:
    problem = f"'{path}' has no '{H5_KEY}' of shape [96, frames]"
    with explained(problem, errors=(OSError, ValueError)):
        limit = INFLATION * path.stat().st_size + SLACK
        pose = process.read(path, [H5_KEY], limit)[H5_KEY]
        if pose.ndim != 2 or pose.dtype.kind != 'f':
            raise ValueError(f'{pose.dtype} of shape {list(pose.shape)}')
        if not np.isfinite(pose).all():
            raise ValueError('values that are not finite')
    return pose.T if len(pose) == 96 else pose


def _joints(pose: np.ndarray, name: str) -> np.ndarray:
    if pose.size % 96 or pose.shape[-1] not in (96, 3):
        raise ValueError(
            f"Expected 32 joints a frame in '{name}' (got the shape "
            f'{list(pose.shape)})'
        )
    return pose.reshape(-1, 32, 3)


def _match(path: Path, pattern: re.Pattern[str]) -> re.Match[str] | None:
    return pattern.fullmatch(path.absolute().as_posix())
