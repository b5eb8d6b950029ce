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

LOOK = 2**26  # bytes of a pickle that are looked through
STEPS = 2 * 10**5  # instructions
NUM_TEXTS, TEXT_LENGTH = 64, 64  # that are kept of a pickle
ARRAY_STEPS = 99  # instructions in which the shape of an array stands
LONGEST = 80  # characters of a name that are kept
INTEGERS = ('INT', 'BININT', 'BININT1', 'BININT2', 'LONG', 'LONG1')
SUFFIXES = ('.pkl', '.pickle', '.p')
KEEP = ('PUT', 'BINPUT', 'LONG_BINPUT')
RECALL = ('GET', 'BINGET', 'LONG_BINGET')


class PickleNames(NamedTuple):
    r"""What a pickle asks for.

    Args:
        refused (tuple[str, ...]): The first ten classes and functions beyond
            arrays and plain data, such as :obj:`'collections.OrderedDict'`.
        whole (bool): Whether its end is there.
        texts (frozenset[str], optional): Short texts near its start, such as
            the keys of a dictionary. (default: none)
    """

    refused: tuple[str, ...]
    whole: bool
    texts: frozenset[str] = frozenset()


def pickle_names(path: Path) -> PickleNames | None:
    r"""Lists what :func:`~pyg_hcsf.safe_io.restricted_pickle.load_pickle`
    would refuse in a pickle, without running it; :obj:`None` if it is none.

    Of large files the first 64 MiB are looked through.
    """
    size = path.stat().st_size
    with path.open('rb') as file:
        content = file.read(2)
        binary = content[:1] == b'\x80' and content[1:] in b'\2\3\4\5'
        if not binary and path.suffix.lower() not in SUFFIXES:
            return None
        content += file.read(min(size, LOOK))
        file.seek(-1, io.SEEK_END)
        whole = file.read(1) == b'.'
    found: dict[str, None] = {}
    keys: set[str] = set()
    texts = ['', '']  # the last two, of which STACK_GLOBAL makes a name
    memo: dict[int, str] = {}
    step = 0
    try:
        with warnings.catch_warnings():  # of escapes in damaged texts
            warnings.simplefilter('ignore')
            for code, value, _ in pickletools.genops(io.BytesIO(content)):
                name = _follow(code.name, value, texts, memo)
                if name is not None and name not in GLOBALS:
                    found[shown(name)[1:-1]] = None
                if isinstance(value, str) and len(keys) < NUM_TEXTS:
                    keys.add(value[:TEXT_LENGTH])
                step += 1
                if step == STEPS or len(found) == 10:
                    break
    except (ValueError, OverflowError, MemoryError, LookupError):
        if not binary and step < 2:
            return None
        whole &= len(content) < size
    return PickleNames(tuple(found), whole, frozenset(keys))


def pickle_array_shape(path: Path, key: str) -> tuple[int, ...] | None:
    r"""The shape of the first array of four dimensions under a key of the
    dictionaries in a pickle, without running it; :obj:`None` if there is
    none.

    Args:
        path (pathlib.Path): The pickle.
        key (str): The key.

    Example:
        >>> pickle_array_shape(Path('ntu60_3danno.pkl'), 'keypoint')
        (1, 103, 25, 3)
    """
    # The oldest protocol ends texts with a quote, and lines.
    pattern = re.compile(rb"%b(?!_)(?:'?\n)?" % key.encode())
    with path.open('rb') as file:
        if path.stat().st_size == 0:
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            match = pattern.search(content)
            if match is None:
                return None
            content.seek(match.end())
            del match  # which keeps the file open
            return _first_shape(content)


def _first_shape(stream: Any) -> tuple[int, ...] | None:
    r"""The next tuple of four integers among the next instructions."""
    numbers: list[int] | None = None
    ops = pickletools.genops(stream)
    try:
        for code, value, _ in islice(ops, ARRAY_STEPS):
            if code.name == 'MARK':
                numbers = []
            elif code.name == 'TUPLE' and numbers and len(numbers) == 4:
                return tuple(numbers)
            elif code.name in INTEGERS and numbers is not None:
                numbers.append(int(value or 0))
            elif code.name not in ('MEMOIZE', *KEEP):
                numbers = None
    except (ValueError, OverflowError, LookupError):
        pass  # damaged
    return None


def _follow(
    code: str, value: Any, texts: list[str], memo: dict[int, str]
) -> str | None:
    r"""Keeps the last texts up to date; returns the name of a global."""
    if code == 'GLOBAL':
        return str(value)[:LONGEST].replace(' ', '.')
    if code == 'STACK_GLOBAL':
        return '.'.join(texts)[:LONGEST]
    if code == 'MEMOIZE':
        memo[len(memo)] = texts[-1]
    elif code in KEEP:
        memo[value] = texts[-1]
    elif code in RECALL or isinstance(value, str):
        texts.append(memo.get(value, '') if code in RECALL else value)
        del texts[0]
    return None
