r"""Describes files of other data sets and formats, which the library does not
read, and which file to download instead.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import yaml

from pyg_hcsf.datasets.checks.file_kind import FileKind
from pyg_hcsf.safe_io.hdf5 import HDF5Process
from pyg_hcsf.safe_io.pickle_scan import pickle_array_shape, scan_pickle

KINDS = ('npz', 'npy', 'pickle', 'hdf5', 'mat', 'cdf', 'text')
HEAD = 2**14  # bytes that are read
NUM_KEYS = 1000  # names in an archive that are read
H5_KEYS = ('3D_positions', 'poses')


class Content(NamedTuple):
    r"""The properties of a file that identify it.

    Args:
        path (pathlib.Path): The file.
        kind (str): The kind of its :class:`FileKind`.
        head (bytes): The first bytes of the file, or of the first array of
            positions in an npz file.
        keys (frozenset[str]): The names of the arrays, or strings, in it.
    """

    path: Path
    kind: str
    head: bytes
    keys: frozenset[str]


class Unsupported(NamedTuple):
    r"""A kind of unsupported files. All properties that are set must agree.

    Args:
        text (str): A description that completes "this is ...".
        kind (str): See :class:`Content`.
        keys (list[str]): Names that the file contains.
        any_key (list[str]): Names of which it contains at least one.
        no_other_key (bool): Whether it contains no names but :obj:`keys`.
        path (str): A regular expression of the end of the path, beginning
            with the name of a folder or file. Case is ignored.
        head (str): A regular expression found in the first bytes.
        keypoint_size (int): The number of coordinates of each keypoint in a
            pickle of mmaction2 or pyskl.
    """

    text: str
    kind: str = ''
    keys: Sequence[str] = ()
    any_key: Sequence[str] = ()
    no_other_key: bool = False
    path: str = ''
    head: str = ''
    keypoint_size: int = 0

    def matches(self, content: Content) -> bool:
        path = content.path.absolute().as_posix()
        pattern = f'.*/{self.path or ".*"}'
        keys = content.keys
        return (
            self.kind in ('', content.kind)
            and keys.issuperset(self.keys)
            and (not self.any_key or not keys.isdisjoint(self.any_key))
            and (not self.no_other_key or len(keys) == len(self.keys))
            and re.fullmatch(pattern, path, re.I | re.S) is not None
            and re.search(self.head.encode(), content.head) is not None
            and (
                not self.keypoint_size
                or (pickle_array_shape(content.path, 'keypoint') or ())[3:]
                == (self.keypoint_size,)
            )
        )


@lru_cache(maxsize=1)
def known_files() -> tuple[list[Unsupported], list[tuple[re.Pattern, str]]]:
    r"""The entries of ``known_files.yaml``: unsupported files, and names of
    files and folders of which another part of a data set is needed.
    """
    file = resources.files('pyg_hcsf.datasets.checks') / 'known_files.yaml'
    table = yaml.safe_load(file.read_text())
    parts = [(re.compile(e['name']), e['text']) for e in table['other_parts']]
    unsupported = [Unsupported(**entry) for entry in table['unsupported']]
    remedies = table['remedies']
    return [
        entry._replace(text=entry.text.format(**remedies))
        for entry in unsupported
    ], parts


def describe_unsupported(
    path: Path, kind: FileKind, process: HDF5Process
) -> str | None:
    r"""Describes a file that no data set class reads, and what to download
    instead.

    Args:
        path (pathlib.Path): The file, not damaged.
        kind (FileKind): The result of
            :func:`~pyg_hcsf.datasets.checks.file_kind.identify_file`.
        process (HDF5Process): Reads HDF5 files.

    Returns:
        A text that completes "this is ...", or :obj:`None` for an unknown
        file.

    Example:
        >>> describe_unsupported(path, identify_file(path), HDF5Process())
    """
    if kind.kind not in KINDS:
        return None
    try:
        content = _read_content(path, kind.kind, process)
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error):
        return None
    unsupported, _ = known_files()
    matches = (entry.text for entry in unsupported if entry.matches(content))
    return next(matches, None)


def _read_content(path: Path, kind: str, process: HDF5Process) -> Content:
    keys: frozenset[str] = frozenset()
    with path.open('rb') as file:
        head = file.read(HEAD)
    if kind == 'npz':
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:NUM_KEYS]
            keys = frozenset(
                name.removesuffix('.npy').rpartition('/')[2] for name in names
            )
            for name in names:
                if name.startswith('positions_'):
                    with archive.open(name) as member:
                        head = member.read(HEAD)
                    break
    elif kind == 'pickle':
        found = scan_pickle(path)
        keys = found.texts if found else keys
    elif kind == 'hdf5':
        keys = frozenset(
            key for key in H5_KEYS if process.contains(path, [key])
        )
    return Content(path, kind, head, keys)
