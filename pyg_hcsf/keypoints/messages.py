r"""Errors and warnings that name the file that is being read."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from pyg_hcsf.safe_io.shown import shortened, shown

#: The problem of files of 3D positions.
IS_3D = (
    'it has 3D positions, but 2D keypoints in pixels are read: give the file '
    'of 2D keypoints that they were made from'
)

# The file being read. A helper deep inside a reader names it in its messages
# without every function on the way passing the path on. Each thread has its
# own value.
_file: ContextVar[str] = ContextVar('file', default='keypoints')


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    r"""Makes errors and warnings inside of the block name this file."""
    token = _file.set(str(path))
    try:
        yield
    finally:
        _file.reset(token)


def file_error(message: str, where: str = '') -> ValueError:
    r"""An error that names the file and the place in it.

    Args:
        message (str): What was expected, what was got, and the remedy.
        where (str, optional): The place, such as ``'line 3'``.
            (default: :obj:`''`)
    """
    place = f"'{_file.get()}', {where}" if where else f"'{_file.get()}'"
    return ValueError(shortened(f'{place}: {message}'))


def unexpected(
    expected: str, got: Any, where: str = '', remedy: str = ''
) -> ValueError:
    r"""A :func:`file_error` that shows a value in the file."""
    text = f'expected {expected} (got {shown(got)})'
    return file_error(f'{text}: {remedy}' if remedy else text, where)


def warn(message: str) -> None:
    r"""Warns about an assumption, or about data that was left out."""
    warnings.warn(f"'{_file.get()}': {message}", UserWarning, stacklevel=3)


def warn_unread(what: str, names: Iterable[Any]) -> None:
    r"""Warns about the names of keys or columns that were not read, if any."""
    if names := sorted(map(str, names)):
        warn(f'these {what} are not read: {listed(names)}')


def listed(values: Sequence[Any], most: int = 8) -> str:
    r"""The first of several values, and how many more there are.

    Example:
        >>> listed([1, 2, 3], most=2)
        '1, 2 and 1 more'
    """
    more = f' and {len(values) - most} more' if len(values) > most else ''
    return ', '.join(shown(v, 60) for v in values[:most]) + more
