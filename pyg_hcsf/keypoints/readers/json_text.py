r"""Parses JSON and JSON Lines."""

import json
from codecs import BOM_UTF8
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from typing import Any

from pyg_hcsf.keypoints.messages import file_error, warn
from pyg_hcsf.safe_io.json_file import load_json


def parse_json(content: bytes) -> Any:
    r"""Parses JSON, or JSON Lines as a list of their values.

    Strings that are JSON themselves, as in ``[r.to_json() for r in
    results]``, are parsed, too. If the last line is incomplete, because the
    writer was stopped, it is left out with a warning.
    """
    try:
        data = load_json(content)
    except json.JSONDecodeError as e:
        if e.msg == 'Extra data':
            return _parse_texts(_parse_lines(content, e))
        raise _invalid(e) from e
    except (ValueError, RecursionError) as e:
        raise _invalid(e) from e
    if isinstance(data, str):
        return _parse_text(data)
    return _parse_texts(data)


def _parse_texts(data: Any) -> Any:
    r"""Parses texts that are JSON: all items of a list, or values in the
    mappings of a list.
    """
    if not isinstance(data, list) or not data:
        return data
    if all(isinstance(value, str) and _is_json(value) for value in data):
        return list(map(_parse_text, data))
    first = data[0] if isinstance(data[0], dict) else {}
    keys = [k for k, v in first.items() if isinstance(v, str) and _is_json(v)]
    for key in keys:
        for value in data:
            if isinstance(value, dict) and isinstance(value.get(key), str):
                value[key] = _parse_text(value[key])
    return data


def _is_json(text: str) -> bool:
    return _is_container(text[:80].encode())


def _parse_text(text: str) -> Any:
    try:
        return load_json(text)
    except (ValueError, RecursionError) as e:
        raise _invalid(e) from e


def _invalid(error: Exception) -> ValueError:
    return file_error(
        f'it is not valid JSON ({error!s:.200}): get it again, or run the '
        'detector again'
    )


def _parse_lines(content: bytes, error: json.JSONDecodeError) -> list[Any]:
    r"""Parses JSON Lines; raises the error of the document if the second line
    is no list or object.
    """
    if not _is_container([*islice(_lines(content), 2), b''][1]):
        raise _invalid(error) from error
    values: list[Any] = []
    lines = enumerate(_lines(content), start=1)
    for number, line in lines:
        try:
            if not _is_container(line):
                raise ValueError('it begins with neither { nor [')
            values.append(json.loads(line.decode('utf-8-sig')))
        except (ValueError, RecursionError) as e:
            if next(lines, None) is None:
                warn(f'its last line, {number}, is incomplete and left out')
                break
            raise file_error(
                f'it is not JSON ({e!s:.100})', f'line {number}'
            ) from e
    return values


def _lines(content: bytes) -> Iterator[bytes]:
    r"""The lines that are not blank, one at a time to save memory."""
    return (line for line in BytesIO(content) if line.strip())


def _is_container(line: bytes) -> bool:
    return line.removeprefix(BOM_UTF8).lstrip()[:1] in (b'{', b'[')
