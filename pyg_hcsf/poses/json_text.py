from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pyg_hcsf.poses.records import (
    ARRAYS,
    KEYPOINTS,
    arrays_of,
    describe,
    fail,
    make_header,
    parse_header,
    restore,
)
from pyg_hcsf.poses.sequence import PoseSequence
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.shown import cause

DECIMALS = 4  # of a millimetre or a pixel


def write_json(path: Path, sequences: Sequence[PoseSequence]) -> None:
    r"""Writes poses as JSON that explains itself:

    .. code-block:: text

        {"format": "pyg_hcsf.poses", "version": 1, "about": "...",
         "unit": "mm", "axes": {"camera": "x to the right, ...", ...},
         "people": [{
           "name": "1", "skeleton": "h36m17", "joints": ["Hip", ...],
           "bones": [["Hip", "RHip"], ...], "axes": "camera",
           "fps": 25.0, "note": "...", "image_size": [1920.0, 1080.0],
           "frames": [0, 1, ...], "pose": [[[x, y, z], ...], ...],
           "uncertainty": [[e, ...], ...], "root": [[x, y, z], ...],
           "layout": "coco17", "keypoint_joints": ["Nose", ...],
           "keypoint_name": "1", "keypoint_xy": [[[u, v], ...], ...],
           "keypoint_score": [[s, ...], ...]}]}

    :obj:`fps` and :obj:`image_size` may be null; :obj:`uncertainty`,
    :obj:`root` and what follows :obj:`layout` are left out if there is none.
    """
    people = []
    for sequence in sequences:
        arrays = arrays_of(sequence).items()
        lists = {key: _to_lists(value) for key, value in arrays}
        people.append({**describe(sequence), **lists})
    with atomic_write(path) as part:
        text = json.dumps(make_header(people), allow_nan=False)
        part.write_text(text + '\n', encoding='utf-8')


def read_json(content: bytes, name: str) -> list[PoseSequence]:
    r"""Reads what :func:`write_json` wrote.

    Args:
        content (bytes): The file.
        name (str): What errors call it.

    Raises:
        ValueError: If it is damaged or holds something else.
    """
    out = []
    for person in parse_header(content, name):
        arrays = {}
        for key in (*ARRAYS, *KEYPOINTS):
            if person.get(key) is not None:
                try:
                    value = np.array(
                        person.pop(key),
                        None if key == 'frames' else np.float64,
                    )
                except (ValueError, TypeError, OverflowError) as e:
                    fail(name, f"'{key}' is no array of numbers ({cause(e)})")
                arrays[key] = value
        out.append(restore(person, arrays, name))
    return out


def _to_lists(array: np.ndarray) -> Any:
    if array.dtype.kind != 'f':
        return array.tolist()
    rounded = np.asarray(array, np.float64).round(DECIMALS)
    if not (missing := np.isnan(rounded)).any():
        return rounded.tolist()
    objects = rounded.astype(object)
    objects[missing] = None  # JSON has no NaN
    return objects.tolist()
