r"""Parses track row column files (``.trc``), tables of marker positions that
OpenSim, Pose2Sim and Sports2D use.
"""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
import pandas as pd

from pyg_hcsf.safe_io.shown import cause, shown

START = 'PathFileType'
MAX_MARKERS = 1000
MAX_HEADER = 2**18  # characters of a line
MAX_FRAME = 2**53
PIXELS = ('px', 'pixel', 'pixels')
#: Positions in "metres" without depth are pixels if the median height of the
#: markers is more than this: Sports2D gives the unit of pixels as metres.
MAX_METRES = 10.0


class TRC(NamedTuple):
    r"""The markers of a file.

    Args:
        markers (list[str]): Their names.
        frames (numpy.ndarray): The frame numbers, ascending: :obj:`[T]`.
        position (numpy.ndarray): The positions in units of the file, NaN
            where a marker is missing: :obj:`[T, N, 3]`.
        unit (str): The unit, such as :obj:`'mm'`.
        fps (float, optional): Frames per second, if known.
        num_frames (int, optional): The number of frames that the file
            announces, if it does.
    """

    markers: list[str]
    frames: np.ndarray
    position: np.ndarray
    unit: str
    fps: float | None
    num_frames: int | None

    @property
    def is_planar(self) -> bool:
        r"""Whether all positions have a depth of zero."""
        return bool((np.nan_to_num(self.position[..., 2]) == 0).all())

    @property
    def is_image(self) -> bool:
        r"""Whether positions are pixels."""
        if self.unit in PIXELS:
            return True
        y = self.position[..., 1]
        seen = np.isfinite(y)
        height = np.where(seen, y, -np.inf).max(axis=1)
        height = (height - np.where(seen, y, np.inf).min(axis=1))[seen.any(1)]
        tall = len(height) > 0 and np.median(height) > MAX_METRES
        return self.is_planar and self.unit == 'm' and bool(tall)


def parse_trc(text: str) -> TRC:
    r"""Parses the text of a file.

    Args:
        text (str): The file.

    Raises:
        ValueError: If it is damaged; names the line.

    Example:
        >>> parse_trc(Path('walk.trc').read_text()).markers[:2]
        ['RASI', 'LASI']
    """
    text = text.replace('\r\n', '\n').replace('\r', '\n')
    lines = text.split('\n', 5)
    if len(lines) < 6 or not text.startswith(START):
        raise ValueError(f"it has no five lines of headers after '{START}'")
    keys, values, labels, axes, body = lines[1:]
    if max(map(len, lines[:5])) > MAX_HEADER:
        raise ValueError(
            f'a line of its headers has over {MAX_HEADER:,} bytes'
        )
    header = dict(zip(keys.lower().split(), values.split(), strict=False))
    markers = _parse_names(labels)
    count = len(axes.split())
    if not 1 <= len(markers) <= MAX_MARKERS or count != 3 * len(markers):
        raise ValueError(
            f'line 4 names {len(markers)} markers, and line 5 has {count} '
            f'columns: expected three columns for each of up to {MAX_MARKERS}'
        )
    rows = _parse_rows(body, 2 + count)
    frames = rows[:, 0]
    good = (frames >= 0) & (frames <= MAX_FRAME) & (frames % 1 == 0)
    if not good.all() or (np.diff(frames) <= 0).any():
        raise ValueError('the numbers in its column Frame# do not ascend')
    return TRC(
        markers,
        frames.astype(np.int64),
        rows[:, 2:].reshape(len(rows), -1, 3),
        header.get('units', '').lower(),
        _positive(header.get('datarate')),
        int(_positive(header.get('numframes')) or 0) or None,
    )


def _parse_names(line: str) -> list[str]:
    r"""The names of the markers, without a prefix of all, as Vicon writes the
    subject.
    """
    cells = line.split('\t') if '\t' in line else line.split()
    names = [cell.strip() for cell in cells if cell.strip()][2:]
    prefixes = {name.rpartition(':')[0] for name in names}
    if len(prefixes) == 1:
        names = [name.rpartition(':')[2] for name in names]
    if len(set(names)) < len(names):
        raise ValueError(f'line 4 names a marker twice: {shown(names)}')
    return names


def _parse_rows(body: str, width: int) -> np.ndarray:
    r"""The numbers below the headers, NaN where there is none."""
    separator = '\t' if '\t' in body else r'\s+'
    if '.' not in body:
        body = body.replace(',', '.')
    if separator == '\t':
        for number, line in enumerate(body.split('\n'), start=6):
            cells = line.rstrip('\t').count('\t') + 1
            full = line.count('\t') + 1
            if line.strip() and not (cells <= width <= full):
                raise ValueError(
                    f'line {number}: expected {width} fields (got {full})'
                )
    try:
        table = pd.read_csv(
            io.StringIO(body),
            sep=separator,
            header=None,
            usecols=range(width),
            dtype=np.float64,
            na_values=[' '],
        )
    except (ValueError, OverflowError) as e:
        raise ValueError(f'its rows are not numbers ({cause(e)})') from e
    return table.to_numpy()


def _positive(text: str | None) -> float | None:
    try:
        value = float((text or '').replace(',', '.'))
    except ValueError:
        return None
    return value if 0 < value <= 1e6 else None
