r"""The columns of tables of keypoints, by their usual names."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pyg_hcsf.keypoints.people import MAX_FRAME, refuse, warn
from pyg_hcsf.keypoints.readers.frame_numbers import (
    number_frames,
    number_times,
)
from pyg_hcsf.keypoints.readers.json_entries import FRAME, SCORES, TIMES, TRACK
from pyg_hcsf.safe_io.shown import shown


def to_snake(name: str) -> str:
    r"""The name of a column in lower case, with ``_`` between its words.

    Args:
        name (str): Such as ``'Frame #'``, ``'nose.x'`` or ``'LeftEyeX'``.

    Example:
        >>> to_snake('Frame #'), to_snake('LeftEyeX')
        ('frame', 'left_eye_x')
    """
    words = re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '_', name)
    return re.sub(r'[\W_]+', '_', words).strip('_').lower()


# What columns are called, see to_snake.
FRAMES = (
    *dict.fromkeys(f(n) for n in FRAME for f in (to_snake, str.lower)),
    *('frames', 'img', 'img_id', 'f', 'fr'),
)
PEOPLE = (
    *dict.fromkeys(f(n) for n in TRACK for f in (to_snake, str.lower)),
    *('person_idx', 'person_index', 'person_number', 'pid', 'track_name'),
    *('individual', 'instance', 'subject', 'object_id', 'tid'),
)
JOINTS = (
    *('joint', 'keypoint', 'landmark', 'bodypart', 'body_part', 'part'),
    *('joint_name', 'keypoint_name', 'landmark_name', 'node', 'kpt'),
    *('joint_id', 'keypoint_id', 'landmark_id', 'joint_idx', 'keypoint_idx'),
    *('landmark_index', 'keypoint_index', 'joint_index', 'kpt_id', 'index'),
)
ROWS = ('', 'unnamed_0', 'index')  # as pandas writes them
KNOWN = {*TIMES, *ROWS, 'instance_score', 'z', 'presence'}
PARTS = '|'.join(['x', 'y', 'z', 'presence', *sorted(SCORES, key=len)[::-1]])


class Table(NamedTuple):
    r"""The fields of a table of text.

    Args:
        header (list[str]): The names of the columns, as they are.
        rows (list[list[str]]): The other lines.
        lines (list[int]): Their numbers in the file.
    """

    header: list[str]
    rows: list[list[str]]
    lines: list[int]


def numbers(table: Table, columns: list[int], path: Path) -> np.ndarray:
    r"""The numbers of some columns, NaN where a field is empty: ``[R, C]``.

    Raises:
        ValueError: If one is no number; names the line.
    """
    out = np.empty((len(table.rows), len(columns)))
    for number, row in enumerate(table.rows):
        try:
            out[number] = [float(row[c] or 'nan') for c in columns]
        except ValueError:
            line = f'line {table.lines[number]}'
            out[number] = [_number(row[c], path, line) for c in columns]
    return out


def unread_columns(
    header: list[str], names: list[str], used: Collection[int | None]
) -> list[str]:
    r"""The names of columns that are neither used nor known."""
    known = {*FRAMES, *PEOPLE, *KNOWN}
    z = {'z', 'presence'}
    return [
        title
        for place, (title, name) in enumerate(zip(header, names, strict=True))
        if place not in used
        and name not in known
        and re.split(r'[ ._:-]', name)[-1].rstrip('0123456789') not in z
        and re.split(r'[ ._:-]', name)[0].rstrip('0123456789') not in z
    ]


def frames_of(
    table: Table, names: list[str], path: Path
) -> tuple[list[int], float | None]:
    r"""The number of the frame of each line, and the frames per second if
    time stamps tell them.

    Without such a column, frames are numbered by time stamps, by the numbers
    of rows as pandas writes them, or each line is a frame, with a warning.

    Args:
        table (Table): The table.
        names (list[str]): The names of its columns in lower case.
        path (pathlib.Path): What errors call the file.

    Raises:
        ValueError: If one is no number; names the line.
    """
    column = column_of(names, FRAMES)
    if column is not None:
        values = [row[column].strip() for row in table.rows]
        try:
            found = [float(value) for value in values]
        except ValueError:
            return number_frames(values, path), None
        for line, value, text in zip(table.lines, found, values, strict=True):
            if not 0 <= value <= MAX_FRAME or value != int(value):
                refuse(
                    path,
                    f'line {line}',
                    f'expected the number of a frame (got {shown(text, 40)})',
                )
        return [int(value) for value in found], None
    time = column_of(names, TIMES)
    if time is not None:
        warn(
            path,
            "it has no column 'frame': frames are numbered by time stamps, "
            f'column {shown(table.header[time], 40)}',
        )
        return number_times(numbers(table, [time], path)[:, 0].tolist(), path)
    if column_of(names, JOINTS) is not None and {'x', 'y'} <= set(names):
        refuse(
            path,
            'line 1',
            f"expected a column called 'frame' (got {shown(names)})",
        )
    row = column_of(names, ROWS)
    if row is not None:
        texts = [line[row].strip() for line in table.rows]
        if all(text.isdecimal() and len(text) < 16 for text in texts):
            counted = list(map(int, texts))
            if (np.diff(counted) > 0).all():
                warn(
                    path,
                    "it has no column 'frame': frames are numbered by column "
                    f'{shown(table.header[row], 40)}',
                )
                return counted, None
    warn(path, "it has no column 'frame': each line is taken as a frame")
    return list(range(len(table.rows))), None


def people_of(table: Table, names: list[str]) -> list[str | None]:
    r"""The id of the person of each line, :obj:`None` without one."""
    column = column_of(names, PEOPLE)
    if column is None:
        return [None] * len(table.rows)
    found = [row[column].strip()[:80] for row in table.rows]
    return [None if n in ('', 'nan') or n[:1] == '-' else n for n in found]


def column_of(header: list[str], names: tuple[str, ...]) -> int | None:
    r"""The first of some columns that a table has."""
    for name in names:
        if name in header:
            return header.index(name)
    return None


def _number(text: str, path: Path, entry: str) -> float:
    try:
        return float(text) if text.strip() else float('nan')
    except ValueError:
        refuse(path, entry, f'expected a number (got {shown(text, 40)})')
