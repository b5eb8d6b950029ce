r"""Splits tables of text, and finds their columns by the usual names."""

import csv
import io
import re
from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from pyg_hcsf.keypoints.detections import MAX_FRAME, MAX_JOINTS
from pyg_hcsf.keypoints.messages import file_error, warn
from pyg_hcsf.keypoints.readers.frame_numbers import (
    number_frames,
    number_times,
)
from pyg_hcsf.keypoints.readers.json_frames import (
    FRAME_KEYS,
    TIME_KEYS,
    TRACK_KEYS,
)
from pyg_hcsf.safe_io.shown import shown

MAX_COLUMNS = 16 * MAX_JOINTS
MANY_LINES = 250_000  # a file with more needs MIN_LINE characters a line
MIN_LINE = 8  # as '0,0,1,2' has


def to_snake(name: str) -> str:
    r"""The name of a column as ``'left_eye_x'``."""
    words = re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '_', name)
    return re.sub(r'[\W_]+', '_', words).strip('_').lower()


# The names of columns, as to_snake returns them.
FRAME_COLUMNS = (
    *dict.fromkeys(f(k) for k in FRAME_KEYS for f in (to_snake, str.lower)),
    'frames', 'img', 'img_id', 'f', 'fr',
)  # fmt: skip
PERSON_COLUMNS = (
    *dict.fromkeys(f(k) for k in TRACK_KEYS for f in (to_snake, str.lower)),
    'person_idx', 'person_index', 'person_number', 'pid', 'track_name',
    'individual', 'instance', 'subject', 'object_id', 'tid',
)  # fmt: skip
JOINT_COLUMNS = (
    'joint', 'keypoint', 'landmark', 'bodypart', 'body_part', 'part',
    'joint_name', 'keypoint_name', 'landmark_name', 'node', 'kpt',
    'joint_id', 'keypoint_id', 'landmark_id', 'joint_idx', 'keypoint_idx',
    'landmark_index', 'keypoint_index', 'joint_index', 'kpt_id', 'index',
)  # fmt: skip
ROW_COLUMNS = ('', 'unnamed_0', 'index')  # row numbers of pandas
OTHER_COLUMNS = {
    *TIME_KEYS, *ROW_COLUMNS, 'instance_score', 'z', 'presence'
}  # fmt: skip
NOT_READ = {'z', 'presence'}  # of joints


class Table(NamedTuple):
    r"""A table of text: the names of the columns, the same as :func:`to_snake`
    returns them, the fields of the other lines, and their line numbers.
    """

    header: list[str]
    names: list[str]
    rows: list[list[str]]
    lines: list[int]

    def column(self, names: Collection[str]) -> int | None:
        r"""The index of the first of these columns that the table has."""
        known = (name for name in names if name in self.names)
        return next((self.names.index(name) for name in known), None)

    def numbers(self, columns: list[int]) -> np.ndarray:
        r"""The numbers in some columns, NaN for empty fields: ``[R, C]``."""
        out = np.empty((len(self.rows), len(columns)))
        for number, row in enumerate(self.rows):
            try:
                out[number] = [float(row[c] or 'nan') for c in columns]
            except ValueError:
                line = f'line {self.lines[number]}'
                out[number] = [_parse_number(row[c], line) for c in columns]
        return out

    def frames(self) -> tuple[list[int], float | None]:
        r"""The frame number of each line, and the frames per second of time
        stamps.

        Without a column of frame numbers, frames are numbered by time stamps
        or by the row numbers of pandas, or each line is a frame, with a
        warning.
        """
        column = self.column(FRAME_COLUMNS)
        if column is not None:
            return self._frame_numbers(column), None
        time = self.column(TIME_KEYS)
        if time is not None:
            warn(
                "it has no column 'frame': frames are numbered by time "
                f'stamps, column {shown(self.header[time], 40)}'
            )
            return number_times(self.numbers([time])[:, 0].tolist())
        if self.column(JOINT_COLUMNS) is not None and (
            {'x', 'y'} <= set(self.names)
        ):
            raise file_error(
                f"expected a column called 'frame' (got {shown(self.names)})",
                'line 1',
            )
        column = self.column(ROW_COLUMNS)
        texts = (
            [] if column is None else [r[column].strip() for r in self.rows]
        )
        if texts and all(t.isdecimal() and len(t) < 16 for t in texts):
            numbers = list(map(int, texts))
            if column is not None and (np.diff(numbers) > 0).all():
                warn(
                    "it has no column 'frame': frames are numbered by column "
                    f'{shown(self.header[column], 40)}'
                )
                return numbers, None
        warn("it has no column 'frame': each line is taken as a frame")
        return list(range(len(self.rows))), None

    def _frame_numbers(self, column: int) -> list[int]:
        values = [row[column].strip() for row in self.rows]
        try:
            found = [float(value) for value in values]
        except ValueError:
            return number_frames(values)
        for line, value, text in zip(self.lines, found, values, strict=True):
            if not 0 <= value <= MAX_FRAME or value != int(value):
                raise file_error(
                    f'expected a frame number (got {shown(text, 40)})',
                    f'line {line}',
                )
        return [int(value) for value in found]

    def track_ids(self) -> list[str | None]:
        r"""The id of the person of each line, :obj:`None` without one."""
        column = self.column(PERSON_COLUMNS)
        if column is None:
            return [None] * len(self.rows)
        found = [row[column].strip()[:80] for row in self.rows]
        return [None if n in ('', 'nan') or n[:1] == '-' else n for n in found]

    def unread_columns(self, used: Collection[int | None]) -> list[str]:
        r"""The names of columns that are neither used nor known."""
        known = {*FRAME_COLUMNS, *PERSON_COLUMNS, *OTHER_COLUMNS}
        unread = []
        for index, name in enumerate(self.names):
            words = re.split(r'[ ._:-]', name)
            ends = {words[i].rstrip('0123456789') for i in (0, -1)}
            if index not in used and name not in known and not ends & NOT_READ:
                unread.append(self.header[index])
        return unread


def _parse_number(text: str, where: str) -> float:
    try:
        return float(text) if text.strip() else float('nan')
    except ValueError as e:
        raise file_error(
            f'expected a number (got {shown(text, 40)})', where
        ) from e


def split_table(text: str, headers: int = 1) -> Table:
    r"""Splits a table of comma-separated values into fields, also with
    semicolons or tabs. Only the first of several header lines is separated
    from the rows. If the file ends within the last line, this line is left
    out with a warning.
    """
    if text[:4].lower() == 'sep=':  # which names the separator for Excel
        text = text.split('\n', 1)[-1]
    first = text[:65536].split('\n', 1)[0]
    separator = max(',;\t', key=first.count)
    # Each field and each line takes memory, however short it is.
    if (count := text[: text.find('\n')].count(separator)) > MAX_COLUMNS:
        raise file_error(
            f'expected up to {MAX_COLUMNS:,} columns (got {count + 1:,})',
            'line 1',
        )
    if (count := text.count('\n')) > max(MANY_LINES, len(text) // MIN_LINE):
        raise file_error(
            f'it has {count:,} lines in {len(text):,} characters, most of '
            'them empty: get it again'
        )
    try:
        reader = csv.reader(
            io.StringIO(text, newline=''), delimiter=separator, strict=True
        )
        found = [(reader.line_num, row) for row in reader if any(row)]
    except csv.Error as e:
        raise file_error(f'it is not a table of text ({e!s:.80})') from e
    width = len(found[0][1]) if found else 0
    incomplete = bool(found) and len(found[-1][1]) < width
    if incomplete and len(found) > headers + 1 and text[-1] not in '\n\r':
        warn(f'line {found.pop()[0]} is incomplete and left out')
    for line, row in found:
        if len(row) != width:
            raise file_error(
                f'expected {width} fields as in the first line '
                f'(got {len(row)})',
                f'line {line}',
            )
    if len(found) < headers + 1:
        raise file_error('expected a line of headers, and lines of numbers')
    if separator == ';':  # of countries with decimal commas
        found = [(n, [f.replace(',', '.') for f in row]) for n, row in found]
    (_, header), *rows = found
    return Table(
        header=header,
        names=[to_snake(name) for name in header],
        rows=[row for _, row in rows],
        lines=[line for line, _ in rows],
    )
