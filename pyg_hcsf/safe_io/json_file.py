r"""Parses JSON in memory that is bounded by the size of the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Optional

MIN_CONTAINERS = 500_000  # lists and objects that any file may contain
BYTES_PER_CONTAINER = 5  # of a file with more; the pair [0,0] has six


def load_json(
    content: str | bytes,
    parse_constant: Optional[Callable[[str], Any]] = None,
) -> Any:
    r"""Parses JSON, with or without a byte order mark.

    A list of three bytes, ``[],``, takes 64 bytes of memory: files of more
    than 500,000 lists and objects with fewer than five bytes each are refused
    before they are parsed.

    Args:
        content (str or bytes): The content of the file, in UTF-8.
        parse_constant (callable, optional): See :func:`json.loads`.
            (default: :obj:`None`)

    Raises:
        ValueError: If it is damaged or refused.
        RecursionError: If it is nested too deeply.
    """
    brackets = '[{' if isinstance(content, str) else (b'[', b'{')
    count = sum(content.count(bracket) for bracket in brackets)  # type: ignore
    if count > max(MIN_CONTAINERS, len(content) // BYTES_PER_CONTAINER):
        raise ValueError(
            f'it holds {count:,} lists and objects in {len(content):,} bytes, '
            'most of them empty'
        )
    if isinstance(content, bytes):
        content = content.decode('utf-8-sig')
    return json.loads(content, parse_constant=parse_constant)
