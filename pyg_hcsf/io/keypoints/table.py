from __future__ import annotations

import csv
import re
from pathlib import Path

from pyg_hcsf.io.keypoints.names import layout_of
from pyg_hcsf.io.keypoints.people import (
    MAX_FRAME,
    MAX_JOINTS,
    People,
    Person,
    refuse,
    to_points,
)
from pyg_hcsf.io.shown import shown

# What columns are called, lower case.
FRAME = ('frame', 'frame_id', 'image_id')
PERSON = ('person', 'track', 'track_id', 'id', 'idx', 'person_id')
SCORE = ('score', 'confidence', 'conf', 'c', 'visibility', 'likelihood')
_WIDE = re.compile(
    rf'(?i)(.+?)[ ._-]?(x|y|{"|".join(sorted(SCORE, key=len, reverse=True))})'
)
_SHORT = re.compile(r'(?i)(x|y|c|s)_?(\d+)')


def read_table(content: bytes, path: Path) -> People:
    r"""Reads a table of comma-separated values with a line of headers.

    In the long form a line is a joint: ``frame``, ``person`` (may be left
    out), ``joint`` (its name or number), ``x``, ``y`` and maybe ``score``. In
    the wide form a line is a person: ``frame``, maybe ``person``, and for
    each joint, in order, ``nose_x``, ``nose_y`` and maybe ``nose_score``, or
    ``x0``, ``y0`` and maybe ``c0``. An empty field is a missing joint.

    Args:
        content (bytes): The file.
        path (pathlib.Path): What errors call it.

    Raises:
        ValueError: If a line is damaged; names it.

    Example:
        >>> text = 'frame,joint,x,y\n0,Nose,10,20\n...'
        >>> people = read_table(text.encode(), Path('keypoints.csv'))
    """
    rows = _rows(content, path)
    header = [name.strip().lower() for name in rows[0][1]]
    if len(set(header)) < len(header):
        refuse(path, 'line 1', 'expected different names of columns')
    if not set(header) & set(FRAME):
        refuse(
            path,
            'line 1',
            f"expected a column called 'frame' (got {shown(header, 200)})",
        )
    if {'joint', 'x', 'y'} <= set(header):
        return _long(rows, header, path)
    return _wide(rows, header, path)


def _rows(content: bytes, path: Path) -> list[tuple[int, list[str]]]:
    try:
        lines = content.decode('utf-8-sig').splitlines()
        reader = csv.reader(lines, strict=True)
        rows = [(reader.line_num, row) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as e:
        refuse(path, '', f'it is not a table of text ({e!s:.80})')
    for line, row in rows:
        if len(row) != len(rows[0][1]):
            refuse(
                path,
                f'line {line}',
                f'expected {len(rows[0][1])} fields as in the first line '
                f'(got {len(row)})',
            )
    if len(rows) < 2:
        refuse(path, '', 'expected a line of headers, and lines of numbers')
    return rows


def _long(
    rows: list[tuple[int, list[str]]], header: list[str], path: Path
) -> People:
    at = {name: number for number, name in enumerate(header)}
    frame = _column(header, FRAME)
    person = _column(header, PERSON)
    score = _column(header, SCORE)
    joints = list(dict.fromkeys(row[at['joint']] for _, row in rows[1:]))
    if len(joints) > MAX_JOINTS:
        refuse(path, '', f'expected up to {MAX_JOINTS} names of joints')
    if all(joint.strip().isdigit() and len(joint) < 9 for joint in joints):
        last = max(map(int, joints))
        if last >= MAX_JOINTS:
            refuse(path, '', f'expected joints below {MAX_JOINTS}')
        number = {joint: int(joint) for joint in joints}
        layout, size = None, last + 1
    else:
        layout, number, size = layout_of(joints), {}, len(joints)
        number = {joint: place for place, joint in enumerate(joints)}
    found: dict[tuple[int, str | None], list[list[float]]] = {}
    for line, row in rows[1:]:
        entry = f'line {line}'
        key = (
            _frame(row[frame or 0], path, entry),
            None if person is None else row[person].strip()[:80],
        )
        missing = [float('nan'), float('nan'), 0.0]
        points = found.setdefault(key, [missing] * size)
        place = number[row[at['joint']]]
        if points[place] is not missing and points[place][2]:
            refuse(path, entry, f'joint {shown(row[at["joint"]])} comes twice')
        points[place] = [
            _number(row[at['x']], path, entry),
            _number(row[at['y']], path, entry),
            1.0 if score is None else _number(row[score], path, entry),
        ]
    people = [
        Person(frame, name, to_points(points, path, f'frame {frame}'))
        for (frame, name), points in found.items()
    ]
    return People('csv', people, layout)


def _wide(
    rows: list[tuple[int, list[str]]], header: list[str], path: Path
) -> People:
    frame, person = _column(header, FRAME), _column(header, PERSON)
    names: dict[str, dict[str, int]] = {}
    for place, name in enumerate(header):
        if place in (frame, person):
            continue
        short, wide = _SHORT.fullmatch(name), _WIDE.fullmatch(name)
        if short is not None:
            joint, part = short[2], short[1]
        elif wide is not None:
            joint, part = wide[1], wide[2]
        else:
            continue
        part = part if part in 'xy' else 'c'
        names.setdefault(joint, {})[part] = place
    if not 1 <= len(names) <= MAX_JOINTS or not all(
        {'x', 'y'} <= set(parts) for parts in names.values()
    ):
        refuse(
            path,
            'line 1',
            "expected the columns 'joint', 'x' and 'y', or x and y of each "
            "joint, such as 'nose_x' and 'nose_y', or 'x0' and 'y0'",
        )
    people = []
    for line, row in rows[1:]:
        entry = f'line {line}'
        points = [
            [
                _number(row[parts['x']], path, entry),
                _number(row[parts['y']], path, entry),
                _number(row[parts['c']], path, entry) if 'c' in parts else 1.0,
            ]
            for parts in names.values()
        ]
        people.append(
            Person(
                _frame(row[frame or 0], path, entry),
                None if person is None else row[person].strip()[:80],
                to_points(points, path, entry),
            )
        )
    return People('csv', people, layout_of(list(names)))


def _column(header: list[str], names: tuple[str, ...]) -> int | None:
    for name in names:
        if name in header:
            return header.index(name)
    return None


def _number(text: str, path: Path, entry: str) -> float:
    try:
        return float(text) if text.strip() else float('nan')
    except ValueError:
        refuse(path, entry, f'expected a number (got {shown(text, 40)})')


def _frame(text: str, path: Path, entry: str) -> int:
    value = _number(text, path, entry)
    if not 0 <= value <= MAX_FRAME or value != int(value):
        refuse(
            path,
            entry,
            f'expected the number of a frame (got {shown(text, 40)})',
        )
    return int(value)
