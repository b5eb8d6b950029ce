r"""File formats of data sets, and functions that find files."""

from __future__ import annotations

import contextlib
import os
import re
import zipfile
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from pyg_hcsf.safe_io.archives import ZIP_ERRORS

ZIP = re.compile(r'.*\.zip', re.IGNORECASE)
#: Files that operating systems add to folders, such as macOS on other disks.
LEFTOVERS = re.compile(
    r'\._.*|\.DS_Store|Thumbs\.db|desktop\.ini', re.IGNORECASE
)


class Format(NamedTuple):
    r"""A file format in which a data set is distributed.

    Args:
        name (str): A short name, such as :obj:`'vp3d'`.
        description (str): Its origin and content.
        find (callable): Returns the files in this format at or below a path,
            sorted; reads headers only.
    """

    name: str
    description: str
    find: Callable[[Path], list[Path]]


def files_named(
    path: Path, pattern: re.Pattern[str], left_out: Collection[str] = ()
) -> list[Path]:
    r"""The files at or below a path whose names match a pattern, sorted.

    Args:
        path (pathlib.Path): A file or folder.
        pattern (re.Pattern): The pattern of the name without folders.
        left_out (collection of str, optional): The names of folders that are
            not searched. (default: none)

    Example:
        >>> files_named(Path('datasets'), re.compile(r'.*\.bvh'))
    """
    if path.is_file():
        return [path] if pattern.fullmatch(path.name) else []
    found = []
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if name not in left_out]
        found += [
            Path(folder, name)
            for name in names
            if pattern.fullmatch(name) and not LEFTOVERS.fullmatch(name)
        ]
    return sorted(found)


def has_files(
    path: Path, formats: Iterable[Format], folders: re.Pattern[str]
) -> bool:
    r"""Whether files in a folder, or in folders with matching names in it, are
    in one of some formats.
    """
    path = path.expanduser()
    entries = [
        entry
        for entry in (path.iterdir() if path.is_dir() else ())
        if entry.is_file() or folders.fullmatch(entry.name)
    ]
    return any(form.find(e) for e in entries for form in formats)


def archives_with(path: Path, pattern: re.Pattern[str]) -> list[Path]:
    r"""The zip archives at or below a path that contain a file whose name
    matches a pattern, sorted. Damaged archives are skipped.

    Args:
        path (pathlib.Path): A file or folder.
        pattern (re.Pattern): The pattern of the name without folders.

    Example:
        >>> archives_with(Path('datasets'), re.compile(r'.*\.amc'))
    """
    found = []
    for file in files_named(path, ZIP):
        with contextlib.suppress(*ZIP_ERRORS):
            with zipfile.ZipFile(file) as archive:
                names = [n.replace('\\', '/') for n in archive.namelist()]
            if any(pattern.fullmatch(name.split('/')[-1]) for name in names):
                found.append(file)
    return found


def read_whole(file: Path, limit: int) -> bytes:
    r"""Reads a file of bounded size.

    Args:
        file (pathlib.Path): The file.
        limit (int): The largest accepted size in bytes.

    Raises:
        ValueError: If it is larger or cannot be read; names it.

    Example:
        >>> content = read_whole(Path('annot.mat'), 2**30)
    """
    try:
        if (size := file.stat().st_size) > limit:
            raise ValueError(
                f"Refused '{file}': it has {size} bytes, where files of its "
                f'kind have less than {limit}'
            )
        return file.read_bytes()
    except OSError as e:
        raise ValueError(
            f"'{file}' cannot be read ({e.strerror}): get it again"
        ) from e
