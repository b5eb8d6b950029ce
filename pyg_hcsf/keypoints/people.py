r"""What every reader of keypoints returns, and checks that they share."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, Optional

import numpy as np

from pyg_hcsf.keypoints.confidence import density_confidence
from pyg_hcsf.safe_io.json_file import load_json
from pyg_hcsf.safe_io.shown import shortened, shown

MAX_BYTES = 2**28  # of one file; an hour of one person is a third of it
MAX_JOINTS = 256
MAX_PEOPLE = 300  # in one frame
MAX_FRAME = 2**53  # what JSON's numbers hold
MAX_PIXELS = 1e6

# Numbers of joints of the layouts that are read; two dimensions or three are
# told apart by them where all numbers of a person are in one list.
KNOWN_SIZES = (16, 17, 18, 25, 26, 33, 133, 136)


class Person(NamedTuple):
    r"""One person in one frame, as a detector found it.

    Args:
        frame (int): The number of the frame.
        name (str or None): Its id, if the file has any.
        points (numpy.ndarray): x, y and confidence of each joint:
            ``[N, 3]``.
        box (float, optional): How certain the detector is that there is a
            person, from 0 to 1, if the file says so.
            (default: :obj:`None`)
    """

    frame: int
    name: Optional[str]
    points: np.ndarray
    box: Optional[float] = None


@dataclass(frozen=True, eq=False)
class People:
    r"""What a file of keypoints holds.

    Args:
        source (str): The format.
        people (sequence of Person): Detections, unordered.
        layout (str, optional): The layout, if the file names it.
        image_size (tuple, optional): Width and height, if the file tells.
        fps (float, optional): Frames per second, if the file tells.
        usual (str, optional): The layout that the producer writes if nothing
            else is said. It is taken unless the limbs contradict.
    """

    source: str
    people: Sequence[Person]
    layout: Optional[str] = None
    image_size: Optional[tuple[float, float]] = None
    fps: Optional[float] = None
    usual: Optional[str] = None


def refuse(path: str | Path, entry: str, message: str) -> NoReturn:
    r"""Raises a :class:`ValueError` that names the file and the entry."""
    where = f"'{path}', {entry}" if entry else f"'{path}'"
    raise ValueError(shortened(f'{where}: {message}'))


def warn(path: str | Path, message: str) -> None:
    r"""Warns of what was assumed or left out when a file was read."""
    warnings.warn(f"'{path}': {message}", UserWarning, stacklevel=3)


def warn_unread(path: str | Path, what: str, names: Iterable[Any]) -> None:
    r"""Names keys or columns that were not read, if there are any.

    Args:
        path (str or pathlib.Path): The file.
        what (str): What they are, such as ``'columns'``.
        names (iterable): Their names.
    """
    names = sorted(map(str, names))
    if names:
        more = f' and {len(names) - 8} more' if len(names) > 8 else ''
        listed = ', '.join(shown(name, 40) for name in names[:8])
        warn(path, f'these {what} are not read: {listed}{more}')


def read_bytes(path: Path) -> bytes:
    r"""The content of a file of a credible size.

    Raises:
        ValueError: If it cannot be read, is empty or too large.
    """
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            refuse(
                path,
                '',
                f'it has {size:,} bytes, and files of keypoints up to '
                f'{MAX_BYTES:,} are read: split the video',
            )
        content = path.read_bytes()
    except OSError as e:
        refuse(path, '', f'it cannot be read ({e.strerror}): check the path')
    if not content.strip():
        refuse(path, '', 'the file is empty: run the detector again')
    return content


def parse_json(content: bytes, path: str | Path) -> Any:
    r"""Parses JSON.

    Raises:
        ValueError: If it is damaged; names the file and the line.
    """
    try:
        return load_json(content)
    except json.JSONDecodeError as e:
        reason = f'{e.msg} in line {e.lineno}, column {e.colno}'
    except (ValueError, RecursionError) as e:
        reason = str(e)
    refuse(
        path,
        '',
        f'it is not whole JSON ({reason:.200}): get it again, or run the '
        'detector again',
    )


def to_points(
    values: Any, path: str | Path, entry: str, dense: bool = False
) -> np.ndarray:
    r"""Checks the joints of one person, see :func:`to_rows` and
    :func:`clean`: ``[N, 3]``.
    """
    return clean(to_rows(values, path, entry, dense), path, entry)


def to_rows(
    values: Any, path: str | Path, entry: str, dense: bool = False
) -> np.ndarray:
    r"""Makes an array of the joints of one person.

    Args:
        values: Numbers ``x0, y0, c0, x1, ...``, or rows of ``x, y`` or
            ``x, y, c``; None stands for a number that is missing.
        path (str or pathlib.Path): The file, for errors.
        entry (str): Where in it, for errors.
        dense (bool, optional): Whether confidences are those of
            :func:`density_confidence`. (default: :obj:`False`)

    Returns:
        ``[N, 3]``, with confidences of 1, or 0 where x and y are 0, if there
        are none.

    Raises:
        ValueError: If they are anything else.
    """
    try:
        points = np.array(values, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as e:
        refuse(path, entry, f'expected numbers as keypoints ({e!s:.80})')
    if points.ndim == 1:
        points = _rows(points)
    if points.ndim == 2 and points.shape[1] == 2:
        ones = np.ones((len(points), 1))
        zero = (points == 0).all(axis=1, keepdims=True)
        points = np.hstack([points, np.where(zero, 0.0, ones)])
    if (
        points.ndim != 2
        or points.shape[1] != 3
        or not 1 <= len(points) <= MAX_JOINTS
    ):
        refuse(
            path,
            entry,
            f'expected 1 to {MAX_JOINTS} joints of x, y and a confidence '
            f'(got {list(points.shape)} numbers)',
        )
    if dense:
        points[:, 2] = density_confidence(points[:, 2])
    return points


def _rows(numbers: np.ndarray) -> np.ndarray:
    size = len(numbers)
    for width in (3, 2):
        if size % width == 0 and size // width in KNOWN_SIZES:
            return numbers.reshape(-1, width)
    return numbers.reshape(-1, 3) if size % 3 == 0 else numbers


def clean(points: np.ndarray, path: str | Path, entry: str) -> np.ndarray:
    r"""Marks missing joints of people.

    Args:
        points (numpy.ndarray): x, y and confidence: ``[*, 3]``.
        path (str or pathlib.Path): The file, for errors.
        entry (str): Where in it, for errors.

    Returns:
        ``[*, 3]``: NaN, NaN, 0 where a joint is missing, which is where a
        coordinate is not finite, the confidence is not positive, or x and y
        are both 0 with a confidence of less than 1; confidences above 1 are
        1, as some detectors' are.

    Raises:
        ValueError: If coordinates are larger than those of any image.
    """
    xy, score = points[..., :2], np.nan_to_num(points[..., 2], posinf=1.0)
    zero = (xy == 0).all(axis=-1) & (score < 1)
    missing = ~np.isfinite(xy).all(axis=-1) | (score <= 0) | zero
    if (np.abs(xy[~missing]) > MAX_PIXELS).any():
        refuse(
            path,
            entry,
            f'expected pixels up to {MAX_PIXELS:g} (got '
            f'{np.abs(xy[~missing]).max():g})',
        )
    out = np.concatenate([xy, score.clip(0, 1)[..., None]], axis=-1)
    out[missing] = np.nan, np.nan, 0.0
    return out


def to_number(value: Any, path: str | Path, entry: str) -> int:
    r"""Checks the number of a frame."""
    if (
        not isinstance(value, (int, float))
        or isinstance(value, bool)
        or not 0 <= value <= MAX_FRAME
        or value != int(value)
    ):
        refuse(
            path,
            entry,
            f'expected the number of a frame (got {shown(value, 40)})',
        )
    return int(value)
