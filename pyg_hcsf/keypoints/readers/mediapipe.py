r"""Reads landmarks of MediaPipe Pose that were saved as JSON.

A file is a list with an entry for each frame: a list of 33 landmarks, a list
of such lists for several people, a mapping that has one of these as
``pose_landmarks``, ``poseLandmarks`` or ``landmarks``, or nothing where
nobody was found. A landmark is a mapping of ``x`` and ``y``, as fractions of
the image size, and maybe ``visibility``, or a list of x, y, z and visibility.
Landmarks with a name or number may have any order. Frames are numbered by keys
such as ``frame``, if there are any.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.messages import file_error, unexpected, warn
from pyg_hcsf.keypoints.readers.json_frames import (
    FRAME_KEYS,
    Entry,
    find_entries,
    first_entry,
    first_key,
    first_mapping,
    is_joint,
    nesting,
)
from pyg_hcsf.keypoints.readers.json_groups import is_group
from pyg_hcsf.keypoints.readers.json_people import read_people

KEYS = ('pose_landmarks', 'poseLandmarks', 'landmarks', 'landmark', 'pose')
LANDMARKS = 33
#: Visibilities are logits, and no probabilities, if so many are negative.
MIN_NEGATIVE = 0.01


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is of landmarks of MediaPipe Pose."""
    first = first_mapping(data)
    key = first_key(first, KEYS)
    if key is not None:
        # Other formats have a mapping from names to landmarks.
        inner = first[key]
        if isinstance(inner, dict):
            return 'landmark' in inner
        mark = first_entry(inner)
        return is_joint(mark) or isinstance(mark, (int, float))
    return is_joint(first) or _has_landmarks(data)


def _has_landmarks(data: Any) -> bool:
    r"""Whether these are lists of 33 rows of x, y, z and visibility."""
    if not isinstance(data, list) or nesting(data) not in (3, 4):
        return False
    rows = next(frame for frame in data if frame)
    rows = rows[0] if nesting(rows) == 3 else rows
    return len(rows) == LANDMARKS and all(
        isinstance(row, list) and (len(row) > 3 or _is_depth(rows))
        for row in rows
    )


def read(data: Any) -> ParsedFile:
    r"""Reads the people of a video or an image."""
    if isinstance(data, dict) and not first_key(data, FRAME_KEYS):
        inner = data.get('landmarks')  # of a list of frames, or one image
        if _is_nested(inner):
            data = inner
    entries = find_entries(data, ())
    parsed = read_people(
        'mediapipe',
        [pose for n, entry in enumerate(entries) for pose in _open(entry, n)],
        KEYS,
        default_layout='mediapipe33',
    )
    for d in parsed.detections:
        if parsed.layout is None and len(d.joints) != LANDMARKS:
            raise file_error('expected a list of 33 landmarks', d.where)
    scores = np.array([d.joints[:, 2] for d in parsed.detections])
    if scores.size and (scores < 0).mean() > MIN_NEGATIVE:
        warn('visibilities are below 0, so they are taken as logits')
        for d in parsed.detections:
            # The logistic function, without overflow of the exponential.
            d.joints[:, 2] = 1 / (1 + np.exp(-d.joints[:, 2].clip(-50, 50)))
    return replace(parsed, layout=parsed.layout or 'mediapipe33')


def _is_nested(value: Any) -> bool:
    r"""Whether there are three lists around the first value."""
    for _ in range(3):
        if not isinstance(value, list) or not value:
            return False
        value = value[0]
    return True


def _open(entry: Entry, number: int) -> Iterator[Entry]:
    r"""The poses in a frame, without those of hands and faces."""
    frame = entry.frame if entry.frame >= 0 else number
    value, outer = entry.person, entry.frame_values
    while isinstance(value, dict):
        outer = outer | value
        value = value.get(first_key(value, KEYS) or '')
    if value is not None and not isinstance(value, list):
        raise unexpected('a list of landmarks', value, f'frame {frame}')
    poses = value or []
    if poses and isinstance(poses[0], dict) and 'landmark' in poses[0]:
        poses = [
            pose.get('landmark') if isinstance(pose, dict) else pose
            for pose in poses
        ]
    for place, pose in enumerate(poses if is_group(poses) else [poses]):
        where = f'frame {frame}, person {place}'
        yield Entry(frame, where, _to_rows(pose), outer)


def _to_rows(pose: Any) -> Any:
    r"""Landmarks that are numbers as rows of x, y and visibility, if any."""
    if not isinstance(pose, list) or not pose or isinstance(pose[0], dict):
        return pose
    width = len(pose) // LANDMARKS
    if isinstance(pose[0], (int, float)) and len(pose) % LANDMARKS == 0:
        pose = [pose[i : i + width] for i in range(0, len(pose), width)]
    if not all(isinstance(row, list) for row in pose):
        return pose
    if _is_depth(pose):
        return [row[:2] for row in pose]
    return [[*row[:2], row[3]] if len(row) > 3 else row for row in pose]


def _is_depth(rows: list[Any]) -> bool:
    r"""Whether rows have x, y and z, which is negative in front of the hips,
    and no visibility.
    """
    return all(isinstance(row, list) and len(row) == 3 for row in rows) and (
        any(isinstance(row[2], (int, float)) and row[2] < 0 for row in rows)
    )
