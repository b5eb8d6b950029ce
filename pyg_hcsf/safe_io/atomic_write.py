r"""Writes files that are complete or not there at all, and removes temporary
files of processes that were killed.
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
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

REMEDY = 'free some space or choose another folder, then try again'
DAY = 86400.0  # seconds
PART = re.compile(r'\..+\.([0-9a-f]{8})-[0-9a-f]{8}-(\d{1,19})\.part')


@contextlib.contextmanager
def atomic_write(path: str | Path, remedy: str = REMEDY) -> Iterator[Path]:
    r"""Yields a temporary path that replaces :obj:`path` after the block, once
    its content is on the disk. It is removed if the block raises.

    A process that is killed leaves at most a hidden :obj:`.<name>.*.part`
    beside the old file; the next write to that folder removes it.

    Args:
        path (str or pathlib.Path): The file; its folder is created.
        remedy (str, optional): What the error message tells the user to do.

    Raises:
        RuntimeError: If the system refuses to write, as on a full disk.

    Example:
        >>> with atomic_write('report.md') as part:
        ...     part.write_text('complete or not at all')
    """
    path = Path(path)
    part = part_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path)
        yield part
        with part.open('rb+') as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except (OSError, RuntimeError) as e:
        # torch.save turns the system's error into one of its own.
        reason = e if isinstance(e, OSError) else e.__context__
        if not isinstance(reason, OSError):
            raise
        raise RuntimeError(
            f"Could not write '{path}': {reason.strerror or reason}. What was "
            f'there is unchanged; {remedy}'
        ) from e
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def part_path(path: Path) -> Path:
    r"""Returns a unique hidden path beside a path:
    :obj:`.<name>.<machine>-<random>-<process>.part`.
    """
    part = f'{_machine()}-{secrets.token_hex(4)}-{os.getpid()}.part'
    return path.with_name(f'.{path.name}.{part}')


def remove_leftovers(path: Path) -> None:
    r"""Removes the temporary files of dead processes beside a path.

    Processes of other machines and containers cannot be checked: their files
    are removed a day after the last change.
    """
    with contextlib.suppress(OSError):
        for entry in os.scandir(path.parent):
            match = PART.fullmatch(entry.name)
            if match and _is_dead(Path(entry.path), match[1], int(match[2])):
                _remove(Path(entry.path))


def _is_dead(path: Path, machine: str, process: int) -> bool:
    if machine != _machine() or os.name != 'posix':
        changed = max(p.lstat().st_mtime for p in (path, *path.rglob('*')))
        return time.time() - changed > DAY
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:  # of another user
        pass
    return False


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


@lru_cache(maxsize=1)
def _machine() -> str:
    r"""Identifies the host and its process namespace: containers may share a
    host name, but not their process numbers.
    """
    try:
        namespace = os.stat('/proc/self/ns/pid').st_ino
    except OSError:  # not Linux
        namespace = 0
    text = f'{socket.gethostname()} {namespace}'.encode()
    return hashlib.blake2b(text, digest_size=4).hexdigest()
