"""The two parts of a Biovision hierarchy file: joints, then numbers."""

from __future__ import annotations

import re
import warnings
from typing import NamedTuple

import numpy as np

from pyg_hcsf.datasets.mocap.bvh.tokens import Words
from pyg_hcsf.datasets.mocap.text import LARGEST, MotionFile, fail, numbers
from pyg_hcsf.safe_io.shown import shown

CHANNELS = tuple(
    f'{axis}{kind}'
    for kind in ('position', 'rotation', 'scale')
    for axis in 'XYZ'
)
FRAME_TIME = (1e-6, 10.0)  # the range that makes sense, in seconds
MAX_JOINTS = 2000
MAX_NAME = 200
_MOTION = re.compile(rb'(?:^|(?<=[\s}]))MOTION(?=\s+Frame)', re.IGNORECASE)
_HEADER = re.compile(
    rb'\s*(Frames|Frame[ \t]*Time)\s*:[ \t]*(\S+)', re.IGNORECASE
)
_COMMA = re.compile(r'[-+]?\d*,\d+(?:[eE][-+]?\d+)?')
_COMMENT = re.compile(rb'^[ \t]*(?:#|//)[^\n]*', re.MULTILINE)
_NO_NUMBER = re.compile(
    rb'(?<!\S)(?![-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?!\S))\S{1,200}'
)


class Hierarchy(NamedTuple):
    r"""The joints of a file, see
    :class:`pyg_hcsf.datasets.mocap.bvh.reader.BVH`.
    """

    joints: list[str]
    parents: list[int]
    offsets: list[list[float]]
    channels: list[tuple[str, ...]]


def without_comments(content: bytes) -> bytes:
    r"""Empties the lines that begin with :obj:`#` or :obj:`//`."""
    if b'#' in content or b'//' in content:
        return _COMMENT.sub(b'', content)
    return content


def find_motion(content: bytes, source: MotionFile) -> int:
    r"""Where the word MOTION begins.

    Raises:
        ValueError: If it is missing.
    """
    match = _MOTION.search(content)
    if match is None:
        fail(
            source,
            content.count(b'\n') + 1,
            "expected a HIERARCHY with a ROOT, then MOTION and 'Frames:'",
        )
    return match.start()


def parse_hierarchy(text: str, source: MotionFile) -> Hierarchy:
    r"""Reads what stands before MOTION. Words are separated by white space,
    and lines matter for the names of joints only, which may hold spaces.

    Raises:
        ValueError: If it is malformed, with the file and the line.
    """
    words = Words(text, source)
    out = Hierarchy([], [], [], [])
    copies: dict[str, int] = {}  # of each name
    stack: list[int] = []  # the joints whose braces are open
    ends: set[int] = set()
    while word := words.next():
        key = word.upper()
        inside = bool(stack) and stack[-1] not in ends
        if key == 'HIERARCHY' and not out.joints:
            continue
        elif key == 'ROOT' and not stack or key in ('JOINT', 'END') and inside:
            name = _joint_name(words, key)
            if key == 'END':
                name = f'{out.joints[stack[-1]]}_end'
                ends.add(len(out.joints))
            if len(out.joints) == MAX_JOINTS:
                words.fail(f'refused: there are more than {MAX_JOINTS} joints')
            out.joints.append(_unique(name, copies))
            out.parents.append(stack[-1] if stack else -1)
            out.offsets.append([])
            out.channels.append(())
            stack.append(len(out.joints) - 1)
        elif key == 'OFFSET' and stack:
            values = [_decimal(words.next()) for _ in range(3)]
            out.offsets[stack[-1]] = numbers(values, source, words.line)
        elif key == 'CHANNELS' and inside:
            out.channels[stack[-1]] = _channels(words)
        elif key == '}' and stack:
            joint = stack.pop()
            if not out.offsets[joint]:
                name = shown(out.joints[joint])
                words.fail(f'the joint {name} has no OFFSET')
        elif key in ('{', '}'):
            words.fail(f"unbalanced braces: unexpected '{key}'")
        else:
            words.fail(f'unexpected {shown(word)}')
    if stack:
        name = shown(out.joints[stack[-1]])
        words.fail(
            f'unbalanced braces: {name} is not closed before the motion'
        )
    if not out.joints:
        words.fail('expected a HIERARCHY with a ROOT, then MOTION')
    return out


def _decimal(word: str) -> str:
    r"""A number with a decimal point, where it has a comma."""
    return word.replace(',', '.') if _COMMA.fullmatch(word) else word


def _joint_name(words: Words, key: str) -> str:
    r"""Takes the name of a joint and the brace after it."""
    name = words.name()
    if not name and key != 'END':
        name = words.next()
    if len(name) > MAX_NAME:
        words.fail(f'refused: a name of {len(name):,} characters')
    if name in ('{', '}') or words.next() != '{':
        words.fail(f"expected a name, then '{{' (got {shown(name)})")
    return name


def _unique(name: str, copies: dict[str, int]) -> str:
    first = name
    while name in copies:  # 'arm', 'arm_2', 'arm_3'
        copies[first] += 1
        name = f'{first}_{copies[first]}'
    copies[name] = 1
    return name


def _channels(words: Words) -> tuple[str, ...]:
    known = {name.lower(): name for name in CHANNELS}
    count = words.next()
    found = []
    while words.word.lower() in known:
        found.append(known[words.next().lower()])
    if count != str(len(found)) or len(set(found)) < len(found):
        words.fail(
            f'expected a count and as many distinct channels of {CHANNELS} '
            f'(got {shown(" ".join([count, *found, words.word]).strip())})'
        )
    return tuple(found)


def parse_motion(
    content: bytes, start: int, width: int, source: MotionFile
) -> tuple[np.ndarray, float]:
    r"""Reads what stands from MOTION on.

    Args:
        content (bytes): The whole file.
        start (int): Where MOTION begins.
        width (int): The number of values in a frame.
        source (str or pathlib.Path): The file.

    Returns:
        The values, :obj:`[T, width]`, and the frame time in seconds.

    Raises:
        ValueError: If it is malformed, with the file and the line.
    """
    at = start + len('MOTION')
    header: dict[bytes, float] = {}
    while len(header) < 2 and (match := _HEADER.match(content, at)):
        key = match[1][5:].strip().lower()
        if key in header:
            break
        line = content.count(b'\n', 0, match.start(2)) + 1
        word = _decimal(match[2].decode('utf-8', 'replace'))
        (value,) = numbers([word], source, line)
        header[key] = value
        at = match.end()
        if key == b'time' and not (FRAME_TIME[0] <= value <= FRAME_TIME[1]):
            fail(
                source,
                line,
                'expected a frame time between {:g} and {:g} seconds '
                '(got {})'.format(*FRAME_TIME, value),
            )
    line = content.count(b'\n', 0, at) + 1
    if set(header) != {b's', b'time'}:
        fail(source, line, "expected 'Frames:' and 'Frame Time:' first")
    block = content[at:]
    if width == 0:
        fail(source, line, 'no joint has channels')
    if b',' in block and b'.' not in block:
        block = block.replace(b',', b'.')  # decimal commas
    counts = _count_words(block)
    values = _values(block, counts, source, line)
    rows = _rows(counts, width, header[b's'], source, line)
    return values[: rows * width].reshape(rows, width), header[b'time']


def _count_words(block: bytes) -> np.ndarray:
    r"""The number of words in each line."""
    text = np.frombuffer(block, np.uint8)
    if not len(text):
        return np.zeros(1, int)
    space = text <= ord(' ')
    begins = ~space
    begins[1:] &= space[:-1]
    lines = np.flatnonzero(text[:-1] == ord('\n'))
    before = np.searchsorted(np.flatnonzero(begins), lines)
    return np.diff(before, prepend=0, append=np.count_nonzero(begins))


def _values(
    block: bytes, counts: np.ndarray, source: MotionFile, line: int
) -> np.ndarray:
    try:
        values = np.fromstring(block, sep=' ')
    except ValueError:
        match = _NO_NUMBER.search(block)
        assert match is not None
        number = line + block.count(b'\n', 0, match.start())
        numbers([match[0].decode('utf-8', 'replace')], source, number)
        fail(source, number, 'expected numbers separated by white space')
    small = np.abs(values) < LARGEST
    if not small.all():
        first = int(np.argmin(small))
        number = line + int(np.searchsorted(np.cumsum(counts), first, 'right'))
        numbers([str(values[first])], source, number)
    return values


def _rows(
    counts: np.ndarray,
    width: int,
    frames: float,
    source: MotionFile,
    line: int,
) -> int:
    r"""The number of whole frames, by the number of words in each line.

    A frame is a line; or each begins on a new line; or there are exactly as
    many values as announced, whatever their lines. Anything else, such as a
    value that is missing in the middle, is refused.
    """
    where = np.flatnonzero(counts)
    total = int(counts.sum())
    rows = total // width
    if total == 0:
        fail(source, line, 'the clip has no frame')
    fits = counts[where] == width
    if 2 * np.count_nonzero(fits) > len(where):
        fits[-1] |= counts[where[-1]] < width  # a file that was cut off
    elif total == frames * width:
        fits[:] = True
    elif len(where) == 1:
        fits[:] = total % width == 0
    elif len(where) != frames:
        starts = np.cumsum(counts[where]) - counts[where]
        missed = np.setdiff1d(
            np.arange(1, rows + 1) * width, np.r_[starts, total]
        )
        fits = ~np.isin(
            np.arange(len(where)), np.searchsorted(starts, missed) - 1
        )
    if rows == 0 or not fits.all():
        bad = where[np.argmin(fits)]
        fail(
            source,
            line + int(bad),
            f'expected {width} values, one per channel (got {counts[bad]})',
        )
    if total != frames * width:
        warnings.warn(
            f"{source}: 'Frames:' announces {frames:g} frames (got "
            f'{total / width:g}): {rows} are read'
            + '. Was the file cut off?'
            * (rows < frames),
            stacklevel=5,
        )
    return rows
