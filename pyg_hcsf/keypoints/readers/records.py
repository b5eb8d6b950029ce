r"""Reads JSON files that no other reader recognises: people with keypoints.

A person has ``keypoints``, and ``frame`` and ``track`` or what such keys are
usually called, as in the lines that ``pyg-hcsf lift --live`` takes. Lists of
numbers alone are read like the arrays of an ``.npz`` file.
"""

from typing import Any

import numpy as np

from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.joint_names import MIN_JOINTS, is_joint_name
from pyg_hcsf.keypoints.messages import file_error, warn_unread
from pyg_hcsf.keypoints.readers import arrays
from pyg_hcsf.keypoints.readers.json_frames import (
    find_entries,
    first_person,
    has_keypoints,
    nesting,
)
from pyg_hcsf.keypoints.readers.json_groups import split_people
from pyg_hcsf.keypoints.readers.json_people import read_people


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is of people with keypoints."""
    first = first_person(data)
    if not isinstance(first, dict):
        return isinstance(first, (int, float))
    return has_keypoints(first) or isinstance(first.get('x'), list)


def read(data: Any) -> ParsedFile:
    r"""Reads the people of a video or an image."""
    if _is_pair_of_arrays(data):
        data = {'keypoints': data[0], 'scores': data[1]}
    if isinstance(data, dict) and nesting(data.get('keypoints')) >= 3:
        named = arrays.rename_arrays(data)
        warn_unread('keys', named.keys() - {*arrays.NAMES})
        known = {k: named[k] for k in arrays.NAMES if named.get(k)}
        return arrays.read({k: _to_array(v) for k, v in known.items()})
    if isinstance(data, list) and all(map(_is_pair, data)):
        data = [{'keypoints': rows, 'scores': scores} for rows, scores in data]
    elif isinstance(data, list) and nesting(data) >= 3:
        return arrays.read({'keypoints': _to_array(data)})
    if isinstance(data, list):  # without requests of the live protocol
        data = [
            value
            for value in data
            if not isinstance(value, dict) or value.keys() != {'stats'}
        ]
    if isinstance(data, dict) and (frames := _frames_of_joints(data)):
        data = frames
    return read_people('records', split_people(find_entries(data)))


def _frames_of_joints(data: dict[str, Any]) -> list[Any]:
    r"""The frames of a mapping from names of joints to lists with a joint for
    each frame, empty if it is another.
    """
    series = {k: v for k, v in data.items() if is_joint_name(k)}
    lengths = {len(v) if nesting(v) == 2 else 0 for v in series.values()}
    if len(series) < MIN_JOINTS or len(lengths) > 1 or 0 in lengths:
        return []
    warn_unread('keys', data.keys() - series.keys())
    rows = zip(*series.values(), strict=True)
    return [
        dict(zip(series, row, strict=True)) | {'frame': number}
        for number, row in enumerate(rows)
    ]


def _is_pair_of_arrays(data: Any) -> bool:
    r"""Whether these are arrays of the keypoints and scores of all frames."""
    if not isinstance(data, list) or len(data) != 2:
        return False
    depth = nesting(data[0])
    return depth > 2 and nesting(data[1]) == depth - 1


def _is_pair(frame: Any) -> bool:
    r"""Whether this is the pair of keypoints and scores of RTMLib."""
    if not isinstance(frame, list) or len(frame) != 2:
        return False
    rows, scores = frame
    return rows == scores == [] or (nesting(rows), nesting(scores)) == (3, 2)


def _to_array(value: Any) -> np.ndarray:
    try:
        return np.array(value, dtype=None if isinstance(value, str) else float)
    except (ValueError, TypeError, OverflowError) as e:
        raise file_error(
            'expected lists of numbers that are equally long'
        ) from e
