r"""Parses JSON, of one document or one on each line."""

from __future__ import annotations

import json
from codecs import BOM_UTF8 as BOM
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

from pyg_hcsf.keypoints.people import parse_json, refuse, warn
from pyg_hcsf.safe_io.json_file import check_density
from pyg_hcsf.safe_io.shown import cause


def parse(content: bytes, path: Path) -> Any:
    r"""Parses JSON, or JSON Lines as a list of their values; texts that
    are JSON themselves are parsed, too.

    The last line may be cut, as where the writer was stopped: it is left out
    with a warning.

    Args:
        content (bytes): The file.
        path (pathlib.Path): What errors call it.

    Raises:
        ValueError: If it is damaged; names the file and the line.
    """
    return _inner(_parse(content, path), path)


def _inner(data: Any, path: Path) -> Any:
    r"""What texts of JSON hold, as of ``[r.to_json() for r in results]``."""
    if isinstance(data, str):
        return parse_json(data.encode(), path)
    texts = isinstance(data, list) and bool(data)
    if texts and all(isinstance(v, str) and _begins(v.encode()) for v in data):
        return [parse_json(v.encode(), path) for v in data]
    return data


def _parse(content: bytes, path: Path) -> Any:
    try:
        check_density(content)
    except ValueError as e:
        refuse(path, '', f'{cause(e)}: get it again')
    first, second = [*islice(_lines(content), 2), b'', b''][:2]
    if not _begins(second) or not _whole(first):
        return parse_json(content, path)
    found = []
    lines = enumerate(_lines(content), start=1)
    for number, line in lines:
        try:
            if not _begins(line):
                raise ValueError('it begins with neither { nor [')
            found.append(json.loads(line.decode('utf-8-sig')))
        except (ValueError, RecursionError) as e:
            if next(lines, None) is None:
                warn(path, f'its last line, {number}, is cut and left out')
                break
            refuse(path, f'line {number}', f'it is not JSON ({e!s:.100})')
    return found


def _lines(content: bytes) -> Iterator[bytes]:
    """The lines that are not blank, one after another."""
    return (line for line in BytesIO(content) if line.strip())


def _whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line.decode('utf-8-sig')), (dict, list))
    except (ValueError, RecursionError):
        return False


def _begins(line: bytes) -> bool:
    return line.removeprefix(BOM).lstrip()[:1] in (b'{', b'[')
