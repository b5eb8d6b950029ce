r"""Parses JSON files of strangers in memory that their size bounds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Optional

FEW = 500_000  # lists and objects that any file may hold
DENSEST = 5  # bytes of a file for each of more; the pair [0,0] has six


def load_json(
    content: str | bytes,
    parse_constant: Optional[Callable[[str], Any]] = None,
) -> Any:
    r"""Parses JSON, with or without a byte order mark.

    A list of three bytes, ``[],``, takes 64 bytes of memory: files that hold
    little but empty lists are refused before they are parsed.

    Args:
        content (str or bytes): The file, in UTF-8.
        parse_constant (callable, optional): See :func:`json.loads`.
            (default: :obj:`None`)

    Raises:
        ValueError: If it is damaged, or holds more than 500,000 lists and
            objects of fewer than five bytes each.
        RecursionError: If it is nested too deeply.

    Example:
        >>> load_json(b'{"keypoints": [[1, 2, 0.9]]}')
    """
    check_density(content)
    if isinstance(content, bytes):
        content = content.decode('utf-8-sig')
    return json.loads(content, parse_constant=parse_constant)


def check_density(content: str | bytes) -> None:
    r"""Refuses JSON that holds little but empty lists or objects.

    Args:
        content (str or bytes): The file.

    Raises:
        ValueError: See :func:`load_json`.
    """
    marks = '[{' if isinstance(content, str) else (b'[', b'{')
    count = sum(content.count(mark) for mark in marks)  # type: ignore
    if count > max(FEW, len(content) // DENSEST):
        raise ValueError(
            f'it holds {count:,} lists and objects in {len(content):,} bytes, '
            'most of them empty'
        )
