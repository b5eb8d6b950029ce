r"""Reads tables whose cells have the joints of a person as text, as a list or
a mapping in Python's or NumPy's notation, or as JSON.

Such are the tables of Ultralytics' ``to_csv()``, and those that pandas writes
of lists and arrays.
"""

import re
from dataclasses import replace
from typing import Any

from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.messages import unexpected, warn_unread
from pyg_hcsf.keypoints.readers.json_frames import Entry
from pyg_hcsf.keypoints.readers.json_people import (
    KEYPOINT_KEYS,
    SCORE_LIST_KEYS,
    read_people,
)
from pyg_hcsf.keypoints.readers.table_columns import (
    FRAME_COLUMNS,
    PERSON_COLUMNS,
    TIME_KEYS,
    Table,
    to_snake,
)
from pyg_hcsf.safe_io.json_file import load_json

_JOINTS = tuple(map(to_snake, KEYPOINT_KEYS))
# Columns of the flattened mapping of Ultralytics.
_PARTS = {f'{key}_{part}': part for key in _JOINTS for part in ('x', 'y')}
_PARTS |= {f'{key}_visible': 'visible' for key in _JOINTS}
_BOXES = ('confidence', 'conf', 'bbox_score', 'box_score', 'score')
_OTHERS = {'name', 'box', 'bbox', 'class', 'class_name', 'area', *_BOXES}
# What Python writes otherwise than JSON does.
_WORDS = {"'": '"', 'None': 'null', 'nan': 'NaN', '(': '[', ')': ']'}
_WORD = re.compile(r"'|\bNone\b|\bnan\b|[()]")
_ROW = re.compile(r'\[([^\[\]]*)\]')


def matches(table: Table) -> bool:
    r"""Whether a column of keypoints has texts of lists or mappings."""
    return bool(_nested_columns(table).keys() & {*_JOINTS, *_PARTS})


def _nested_columns(table: Table) -> dict[str, int]:
    r"""The columns whose first cell is a list or a mapping."""
    found = {}
    for index, name in enumerate(table.names):
        cell = str(table.cells[index].iloc[0]).strip()
        if cell[:1] in ('[', '{'):
            found[name] = index
    return found


def read(table: Table) -> ParsedFile:
    r"""Reads the people of a video, or of an image if there are no columns of
    frames or times.
    """
    nested = _nested_columns(table)
    numbered = table.column((*FRAME_COLUMNS, *TIME_KEYS)) is not None
    frames, fps = (
        table.frames() if numbered else ([-1] * len(table.cells), None)
    )
    ids = table.track_ids(table.column(PERSON_COLUMNS))
    box = table.column(_BOXES)
    boxes: Any = [None] * len(frames)
    if box is not None and box not in nested.values():
        boxes = table.numbers([box])[:, 0].tolist()
    joints = next((nested[k] for k in _JOINTS if k in nested), None)
    scores = next(
        (
            nested[to_snake(k)]
            for k in SCORE_LIST_KEYS
            if to_snake(k) in nested
        ),
        None,
    )
    parts = {p: nested[n] for n, p in _PARTS.items() if n in nested}
    used = {joints, scores, box, *parts.values()}
    unread = table.unread_columns(used)
    warn_unread(
        'columns',
        [n for n in unread if to_snake(n).split('_')[0] not in _OTHERS],
    )
    people = []
    lines = table.cells.index.tolist()
    for row, cells in enumerate(table.cells.itertuples(index=False)):
        where = f'line {lines[row]}'
        person = {'track_id': ids[row], 'box_score': boxes[row]}
        if joints is not None:
            person['keypoints'] = _parse(cells[joints], where)
            if scores is not None:
                person['scores'] = _parse(cells[scores], where)
        else:
            person['keypoints'] = {
                part: _parse(cells[index], where)
                for part, index in parts.items()
            }
        people.append(Entry(frames[row], where, person, {}))
    parsed = read_people(
        'csv', people, ('keypoints',), ('box_score',), 'box_score'
    )
    return replace(parsed, fps=fps, image_size=table.image_size())


def _parse(cell: Any, where: str) -> Any:
    r"""The list or mapping in a cell, :obj:`None` in an empty one."""
    text = str(cell).strip()
    if text[:1] not in ('[', '{'):
        return None
    try:
        return load_json(_WORD.sub(lambda m: _WORDS[m[0]], text))
    except (ValueError, RecursionError):
        pass
    try:  # NumPy writes no commas, and 1. for 1.0
        rows = [
            [float(word) for word in row.replace(',', ' ').split()]
            for row in _ROW.findall(text)
        ]
    except ValueError as e:
        raise unexpected('a list of numbers', text, where) from e
    return rows if text.startswith('[[') else rows[0] if rows else None
