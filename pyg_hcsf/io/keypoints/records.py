r"""Reads people in plain JSON with keypoints and numbers of frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pyg_hcsf.io.keypoints.arrays import NAMES, read_dict
from pyg_hcsf.io.keypoints.frames import PEOPLE, find_entries, first_of, key_of
from pyg_hcsf.io.keypoints.marks import KEYPOINTS, PersonReader
from pyg_hcsf.io.keypoints.people import People, refuse


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is of people with keypoints."""
    first = first_of(data)
    if isinstance(first, dict) and key_of(first, PEOPLE):
        first = first_of(first[str(key_of(first, PEOPLE))])
    known = isinstance(first, dict) and any(k in first for k in KEYPOINTS)
    return known or isinstance(first, (int, float))


def read(data: Any, path: Path) -> People:
    r"""Reads JSON that is of no known detector, such as the lines that
    ``tools/lift.py --live`` takes: people with ``keypoints``, and ``frame``
    and ``track`` or what such keys are usually called. Lists of numbers alone
    are read as :func:`~pyg_hcsf.io.keypoints.arrays.read_arrays` reads
    arrays.

    Args:
        data (dict or list): The parsed JSON, or the list of its lines.
        path (pathlib.Path): What errors call the file.

    Raises:
        ValueError: If an entry is damaged; names it.

    Example:
        >>> read([{'frame': 0, 'keypoints': [[5, 5, 1], ...]}], path).source
        'records'
    """
    if isinstance(data, dict) and _depth(data.get('keypoints')) >= 3:
        given = {key: data[key] for key in NAMES if data.get(key) is not None}
        arrays = {k: _array(v, path) for k, v in given.items()}
        return read_dict(arrays, path)
    if isinstance(data, list) and _depth(data) >= 3:
        return read_dict({'keypoints': _array(data, path)}, path)
    if isinstance(data, list):  # questions of the live protocol
        data = [value for value in data if not _asks(value)]
    reader = PersonReader('records', path)
    return reader.finish(find_entries(data, path))


def _asks(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {'stats'}


def _depth(value: Any) -> int:
    depth = 0
    while isinstance(value, list) and value and depth < 9:
        value, depth = value[0], depth + 1
    return depth if isinstance(value, (int, float)) else 0


def _array(value: Any, path: Path) -> np.ndarray:
    try:
        return np.array(value, dtype=None if isinstance(value, str) else float)
    except (ValueError, TypeError, OverflowError):
        refuse(path, '', 'expected lists of numbers that are equally long')
