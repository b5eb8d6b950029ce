r"""Reads the tables (``.csv``) that DeepLabCut saves for a video.

They have lines of headers, ``scorer``, maybe ``individuals``, ``bodyparts``
and ``coords``, and a line for each frame with x, y and likelihood of each
joint of each individual.
"""

import numpy as np

from pyg_hcsf.keypoints.detections import ParsedFile, mark_missing
from pyg_hcsf.keypoints.messages import file_error
from pyg_hcsf.keypoints.readers.frame_numbers import number_frames
from pyg_hcsf.keypoints.readers.table import to_parsed_file
from pyg_hcsf.keypoints.readers.table_columns import Table, split_table

_COORDS = ('x', 'y', 'likelihood')


def matches(text: str) -> bool:
    r"""Whether a text is a table with DeepLabCut's headers."""
    head = text[: 2**20].split('\n', 4)[:4]
    first = [line.split(',', 1)[0].strip().lower() for line in head]
    return first[:1] == ['scorer'] and 'bodyparts' in first[1:3]


def read(text: str) -> ParsedFile:
    r"""Reads the people of a video."""
    table = split_table(text, headers=3)
    headers: dict[str, list[str]] = {}
    while table.rows and 'coords' not in headers:
        name, *fields = (field.strip() for field in table.rows.pop(0))
        table.lines.pop(0)
        headers[name.lower()] = fields
    if not {'bodyparts', 'coords'} <= headers.keys() or not table.rows:
        raise file_error("expected lines called 'bodyparts' and 'coords'")
    coords, parts = headers['coords'], headers['bodyparts']
    # Frames of videos are numbers; labelled ones have names in some columns.
    skip = next((i for i, name in enumerate(coords) if name in _COORDS), 0)
    names = ['/'.join(row[: skip + 1]) for row in table.rows]
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
        found.append(_read_person(table, columns, person, joints))
        numbers += frames
        ids += [person or '1'] * len(frames)
    if not found:
        raise file_error('expected the same joints of each individual')
    points = mark_missing(np.concatenate(found))
    return to_parsed_file(points, numbers, ids, joints, 'deeplabcut')


def _read_person(
    table: Table,
    columns: dict[tuple[str, str, str], int],
    person: str,
    joints: list[str],
) -> np.ndarray:
    r"""The joints of one person in all frames: ``[T, N, 3]``."""
    scored = (person, joints[0], 'likelihood') in columns
    try:
        used = [
            columns[person, joint, coord]
            for joint in joints
            for coord in _COORDS[: 2 + scored]
        ]
    except KeyError as e:
        raise file_error(f'it has no column {e!s:.80}') from e
    points = table.numbers(used).reshape(len(table.rows), len(joints), -1)
    if not scored:
        points = np.pad(points, ((0, 0), (0, 0), (0, 1)), constant_values=1)
    return points
