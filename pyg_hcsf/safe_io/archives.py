r"""Reads files from folders and from zip archives, which are not extracted."""

from __future__ import annotations

import contextlib
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pyg_hcsf.safe_io.shown import explained, shown

NUM_LISTED = 5  # texts that a message quotes
NUM_COMPARED = 1000  # pairs of files of one name that are compared in full
# Other methods are rare, or allocate the memory that a header asks for.
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
#: What :mod:`zipfile` raises for damaged archives.
ZIP_ERRORS = (
    EOFError,
    LookupError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


class Member(NamedTuple):
    r"""A file in a folder or in a zip archive.

    Args:
        name (str): The name without folders.
        path (pathlib.Path): The file, or the archive.
        member (str): The name in the archive, empty for a plain file.
        size (int): The size in bytes, not compressed.
    """

    name: str
    path: Path
    member: str
    size: int

    def __str__(self) -> str:
        return f'{self.path}/{self.member}' if self.member else str(self.path)


def list_members(
    roots: Path | Sequence[Path], pattern: re.Pattern[str], limit: int
) -> list[Member]:
    r"""Lists the files with matching names in folders and zip archives, sorted
    by name. Of identical files the first is listed; a warning names the
    others.

    Args:
        roots (pathlib.Path or sequence of pathlib.Path): Folders, which are
            searched at any depth, zip archives and files.
        pattern (re.Pattern): Matches the whole name without folders.
        limit (int): The largest accepted size of a file in bytes.

    Raises:
        ValueError: If files of one name differ, a file is too large, or an
            archive is damaged or has a name that leads outside of it.

    Example:
        >>> pattern = re.compile(r'S\d{3}.*\.skeleton')
        >>> members = list_members(Path('nturgbd'), pattern, 2**26)
    """
    found: dict[str, Member] = {}
    copies: list[tuple[Member, Member]] = []
    for member in iter_members(roots, pattern):
        if member.size > limit:
            raise ValueError(
                f"Refused '{member}': it has {member.size} bytes, where files "
                f'of its kind have less than {limit}'
            )
        first = found.setdefault(member.name, member)
        if first is not member:
            copies.append((first, member))
    step = len(copies) // NUM_COMPARED + 1
    for number, (first, copy) in enumerate(copies):
        same = first.size == copy.size
        if same and number % step == 0:
            (_, content), (_, other) = read_members((first, copy))
            same = content == other
        if not same:
            raise ValueError(
                f"Expected one file called '{copy.name}' (got '{first}' "
                f"with {first.size} bytes and '{copy}' with {copy.size}, "
                'which differ): remove the wrong one'
            )
    if copies:
        warn_skipped(
            f'cop{"ies" if copies[1:] else "y"}',
            [
                f'{shown(str(copy), 300)} ({shown(str(first), 300)} is read)'
                for first, copy in copies
            ],
        )
    return [found[name] for name in sorted(found)]


def iter_members(
    roots: Path | Sequence[Path], pattern: re.Pattern[str]
) -> Iterator[Member]:
    r"""Iterates over the files with matching names in folders and zip
    archives, copies included, see :func:`list_members`.
    """
    for root in [roots] if isinstance(roots, Path) else roots:
        for path in [root] if root.is_file() else sorted(root.rglob('*')):
            if pattern.fullmatch(path.name) and path.is_file():
                yield Member(path.name, path, '', path.stat().st_size)
            elif path.suffix.lower() == '.zip' and path.is_file():
                yield from iter_zip(path, pattern)


def iter_zip(path: Path, pattern: re.Pattern[str]) -> Iterator[Member]:
    r"""Iterates over the members of a zip archive with matching names, see
    :func:`list_members`.
    """
    size = path.stat().st_size
    with _open_zip(path) as archive:
        for info in archive.infolist():
            if leads_outside(info.filename):
                raise ValueError(
                    f"Refused the archive '{path}': its member "
                    f'{shown(info.filename)} points outside of it. Get it '
                    'from the page of its publisher'
                )
            name = re.split(r'[/\\]', info.filename)[-1]
            if not pattern.fullmatch(name):
                continue
            check_compression(info, str(path))
            # zipfile allocates the compressed size before it reads.
            if info.header_offset + info.compress_size > size:
                raise ValueError(
                    f"'{path}/{info.filename}' is cut off: delete the archive "
                    'and get it again'
                )
            yield Member(name, path, info.filename, info.file_size)


def leads_outside(name: str) -> bool:
    r"""Whether the name of a member of an archive, with slashes or
    backslashes, leads out of the folder to which it is extracted.
    """
    parts = name.replace('\\', '/').split('/')
    return '..' in parts or parts[0] == '' or ':' in parts[0]


def check_compression(info: zipfile.ZipInfo, where: str) -> None:
    r"""Refuses a member of a zip archive that is neither stored nor deflated
    but, for example, compressed by LZMA.
    """
    if info.compress_type not in COMPRESSIONS:
        raise ValueError(
            f"Expected '{where}/{info.filename}' stored or deflated (got "
            f'compression method {info.compress_type}, which is not '
            'supported): unpack the archive and pass the folder'
        )


def read_members(
    members: Iterable[Member],
    archives: dict[Path, zipfile.ZipFile] | None = None,
) -> Iterator[tuple[Member, bytes]]:
    r"""Reads files one after another, or raises a :class:`ValueError`.

    Args:
        members (iterable of Member): The files.
        archives (dict, optional): Open archives, to which others are added;
            the caller closes them. To open NTU RGB+D's takes a third of a
            second. By default, archives are closed at the end.
            (default: :obj:`None`)
    """
    with contextlib.ExitStack() as stack:
        if archives is None:
            archives = {}
            stack.callback(close_archives, archives)
        for member in members:
            problem = f"'{member}' cannot be read"
            with explained(problem, 'get it again or remove it', ZIP_ERRORS):
                if not member.member:
                    content = member.path.read_bytes()
                else:
                    if member.path not in archives:
                        archives[member.path] = _open_zip(member.path)
                    content = archives[member.path].read(member.member)
                    if len(content) != member.size:
                        raise ValueError(f'it has {len(content)} bytes')
            yield member, content


def close_archives(archives: dict[Path, zipfile.ZipFile]) -> None:
    r"""Closes the archives that :func:`read_members` opened."""
    while archives:
        archives.popitem()[1].close()


def warn_skipped(what: str, texts: Sequence[str]) -> None:
    r"""Warns of files that are not read, of which each has a text."""
    warnings.warn(
        f'Skipped {len(texts):,} {what}: {list_some(texts)}', stacklevel=3
    )


def list_some(texts: Iterable[str]) -> str:
    r"""Joins the first five texts, and says how many more there are.

    Example:
        >>> list_some(map(str, range(7)))
        '0; 1; 2; 3; 4; and 2 more'
    """
    texts = list(texts)
    some = texts[:NUM_LISTED]
    if len(texts) > NUM_LISTED:
        some.append(f'and {len(texts) - NUM_LISTED:,} more')
    return '; '.join(some)


def _open_zip(path: Path) -> zipfile.ZipFile:
    problem = f"'{path}' is not a complete zip archive"
    with explained(problem, 'delete it and get it again', ZIP_ERRORS):
        return zipfile.ZipFile(path)
