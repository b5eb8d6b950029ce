r"""Reads arrays of objects with an entry for each frame: the people in it.

An entry is an array or a list ``[P, N, 2 or 3]`` or ``[N, 2 or 3]``, a mapping
with such ``keypoints`` and maybe their ``scores``, or nothing.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from pyg_hcsf.keypoints.detections import (
    MAX_PEOPLE,
    Detection,
    parse_frame_number,
    parse_joints,
)
from pyg_hcsf.keypoints.messages import file_error, unexpected
from pyg_hcsf.keypoints.readers.json_frames import first_key
from pyg_hcsf.keypoints.readers.json_people import (
    KEYPOINT_KEYS,
    SCORE_LIST_KEYS,
)


def read(
    rows: Iterable[Any], scores: Any, frames: Sequence[Any]
) -> list[Detection]:
    r"""Reads the people of all frames.

    Args:
        rows (iterable): The entry of each frame.
        scores (sequence, optional): The confidences of each frame, ``[P, N]``
            or ``[N]``.
        frames (sequence): The numbers of the frames.
    """
    people = []
    for number, row in enumerate(rows):
        where = f'frame {number}'
        frame = parse_frame_number(frames[number], where)
        score = None if scores is None else scores[number]
        if isinstance(row, dict):
            score = row.get(first_key(row, SCORE_LIST_KEYS) or '', score)
            row = row.get(first_key(row, KEYPOINT_KEYS) or '')
        points = _to_array(row, where)
        if not points.size:
            continue
        points = points if points.ndim == 3 else points[None]
        if points.ndim != 3 or len(points) > MAX_PEOPLE:
            raise unexpected('people [P, N, 2 or 3]', points, where)
        if score is not None:
            points = _join(points, _to_array(score, where), where)
        for values in points:
            joints = parse_joints(values, where)
            people.append(Detection(frame, None, joints, where=where))
    return people


def _to_array(value: Any, where: str) -> np.ndarray:
    try:
        return np.array([] if value is None else value, np.float64)
    except (ValueError, TypeError, OverflowError) as e:
        raise file_error('expected numbers as keypoints', where) from e


def _join(points: np.ndarray, score: np.ndarray, where: str) -> np.ndarray:
    if score.size != points[..., 0].size:
        expected = f'confidences of shape {points.shape[:2]}'
        raise unexpected(expected, score, where)
    score = score.reshape(*points.shape[:2], 1)
    return np.concatenate([points[..., :2], score], axis=-1)
