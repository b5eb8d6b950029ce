from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from pyg_hcsf.safe_io.leftovers import part_path, remove_leftovers

REMEDY = 'free some space or choose another folder, then try again'


@contextlib.contextmanager
def atomic_write(path: str | Path, remedy: str = REMEDY) -> Iterator[Path]:
    r"""Yields a temporary path that takes the place of :obj:`path` once it is
    whole on the disk, and is removed if it does not get so far.

    A process that is killed leaves at most a hidden :obj:`.<name>.*.part`
    beside what was there before; the next write to that folder removes it.

    Args:
        path (str or pathlib.Path): The file; its folder is made if need be.
        remedy (str, optional): What the error tells the user to do.

    Raises:
        RuntimeError: If the system refuses to write, as on a full disk.

    Example:
        >>> with atomic_write('report.md') as part:
        ...     part.write_text('whole or not at all')
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
