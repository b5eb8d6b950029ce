r"""Bounded texts of values and exceptions for error messages."""

from __future__ import annotations

import contextlib
import reprlib
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

LENGTH = 120  # characters
#: What parsers raise for damaged content.
PARSE_ERRORS = (
    AttributeError,
    LookupError,
    OverflowError,
    TypeError,
    ValueError,
)


def shown(value: Any, length: int = LENGTH) -> str:
    r"""Returns a :func:`repr` of bounded length, in bounded time.

    Values read from files can be lists that contain themselves, lists that
    share lists so that their text is a million times as long as the file, or
    integers of millions of digits. Error messages quote such values with this
    function and never with :obj:`!r`.

    Args:
        value (Any): The value.
        length (int, optional): The largest number of characters.
            (default: :obj:`120`)

    .. code-block:: python

        raise ValueError(f"Expected a list of numbers (got {shown(value)})")
    """
    text = _BOUNDED.repr(value)
    return text if len(text) <= length else f'{text[: length - 3]}...'


def cause(error: BaseException, length: int = 600) -> str:
    r"""Returns the text of an exception, of bounded length: exceptions of
    other libraries quote what they could not convert in full.

    .. code-block:: python

        except zipfile.BadZipFile as e:
            raise ValueError(f"Could not read '{path}': {cause(e)}") from e
    """
    text = getattr(error, 'strerror', '') or str(error)  # without the path
    return shortened(text or type(error).__name__, length)


def shortened(text: str, length: int = 1000) -> str:
    r"""Returns a text, or the start and the end of a text that is longer.

    .. code-block:: python

        raise ValueError(shortened(f"'{path}': {message}"))
    """
    if len(text) <= length:
        return text
    half = length // 2 - 3
    return f'{text[:half]} ... {text[-half:]}'


@contextlib.contextmanager
def explained(
    problem: str,
    remedy: str = 'get it again',
    errors: tuple[type[Exception], ...] = PARSE_ERRORS,
) -> Iterator[None]:
    r"""Converts errors of a parser to a :class:`ValueError` that names the
    file, the cause and a remedy.

    .. code-block:: python

        with explained(f"'{path}' is not a pose file"):
            frames = parse(path.read_bytes())
    """
    try:
        yield
    except errors as e:
        raise ValueError(f'{problem} ({cause(e)}): {remedy}') from e


class _Bounded(reprlib.Repr):
    r"""Visits at most two levels and four entries of each container."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 2
        self.maxstring = self.maxother = LENGTH
        for kind in ('tuple', 'list', 'dict', 'set', 'frozenset', 'deque'):
            setattr(self, f'max{kind}', 4)

    def repr1(self, x: Any, level: int) -> str:
        if x is None or isinstance(x, bool | float | complex):
            return repr(x)
        if type(x) in (str, int, list, tuple, dict, set, frozenset):
            return super().repr1(x, level)
        if isinstance(x, str | PurePath):  # numpy.str_ and paths too
            return self.repr_str(str(x), level)
        if isinstance(x, bytes | bytearray):
            return repr(bytes(x[: self.maxstring]))
        if hasattr(x, 'shape') and hasattr(x, 'dtype'):
            if len(x.shape) == 0:
                return self.repr1(x.item(), level)
            return f'<{type(x).__name__} {list(x.shape)} of {x.dtype}>'
        return f'<{type(x).__name__}>'

    def repr_int(self, x: int, level: int) -> str:
        if x.bit_length() > 128:
            return f'<int of {x.bit_length()} bits>'
        return repr(x)


_BOUNDED = _Bounded()
