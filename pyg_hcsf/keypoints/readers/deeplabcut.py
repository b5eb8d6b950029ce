r"""Reads the tables (``.csv`` and ``.h5``) that DeepLabCut saves for a video.

A ``.csv`` has lines of headers, ``scorer``, maybe ``individuals``,
``bodyparts`` and ``coords``, and a line for each frame with x, y and
likelihood of each joint of each individual. An ``.h5`` has the same table as
pandas writes it.
"""

import re

import numpy as np

from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.messages import IS_3D, file_error
from pyg_hcsf.keypoints.readers.frame_numbers import number_frames
from pyg_hcsf.keypoints.readers.pandas_frames import Frame
from pyg_hcsf.keypoints.readers.point_rows import to_parsed_file
from pyg_hcsf.keypoints.readers.table_columns import Table, split_table

_COORDS = ('x', 'y', 'likelihood')
_OTHER_COORDS = {
    'z': IS_3D,
    'length': 'it has the lengths of bones: give the file without _skeleton',
}


def matches(text: str) -> bool:
    r"""Whether a text is a table with DeepLabCut's headers."""
    first = _first_cells(text)
    return first[:1] == ['scorer'] and 'bodyparts' in first[1:3]


def is_deeplabcut(frame: Frame) -> bool:
    r"""Whether a table of pandas has DeepLabCut's levels of columns."""
    ends = {name[-1] for name in frame.columns}
    return len(frame.columns[0]) in (3, 4) and bool(
        ends & {*_COORDS, *_OTHER_COORDS}
    )


def _first_cells(text: str) -> list[str]:
    r"""The first cell of each of the first four lines."""
    head = text[: 2**20].split('\n', 4)[:4]
    cells = (re.split('[,;\t]', line, maxsplit=1)[0] for line in head)
    return [cell.strip().lower() for cell in cells]


def read(text: str) -> ParsedFile:
    r"""Reads the people of a video from a ``.csv``."""
    first = _first_cells(text)
    if 'coords' not in first:
        raise file_error("expected lines called 'bodyparts' and 'coords'")
    known = {*_COORDS, *_OTHER_COORDS, 'orientation'}
    # Frames of videos are numbers; labelled ones have names in some columns.
    rows, cells = split_table(
        text,
        first.index('coords') + 1,
        lambda column: column[-1].strip() not in known,
    )
    fields = [[cell.strip() for cell in row[1:]] for row in rows]
    skip = next((i for i, c in enumerate(fields[-1]) if c in known), 0)
    columns = list(zip(*(field[skip:] for field in fields), strict=True))
    index = cells.loc[:, :skip].agg('/'.join, axis=1).tolist()
    numbers = list(range(1 + skip, 1 + skip + len(columns)))
    values = Table([], [], cells).numbers(numbers)
    return read_frame(Frame(columns, index, values))


def read_frame(frame: Frame) -> ParsedFile:
    r"""Reads the people of a video from a table of pandas."""
    for coord, problem in _OTHER_COORDS.items():
        if any(name[-1] == coord for name in frame.columns):
            raise file_error(problem)
    columns = {
        (name[1] if len(name) == 4 else '', *name[-2:]): number
        for number, name in enumerate(frame.columns)
    }
    people, parts, _ = zip(*columns, strict=True)
    joints = list(dict.fromkeys(parts))
    frames = _number_rows(frame.rows)
    found, numbers, ids = [], [], []
    for person in dict.fromkeys(people):
        if not all((person, joint, 'x') in columns for joint in joints):
            continue  # body parts that belong to no individual
        kinds = [k for k in _COORDS if (person, joints[0], k) in columns]
        each = [(person, joint, kind) for joint in joints for kind in kinds]
        if 'y' not in kinds or not columns.keys() >= {*each}:
            raise file_error('expected x, y and likelihood of each joint')
        points = frame.values[:, [columns[key] for key in each]]
        points = points.reshape(len(points), len(joints), -1)  # [T, N, 2, 3]
        if len(kinds) == 2:
            points = np.insert(points, 2, 1.0, axis=2)
        found.append(points)
        numbers += frames
        ids += [person or '1'] * len(frames)
    if not found:
        raise file_error('expected the same joints of each individual')
    points = np.concatenate(found)
    return to_parsed_file(points, numbers, ids, joints, 'deeplabcut')


def _number_rows(index: list) -> list[int]:
    r"""Frame numbers of rows with numbers, or with names of images."""
    names = [
        '/'.join(map(str, row)) if isinstance(row, tuple) else str(row)
        for row in index
    ]
    if all(name.isdecimal() and len(name) < 16 for name in names):
        return number_frames([int(name) for name in names])
    return number_frames(names)
