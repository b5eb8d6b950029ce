"""Parses the MOTION section of a BVH file: frame time and channel values."""

from __future__ import annotations

import re
import warnings

import numpy as np

from ..text_file import LARGEST, TextFile
from .hierarchy import decimal_point

FRAME_TIME = (1e-6, 10.0)  # the accepted range, in seconds
_MOTION = re.compile(rb'(?:^|(?<=[\s}]))MOTION(?=\s+Frame)', re.IGNORECASE)
_HEADER = re.compile(
    rb'\s*(Frames|Frame[ \t]*Time)\s*:[ \t]*(\S+)', re.IGNORECASE
)
_NO_NUMBER = re.compile(
    rb'(?<!\S)(?![-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?!\S))\S{1,200}'
)


def find_motion(content: bytes, file: TextFile) -> int:
    r"""Returns the index of the word MOTION."""
    match = _MOTION.search(content)
    if match is None:
        file.fail(
            content.count(b'\n') + 1,
            "expected a HIERARCHY with a ROOT, then MOTION and 'Frames:'",
        )
    return match.start()


def parse_motion(
    content: bytes, start: int, width: int, file: TextFile
) -> tuple[np.ndarray, float]:
    r"""Parses the text from MOTION, at index :obj:`start`, on.

    Returns:
        The values of all channels, of shape :obj:`[T, width]`, and the frame
        time in seconds.
    """
    at = start + len('MOTION')
    header: dict[bytes, float] = {}
    while len(header) < 2 and (match := _HEADER.match(content, at)):
        # b's' of 'Frames', or b'time' of 'Frame Time'.
        key = match[1][5:].strip().lower()
        if key in header:
            break
        line = content.count(b'\n', 0, match.start(2)) + 1
        word = decimal_point(match[2].decode('utf-8', 'replace'))
        (value,) = file.numbers([word], line)
        header[key] = value
        at = match.end()
        if key == b'time' and not (FRAME_TIME[0] <= value <= FRAME_TIME[1]):
            file.fail(
                line,
                f'expected a frame time between {FRAME_TIME[0]:g} and '
                f'{FRAME_TIME[1]:g} seconds (got {value})',
            )
    line = content.count(b'\n', 0, at) + 1
    if set(header) != {b's', b'time'}:
        file.fail(line, "expected 'Frames:' and 'Frame Time:' first")
    if width == 0:
        file.fail(line, 'no joint has channels')
    block = content[at:]
    if b',' in block and b'.' not in block:
        block = block.replace(b',', b'.')  # decimal commas
    counts = _words_per_line(block)
    values = _parse_values(block, counts, file, line)
    frames = _count_frames(counts, width, header[b's'], file, line)
    return values[: frames * width].reshape(frames, width), header[b'time']


def _words_per_line(block: bytes) -> np.ndarray:
    text = np.frombuffer(block, np.uint8)
    if not len(text):
        return np.zeros(1, int)
    space = text <= ord(' ')
    # A word begins at a byte that is no white space, after one that is.
    begins = ~space
    begins[1:] &= space[:-1]
    lines = np.flatnonzero(text[:-1] == ord('\n'))
    before = np.searchsorted(np.flatnonzero(begins), lines)
    return np.diff(before, prepend=0, append=np.count_nonzero(begins))


def _parse_values(
    block: bytes, counts: np.ndarray, file: TextFile, line: int
) -> np.ndarray:
    try:
        values = np.fromstring(block, sep=' ')
    except ValueError:
        # numpy does not say where: find the first word that is no number.
        match = _NO_NUMBER.search(block)
        assert match is not None
        number = line + block.count(b'\n', 0, match.start())
        file.numbers([match[0].decode('utf-8', 'replace')], number)
        file.fail(number, 'expected numbers separated by white space')
    small = np.abs(values) < LARGEST
    if not small.all():
        first = int(np.argmin(small))
        number = line + int(np.searchsorted(np.cumsum(counts), first, 'right'))
        file.numbers([str(values[first])], number)
    return values


def _count_frames(
    counts: np.ndarray, width: int, announced: float, file: TextFile, line: int
) -> int:
    r"""The number of complete frames, from the number of words in each line.

    Accepts one frame per line; frames that each begin on a new line; or
    exactly as many values as announced, on any lines. Other files, such as
    one with a value missing in the middle, are refused.
    """
    where = np.flatnonzero(counts)
    total = int(counts.sum())
    frames = total // width
    if total == 0:
        file.fail(line, 'the clip has no frame')
    fits = counts[where] == width
    if 2 * np.count_nonzero(fits) > len(where):
        fits[-1] |= counts[where[-1]] < width  # a file that was cut off
    elif total == announced * width:
        fits[:] = True
    elif len(where) == 1:
        fits[:] = total % width == 0
    elif len(where) != announced:
        # Marks the lines within which a frame would begin.
        starts = np.cumsum(counts[where]) - counts[where]
        missed = np.setdiff1d(
            np.arange(1, frames + 1) * width, np.r_[starts, total]
        )
        fits = ~np.isin(
            np.arange(len(where)), np.searchsorted(starts, missed) - 1
        )
    if frames == 0 or not fits.all():
        bad = where[np.argmin(fits)]
        file.fail(
            line + int(bad),
            f'expected {width} values, one per channel (got {counts[bad]})',
        )
    if total != announced * width:
        cut = '. Was the file cut off?' if frames < announced else ''
        warnings.warn(
            f"{file}: 'Frames:' announces {announced:g} frames (got "
            f'{total / width:g}): {frames} are read{cut}',
            stacklevel=4,
        )
    return frames
