"""Reports which data sets a path contains, and why files cannot be read."""

from __future__ import annotations

import os
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from pyg_hcsf.data.formats import LEFTOVERS, Format
from pyg_hcsf.datasets.checks.file_kind import AGAIN, FileKind, identify_file
from pyg_hcsf.datasets.checks.unsupported_files import (
    describe_unsupported,
    known_files,
)
from pyg_hcsf.datasets.ntu.skeleton_files import SKELETON_FILE, find_skeletons
from pyg_hcsf.datasets.ntu.skeleton_parser import read_skeleton
from pyg_hcsf.datasets.utd_mhad.skeleton_mat import FILE_LIMIT, UTD_MHAD_FILE
from pyg_hcsf.safe_io.archives import Member, list_members
from pyg_hcsf.safe_io.hdf5 import HDF5Process
from pyg_hcsf.safe_io.shown import shown

ERROR = 400  # characters of an error
NUM_PARSED = 1000  # .skeleton files that are parsed

# The kinds of files by the ends of their names.
KINDS = {
    '.npz': ['npz'], '.npy': ['npy'], '.pkl': ['pickle'], '.cdf': ['cdf'],
    '.mat': ['mat', 'hdf5'], '.h5': ['hdf5'], '.zip': ['zip'],
    '.tgz': ['packed'],
}  # fmt: skip


@dataclass(frozen=True)
class FoundFiles:
    r"""The files of one format of a data set.

    Args:
        name (str): The name of the data set.
        format (Format): The format.
        files (list[pathlib.Path]): The files and archives.
    """

    name: str
    format: Format
    files: list[Path]

    @cached_property
    def members(self) -> list[Member]:
        r"""The ``.skeleton`` files of NTU RGB+D, or the files of UTD-MHAD,
        including those in archives. Archives are listed at the first access
        only.
        """
        if self.name == 'utd_mhad':
            return list_members(self.files, UTD_MHAD_FILE, FILE_LIMIT)
        return find_skeletons(self.files)


class Diagnosis(NamedTuple):
    r"""The result of :func:`diagnose`.

    Args:
        found (list[FoundFiles]): The files that can be read.
        broken (list[tuple[pathlib.Path, FileKind]]): Files that cannot be
            read as they are, with the remedy.
        others (Mapping[str, int]): The number of files of each kind that no
            data set class reads.
        advice (list[str]): Which files to download instead of others.
    """

    found: list[FoundFiles]
    broken: list[tuple[Path, FileKind]]
    others: Mapping[str, int]
    advice: list[str]


def find_formats(
    path: Path, formats: Mapping[str, Iterable[Format]]
) -> tuple[list[FoundFiles], list[str]]:
    r"""Searches for the files of several data sets.

    Args:
        path (pathlib.Path): A file or folder.
        formats (Mapping[str, iterable of Format]): The formats of each data
            set.

    Returns:
        The files that were found, and errors of the search, such as a damaged
        archive.
    """
    found, errors = [], []
    for name, known in formats.items():
        for item in known:
            try:
                files = item.find(path)
            except (ValueError, OSError) as e:
                errors.append(str(e)[:ERROR])
                continue
            if files:
                found.append(FoundFiles(name, item, files))
    return found, list(dict.fromkeys(errors))


def diagnose(
    path: str | Path,
    formats: Mapping[str, Iterable[Format]],
    progress: Callable[[Iterable[Path]], Iterable[Path]] = iter,
) -> Diagnosis:
    r"""Identifies a file, or each file of a folder.

    Args:
        path (str or pathlib.Path): The file or folder.
        formats (Mapping[str, iterable of Format]): The formats of each data
            set.
        progress (callable, optional): Wraps the iterable of files, such as
            :class:`tqdm.tqdm`. (default: :obj:`iter`)

    Example:
        >>> formats = {'utd_mhad': UTDMHAD.formats}
        >>> diagnose('Skeleton.zip', formats).found[0].format.name
        'mat'
    """
    path = Path(path)
    found, errors = find_formats(path, formats)
    read = {file for item in found for file in item.files}
    others: Counter[str] = Counter()
    broken = []
    advice = dict.fromkeys(errors)
    num_parsed = 0
    with HDF5Process() as process:
        for file in progress(_walk(path)):
            kind = identify_file(file)
            if LEFTOVERS.fullmatch(file.name):
                kind = FileKind(
                    'leftover', 'a hidden file of macOS or Windows, not read'
                )
            elif file in read:
                kind = _check_suffix(file, kind)
            if SKELETON_FILE.fullmatch(file.name) and num_parsed < NUM_PARSED:
                num_parsed += 1
                kind = _check_skeleton(file, kind)
            # Some formats are read from archives as they are.
            if kind.remedy and (kind.kind != 'packed' or file not in read):
                broken.append((file, kind))
            elif file not in read:
                text = describe_unsupported(file, kind, process)
                others[text or kind.text] += 1
                if kind.kind == 'zip':
                    advice[_list_archive(file)] = None
            advice |= dict.fromkeys(_other_part(file))
    return Diagnosis(found, broken, dict(others.most_common()), list(advice))


def _walk(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            yield Path(folder, name)


def _check_suffix(file: Path, kind: FileKind) -> FileKind:
    r"""Reports a file whose content does not agree with its suffix."""
    expected = KINDS.get(file.suffix.lower(), [kind.kind])
    if kind.remedy or kind.kind in expected:
        return kind
    text = f'{kind.text}, in contradiction to the name of the file'
    return FileKind(kind.kind, text, AGAIN)


def _check_skeleton(file: Path, kind: FileKind) -> FileKind:
    r"""Reports a :obj:`.skeleton` file that cannot be parsed."""
    if kind.kind != 'text':
        return kind
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            read_skeleton(file)
    except ValueError as e:
        text = f'a .skeleton file that cannot be read: {str(e)[:ERROR]}'
        return FileKind('skeleton', text, AGAIN)
    return kind


def _list_archive(file: Path) -> str:
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
    kinds = Counter(Path(name).suffix or name for name in names)
    listing = ', '.join(
        f'{n:,} {shown(kind, 40)[1:-1]}' for kind, n in kinds.most_common(5)
    )
    return (
        f"'{file}' holds {listing}, which are not read from a zip: unpack it, "
        'then run doctor on the folder'
    )


def _other_part(file: Path) -> Iterator[str]:
    for pattern, text in known_files()[1]:
        for name in (file.name, file.parent.name):
            if pattern.fullmatch(name):
                yield f"'{name}' is {text}"
