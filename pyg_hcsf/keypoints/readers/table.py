r"""Reads tables of keypoints, of any producer, with a line of headers.

In the long form a line is a joint: ``frame``, ``person`` (may be left out),
``joint`` (its name or number), ``x``, ``y`` and maybe ``score``. In the wide
form a line is a person: ``frame``, maybe ``person``, and for each joint
``nose_x``, ``nose_y`` and maybe ``nose_score``, or ``x0``, ``y0`` and maybe
``c0``. Joints are identified by names in any order, or by numbers from 0 or
1. The usual names of such columns are known, also SLEAP's; others are named
in a warning. An empty field is a missing joint.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from pyg_hcsf.keypoints.detections import MAX_JOINTS, Detection, ParsedFile
from pyg_hcsf.keypoints.joint_names import match_names
from pyg_hcsf.keypoints.messages import (
    file_error,
    unexpected,
    warn,
    warn_unread,
)
from pyg_hcsf.keypoints.readers.json_frames import SCORE_KEYS
from pyg_hcsf.keypoints.readers.table_columns import (
    FRAME_COLUMNS,
    JOINT_COLUMNS,
    OTHER_COLUMNS,
    PERSON_COLUMNS,
    Table,
    read_table,
)
from pyg_hcsf.safe_io.shown import shown

_PARTS = '|'.join(
    ['x', 'y', 'z', 'presence', *sorted(SCORE_KEYS, key=len, reverse=True)]
)
_NAME_PART = re.compile(rf'(.+?)[ ._:-]({_PARTS})')
_PART_NAME = re.compile(rf'({_PARTS})[ ._:-]?(\d+)|({_PARTS})[ ._:-](.+)')
_DIGITS = re.compile(r'[0-9]{1,8}')
_AXIS_SUFFIXES = (
    'px', 'pixel', 'pixels', 'coord', 'coordinate', 'pos', 'position'
)  # fmt: skip


def matches(text: str) -> bool:
    r"""Whether the first line of a text has several fields."""
    line = text[:65536].lstrip().split('\n', 1)[0]
    return any(separator in line for separator in ',;\t')


def read(text: str) -> ParsedFile:
    r"""Reads the people of a video."""
    table = read_table(text)
    header = table.header
    if all(re.fullmatch(r'-?[0-9.]+(e[-+]?[0-9]+)?', n) for n in header):
        raise file_error('expected names of columns, not numbers', 'line 1')
    if len(set(header)) < len(header):
        raise unexpected('different names of columns', header, 'line 1')
    joint = table.column(JOINT_COLUMNS)
    x, y = (
        table.column((a, *(f'{a}_{s}' for s in _AXIS_SUFFIXES), f'pos_{a}'))
        for a in 'xy'
    )
    if joint is not None and x is not None and y is not None:
        return _read_long(table, joint, x, y)
    return _read_wide(table)


def _read_long(table: Table, joint: int, x: int, y: int) -> ParsedFile:
    frames, fps = table.frames()
    people = table.track_ids()
    score = table.column(SCORE_KEYS)
    warn_unread('columns', table.unread_columns({joint, x, y, score}))
    codes, labels = pd.factorize(table.cells[joint].str.strip())
    joints = labels.tolist()
    if len(joints) > MAX_JOINTS:
        raise file_error(f'expected up to {MAX_JOINTS} names of joints')
    order = np.arange(len(joints))
    if all(_DIGITS.fullmatch(label) for label in joints):
        order, joints = _index_by_number(joints), []
    xyc = table.numbers([x, y] + ([] if score is None else [score]))
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
    points = np.full((len(persons) * size, 3), [np.nan, np.nan, 0.0])
    points[cells] = xyc
    parsed = to_parsed_file(
        points.reshape(len(persons), size, 3),
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
    joints = _joint_columns(table.names)
    if not 1 <= len(joints) <= MAX_JOINTS:
        expected = (
            "the columns 'joint', 'x' and 'y', or x and y of each joint, such "
            "as 'nose_x' and 'nose_y', or 'x0' and 'y0'"
        )
        raise unexpected(expected, table.header, 'line 1')
    used = {index for parts in joints.values() for index in parts.values()}
    warn_unread('columns', table.unread_columns(used))
    frames, fps = table.frames()
    people = table.track_ids()
    scored = ['score' in parts for parts in joints.values()]
    if any(scored) and not all(scored):
        raise file_error(
            'expected a confidence of each joint, or none', 'line 1'
        )
    kinds = ('x', 'y', 'score')[: 2 + any(scored)]
    points = table.numbers([p[k] for p in joints.values() for k in kinds])
    points = points.reshape(len(points), len(joints), -1)
    if not any(scored):
        known = (points != 0).any(axis=-1, keepdims=True)
        points = np.concatenate([points, known], axis=-1)
    parsed = to_parsed_file(points, frames, people, list(joints))
    return replace(parsed, fps=fps)


def _joint_columns(names: list[str]) -> dict[str, dict[str, int]]:
    r"""The columns of x, y and maybe of the score of each joint."""
    joints: dict[str, dict[str, int]] = {}
    for index, name in enumerate(names):
        if name in (*FRAME_COLUMNS, *PERSON_COLUMNS, *OTHER_COLUMNS):
            continue
        if (found := _PART_NAME.fullmatch(name)) is not None:
            part, joint = found[1] or found[3], found[2] or found[4]
        elif (found := _NAME_PART.fullmatch(name)) is not None:
            joint, part = found[1], found[2]
        else:
            continue
        if part not in ('x', 'y', 'z', 'presence'):
            part = 'score'
        joints.setdefault(joint, {}).setdefault(part, index)
    for box in ('bbox', 'box', 'center', 'bbox_center'):
        joints.pop(box, None)
    return {j: p for j, p in joints.items() if {'x', 'y'} <= p.keys()}


def to_parsed_file(
    points: np.ndarray,
    frames: Sequence[int],
    people: Sequence[str | None],
    joints: list[str],
    source: str = 'csv',
) -> ParsedFile:
    r"""People of joints ``[R, N, 3]``, which are put into the order of a
    layout, if they have its names, or of the numbers in their names.
    """
    order = match_names(joints)
    if order is not None:
        order.warn()
        points = order.pick(points)
    elif len(joints) == points.shape[1]:
        found = [re.findall('[0-9]+', joint) for joint in joints]
        if all(len(n) == 1 for n in found):  # such as L0_x or x10
            numbers = [int(n[0]) for n in found]
            if len(set(numbers)) == len(numbers):
                points = points[:, np.argsort(numbers)]
    return ParsedFile(
        source,
        list(map(Detection, frames, people, points)),
        None if order is None else order.layout,
    )
