r"""Reads people in plain JSON with keypoints and numbers of frames."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pyg_hcsf.keypoints.joint_names import LEAST, is_joint
from pyg_hcsf.keypoints.people import People, refuse, warn_unread
from pyg_hcsf.keypoints.readers.arrays import NAMES, read_dict, usual_names
from pyg_hcsf.keypoints.readers.json_entries import (
    PEOPLE,
    Entry,
    find_entries,
    first_of,
    key_of,
    size_of,
)
from pyg_hcsf.keypoints.readers.json_joints import (
    KEYPOINTS,
    LISTS,
    PersonReader,
)

TRACKS = ('track_ids', 'ids', 'track_id', 'id')


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is of people with keypoints."""
    first = first_of(data)
    if isinstance(first, dict) and key_of(first, PEOPLE):
        first = first_of(first[str(key_of(first, PEOPLE))])
    if isinstance(first, dict):
        joints = sum(map(is_joint, first))
        return joints >= LEAST or any(k in first for k in KEYPOINTS)
    return isinstance(first, (int, float))


def read(data: Any, path: Path) -> People:
    r"""Reads JSON that is of no known detector, such as the lines that
    ``tools/lift.py --live`` takes: people with ``keypoints``, and ``frame``
    and ``track`` or what such keys are usually called. Lists of numbers alone
    are read as :func:`~pyg_hcsf.keypoints.readers.arrays.read_arrays` reads
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
        known = usual_names(data)
        given = {k: known[k] for k in NAMES if known.get(k)}
        warn_unread(path, 'keys', known.keys() - {*NAMES})
        arrays = {k: _array(v, path) for k, v in given.items()}
        return read_dict(arrays, path)
    if isinstance(data, list) and _depth(data) >= 3:
        return read_dict({'keypoints': _array(data, path)}, path)
    if isinstance(data, list):  # questions of the live protocol
        data = [value for value in data if not _asks(value)]
    reader = PersonReader('records', path)
    entries = find_entries(data, path)
    sizes = {size_of(entry.outer) for entry in entries}
    size = sizes.pop() if len(sizes) == 1 else None
    people = [
        part
        for number, entry in enumerate(entries)
        for part in _split(entry, number)
    ]
    return replace(reader.finish(people), image_size=size)


def _split(entry: Entry, number: int) -> list[Entry]:
    r"""The people of a frame whose keypoints, and maybe scores, are lists of
    those of several, as arrays of RTMLib become. Without numbers, frames are
    numbered in order.
    """
    key = key_of(entry.value, KEYPOINTS)
    rows = entry.value[key] if key is not None else None
    if not isinstance(rows, list) or _depth(rows) < 3:
        return [entry]
    outer = {k: v for k, v in entry.value.items() if k != key}
    lists = [k for k in LISTS if isinstance(outer.get(k), list)]
    names = [k for k in TRACKS if isinstance(outer.get(k), list)]
    frame = entry.frame if entry.frame >= 0 else number
    parts = []
    for place, person in enumerate(rows):
        value: dict[str, Any] = {'keypoints': person}
        for new, keys in (('scores', lists), ('track_id', names)):
            if keys and len(outer[keys[0]]) == len(rows):
                value[new] = outer[keys[0]][place]
        where = f'{entry.where}, person {place}'
        parts.append(Entry(frame, where, value, outer))
    return parts


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
