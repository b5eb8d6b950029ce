r"""Parses JSON, of one document or one on each line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pyg_hcsf.io.keypoints.people import parse_json, refuse, warn


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
    if texts and all(isinstance(v, str) and _begins(v) for v in data):
        return [parse_json(v.encode(), path) for v in data]
    return data


def _parse(content: bytes, path: Path) -> Any:
    lines = [line for line in content.splitlines() if line.strip()]
    if len(lines) < 2 or not _whole(lines[0]) or not _begins(lines[1]):
        return parse_json(content, path)
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(json.loads(line.decode('utf-8-sig')))
        except (ValueError, RecursionError) as e:
            if number == len(lines):
                warn(path, f'its last line, {number}, is cut and left out')
                break
            refuse(path, f'line {number}', f'it is not JSON ({e!s:.100})')
    return found


def _whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line.decode('utf-8-sig')), (dict, list))
    except (ValueError, RecursionError):
        return False


def _begins(line: bytes | str) -> bool:
    return line.lstrip()[:1] in (b'{', b'[', '{', '[')
