r"""Reads JSON files that no other reader recognises: people with keypoints.

A person has ``keypoints``, and ``frame`` and ``track`` or what such keys are
usually called, as in the lines that ``pyg-hcsf lift --live`` takes. Lists of
numbers alone are read like the arrays of an ``.npz`` file.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from pyg_hcsf.keypoints.detections import ParsedFile, only
from pyg_hcsf.keypoints.joint_names import MIN_JOINTS, is_joint_name
from pyg_hcsf.keypoints.messages import file_error, warn_unread
from pyg_hcsf.keypoints.readers import arrays
from pyg_hcsf.keypoints.readers.json_frames import (
    Entry,
    find_entries,
    find_size,
    first_key,
    first_person,
    nesting,
)
from pyg_hcsf.keypoints.readers.json_people import (
    KEYPOINT_KEYS,
    SCORE_LIST_KEYS,
    read_people,
)

TRACK_LIST_KEYS = ('track_ids', 'ids', 'track_id', 'id')


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is of people with keypoints."""
    first = first_person(data)
    if not isinstance(first, dict):
        return isinstance(first, (int, float))
    joints = sum(map(is_joint_name, first))
    return joints >= MIN_JOINTS or any(k in first for k in KEYPOINT_KEYS)


def read(data: Any) -> ParsedFile:
    r"""Reads the people of a video or an image."""
    if isinstance(data, dict) and nesting(data.get('keypoints')) >= 3:
        named = arrays.rename_arrays(data)
        warn_unread('keys', named.keys() - {*arrays.NAMES})
        known = {k: named[k] for k in arrays.NAMES if named.get(k)}
        return arrays.read({k: _to_array(v) for k, v in known.items()})
    if isinstance(data, list) and nesting(data) >= 3:
        return arrays.read({'keypoints': _to_array(data)})
    if isinstance(data, list):  # without requests of the live protocol
        data = [
            value
            for value in data
            if not isinstance(value, dict) or value.keys() != {'stats'}
        ]
    entries = find_entries(data)
    people = [
        part
        for number, entry in enumerate(entries)
        for part in _split_people(entry, number)
    ]
    size = only(find_size(entry.frame_values) for entry in entries)
    return replace(read_people('records', people), image_size=size)


def _split_people(entry: Entry, number: int) -> list[Entry]:
    r"""Splits a frame whose keypoints, and maybe scores, are lists of those
    of several people, as arrays of RTMLib become. Frames without frame
    numbers are numbered in order.
    """
    values = entry.person
    key = first_key(values, KEYPOINT_KEYS)
    rows = values[key] if key is not None else None
    if not isinstance(rows, list) or nesting(rows) < 3:
        return [entry]
    lists = {}
    for new, keys in (
        ('scores', SCORE_LIST_KEYS),
        ('track_id', TRACK_LIST_KEYS),
    ):
        found = [values[k] for k in keys if isinstance(values.get(k), list)]
        if found and len(found[0]) == len(rows):
            lists[new] = found[0]
    frame = entry.frame if entry.frame >= 0 else number
    outer = {k: v for k, v in values.items() if k != key}
    return [
        Entry(
            frame,
            f'{entry.where}, person {place}',
            {'keypoints': row, **{k: v[place] for k, v in lists.items()}},
            outer,
        )
        for place, row in enumerate(rows)
    ]


def _to_array(value: Any) -> np.ndarray:
    try:
        return np.array(value, dtype=None if isinstance(value, str) else float)
    except (ValueError, TypeError, OverflowError) as e:
        raise file_error(
            'expected lists of numbers that are equally long'
        ) from e
