r"""Parses JSON and JSON Lines."""

import json
from codecs import BOM_UTF8
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from typing import Any

from pyg_hcsf.keypoints.messages import file_error, warn
from pyg_hcsf.safe_io.json_bytes import check_density, load_json
from pyg_hcsf.safe_io.shown import cause


def parse_json(content: bytes) -> Any:
    r"""Parses JSON, or JSON Lines as a list of their values.

    Strings that are JSON themselves, as in ``[r.to_json() for r in
    results]``, are parsed, too. If the last line is incomplete, because the
    writer was stopped, it is left out with a warning.

    Raises:
        ValueError: If it is damaged; names the line.
    """
    data = _parse(content)
    if isinstance(data, str):
        return _parse_document(data.encode())
    texts = isinstance(data, list) and all(isinstance(v, str) for v in data)
    if texts and data and all(_is_container(v.encode()) for v in data):
        return [_parse_document(v.encode()) for v in data]
    return data


def _parse(content: bytes) -> Any:
    try:
        check_density(content)
    except ValueError as e:
        raise file_error(f'{cause(e)}: get it again') from e
    first, second = [*islice(_lines(content), 2), b'', b''][:2]
    if not _is_container(second) or not _is_complete(first):
        return _parse_document(content)
    values = []
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


def _parse_document(content: bytes) -> Any:
    try:
        return load_json(content)
    except json.JSONDecodeError as e:
        reason = f'{e.msg} in line {e.lineno}, column {e.colno}'
    except (ValueError, RecursionError) as e:
        reason = str(e)
    raise file_error(
        f'it is not valid JSON ({reason:.200}): get it again, or run the '
        'detector again'
    )


def _lines(content: bytes) -> Iterator[bytes]:
    return (line for line in BytesIO(content) if line.strip())


def _is_complete(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line.decode('utf-8-sig')), (dict, list))
    except (ValueError, RecursionError):
        return False


def _is_container(line: bytes) -> bool:
    return line.removeprefix(BOM_UTF8).lstrip()[:1] in (b'{', b'[')
