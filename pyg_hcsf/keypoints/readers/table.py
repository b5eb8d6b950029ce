r"""Reads tables of keypoints, of any producer.

In the long form a line is a joint: ``frame``, ``person`` (may be left out),
``joint`` (its name or number), ``x``, ``y`` and maybe ``score``. In the wide
form a line is a person: ``frame``, maybe ``person``, and for each joint
``nose_x``, ``nose_y`` and maybe ``nose_score``, or ``x0``, ``y0`` and maybe
``c0``. Joints are identified by names in any order, or by numbers from 0 or
1. The usual names of such columns are known, also SLEAP's; others are named
in a warning. An empty field is a missing joint. A column ``keypoints`` may
have all joints as text, as Ultralytics' ``to_csv()`` writes them. Without
headers, a line has two or three numbers for each joint, maybe after the frame
number and the number of the person.
"""

import re
from dataclasses import replace

import numpy as np
import pandas as pd

from pyg_hcsf.keypoints.detections import (
    MAX_JOINTS,
    ParsedFile,
)
from pyg_hcsf.keypoints.messages import (
    file_error,
    listed,
    unexpected,
    warn,
    warn_unread,
)
from pyg_hcsf.keypoints.readers import table_cells, table_numbers
from pyg_hcsf.keypoints.readers.flat_rows import (
    check_depth,
    find_width,
    split_rows,
)
from pyg_hcsf.keypoints.readers.json_frames import SCORE_KEYS
from pyg_hcsf.keypoints.readers.point_rows import to_parsed_file
from pyg_hcsf.keypoints.readers.table_columns import (
    JOINT_COLUMNS,
    PERSON_COLUMNS,
    Table,
    read_table,
)
from pyg_hcsf.keypoints.readers.table_names import (
    Joints,
    find_joints,
    find_rows,
)
from pyg_hcsf.keypoints.readers.table_text import (
    HEAD,
    find_separator,
    has_headers,
    skip_preface,
)
from pyg_hcsf.keypoints.readers.unknown import TABLE_FORMS, nearest
from pyg_hcsf.safe_io.shown import shown

_DIGITS = re.compile(r'[0-9]{1,8}')
_AXIS_SUFFIXES = (
    'px', 'pixel', 'pixels', 'coord', 'coordinate', 'pos', 'position'
)  # fmt: skip


def matches(text: str) -> bool:
    r"""Whether the first lines of a text have several fields."""
    text, _ = skip_preface(text[:HEAD])
    return find_separator(text.split('\n', 1)[0]) != ''


def read(text: str) -> ParsedFile:
    r"""Reads the people of a video."""
    text, start = skip_preface(text)
    if not has_headers(text):
        return table_numbers.read(text, start)
    return read_people(read_table(text, start))


def read_people(table: Table) -> ParsedFile:
    r"""Reads the people of a video from a table with headers."""
    header = table.header
    if len(set(header)) < len(header):
        raise unexpected('different names of columns', header, 'line 1')
    table = table.of_one_video()
    if table_cells.matches(table):
        return table_cells.read(table)
    joint = table.column(JOINT_COLUMNS)
    x, y = (
        table.column((a, *(f'{a}_{s}' for s in _AXIS_SUFFIXES), f'pos_{a}'))
        for a in 'xy'
    )
    if joint is not None and x is not None and y is not None:
        parsed = _read_long(table, joint, x, y)
    else:
        parsed = _read_wide(table)
    return replace(parsed, image_size=table.image_size())


def _read_long(table: Table, joint: int, x: int, y: int) -> ParsedFile:
    frames, fps = table.frames()
    people = table.track_ids(table.column(PERSON_COLUMNS))
    score = table.column(SCORE_KEYS)
    z = table.column(('z',))
    warn_unread('columns', table.unread_columns({joint, x, y, score}))
    codes, labels = pd.factorize(table.cells[joint].str.strip())
    joints = labels.tolist()
    if len(joints) > MAX_JOINTS:
        raise file_error(f'expected up to {MAX_JOINTS} names of joints')
    order = np.arange(len(joints))
    if all(_DIGITS.fullmatch(label) for label in joints):
        order, joints = _index_by_number(joints), []
    columns = [x, y] + ([] if score is None else [score])
    xyc = table.numbers(columns + ([] if z is None else [z]))
    depth = None if z is None else xyc[:, -1]
    xyc = xyc[:, : len(columns)]
    if score is None:
        xyc = np.column_stack([xyc, np.ones(len(xyc))])
    persons: dict[tuple[int, str | None], int] = {}
    keys = zip(frames, people, strict=True)
    at = [persons.setdefault(key, len(persons)) for key in keys]
    size = int(order.max()) + 1
    # The place of each line in a table of people and joints, flat.
    cells = np.array(at) * size + order[codes]
    if (again := pd.Series(cells).duplicated()).any():
        row = int(again.to_numpy().argmax())
        raise file_error(
            f'joint {shown(labels[codes[row]], 40)} comes twice: if there are '
            "several people in a frame, add a column 'person'",
            f'line {table.cells.index[row]}',
        )
    rows = np.full((len(persons) * size, 3), [np.nan, np.nan, 0.0])
    rows[cells] = xyc
    points = rows.reshape(len(persons), size, 3)
    if depth is not None:
        deep = np.full(len(rows), np.nan)
        deep[cells] = depth
        check_depth(points[..., :2], deep.reshape(points.shape[:2]))
    parsed = to_parsed_file(
        points,
        [frame for frame, _ in persons],
        [person for _, person in persons],
        joints,
    )
    return replace(parsed, fps=fps)


def _index_by_number(joints: list[str]) -> np.ndarray:
    r"""The indices of joints that are numbered from 0 or 1."""
    numbers = np.array(list(map(int, joints)))
    first, last = numbers.min(), numbers.max()
    if last >= MAX_JOINTS:
        raise file_error(f'expected joints below {MAX_JOINTS}')
    base = int(first == 1 and last == len(joints))
    if base:
        warn(f'joints 1 to {last} are read as 0 to {last - 1}')
    return numbers - base


def _read_wide(table: Table) -> ParsedFile:
    people = find_joints(table.names)
    number = max(map(len, people.values()))
    flat = [] if number else find_rows(table.names)
    if find_width(len(flat)) is None and not 1 <= number <= MAX_JOINTS:
        expected = (
            "the columns 'joint', 'x' and 'y', or x and y of each joint, such "
            "as 'nose_x' and 'nose_y', or 'x0' and 'y0'"
        )
        raise file_error(
            f'expected {expected} (got {listed(table.header)})'
            f'{nearest({*table.names}, TABLE_FORMS)}',
            'line 1',
        )
    frames, fps = table.frames()
    used: set[int | None] = {*flat}
    parts: list[np.ndarray] = []
    ids: list[str | None] = []
    for name, joints in people.items():
        used |= {i for columns in joints.values() for i in columns.values()}
        slot = [f'{name}_{column}' for column in PERSON_COLUMNS]
        parts.append(
            split_rows(table.numbers(flat))
            if flat
            else _read_joints(table, joints)
        )
        column = table.column(slot if name else PERSON_COLUMNS)
        used |= {column}
        ids += (
            table.track_ids(column)
            if column is not None or not name
            else [name] * len(frames)
        )
    warn_unread('columns', table.unread_columns(used))
    names = [] if flat else list(next(iter(people.values())))
    parsed = to_parsed_file(
        np.concatenate(parts), frames * len(parts), ids, names
    )
    return replace(parsed, fps=fps)


def _read_joints(table: Table, joints: Joints) -> np.ndarray:
    r"""The joints of a person in each line: ``[R, N, 3]``."""
    scored = ['score' in parts for parts in joints.values()]
    if any(scored) and not all(scored):
        raise file_error(
            'expected a confidence of each joint, or none', 'line 1'
        )
    kinds = ('x', 'y', 'score')[: 2 + any(scored)]
    points = table.numbers([p[k] for p in joints.values() for k in kinds])
    points = points.reshape(len(points), len(joints), -1)
    if all('z' in parts for parts in joints.values()):
        depth = table.numbers([parts['z'] for parts in joints.values()])
        check_depth(points[..., :2], depth)
    if not any(scored):
        known = (points != 0).any(axis=-1, keepdims=True)
        points = np.concatenate([points, known], axis=-1)
    return points
