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
    nesting,
)
from pyg_hcsf.keypoints.readers.json_groups import split_people
from pyg_hcsf.keypoints.readers.json_keys import KEYPOINT_KEYS
from pyg_hcsf.keypoints.readers.json_people import read_people


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is of people with keypoints."""
    first = first_person(data)
    if not isinstance(first, dict):
        return isinstance(first, (int, float))
    joints = sum(map(is_joint_name, first))
    columns = isinstance(first.get('x'), list)
    known = any(key in first for key in KEYPOINT_KEYS)
    return joints >= MIN_JOINTS or known or columns


def read(data: Any) -> ParsedFile:
    r"""Reads the people of a video or an image."""
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
    return read_people('records', split_people(find_entries(data)))


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
