from __future__ import annotations

import codecs
import io
import math
import zipfile
from array import array
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pyg_hcsf.datasets.ntu.clip_names import NUM_JOINTS
from pyg_hcsf.datasets.ntu.skeleton_files import find_skeletons
from pyg_hcsf.safe_io.archives import Member, read_members
from pyg_hcsf.safe_io.decimal_text import parse_decimals
from pyg_hcsf.safe_io.shown import shown

# Values in the line of a body and in the line of a joint.
BODY_VALUES = 10
JOINT_VALUES = 12
COUNT_DIGITS = 8  # of a credible number of frames or bodies
_COUNT = str(NUM_JOINTS).encode()
MAX_RUNS = 64  # of frames with the same number of bodies


class Bodies(NamedTuple):
    r"""All bodies of a :obj:`.skeleton` file, one after the other.

    Args:
        num_frames (int): The number of frames, also of those without bodies.
        frame (numpy.ndarray): The frame of each body: ``[R]``, ascending.
        slot (numpy.ndarray): Its place in the frame, from 0: ``[R]``.
        body_id (numpy.ndarray): The sensor's tracking number, 64 bits:
            ``[R]``.
        joints (numpy.ndarray): The 25 joints in metres in the frame of the
            depth camera (x right, y up, z forward): ``[R, 25, 3]`` float64.
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
    r"""Reads what :func:`find_skeletons` found.

    Args:
        files (iterable of Member): The files.
        archives (dict, optional): Where to keep archives open, see
            :func:`~pyg_hcsf.safe_io.archives.read_members`. (default:
            :obj:`None`)

    Raises:
        ValueError: If a file is malformed; names file and line.
    """
    for file, content in read_members(files, archives):
        yield parse_skeleton(content, str(file))


def read_skeleton(path: str | Path) -> Bodies:
    r"""Reads a :obj:`.skeleton` file of NTU RGB+D.

    Args:
        path (str or pathlib.Path): The file.

    Raises:
        ValueError: If it is malformed, or its name is none of NTU RGB+D's;
            names file and line.

    Example:
        >>> read_skeleton('S001C001P001R001A001.skeleton').joints.shape
        (103, 25, 3)
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"There is no file '{path}'")
    return next(read_skeletons(find_skeletons([path])))


def parse_skeleton(content: bytes, where: str = '<bytes>') -> Bodies:
    r"""Parses the text of a :obj:`.skeleton` file: the number of frames; for
    each the number of bodies; for each of those a line of 10 values, the
    number of joints (25), and 25 lines of 12 values, of which the first three
    are the position.

    Lines may end in LF or CRLF, and the last be blank. A byte order mark is
    passed over, and UTF-16 read. The values of a joint
    after the third are counted but not read.

    Args:
        content (bytes): The text.
        where (str, optional): What to call it in errors.

    Raises:
        ValueError: If the text is malformed, or a position is not finite;
            names the line.
    """
    content = _to_ascii(content)
    bodies = _parse_fast(content)
    return _parse_lines(content, where) if bodies is None else bodies


def _to_ascii(content: bytes) -> bytes:
    r"""Takes off what editors put before a text, and its UTF-16."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = content.decode('utf-16', 'replace').encode()
    return content.removeprefix(codecs.BOM_UTF8)


def _parse_fast(content: bytes) -> Bodies | None:
    r"""Parses a text with single spaces and without errors, all lines at once,
    or else returns :obj:`None`.
    """
    eol = b'\r\n' if b'\r' in content[: COUNT_DIGITS + 1] else b'\n'
    if not content.endswith(eol) or content.endswith(2 * eol):
        content = content.rstrip() + eol
    text = np.frombuffer(content, np.uint8)
    white = text <= ord(' ')
    marks = np.flatnonzero(white)
    pairs = int(np.count_nonzero(white[1:] & white[:-1]))
    runs = _find_runs(content, text, marks, pairs, eol)
    if not runs or not any(count for _, count in runs):
        return None
    found = _read_bodies(content, text, runs, len(eol))
    if found is None:
        return None
    length = [len(run) for run, _ in runs]
    counts = np.repeat([count for _, count in runs], length)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    return Bodies(
        len(counts),
        np.repeat(np.arange(len(counts)), counts),
        np.arange(len(first)) - first,
        *found,
    )


def _find_runs(
    content: bytes,
    text: np.ndarray,
    marks: np.ndarray,
    pairs: int,
    eol: bytes,
) -> list[tuple[np.ndarray, int]] | None:
    r"""Cuts the places of white space, :obj:`marks`, of which so many follow
    another at once, into runs of frames with the same number of bodies, all of
    which have the right lines and words: :obj:`[frames, marks of a frame]` and
    the number of bodies.
    """
    mark = len(eol)
    if len(marks) < mark or not _is_count(token := content[: marks[0]]):
        return None
    left = int(token)
    kinds = text[marks]
    lines = 1 + left  # that end
    if kinds[:mark].tobytes() != eol:
        return None
    runs: list[tuple[np.ndarray, int]] = []
    while left:
        start = int(marks[mark - 1]) + 1
        digit = content[start : start + 1]
        if not digit.isdigit() or len(runs) == MAX_RUNS:
            return None
        count = int(digit)
        pattern = _pattern(count, eol)
        frames = min(left, (len(marks) - mark) // len(pattern))
        stop = mark + frames * len(pattern)
        run = marks[mark:stop].reshape(frames, len(pattern))
        # Each frame begins with the same one digit.
        begin = np.append(start - 1, run[:-1, -1])[:frames]
        same = (text[begin + 1] == ord(digit)) & (run[:, 0] - begin == 2)
        run = run[: int(np.argmin(np.append(same, False)))]
        stop = mark + run.size
        found = kinds[mark:stop].reshape(run.shape)
        if len(run) == 0 or (found != pattern).any():
            return None
        runs.append((run, count))
        left -= len(run)
        lines += len(run) * count * (2 + NUM_JOINTS)
        mark = stop
    # Nothing lies between CR and LF, and something between all others.
    if mark != len(marks) or pairs != lines * (len(eol) - 1):
        return None
    return runs


@lru_cache(maxsize=32)
def _pattern(count: int, eol: bytes) -> np.ndarray:
    r"""The white space of a frame, from that after its number of bodies."""
    joint = b' ' * (JOINT_VALUES - 1) + eol
    body = b' ' * (BODY_VALUES - 1) + eol + eol + joint * NUM_JOINTS
    return np.frombuffer(eol + body * count, np.uint8)


def _read_bodies(
    content: bytes,
    text: np.ndarray,
    runs: list[tuple[np.ndarray, int]],
    eol: int,
) -> tuple[np.ndarray, np.ndarray] | None:
    r"""Reads the tracking numbers and joints of bodies."""
    near = np.concatenate(
        [
            run[:, _columns(count, eol)].reshape(-1, 4 * (1 + NUM_JOINTS))
            for run, count in runs
        ]
    )
    starts, stops = (near[:, 0] + 1).tolist(), near[:, 1].tolist()
    ids = [content[i:k] for i, k in zip(starts, stops, strict=True)]
    number = {token: int(token) for token in set(ids) if _is_id(token)}
    count, end = near[:, 2] + 1, near[:, 3]
    is_count = (text[count] == _COUNT[0]) & (text[end - 1] == _COUNT[1])
    is_count &= end - count == len(_COUNT)
    joints = near[:, 4:].reshape(-1, 4)
    joints = parse_decimals(
        text, (joints[:, :3] + 1).reshape(-1), joints[:, 1:].reshape(-1)
    )
    if (
        len(number) < len(set(ids))
        or not is_count.all()
        or not np.isfinite(joints).all()
    ):
        return None
    return (
        np.asarray([number[token] for token in ids], dtype=np.uint64),
        joints.reshape(-1, NUM_JOINTS, 3),
    )


@lru_cache(maxsize=32)
def _columns(count: int, eol: int) -> np.ndarray:
    r"""Which marks of a frame lie around the numbers of its bodies and of
    their joints, and around the first three values of each joint.
    """
    joint = BODY_VALUES - 2 + 2 * eol
    places = [-1, 0, joint - eol, joint - eol + 1]
    for _ in range(NUM_JOINTS):
        places += range(joint, joint + 4)
        joint += JOINT_VALUES - 1 + eol
    return eol + np.arange(count)[:, None] * (joint + 1) + places


def _is_count(token: bytes) -> bool:
    return token.isdigit() and len(token) <= COUNT_DIGITS


def _is_id(token: bytes) -> bool:
    return token.isdigit() and len(token) <= 20 and int(token) < 2**64


def _parse_lines(content: bytes, where: str) -> Bodies:
    r"""Parses a text line by line: allows for more white space, and knows
    what is wrong.
    """
    lines = io.BytesIO(content.rstrip())
    last = 0  # the line that was read

    def error(problem: str) -> ValueError:
        return ValueError(
            f"Line {last} of '{where}': {problem}: get the file again"
        )

    def values(number: int) -> list[bytes]:
        nonlocal last
        last += 1
        if not (line := lines.readline()):
            raise error('the file is cut off here')
        if (got := len(words := line.split(None, number))) != number:
            more = f'{got}' if got < number else 'more'
            where = '' if lines.read(1) else ', and the file is cut off here'
            raise error(f'expected {number} values (got {more}){where}')
        return words

    def count(what: str) -> int:
        token = values(1)[0]
        if not _is_count(token):
            raise error(
                f'expected the number of {what} (got {shown(token[:40])})'
            )
        return int(token)

    frame, slot = array('q'), array('q')
    body_id, joints = array('Q'), array('d')
    num_frames = count('frames')
    for k in range(num_frames):
        for i in range(count('bodies')):
            token = values(BODY_VALUES)[0]
            if not _is_id(token):
                raise error(
                    f'expected the number of a body (got {shown(token[:40])})'
                )
            frame.append(k)
            slot.append(i)
            body_id.append(int(token))
            if (got := count('joints')) != NUM_JOINTS:
                raise error(f'expected {NUM_JOINTS} joints (got {got})')
            for _ in range(NUM_JOINTS):
                words = values(JOINT_VALUES)[:3]
                try:
                    position = [float(word) for word in words]
                except ValueError:
                    position = [math.nan]
                if not all(map(math.isfinite, position)):
                    raise error(f'expected a position (got {shown(words)})')
                joints.extend(position)
    if lines.readline():
        last += 1
        raise error('the file should end before this line')
    return Bodies(
        num_frames,
        np.array(frame, dtype=np.int64),
        np.array(slot, dtype=np.int64),
        np.array(body_id, dtype=np.uint64),
        np.array(joints).reshape(-1, NUM_JOINTS, 3),
    )
