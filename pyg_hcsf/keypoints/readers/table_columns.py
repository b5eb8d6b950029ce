r"""Reads tables of text, and finds their columns by the usual names."""

import re
from collections.abc import Callable, Collection
from typing import NamedTuple

import numpy as np
import pandas as pd

from pyg_hcsf.keypoints.detections import MAX_FRAME, MAX_JOINTS
from pyg_hcsf.keypoints.messages import file_error, unexpected, warn
from pyg_hcsf.keypoints.readers.frame_numbers import (
    number_frames,
    number_times,
)
from pyg_hcsf.keypoints.readers.json_frames import (
    FRAME_KEYS,
    TIME_KEYS,
    TRACK_KEYS,
)
from pyg_hcsf.safe_io.csv_cells import read_cells
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
    r"""A table: the names of the columns, the same as :func:`to_snake` returns
    them, and the other lines, with their line numbers as index.
    """

    header: list[str]
    names: list[str]
    cells: pd.DataFrame

    def column(self, names: Collection[str]) -> int | None:
        r"""The index of the first of these columns that the table has."""
        known = (name for name in names if name in self.names)
        return next((self.names.index(name) for name in known), None)

    def numbers(self, columns: list[int]) -> np.ndarray:
        r"""The numbers in some columns, NaN for empty cells: ``[R, C]``."""
        table = self.cells[columns].copy()
        for column in table.select_dtypes(exclude='number'):
            table[column] = [
                _parse_number(str(text), f'line {line}')
                for line, text in table[column].items()
            ]
        return table.to_numpy(np.float64)

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
            raise unexpected("a column called 'frame'", self.names, 'line 1')
        column = self.column(ROW_COLUMNS)
        if column is not None:
            rows = pd.to_numeric(self.cells[column], errors='coerce')
            if (
                rows.dtype.kind in 'iu'
                and (np.diff(rows, prepend=-1) > 0).all()
            ):
                warn(
                    "it has no column 'frame': frames are numbered by column "
                    f'{shown(self.header[column], 40)}'
                )
                return rows.tolist(), None
        warn("it has no column 'frame': each line is taken as a frame")
        return list(range(len(self.cells))), None

    def _frame_numbers(self, column: int) -> list[int]:
        cells = self.cells[column]
        if cells.dtype.kind not in 'iuf':  # names of images, or large numbers
            names = cells.astype(str).str.strip()
            cells = pd.to_numeric(names, errors='coerce')
            if cells.isna().any():
                return number_frames(names.tolist())
        whole = (cells >= 0) & (cells <= MAX_FRAME) & (cells == np.rint(cells))
        for line, value in cells[~whole].items():
            raise unexpected('a frame number', value, f'line {line}')
        return cells.astype(np.int64).tolist()

    def track_ids(self) -> list[str | None]:
        r"""The id of the person of each line, :obj:`None` without one."""
        column = self.column(PERSON_COLUMNS)
        if column is None:
            return [None] * len(self.cells)
        return [
            None if name in ('', 'nan') or name[:1] == '-' else name[:80]
            for name in self.cells[column].str.strip()
        ]

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
        raise unexpected('a number', text, where) from e


def read_table(text: str) -> Table:
    r"""Reads a table with one line of headers."""
    known = {*PERSON_COLUMNS, *JOINT_COLUMNS}
    (header,), cells = split_table(text, 1, lambda c: to_snake(c[0]) in known)
    return Table(header, [to_snake(name) for name in header], cells)


def split_table(
    text: str, headers: int, is_text: Callable[[list[str]], bool]
) -> tuple[list[list[str]], pd.DataFrame]:
    r"""Splits a table of comma-separated values, also with semicolons or tabs,
    see :func:`~pyg_hcsf.safe_io.csv_cells.read_cells`. If the file ends within
    the last line, this line is left out with a warning.
    """
    text = text.lstrip('\n')
    start = 1
    if text[:4].lower() == 'sep=':  # which names the separator for Excel
        text, start = text.split('\n', 1)[-1], 2
    first = text[:65536].split('\n', 1)[0]
    separator = max(',;\t', key=first.count)
    # Each field and each line takes memory, however short it is.
    if (count := text[: text.find('\n')].count(separator)) > MAX_COLUMNS:
        expected = f'up to {MAX_COLUMNS:,} columns'
        raise unexpected(expected, count + 1, 'line 1')
    if (count := text.count('\n')) > max(MANY_LINES, len(text) // MIN_LINE):
        raise file_error(
            f'it has {count:,} lines in {len(text):,} characters, most of '
            'them empty: get it again'
        )
    head, _, last = text.rpartition('\n')
    cut = last and last.count(separator) < first.count(separator)
    if cut and head.count('\n') >= headers:
        warn(f'line {start + count} is incomplete and left out')
        text = head
    if separator == ';':  # of countries with decimal commas
        text = text.replace(',', '.')
    try:
        return read_cells(text, separator, headers, is_text, start)
    except ValueError as e:
        raise file_error(str(e)) from e
