r"""Finds the :obj:`.skeleton` files of NTU RGB+D, one for each clip."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pyg_hcsf.datasets.ntu.clip_names import NAME, parse_name
from pyg_hcsf.safe_io.archives import (
    Member,
    iter_members,
    list_some,
    warn_passed_over,
)
from pyg_hcsf.safe_io.shown import shown

FILE_LIMIT = 2**24  # bytes; 300 frames of six bodies take 5 MiB
SUFFIX = '.skeleton'
SKELETON_FILE = re.compile(r'[^.].*\.skeleton', re.IGNORECASE)
_CLIP = re.compile(rf'(?<![A-Z0-9]){NAME.pattern}(?![A-Z0-9])')


def find_skeletons(roots: Sequence[Path]) -> list[Member]:
    r"""Finds the :obj:`.skeleton` files in folders and in zip archives, which
    are never extracted.

    Of several files of one clip, such as :obj:`'S001...A005 (1).skeleton'` of
    a browser or the files of an archive beside it, the largest is taken: a
    download that broke off is smaller. Files that are empty, too large or
    named otherwise are passed over. A warning tells how many, and names some.

    Args:
        roots (list[pathlib.Path]): Folders, which are searched at any depth,
            zips and :obj:`.skeleton` files.

    Returns:
        The files, sorted by clip, of which each is called
        :obj:`<clip>.skeleton`, however the file is called.

    Raises:
        ValueError: If two files of the same name have other sizes, no file
            is left, or an archive is damaged or holds a member that points
            outside of it; names it.

    Example:
        >>> find_skeletons([Path('nturgb+d_skeletons')])[0].name
        'S001C001P001R001A001.skeleton'
    """
    clips: dict[str, list[Member]] = {}
    passed: list[str] = []
    for member in iter_members(roots, SKELETON_FILE):
        problem = ''
        clip = _clip_of(member.name)
        if clip is None:
            problem = 'its name is none of NTU RGB+D'
        elif member.size == 0:
            problem = 'it is empty'
        elif member.size > FILE_LIMIT:
            problem = f'it has {member.size:,} bytes, more than any real one'
        else:
            clips.setdefault(clip, []).append(member)
        if problem:
            passed.append(f'{_text(member)} ({problem})')
    found = []
    for clip in sorted(clips):
        best, *others = _sort(clip, clips[clip])
        found.append(best._replace(name=f'{clip}{SUFFIX}'))
        passed += [f'{_text(o)} ({_text(best)} is read)' for o in others]
    if passed:
        if not found:
            raise ValueError(
                "Expected a file such as 'S001C002P003R002A060.skeleton' "
                f'(got {list_some(passed)})'
            )
        warn_passed_over(f'.skeleton file{"s" * (len(passed) != 1)}', passed)
    return found


def _text(member: Member) -> str:
    return shown(str(member), 300)


def _clip_of(name: str) -> str | None:
    r"""The clip of a file, of which a copy may have more in its name."""
    names = _CLIP.findall(name.upper())
    if len(names) != 1:
        return None
    try:
        return str(parse_name('S{}C{}P{}R{}A{}'.format(*names[0])))
    except ValueError:
        return None


def _sort(clip: str, members: list[Member]) -> list[Member]:
    r"""Puts the file to read first."""
    plain = [m for m in members if m.name.upper() == f'{clip}{SUFFIX}'.upper()]
    for other in plain[1:]:
        if other.size != plain[0].size:
            raise ValueError(
                f'Expected one file of the clip {clip} (got {_text(plain[0])} '
                f'with {plain[0].size} bytes and {_text(other)} with '
                f'{other.size}): remove the wrong one'
            )
    copies = [member for member in members if member not in plain]
    # Sorting keeps the order of equals.
    return sorted(plain + copies, key=lambda member: -member.size)
