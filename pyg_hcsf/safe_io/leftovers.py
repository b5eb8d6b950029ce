r"""Temporary names of files that are being written, and what killed processes
left under such names.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import socket
import time
from functools import lru_cache
from pathlib import Path

DAY = 86400.0  # s; a part that nobody has written to for so long is dead
PART = re.compile(r'\.(.+)\.([0-9a-f]{8})-[0-9a-f]{8}-(\d{1,19})\.part')
OLD = re.compile(r'\.(.+)\.(\d{1,19})\.part')  # of earlier versions


def part_path(path: Path) -> Path:
    r"""A hidden name beside a path that nobody else takes:
    :obj:`.<name>.<machine>-<random>-<process>.part`.

    Args:
        path (pathlib.Path): What the part is going to replace.
    """
    part = f'{_machine()}-{secrets.token_hex(4)}-{os.getpid()}.part'
    return path.with_name(f'.{path.name}.{part}')


def remove_leftovers(path: Path) -> None:
    r"""Removes parts of dead processes from the folder of a path.

    A process of this machine is dead if its number is not in use. Those of
    other machines and containers cannot be asked: theirs are kept for a day
    after the last change.

    Args:
        path (pathlib.Path): What is going to be written.
    """
    with contextlib.suppress(OSError):
        for entry in os.scandir(path.parent):
            if entry.name.endswith('.part') and _is_dead(entry, path.name):
                _remove(Path(entry.path))


def _is_dead(entry: os.DirEntry, name: str) -> bool:
    match = PART.fullmatch(entry.name)
    if match is not None:
        machine, process = match[2], int(match[3])
    else:
        match = OLD.fullmatch(entry.name)
        if match is None or match[1] != name:
            return False
        machine, process = _machine(), int(match[2])
    if machine == _machine() and os.name == 'posix':
        return not _is_alive(process)
    return time.time() - _last_change(Path(entry.path)) > DAY


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # of another user
        pass
    return True


def _last_change(path: Path) -> float:
    return max(p.lstat().st_mtime for p in (path, *path.rglob('*')))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


@lru_cache(maxsize=1)
def _machine() -> str:
    """Containers of one machine may share its name, not their processes."""
    try:
        space = os.stat('/proc/self/ns/pid').st_ino
    except OSError:  # not Linux
        space = 0
    text = f'{socket.gethostname()} {space}'.encode()
    return hashlib.blake2b(text, digest_size=4).hexdigest()
