r"""Reads tables of text, and finds their columns by the usual names."""

import re
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import pandas as pd

from pyg_hcsf.keypoints.detections import MAX_FRAME, parse_size
from pyg_hcsf.keypoints.messages import unexpected, warn
from pyg_hcsf.keypoints.readers.frame_numbers import (
    number_frames,
    number_times,
    several_videos,
)
from pyg_hcsf.keypoints.readers.json_frames import (
    FRAME_KEYS,
    TIME_KEYS,
    TRACK_KEYS,
)
from pyg_hcsf.keypoints.readers.table_text import split_table
from pyg_hcsf.safe_io.shown import shown

#: Texts of missing numbers.
MISSING = {'', 'nan', 'none', 'null', 'na', 'n/a', '#n/a', '<na>', '-', '--'}


def to_snake(name: str) -> str:
    r"""The name of a column as ``'left_eye_x'``."""
    words = re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '_', name)
    return re.sub(r'[\W_]+', '_', words).strip('_').lower()


# The names of columns, as to_snake returns them.
FRAME_COLUMNS = (
    *dict.fromkeys(f(k) for k in FRAME_KEYS for f in (to_snake, str.lower)),
    'frames', 'img', 'img_id', 'f', 'fr', 'frame_count', 'frame_name',
    'video_frame', 'frame_num', 'fnum', 'image_path', 'img_path',
    'image_file', 'image_filename', 'file_path', 'filepath', 'path',
)  # fmt: skip
PERSON_COLUMNS = (
    *dict.fromkeys(f(k) for k in TRACK_KEYS for f in (to_snake, str.lower)),
    'person_idx', 'person_index', 'person_number', 'pid', 'track_name',
    'individual', 'individuals', 'instance', 'subject', 'subject_id',
    'object_id', 'obj_id', 'tid', 'player', 'player_id', 'skeleton_id',
    'body_id', 'pedestrian_id', 'actor', 'actor_id',
)  # fmt: skip
JOINT_COLUMNS = (
    'joint', 'keypoint', 'landmark', 'bodypart', 'body_part', 'part',
    'joint_name', 'keypoint_name', 'landmark_name', 'node', 'kpt',
    'joint_id', 'keypoint_id', 'landmark_id', 'joint_idx', 'keypoint_idx',
    'landmark_index', 'keypoint_index', 'joint_index', 'kpt_id', 'index',
    'joint_type', 'marker', 'point', 'kp', 'kp_id', 'name', 'label',
)  # fmt: skip
ROW_COLUMNS = ('', 'unnamed_0', 'index')  # row numbers of pandas
SIZE_COLUMNS = tuple(
    (f'{kind}{width}', f'{kind}{height}')
    for kind in ('image_', 'img_', 'frame_', 'video_', '')
    for width, height in (('width', 'height'), ('w', 'h'))
)
#: Columns that have the same value in all lines of one video.
VIDEO_COLUMNS = (
    'video', 'video_name', 'video_id', 'video_path', 'sequence', 'clip',
    'camera', 'camera_id', 'cam', 'view',
)  # fmt: skip
KIND_COLUMNS = ('type', 'landmark_type', 'part_type')
RATE_COLUMNS = ('fps', 'frame_rate', 'framerate')
OTHER_COLUMNS = {
    *TIME_KEYS, *ROW_COLUMNS, *RATE_COLUMNS, *VIDEO_COLUMNS, *KIND_COLUMNS,
    'z', 'instance_score', 'presence', 'track_score', 'class', 'class_id',
    *(name for names in SIZE_COLUMNS for name in names),
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
            texts = table[column].astype(str).str.strip()
            # With decimal commas, if cells are quoted or between tabs.
            found = pd.to_numeric(
                texts.str.replace(',', '.', n=1, regex=False), errors='coerce'
            )
            missing = texts.isna() | texts.str.lower().isin(MISSING)
            for line, text in texts[found.isna() & ~missing].items():
                raise unexpected('a number', text, f'line {line}')
            table[column] = found
        return table.to_numpy(np.float64)

    def constant(self, name: str) -> float | None:
        r"""The number that all lines have in a column, or :obj:`None`."""
        if name not in self.names:
            return None
        cells = self.cells[self.names.index(name)]
        only = cells.iloc[0] if cells.nunique() == 1 else None
        return float(only) if cells.dtype.kind in 'iuf' and only else None

    def of_one_video(self) -> 'Table':
        r"""The lines of the body, if others are of face and hands; raises an
        error if there are several videos.
        """
        for name in set(VIDEO_COLUMNS) & set(self.names):
            videos = self.cells[self.names.index(name)].dropna().unique()
            if len(videos) > 1:
                raise several_videos(map(str, videos[:9]))
        kind = self.column(KIND_COLUMNS)
        if kind is None or not (body := self.cells[kind] == 'pose').any():
            return self
        warn("only its lines of the type 'pose' are read")
        return self._replace(cells=self.cells[body])

    def image_size(self) -> tuple[float, float] | None:
        r"""The size of the image, if all lines have the same."""
        sizes = (
            parse_size(*map(self.constant, names)) for names in SIZE_COLUMNS
        )
        return next((size for size in sizes if size is not None), None)

    def frames(self) -> tuple[list[int], float | None]:
        r"""The frame number of each line, and the frames per second, if there
        are time stamps.

        Without a column of frame numbers, frames are numbered by time stamps
        or by the row numbers of pandas, or each line is a frame, with a
        warning.
        """
        column = self.column(FRAME_COLUMNS)
        time = self.column(TIME_KEYS)
        rate = next(filter(None, map(self.constant, RATE_COLUMNS)), None)
        if column is not None:
            frames = self._frame_numbers(column)
            if rate is None and time is not None:
                rate = self._frame_rate(frames, time)
            return frames, rate
        if time is not None:
            warn(
                "it has no column 'frame': frames are numbered by time "
                f'stamps, column {shown(self.header[time], 40)}'
            )
            numbers, found = number_times(self._seconds(time))
            return numbers, rate or found
        if self.column(JOINT_COLUMNS) is not None and (
            {'x', 'y'} <= set(self.names)
        ):
            raise unexpected("a column called 'frame'", self.names, 'line 1')
        return self._row_numbers(), rate

    def _row_numbers(self) -> list[int]:
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
                return rows.tolist()
        warn("it has no column 'frame': each line is taken as a frame")
        return list(range(len(self.cells)))

    def _seconds(self, column: int) -> list[float]:
        r"""Time stamps, those that are texts such as ``00:00:01.5`` or dates
        in seconds.
        """
        cells = self.cells[column]
        if cells.dtype.kind not in 'iuf' and cells.str.contains(':').all():
            times = pd.to_timedelta(cells, errors='coerce')
            if times.isna().any():
                dates = pd.to_datetime(cells, errors='coerce', utc=True)
                times = dates - dates.min()
            return times.dt.total_seconds().tolist()
        return self.numbers([column])[:, 0].tolist()

    def _frame_rate(self, frames: list[int], time: int) -> float | None:
        r"""The frames per second of frames with time stamps, if those are
        usable.
        """
        try:
            _, rate = number_times(self._seconds(time))
        except ValueError:
            return None
        steps = np.diff(np.unique(frames))
        return rate * float(np.median(steps)) if rate and len(steps) else None

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

    def track_ids(self, column: int | None) -> list[str | None]:
        r"""The ids in a column, :obj:`None` where there is none."""
        if column is None:
            return [None] * len(self.cells)
        names = self.cells[column].astype(str).str.strip().fillna('')
        return [
            None if name in ('', 'nan') or name[:1] == '-' else name[:80]
            for name in names
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


def read_table(text: str, start: int) -> Table:
    r"""Reads a table with one line of headers, which has this number."""
    known = {*PERSON_COLUMNS, *JOINT_COLUMNS}
    (header,), cells = split_table(
        text, 1, lambda c: to_snake(c[0]) in known, start
    )
    return Table(header, [to_snake(name) for name in header], cells)
