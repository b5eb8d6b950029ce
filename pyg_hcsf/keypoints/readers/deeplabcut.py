r"""Reads tables of DeepLabCut, which have three or four lines of headers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pyg_hcsf.keypoints.people import People, clean, refuse
from pyg_hcsf.keypoints.readers import table
from pyg_hcsf.keypoints.readers import table_columns as columns
from pyg_hcsf.keypoints.readers.frame_numbers import number_frames

_COORDS = {'x', 'y', 'likelihood'}


def matches(text: str) -> bool:
    r"""Whether text is a table with DeepLabCut's headers."""
    head = text[: 2**20].split('\n', 4)[:4]
    first = [line.split(',', 1)[0].strip().lower() for line in head]
    return first[:1] == ['scorer'] and 'bodyparts' in first[1:3]


def read(text: str, path: Path) -> People:
    r"""Reads what DeepLabCut saves as ``.csv`` of a video: below lines of
    ``scorer``, maybe ``individuals``, ``bodyparts`` and ``coords`` a line for
    each frame with x, y and likelihood of each joint of each individual.
    Names of joints tell the layout.

    Args:
        text (str): The file.
        path (pathlib.Path): What errors call it.

    Raises:
        ValueError: If it is damaged; names the line.

    Example:
        >>> read(path.read_text(), path).source
        'deeplabcut'
    """
    whole = table.split(text, path, headers=3)
    headers = {}
    while whole.rows and 'coords' not in headers:
        row = whole.rows.pop(0)
        whole.lines.pop(0)
        headers[row[0].strip().lower()] = [field.strip() for field in row[1:]]
    if not {'bodyparts', 'coords'} <= headers.keys() or not whole.rows:
        refuse(path, '', "expected lines called 'bodyparts' and 'coords'")
    coords, parts = headers['coords'], headers['bodyparts']
    # Frames of videos are numbers; labelled ones have names in some columns.
    skip = next((i for i, name in enumerate(coords) if name in _COORDS), 0)
    names = ['/'.join(row[: skip + 1]) for row in whole.rows]
    plain = skip == 0 and all(n.isdecimal() and len(n) < 16 for n in names)
    frames = number_frames([int(n) for n in names] if plain else names, path)
    nobody = [''] * len(parts)
    cells: dict[tuple[str, str, str], int] = {}
    who = headers.get('individuals', nobody)
    for place, key in enumerate(zip(who, parts, coords, strict=True)):
        cells[key] = place + 1
    joints = list(dict.fromkeys(parts[skip:]))
    found, numbers, ids = [], [], []
    for person in dict.fromkeys(who[skip:]):
        own = [j for j in joints if (person, j, 'x') in cells]
        if len(own) < len(joints):
            continue  # parts that are of no individual
        found.append(_points(whole, cells, person, joints, path))
        numbers += frames
        ids += [person or '1'] * len(frames)
    if not found:
        refuse(path, '', 'expected the same joints of each individual')
    points = clean(np.concatenate(found), path, '')
    return table.to_people(points, numbers, ids, joints, path, 'deeplabcut')


def _points(
    whole: columns.Table,
    cells: dict[tuple[str, str, str], int],
    person: str,
    joints: list[str],
    path: Path,
) -> np.ndarray:
    scored = (person, joints[0], 'likelihood') in cells
    kinds = ('x', 'y', 'likelihood')[: 2 + scored]
    try:
        places = [cells[person, j, kind] for j in joints for kind in kinds]
    except KeyError as e:
        refuse(path, '', f'it has no column {e!s:.80}')
    points = columns.numbers(whole, places, path)
    points = points.reshape(len(points), len(joints), -1)
    if not scored:
        points = np.pad(points, ((0, 0), (0, 0), (0, 1)), constant_values=1)
    return points
