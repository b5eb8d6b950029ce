r"""Lists the classes, functions, texts and array shapes in a pickle without
loading it.
"""

from __future__ import annotations

import io
import mmap
import pickletools
import re
import warnings
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from pyg_hcsf.safe_io.pickle_globals import GLOBALS
from pyg_hcsf.safe_io.shown import shown

MAX_BYTES = 2**26  # of a pickle that are scanned
MAX_OPCODES = 2 * 10**5
NUM_REFUSED = 10  # classes and functions that are listed
NUM_TEXTS, TEXT_LENGTH = 64, 64  # texts that are listed, and their characters
NAME_LENGTH = 80  # characters of a class or function
ARRAY_OPCODES = 99  # distance from the key of an array to its shape
INTEGERS = ('INT', 'BININT', 'BININT1', 'BININT2', 'LONG', 'LONG1')
SUFFIXES = ('.pkl', '.pickle', '.p')
PUTS = ('PUT', 'BINPUT', 'LONG_BINPUT')
GETS = ('GET', 'BINGET', 'LONG_BINGET')


class PickleScan(NamedTuple):
    r"""The result of :func:`scan_pickle`.

    Args:
        refused (tuple[str, ...]): The first ten classes and functions that
            :func:`~pyg_hcsf.safe_io.pickle_reader.load_pickle` refuses.
        complete (bool): Whether the end of the pickle is there.
        texts (frozenset[str], optional): Short texts near its start, such as
            the keys of a dictionary. (default: none)
    """

    refused: tuple[str, ...]
    complete: bool
    texts: frozenset[str] = frozenset()


def scan_pickle(path: Path) -> PickleScan | None:
    r"""Scans the first 64 MiB of a pickle without loading it. Returns
    :obj:`None` if the file is not a pickle.
    """
    size = path.stat().st_size
    with path.open('rb') as file:
        content = file.read(2)
        binary = content[:1] == b'\x80' and content[1:] in b'\2\3\4\5'
        if not binary and path.suffix.lower() not in SUFFIXES:
            return None
        content += file.read(min(size, MAX_BYTES))
        file.seek(-1, io.SEEK_END)
        complete = file.read(1) == b'.'
    refused: dict[str, None] = {}
    texts: set[str] = set()
    last = ['', '']  # texts, which STACK_GLOBAL makes a name of
    memo: dict[int, str] = {}
    step = 0
    try:
        with warnings.catch_warnings():  # of escapes in damaged texts
            warnings.simplefilter('ignore')
            for code, value, _ in pickletools.genops(io.BytesIO(content)):
                name = _name_of_global(code.name, value, last, memo)
                if name is not None and name not in GLOBALS:
                    refused[shown(name)[1:-1]] = None
                if isinstance(value, str) and len(texts) < NUM_TEXTS:
                    texts.add(value[:TEXT_LENGTH])
                step += 1
                if step == MAX_OPCODES or len(refused) == NUM_REFUSED:
                    break
    except (ValueError, OverflowError, MemoryError, LookupError):
        if not binary and step < 2:
            return None
        complete &= len(content) < size
    return PickleScan(tuple(refused), complete, frozenset(texts))


def pickle_array_shape(path: Path, key: str) -> tuple[int, ...] | None:
    r"""Returns the shape of the first four-dimensional array under a key of a
    dictionary in a pickle without loading it, or :obj:`None`.

    Example:
        >>> pickle_array_shape(Path('ntu60_3danno.pkl'), 'keypoint')
        (1, 103, 25, 3)
    """
    # Protocol 0 ends texts with a quote and a line break.
    pattern = re.compile(rb"%b(?!_)(?:'?\n)?" % key.encode())
    with path.open('rb') as file:
        if path.stat().st_size == 0:
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            match = pattern.search(content)
            if match is None:
                return None
            content.seek(match.end())
            del match  # it keeps the file open
            return _next_shape(content)


def _next_shape(stream: Any) -> tuple[int, ...] | None:
    r"""Returns the next tuple of four integers."""
    numbers: list[int] | None = None
    try:
        for code, value, _ in islice(
            pickletools.genops(stream), ARRAY_OPCODES
        ):
            if code.name == 'MARK':
                numbers = []
            elif code.name == 'TUPLE' and numbers and len(numbers) == 4:
                return tuple(numbers)
            elif code.name in INTEGERS and numbers is not None:
                numbers.append(int(value or 0))
            elif code.name not in ('MEMOIZE', *PUTS):
                numbers = None
    except (ValueError, OverflowError, LookupError):
        pass  # damaged
    return None


def _name_of_global(
    code: str, value: Any, last: list[str], memo: dict[int, str]
) -> str | None:
    r"""Returns the class or function that an opcode names, if any, and updates
    the last two texts.
    """
    if code == 'GLOBAL':
        return str(value)[:NAME_LENGTH].replace(' ', '.')
    if code == 'STACK_GLOBAL':
        return '.'.join(last)[:NAME_LENGTH]
    if code == 'MEMOIZE':
        memo[len(memo)] = last[-1]
    elif code in PUTS:
        memo[value] = last[-1]
    elif code in GETS or isinstance(value, str):
        last.append(memo.get(value, '') if code in GETS else value)
        del last[0]
    return None
