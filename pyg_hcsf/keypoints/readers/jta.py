r"""Reads annotations of the JTA dataset: a list of rows, one for each joint.

A row has the number of the frame, the id of the person, the number of the
joint, x and y in pixels, x, y and z in metres, and whether the joint is
occluded by others, or by the person. Joints are in the order of ``NAMES`` in
``joint.py`` of github.com/fabbrimatteo/JTA-Dataset; those behind the camera
have x and y of -1.
"""

from typing import Any

import numpy as np

from pyg_hcsf.keypoints.detections import (
    Detection,
    ParsedFile,
    parse_frame_number,
)
from pyg_hcsf.keypoints.joint_names import order_by_names
from pyg_hcsf.keypoints.messages import file_error

NAMES = (
    'head_top', 'head_center', 'neck', 'right_clavicle', 'right_shoulder',
    'right_elbow', 'right_wrist', 'left_clavicle', 'left_shoulder',
    'left_elbow', 'left_wrist', 'spine0', 'spine1', 'spine2', 'spine3',
    'spine4', 'right_hip', 'right_knee', 'right_ankle', 'left_hip',
    'left_knee', 'left_ankle',
)  # fmt: skip
COLUMNS = 10


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is a list of rows of ten numbers."""
    rows = data[:30] if isinstance(data, list) else []
    return bool(rows) and all(
        isinstance(row, list)
        and len(row) == COLUMNS
        and all(isinstance(value, (int, float)) for value in row)
        and row[2] in range(len(NAMES))
        for row in rows
    )


def read(data: list[Any]) -> ParsedFile:
    r"""Reads the people of a video."""
    try:
        rows = np.array(data, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as e:
        raise file_error(f'expected rows of {COLUMNS} numbers') from e
    joint = rows[:, 2]
    bad = ~np.isfinite(rows[:, :5]).all(axis=1) | ~np.isin(
        joint, range(len(NAMES))
    )
    if bad.any():
        where = f'row {bad.argmax()}'
        raise file_error(f'expected a joint below {len(NAMES)}', where)
    keys, first, person = np.unique(
        rows[:, :2], axis=0, return_index=True, return_inverse=True
    )
    joints = np.full((len(keys), len(NAMES), 3), [np.nan, np.nan, 0.0])
    xy = rows[:, 3:5]
    seen = (xy != -1).any(axis=1)
    joints[person.ravel(), joint.astype(int)] = np.c_[xy, seen]
    people = []
    for (frame, name), row, points in zip(keys, first, joints, strict=True):
        where = f'row {row}'
        number = parse_frame_number(float(frame), where)
        people.append(Detection(number, f'{name:.15g}', points, where=where))
    return order_by_names(ParsedFile('jta', people), NAMES)
