from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pyg_hcsf.keypoints.joint_names import order_of
from pyg_hcsf.keypoints.people import (
    MAX_JOINTS,
    People,
    Person,
    clean,
    refuse,
    warn,
    warn_unread,
)
from pyg_hcsf.keypoints.readers.table_columns import (
    FRAMES,
    JOINTS,
    KNOWN,
    PARTS,
    PEOPLE,
    SCORES,
    Table,
    column_of,
    frames_of,
    numbers,
    people_of,
    to_snake,
    unread_columns,
)
from pyg_hcsf.safe_io.shown import shown

MOST_COLUMNS = 16 * MAX_JOINTS
FEW_LINES = 250_000  # that any file may have
SHORTEST = 8  # characters a line, of more; the line '0,0,1,2' has as many
_AFTER = re.compile(rf'(.+?)[ ._:-]({PARTS})')
_BEFORE = re.compile(rf'({PARTS})[ ._:-]?(\d+)|({PARTS})[ ._:-](.+)')
_DIGITS = re.compile(r'[0-9]{1,8}')


def matches(text: str) -> bool:
    r"""Whether text may be a table: its first line has several fields."""
    line = text[:65536].lstrip().split('\n', 1)[0]
    return any(separator in line for separator in ',;\t')


def read(text: str, path: Path) -> People:
    r"""Reads a table of comma-separated values with a line of headers, also
    with semicolons or tabs.

    In the long form a line is a joint: ``frame``, ``person`` (may be left
    out), ``joint`` (its name or number), ``x``, ``y`` and maybe ``score``. In
    the wide form a line is a person: ``frame``, maybe ``person``, and for
    each joint ``nose_x``, ``nose_y`` and maybe ``nose_score``, or ``x0``,
    ``y0`` and maybe ``c0``. Names tell the joints whatever their order,
    numbers begin at 0 or 1. The usual names of such columns are known, those
    of SLEAP, too; others are named in a warning. An empty field is a missing
    joint.

    Args:
        text (str): The file.
        path (pathlib.Path): What errors call it.

    Raises:
        ValueError: If a line is damaged; names it.

    Example:
        >>> text = 'frame,joint,x,y\n0,Nose,10,20\n...'
        >>> people = read(text, Path('keypoints.csv'))
    """
    table = split(text, path)
    names = [to_snake(name) for name in table.header]
    if all(re.fullmatch(r'-?[0-9.]+(e[-+]?[0-9]+)?', n) for n in table.header):
        refuse(path, 'line 1', 'expected names of columns, not numbers')
    if len(set(table.header)) < len(table.header):
        refuse(
            path,
            'line 1',
            f'expected different names of columns (got {shown(table.header)})',
        )
    joint = column_of(names, JOINTS)
    x, y = (column_of(names, _of_axis(axis)) for axis in 'xy')
    if joint is not None and x is not None and y is not None:
        return _long(table, names, (joint, x, y), path)
    return _wide(table, names, path)


def split(text: str, path: Path, headers: int = 1) -> Table:
    r"""Splits a table into fields.

    Args:
        text (str): The file.
        path (pathlib.Path): What errors call it.
        headers (int, optional): How many lines of headers it has, of which
            the first is returned apart. (default: :obj:`1`)

    Raises:
        ValueError: If lines have different numbers of fields; but the last
            one is left out with a warning if the file ends in it.
    """
    if text[:4].lower() == 'sep=':  # as Excel is told of the separator
        text = text.split('\n', 1)[-1]
    first = text[:65536].split('\n', 1)[0]
    separator = max(',;\t', key=first.count)
    # What a field or a line takes in memory, whatever its length.
    if (count := text[: text.find('\n')].count(separator)) > MOST_COLUMNS:
        refuse(
            path,
            'line 1',
            f'expected up to {MOST_COLUMNS:,} columns (got {count + 1:,})',
        )
    if (count := text.count('\n')) > max(FEW_LINES, len(text) // SHORTEST):
        refuse(
            path,
            '',
            f'it holds {count:,} lines in {len(text):,} characters, most of '
            'them empty: get it again',
        )
    try:
        reader = csv.reader(
            io.StringIO(text, newline=''), delimiter=separator, strict=True
        )
        found = [(reader.line_num, row) for row in reader if any(row)]
    except csv.Error as e:
        refuse(path, '', f'it is not a table of text ({e!s:.80})')
    width = len(found[0][1]) if found else 0
    cut = bool(found) and len(found[-1][1]) < width
    if cut and len(found) > headers + 1 and text[-1] not in '\n\r':
        warn(path, f'line {found.pop()[0]} is cut and left out')
    for line, row in found:
        if len(row) != width:
            refuse(
                path,
                f'line {line}',
                f'expected {width} fields as in the first line '
                f'(got {len(row)})',
            )
    if len(found) < headers + 1:
        refuse(path, '', 'expected a line of headers, and lines of numbers')
    if separator == ';':  # of countries that write numbers with commas
        found = [(n, [f.replace(',', '.') for f in row]) for n, row in found]
    lines, rows = zip(*found, strict=True)
    return Table(rows[0], list(rows[1:]), list(lines[1:]))


def _of_axis(axis: str) -> tuple[str, ...]:
    r"""What the column of a coordinate is called in the long form."""
    ends = ('px', 'pixel', 'pixels', 'coord', 'coordinate', 'pos', 'position')
    return (axis, *(f'{axis}_{end}' for end in ends), f'pos_{axis}')


def _long(
    table: Table, names: list[str], columns: tuple[int, int, int], path: Path
) -> People:
    (frames, fps), people = (
        frames_of(table, names, path),
        people_of(table, names),
    )
    joint, x, y = columns
    score = column_of(names, SCORES)
    used = {*columns, score}
    warn_unread(path, 'columns', unread_columns(table.header, names, used))
    labels = [row[joint].strip() for row in table.rows]
    joints = list(dict.fromkeys(labels))
    if len(joints) > MAX_JOINTS:
        refuse(path, '', f'expected up to {MAX_JOINTS} names of joints')
    if all(_DIGITS.fullmatch(label) for label in joints):
        place, joints = _numbered(joints, path), []
    else:
        place = {label: number for number, label in enumerate(joints)}
    scores = [] if score is None else [score]
    xyc = numbers(table, [x, y, *scores], path)
    if score is None:
        xyc = np.column_stack([xyc, np.ones(len(xyc))])
    group: dict[tuple[int, str | None], int] = {}
    keys = zip(frames, people, strict=True)
    at = [group.setdefault(key, len(group)) for key in keys]
    size = max(place.values()) + 1
    cells = np.array(at) * size + [place[label] for label in labels]
    order, counts = np.unique(cells, return_counts=True)
    if len(order) < len(cells):
        twice = int(np.flatnonzero(cells == order[counts.argmax()])[1])
        refuse(
            path,
            f'line {table.lines[twice]}',
            f'joint {shown(labels[twice], 40)} comes twice; of several '
            "people in a frame, a column 'person' tells who is who",
        )
    points = np.full((len(group) * size, 3), [np.nan, np.nan, 0.0])
    points[cells] = xyc
    points = clean(points.reshape(len(group), size, 3), path, '')
    at_frames, at_people = [f for f, _ in group], [p for _, p in group]
    found = to_people(points, at_frames, at_people, joints, path)
    return replace(found, fps=fps)


def _numbered(joints: list[str], path: Path) -> dict[str, int]:
    r"""Places of joints that are numbered from 0 or 1."""
    first, last = min(map(int, joints)), max(map(int, joints))
    if last >= MAX_JOINTS:
        refuse(path, '', f'expected joints below {MAX_JOINTS}')
    base = int(first == 1 and last == len(joints))
    if base:
        warn(path, f'joints 1 to {last} are read as 0 to {last - 1}')
    return {joint: int(joint) - base for joint in joints}


def _wide(table: Table, names: list[str], path: Path) -> People:
    joints: dict[str, dict[str, int]] = {}
    for place, name in enumerate(names):
        if name in FRAMES or name in PEOPLE or name in KNOWN:
            continue
        after, before = _AFTER.fullmatch(name), _BEFORE.fullmatch(name)
        if before is not None:
            part = before[1] or before[3]
            joint = before[2] or before[4]
        elif after is not None:
            joint, part = after[1], after[2]
        else:
            continue
        if part not in ('x', 'y', 'z', 'presence'):
            part = 'score'
        joints.setdefault(joint, {}).setdefault(part, place)
    joints = {j: p for j, p in joints.items() if {'x', 'y'} <= p.keys()}
    for box in ('bbox', 'box', 'center', 'bbox_center'):
        joints.pop(box, None)
    if not 1 <= len(joints) <= MAX_JOINTS:
        refuse(
            path,
            'line 1',
            "expected the columns 'joint', 'x' and 'y', or x and y of each "
            "joint, such as 'nose_x' and 'nose_y', or 'x0' and 'y0' (got "
            f'{shown(table.header)})',
        )
    used = {place for parts in joints.values() for place in parts.values()}
    warn_unread(path, 'columns', unread_columns(table.header, names, used))
    (frames, fps), people = (
        frames_of(table, names, path),
        people_of(table, names),
    )
    scored = all('score' in parts for parts in joints.values())
    if not scored and any('score' in p for p in joints.values()):
        refuse(path, 'line 1', 'expected a confidence of each joint, or none')
    kinds = ('x', 'y', 'score')[: 2 + scored]
    columns = [parts[k] for parts in joints.values() for k in kinds]
    points = numbers(table, columns, path)
    points = points.reshape(len(points), len(joints), -1)
    if not scored:
        points = np.pad(points, ((0, 0), (0, 0), (0, 1)), constant_values=1)
        points[(points[..., :2] == 0).all(axis=-1), 2] = 0.0
    points = clean(points, path, '')
    found = to_people(points, frames, people, list(joints), path)
    return replace(found, fps=fps)


def to_people(
    points: np.ndarray,
    frames: Sequence[int],
    people: Sequence[str | None],
    joints: list[str],
    path: Path,
    source: str = 'csv',
) -> People:
    r"""People of an array, their joints in the order that names tell.

    Args:
        points (numpy.ndarray): Checked joints: ``[R, N, 3]``.
        frames (list[int]): The frame of each.
        people (list): The id of each, or :obj:`None`.
        joints (list[str]): What the joints are called.
        path (pathlib.Path): What warnings call the file.
        source (str, optional): The format. (default: :obj:`'csv'`)
    """
    order = order_of(joints)
    layout = None
    if order is not None:
        order.warn(path)
        points, layout = order.pick(points), order.layout
    elif len(joints) == points.shape[1]:
        found = [re.findall('[0-9]+', joint) for joint in joints]
        if all(len(n) == 1 for n in found):  # such as L0_x or x10
            places = [int(n[0]) for n in found]
            if len(set(places)) == len(places):
                points = points[:, np.argsort(places)]
    rows = zip(frames, people, points, strict=True)
    return People(source, [Person(*row) for row in rows], layout)
