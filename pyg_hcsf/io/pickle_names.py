from __future__ import annotations

import io
import pickletools
import warnings
from pathlib import Path
from typing import Any, NamedTuple

from pyg_hcsf.io.pickle_globals import GLOBALS

LOOK = 2**26  # bytes of a pickle that are looked through
LONGEST = 80  # characters of a name that are kept
STEPS = 10**6  # instructions
SUFFIXES = ('.pkl', '.pickle', '.p')
KEEP = ('PUT', 'BINPUT', 'LONG_BINPUT')
RECALL = ('GET', 'BINGET', 'LONG_BINGET')


class PickleNames(NamedTuple):
    r"""What a pickle asks for.

    Args:
        refused (tuple[str, ...]): The first ten classes and functions beyond
            arrays and plain data, such as :obj:`'collections.OrderedDict'`.
        whole (bool): Whether its end is there.
    """

    refused: tuple[str, ...]
    whole: bool


def pickle_names(path: Path) -> PickleNames | None:
    r"""Lists what :func:`~pyg_hcsf.io.restricted_pickle.load_pickle` would
    refuse in a pickle, without running it; :obj:`None` if it is none.

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
    texts = ['', '']  # the last two, of which STACK_GLOBAL makes a name
    memo: dict[int, str] = {}
    step = 0
    try:
        with warnings.catch_warnings():  # of escapes in damaged texts
            warnings.simplefilter('ignore')
            for code, value, _ in pickletools.genops(io.BytesIO(content)):
                name = _follow(code.name, value, texts, memo)
                if name is not None and name not in GLOBALS:
                    found[name] = None
                step += 1
                if step == STEPS or len(found) == 10:
                    break
    except (ValueError, OverflowError, MemoryError, LookupError):
        if not binary and step < 2:
            return None
        whole &= len(content) < size
    return PickleNames(tuple(found), whole)


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
