r"""Reads the tables (``.csv``) that DeepLabCut saves for a video.

They have lines of headers, ``scorer``, maybe ``individuals``, ``bodyparts``
and ``coords``, and a line for each frame with x, y and likelihood of each
joint of each individual.
"""

import numpy as np

from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.messages import file_error
from pyg_hcsf.keypoints.readers.frame_numbers import number_frames
from pyg_hcsf.keypoints.readers.table import to_parsed_file
from pyg_hcsf.keypoints.readers.table_columns import Table, split_table

_COORDS = ('x', 'y', 'likelihood')


def matches(text: str) -> bool:
    r"""Whether a text is a table with DeepLabCut's headers."""
    first = _first_cells(text)
    return first[:1] == ['scorer'] and 'bodyparts' in first[1:3]


def _first_cells(text: str) -> list[str]:
    r"""The first cell of each of the first four lines."""
    head = text[: 2**20].split('\n', 4)[:4]
    return [line.split(',', 1)[0].strip().lower() for line in head]


def read(text: str) -> ParsedFile:
    r"""Reads the people of a video."""
    first = _first_cells(text)
    if 'coords' not in first:
        raise file_error("expected lines called 'bodyparts' and 'coords'")
    # Frames of videos are numbers; labelled ones have names in some columns.
    rows, cells = split_table(
        text,
        first.index('coords') + 1,
        lambda column: column[-1].strip() not in _COORDS,
    )
    fields = [[cell.strip() for cell in row[1:]] for row in rows]
    headers = dict(zip(first[: len(rows)], fields, strict=True))
    coords, parts = headers['coords'], headers['bodyparts']
    skip = next((i for i, name in enumerate(coords) if name in _COORDS), 0)
    names = cells.loc[:, :skip].agg('/'.join, axis=1).tolist()
    plain = skip == 0 and all(n.isdecimal() and len(n) < 16 for n in names)
    frames = number_frames([int(n) for n in names] if plain else names)
    people = headers.get('individuals', [''] * len(parts))
    keys = zip(people, parts, coords, strict=True)
    columns = {key: column for column, key in enumerate(keys, start=1)}
    joints = list(dict.fromkeys(parts[skip:]))
    found, numbers, ids = [], [], []
    for person in dict.fromkeys(people[skip:]):
        if not all((person, joint, 'x') in columns for joint in joints):
            continue  # body parts that belong to no individual
        kinds = [k for k in _COORDS if (person, joints[0], k) in columns]
        each = [(person, joint, kind) for joint in joints for kind in kinds]
        if 'y' not in kinds or not columns.keys() >= {*each}:
            raise file_error('expected x, y and likelihood of each joint')
        points = Table([], [], cells).numbers([columns[key] for key in each])
        points = points.reshape(len(cells), len(joints), -1)  # [T, N, 2 or 3]
        if len(kinds) == 2:
            points = np.insert(points, 2, 1.0, axis=2)
        found.append(points)
        numbers += frames
        ids += [person or '1'] * len(frames)
    if not found:
        raise file_error('expected the same joints of each individual')
    points = np.concatenate(found)
    return to_parsed_file(points, numbers, ids, joints, 'deeplabcut')
