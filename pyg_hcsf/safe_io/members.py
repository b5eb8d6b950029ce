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

from pyg_hcsf.safe_io.shown import cause, shown

# Others are rare, or take the memory that a header asks for.
NUM_SHOWN = 5  # of many texts
NUM_COMPARED = 1000  # pairs of files of one name, of which more are sampled
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Member(NamedTuple):
    r"""A file in a folder, or in an archive that is read in place.

    Args:
        name (str): The name without folders.
        path (pathlib.Path): The file, or the archive.
        member (str): The name in the archive, empty for a plain file.
        size (int): Its size in bytes.
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
    r"""The files of a kind in folders and zip archives, sorted by name.

    Args:
        roots (pathlib.Path or sequence of pathlib.Path): Each a folder, at
            any depth of which the files or archives lie, or an archive.
        pattern (re.Pattern): What the whole name of a file looks like; other
            files are passed over.
        limit (int): The largest credible size of a file in bytes.

    Raises:
        ValueError: If two files share a name but not their content, one is
            larger than :obj:`limit`, or an archive is damaged or a member of
            it points outside of it; names it.

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
        other = found.setdefault(member.name, member)
        if other is not member:
            copies.append((other, member))
    step = len(copies) // NUM_COMPARED + 1
    for number, (other, member) in enumerate(copies):
        same = other.size == member.size
        if same and number % step == 0:
            (_, content), (_, again) = read_members((other, member))
            same = content == again
        if not same:
            raise ValueError(
                f"Expected one file called '{member.name}' (got '{other}' "
                f"with {other.size} bytes and '{member}' with {member.size}, "
                'which differ): remove the wrong one'
            )
    if copies:
        texts = [
            f'{shown(str(member), 300)} ({shown(str(other), 300)} is read)'
            for other, member in copies
        ]
        warnings.warn(
            f'Passed over {len(copies):,} cop{"ies" if copies[1:] else "y"}: '
            f'{list_some(texts)}',
            stacklevel=2,
        )
    return [found[name] for name in sorted(found)]


def iter_members(
    roots: Path | Sequence[Path], pattern: re.Pattern[str]
) -> Iterator[Member]:
    r"""The files of a kind in folders and zip archives, as they come.

    Args:
        roots (pathlib.Path or sequence of pathlib.Path): See
            :func:`list_members`.
        pattern (re.Pattern): What the whole name of a file looks like.

    Raises:
        ValueError: If an archive is damaged or a member of it points outside
            of it; names it.

    Example:
        >>> names = [m.name for m in iter_members(Path('nturgbd'), pattern)]
    """
    for root in [roots] if isinstance(roots, Path) else roots:
        for path in [root] if root.is_file() else sorted(root.rglob('*')):
            yield from _of_path(path, pattern)


def _of_path(path: Path, pattern: re.Pattern[str]) -> Iterator[Member]:
    if pattern.fullmatch(path.name) and path.is_file():
        yield Member(path.name, path, '', path.stat().st_size)
    elif path.suffix.lower() == '.zip' and path.is_file():
        whole = path.stat().st_size
        with _open(path) as archive:
            for info in archive.infolist():
                parts = info.filename.replace('\\', '/').split('/')
                if '..' in parts or parts[0] == '' or ':' in parts[0]:
                    raise ValueError(
                        f"Refused the archive '{path}': its member "
                        f'{shown(info.filename)} points outside of it'
                    )
                if pattern.fullmatch(parts[-1]):
                    check_packing(info, str(path))
                    # Python takes the memory before it reads.
                    if info.header_offset + info.compress_size > whole:
                        raise ValueError(
                            f"'{path}/{info.filename}' is cut off: delete the "
                            'archive and get it again'
                        )
                    yield Member(
                        parts[-1], path, info.filename, info.file_size
                    )


def check_packing(info: zipfile.ZipInfo, where: str) -> None:
    r"""Refuses a member of a zip archive that is packed otherwise than usual.

    Args:
        info (zipfile.ZipInfo): The member.
        where (str): What errors call the archive.

    Raises:
        ValueError: If it is packed otherwise, as some systems pack what is
            large; names it.
    """
    if info.compress_type not in PACKINGS:
        raise ValueError(
            f"Expected '{where}/{info.filename}' stored or deflated (got "
            f'the way of packing {info.compress_type}, which is not read): '
            'unpack the archive and pass the folder'
        )


def read_members(
    members: Iterable[Member],
    archives: dict[Path, zipfile.ZipFile] | None = None,
) -> Iterator[tuple[Member, bytes]]:
    r"""Reads files one after another.

    Args:
        members (iterable of Member): The files.
        archives (dict, optional): Where to keep archives open, for the caller
            to close: to list those of NTU RGB+D takes a third of a second.
            By default they are closed at the end. (default: :obj:`None`)

    Raises:
        ValueError: If one cannot be read; names it.
    """
    with contextlib.ExitStack() as stack:
        if archives is None:
            archives = {}
            stack.callback(close_archives, archives)
        for member in members:
            try:
                if not member.member:
                    content = member.path.read_bytes()
                else:
                    if member.path not in archives:
                        archives[member.path] = _open(member.path)
                    content = archives[member.path].read(member.member)
                    if len(content) != member.size:
                        raise ValueError(f'{len(content)} bytes of it')
            except (
                *(OSError, RuntimeError, NotImplementedError, KeyError),
                *(EOFError, zipfile.BadZipFile, zlib.error, struct.error),
                *(OverflowError, ValueError),
            ) as e:
                raise ValueError(
                    f"'{member}' cannot be read ({cause(e)}): get it again or "
                    'remove it'
                ) from e
            yield member, content


def list_some(texts: Iterable[str]) -> str:
    r"""The first few of many texts, and how many more there are.

    Args:
        texts (iterable of str): The texts.

    Example:
        >>> list_some(map(str, range(7)))
        '0; 1; 2; 3; 4; and 2 more'
    """
    texts = list(texts)
    some = texts[:NUM_SHOWN]
    if len(texts) > len(some):
        some.append(f'and {len(texts) - len(some):,} more')
    return '; '.join(some)


def close_archives(archives: dict[Path, zipfile.ZipFile]) -> None:
    r"""Closes what :func:`read_members` kept open."""
    while archives:
        archives.popitem()[1].close()


def _open(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (
        *(zipfile.BadZipFile, OSError, RuntimeError, ValueError),
        *(NotImplementedError, struct.error, OverflowError),
    ) as e:
        raise ValueError(
            f"'{path}' is not a whole zip archive ({cause(e)}): delete it and "
            'get it again'
        ) from e
