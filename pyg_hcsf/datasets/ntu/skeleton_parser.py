"""Parses the ``.skeleton`` text files of NTU RGB+D."""

from __future__ import annotations

import codecs
import io
import math
import zipfile
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pyg_hcsf.datasets.ntu.clip_names import NUM_JOINTS
from pyg_hcsf.datasets.ntu.skeleton_fast_parser import (
    BODY_VALUES,
    JOINT_VALUES,
    is_body_id,
    is_count,
    parse_fast,
)
from pyg_hcsf.datasets.ntu.skeleton_files import find_skeletons
from pyg_hcsf.safe_io.archives import Member, read_members
from pyg_hcsf.safe_io.shown import shown


class Bodies(NamedTuple):
    r"""All bodies of all frames of a :obj:`.skeleton` file.

    Args:
        num_frames (int): The number of frames, including those without
            bodies.
        frame (numpy.ndarray): The frame of each body, ascending, of shape
            :obj:`[num_bodies]`.
        slot (numpy.ndarray): The position of each body within its frame,
            counted from 0, of shape :obj:`[num_bodies]`.
        body_id (numpy.ndarray): The sensor's tracking numbers, 64 bits, of
            shape :obj:`[num_bodies]`.
        joints (numpy.ndarray): The joints in metres in the coordinates of the
            depth camera (x right, y up, z forward), of shape
            :obj:`[num_bodies, 25, 3]`, float64.
    """

    num_frames: int
    frame: np.ndarray
    slot: np.ndarray
    body_id: np.ndarray
    joints: np.ndarray


def read_skeletons(
    files: Iterable[Member],
    archives: dict[Path, zipfile.ZipFile] | None = None,
) -> Iterator[Bodies]:
    r"""Reads the result of :func:`find_skeletons`. The opened archives are
    added to :obj:`archives`, see
    :func:`~pyg_hcsf.safe_io.archives.read_members`.
    """
    for file, content in read_members(files, archives):
        yield parse_skeleton(content, str(file))


def read_skeleton(path: str | Path) -> Bodies:
    r"""Reads a :obj:`.skeleton` file of NTU RGB+D.

    Args:
        path (str or pathlib.Path): The file.

    Raises:
        ValueError: If the file is malformed, or its name is not a clip name.
            The message names file and line.

    Example:
        >>> read_skeleton('S001C001P001R001A001.skeleton').joints.shape
        (103, 25, 3)
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"There is no file '{path}'")
    return next(read_skeletons(find_skeletons([path])))


def parse_skeleton(content: bytes, where: str = '<bytes>') -> Bodies:
    r"""Parses the text of a :obj:`.skeleton` file.

    The text holds the number of frames; for each frame the number of bodies;
    for each body a line of 10 values, the number of joints (25), and 25 lines
    of 12 values, of which the first three are the position. The other values
    of a joint are counted, not parsed. Lines end in LF or CRLF; the text is
    ASCII, UTF-8 or UTF-16, with or without a byte order mark.

    Args:
        content (bytes): The text.
        where (str, optional): The name of the text in errors.
            (default: :obj:`'<bytes>'`)

    Raises:
        ValueError: If the text is malformed, or a position is not finite. The
            message names the line.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = content.decode('utf-16', 'replace').encode()
    content = content.removeprefix(codecs.BOM_UTF8)
    if (fields := parse_fast(content)) is not None:
        return Bodies(*fields)
    return _LineParser(content, where).parse()


class _LineParser:
    r"""Parses any white space line by line, slowly, and reports errors."""

    def __init__(self, content: bytes, where: str) -> None:
        self.lines = io.BytesIO(content.rstrip())
        self.where = where
        self.line = 0  # number of the last line read

    def error(self, problem: str) -> ValueError:
        return ValueError(
            f"Line {self.line} of '{self.where}': {problem}: download the "
            'file again'
        )

    def values(self, number: int) -> list[bytes]:
        r"""Reads a line of this number of values."""
        self.line += 1
        if not (line := self.lines.readline()):
            raise self.error('the file is cut off here')
        if (got := len(words := line.split(None, number))) != number:
            more = f'{got}' if got < number else 'more'
            problem = f'expected {number} values (got {more})'
            if not self.lines.read(1):
                problem += ', and the file is cut off here'
            raise self.error(problem)
        return words

    def count(self, what: str) -> int:
        r"""Reads a line that holds a number of frames, bodies or joints."""
        (token,) = self.values(1)
        if not is_count(token):
            raise self.error(
                f'expected the number of {what} (got {shown(token[:40])})'
            )
        return int(token)

    def position(self) -> list[float]:
        r"""Reads the first three values of a joint."""
        words = self.values(JOINT_VALUES)[:3]
        try:
            position = [float(word) for word in words]
        except ValueError:
            position = [math.nan]
        if not all(map(math.isfinite, position)):
            raise self.error(f'expected a position (got {shown(words)})')
        return position

    def parse(self) -> Bodies:
        frame, slot = array('q'), array('q')
        body_id, joints = array('Q'), array('d')
        num_frames = self.count('frames')
        for k in range(num_frames):
            for i in range(self.count('bodies')):
                token = self.values(BODY_VALUES)[0]
                if not is_body_id(token):
                    raise self.error(
                        'expected the number of a body (got '
                        f'{shown(token[:40])})'
                    )
                frame.append(k)
                slot.append(i)
                body_id.append(int(token))
                if (got := self.count('joints')) != NUM_JOINTS:
                    raise self.error(
                        f'expected {NUM_JOINTS} joints (got {got})'
                    )
                for _ in range(NUM_JOINTS):
                    joints.extend(self.position())
        if self.lines.readline():
            self.line += 1
            raise self.error('the file should end before this line')
        return Bodies(
            num_frames=num_frames,
            frame=np.array(frame, dtype=np.int64),
            slot=np.array(slot, dtype=np.int64),
            body_id=np.array(body_id, dtype=np.uint64),
            joints=np.array(joints).reshape(-1, NUM_JOINTS, 3),
        )
