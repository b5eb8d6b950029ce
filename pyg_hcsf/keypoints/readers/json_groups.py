r"""Splits frames in JSON whose keypoints are arrays of several people."""

from typing import Any

from pyg_hcsf.keypoints.messages import unexpected
from pyg_hcsf.keypoints.readers.json_frames import Entry, first_key, nesting
from pyg_hcsf.keypoints.readers.json_keys import (
    KEYPOINT_KEYS,
    SCORE_LIST_KEYS,
    TRACK_LIST_KEYS,
)

_BOX_KEYS = ('bbox_scores', 'bbox_score')


def split_people(entries: list[Entry]) -> list[Entry]:
    r"""Splits frames whose keypoints, and maybe scores, are lists of those of
    several people, as arrays of RTMLib become. Frames without frame numbers
    are numbered in order.
    """
    return [
        part
        for number, entry in enumerate(entries)
        for part in _split(entry, number)
    ]


def _split(entry: Entry, number: int) -> list[Entry]:
    values = entry.person
    key = first_key(values, KEYPOINT_KEYS)
    rows: Any = values[key] if key is not None else None
    inner = first_key(rows, ('xy', 'data'))
    if inner is not None and is_group(rows[inner]):  # of Ultralytics
        values = {k: v for k, v in rows.items() if k in SCORE_LIST_KEYS} | {
            k: v for k, v in values.items() if k != key
        }
        rows = rows[inner]
    if not is_group(rows):
        return [entry]
    lists = {}
    for new, keys in (
        ('scores', SCORE_LIST_KEYS),
        ('track_id', TRACK_LIST_KEYS),
        ('bbox_score', _BOX_KEYS),
    ):
        found = [values[k] for k in keys if isinstance(values.get(k), list)]
        if found and len(found[0]) == len(rows):
            lists[new] = found[0]
        elif found and new == 'scores' and len(rows) == 1:
            lists[new] = found  # of one person
        elif found and new != 'bbox_score':
            expected = f"'{new}' of {len(rows)} people"
            raise unexpected(expected, found[0], entry.where)
    frame = entry.frame if entry.frame >= 0 else number
    outer = {k: v for k, v in values.items() if k != key}
    outer |= entry.frame_values
    return [
        Entry(
            frame,
            f'{entry.where}, person {place}',
            {'keypoints': row} | {k: v[place] for k, v in lists.items()},
            outer,
        )
        for place, row in enumerate(rows)
    ]


def is_group(rows: Any) -> bool:
    r"""Whether these are the joints of several people: lists of lists of
    rows, or of mappings.
    """
    if not isinstance(rows, list) or not rows:
        return False
    first = next((row for row in rows if row), None)
    marks = isinstance(first, list) and isinstance(first[0], dict)
    return marks or nesting(rows) >= 3


def one_frame(data: Any) -> Any:
    r"""The frame in a file of a folder: arrays are those of its people."""
    if isinstance(data, dict) and nesting(data.get('keypoints')) == 3:
        return [data]
    if nesting(data) in (2, 3):
        return [{'people': data if nesting(data) == 3 else [data]}]
    return data
