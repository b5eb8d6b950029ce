r"""Reads labels of Ultralytics' pose models, a text file for each frame.

``save_txt=True``, and the data sets of these models, have a line for each
person: the class, the box, x and y of each joint as fractions of the image
size, maybe with a confidence or visibility, and maybe the confidence of the
box (``save_conf``) and the id of the track. Only class 0, people, is read.
"""

import re

import numpy as np

from pyg_hcsf.keypoints.detections import JOINT_COUNTS, Detection, ParsedFile
from pyg_hcsf.keypoints.messages import file_error, unexpected

MAX_BOX = 2.0  # a box may be a little outside of the image
_LINE = re.compile(r'\d{1,4}( [-+.\deE]+){20,600}')


def matches(text: str) -> bool:
    r"""Whether a text has lines of a class and many numbers."""
    line = text[:65536].split('\n', 1)[0].strip()
    if _LINE.fullmatch(line) is None:
        return False
    try:  # the box, as fractions of the image size
        return max(map(float, line.split()[1:5])) <= MAX_BOX
    except ValueError:
        return True  # read() names the line


def read(text: str) -> ParsedFile:
    r"""Reads the people of a frame."""
    people = []
    for number, line in enumerate(text.splitlines(), start=1):
        where = f'line {number}'
        try:
            values = np.array(line.split(), dtype=np.float64)
        except ValueError as e:
            raise file_error(
                'expected numbers with spaces between them', where
            ) from e
        if not len(values) or values[0] != 0:
            continue
        joints, rest = _split_joints(values[5:], where)
        # A track id is the last number; the confidence of a box is below 1.
        known = len(rest) and rest[-1] >= 1 and rest[-1] == int(rest[-1])
        track_id = f'{rest[-1]:.0f}' if known else None
        people.append(Detection(0, track_id, joints, where=where))
    return ParsedFile('ultralytics labels', people, default_layout='coco17')


def _split_joints(
    values: np.ndarray, where: str
) -> tuple[np.ndarray, np.ndarray]:
    r"""The joints ``[N, 3]``, and the numbers after them."""
    # 17 joints if possible, then as few numbers after them as possible, then
    # joints with a confidence.
    found = [
        (count != 17, len(values) - count * width, -width, count)
        for count in JOINT_COUNTS
        for width in (2, 3)
        if 0 <= len(values) - count * width <= 2
    ]
    if not found:
        counts = ', '.join(map(str, JOINT_COUNTS))
        expected = f'numbers of {counts} joints after the box'
        raise unexpected(expected, len(values), where)
    _, rest, width, count = min(found)
    end = len(values) - rest
    joints = values[:end].reshape(count, -width)
    if width == -2:
        joints = np.column_stack([joints, (joints != 0).any(axis=1)])
    return joints, values[end:]
