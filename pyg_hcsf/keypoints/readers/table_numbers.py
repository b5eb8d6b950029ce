r"""Reads tables of numbers without names of columns.

A line has two or three numbers for each joint of a layout, maybe after the
frame number, and after that and the number of the person.
"""

import numpy as np

from pyg_hcsf.keypoints.detections import MAX_PEOPLE, ParsedFile
from pyg_hcsf.keypoints.messages import warn
from pyg_hcsf.keypoints.readers.flat_rows import find_width, split_rows
from pyg_hcsf.keypoints.readers.point_rows import to_parsed_file
from pyg_hcsf.keypoints.readers.table_columns import Table
from pyg_hcsf.keypoints.readers.table_text import split_table

_READ_AS = (
    'all its numbers are those of joints, and each line is a frame',
    'its first numbers are those of frames',
    'its first numbers are those of frames and people',
)


def read(text: str, start: int) -> ParsedFile:
    r"""Reads the people of a video.

    Args:
        text (str): The table.
        start (int): The number of its first line.
    """
    _, cells = split_table(text, 0, lambda _: False, start)
    rows = Table([], [], cells).numbers(list(range(cells.shape[1])))
    width = rows.shape[1]
    if (rows[0, 1:] == np.arange(width - 1)).all():
        rows = rows[1:, 1:]  # without the names of pandas, and row numbers
    elif (rows[0] == np.arange(width)).all():
        rows = rows[1:]
    most = 0
    while most < 2 and len(rows) > 1 and _are_numbers(rows[:, most], most):
        most += 1
    # As many numbers before the joints as fit.
    fits = (n for n in range(most, 0, -1) if find_width(rows.shape[1] - n))
    lead = next(fits, 0)
    points = split_rows(rows[:, lead:], f'line {start}')
    warn(f'it has no names of columns: {_READ_AS[lead]}')
    frames, people = list(range(len(rows))), ['1'] * len(rows)
    if lead:
        frames = rows[:, 0].astype(np.int64).tolist()
    if lead == 2:
        people = [f'{number:.0f}' for number in rows[:, 1].tolist()]
    repeated = lead == 1 and len(set(frames)) < len(frames)
    ids = [None] * len(rows) if repeated else people
    return to_parsed_file(points, frames, ids, [])


def _are_numbers(values: np.ndarray, of_people: int) -> bool:
    r"""Whether values may be the numbers of frames, or of people."""
    if not (values == np.rint(values)).all() or values.min() < 0:
        return False
    if of_people:
        return bool(values.max() <= MAX_PEOPLE)
    steps = np.diff(np.unique(values))
    return bool((np.diff(values) >= 0).all()) and len(set(steps)) <= 1
