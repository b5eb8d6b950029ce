r"""Human3.6M's positions in the world, one file a take: official CDF files
and archives of them, and the same poses as MATLAB and HDF5 files of others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pyg_hcsf.data.formats import files_named, read_whole
from pyg_hcsf.datasets.human36m.cdf import INFLATION, SLACK, read_cdf_pose
from pyg_hcsf.datasets.human36m.cdf_mat import read_cdf_mat
from pyg_hcsf.datasets.human36m.reader import OFFICIAL_ACTIONS, read_d3_archive
from pyg_hcsf.safe_io.hdf5 import HDF5Process
from pyg_hcsf.safe_io.shown import cause

FILE_LIMIT = 2**31  # bytes; the largest archive has about 0.2 GB
D3_ARCHIVE = re.compile(r'Poses_D3_Positions_(S\d+)\.tgz', re.IGNORECASE)
_SUFFIX = re.compile(r'.*\.(?:cdf|cdf\.mat|h5)', re.IGNORECASE)
H5_KEY = '3D_positions'
_ACTIONS = '|'.join([*OFFICIAL_ACTIONS, *OFFICIAL_ACTIONS.values()])
_TAKE = rf'((?:{_ACTIONS})(?: \d)?)'
CDF_FILE = re.compile(
    r'(?:.*/)?(S\d{1,2})/(?:MyPoseFeatures/D3_Positions/)?'
    rf'{_TAKE}\.(?i:cdf(?:\.mat)?)'
)
H5_FILE = re.compile(
    rf'(?:.*/)?(S\d{{1,2}})/(?:MyPoses/)?3D_positions/{_TAKE}\.(?i:h5)'
)


class TakeFile(NamedTuple):
    r"""Where the positions of takes are.

    Args:
        subject (str): Who moves, such as :obj:`'S9'`.
        take (str): The take, such as :obj:`'Directions 1'`; empty for an
            archive of all.
        path (pathlib.Path): The file.
    """

    subject: str
    take: str
    path: Path


def find_cdf(path: Path) -> list[Path]:
    r"""The official files and archives, and :obj:`.cdf.mat` files without a
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
    r"""The files of 3d-pose-baseline."""
    return [f for f in files_named(path, _SUFFIX) if _match(f, H5_FILE)]


def take_file(path: Path) -> TakeFile:
    r"""The subject and take of a file that was found.

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
    r"""Which take is there twice, and how; empty if none is."""
    seen: dict[tuple[str, str], Path] = {}
    for subject, take, path in map(take_file, files):
        for other in seen.keys() & {(subject, take), (subject, '')}:
            return f"{subject} {take} in '{seen[other]}' and '{path}'"
        seen[subject, take] = path
        if not take and any(s == subject and t for s, t in seen):
            return f"{subject} in '{path}' and as files"
    return ''


def read_takes_of(
    files: list[Path], subjects: tuple[str, ...]
) -> Iterator[tuple[str, str, np.ndarray]]:
    r"""Reads the takes of some subjects.

    Args:
        files (list[pathlib.Path]): The files that were found.
        subjects (tuple[str, ...]): The subjects, such as :obj:`('S9',)`.

    Returns:
        Of each take the subject, its name and the positions in millimetres,
        :obj:`[T, 32, 3]`.

    Raises:
        ValueError: If a file is damaged or a take is there twice; names it.
    """
    if repeated := repeated_take(files):
        raise ValueError(
            f'Expected each take once (got {repeated}): remove the copy, such '
            'as an archive that is extracted already'
        )
    with HDF5Process() as process:
        for subject, take, path in map(take_file, files):
            if subject not in subjects:
                continue
            if not take:
                content = read_whole(path, FILE_LIMIT)
                for owner, name, part in read_d3_archive(content, str(path)):
                    where = f'{path}/{owner} {name}.cdf'
                    yield (
                        owner,
                        name,
                        _joints(read_cdf_pose(part, where), where),
                    )
            else:
                yield subject, take, _joints(_read(path, process), str(path))


def _read(path: Path, process: HDF5Process) -> np.ndarray:
    suffix = path.suffix.lower()
    if suffix != '.h5':
        content = read_whole(path, FILE_LIMIT)
        read = read_cdf_mat if suffix == '.mat' else read_cdf_pose
        return read(content, str(path))
    try:
        limit = INFLATION * path.stat().st_size + SLACK
        pose = process.read(path, [H5_KEY], limit)[H5_KEY]
        if pose.ndim != 2 or pose.dtype.kind != 'f':
            raise ValueError(f'{pose.dtype} of shape {list(pose.shape)}')
        if not np.isfinite(pose).all():
            raise ValueError('values that are not finite')
    except (OSError, ValueError) as e:
        raise ValueError(
            f"Expected '{H5_KEY}' of shape [96, frames] in '{path}', as "
            f'3d-pose-baseline has it (got {cause(e)}): get it again'
        ) from e
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
