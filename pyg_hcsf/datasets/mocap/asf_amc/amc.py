"""Reads Acclaim motion files (AMC)."""

from __future__ import annotations

import warnings
from array import array
from typing import Any

import numpy as np

from pyg_hcsf.safe_io.shown import shown

from ..text_file import MotionFile, TextFile
from . import skeleton as acclaim
from .skeleton import ASF, check_angles

MAX_DIGITS = 8  # of a frame number that are compared


def read_amc(source: MotionFile, asf: ASF) -> np.ndarray:
    r"""Reads an Acclaim motion.

    Args:
        source (str or pathlib.Path): The :obj:`.amc` file, or a
            :class:`zipfile.Path` in an archive.
        asf (ASF): The skeleton of the motion.

    Returns:
        Angles in radians and translations in millimetres, of shape
        :obj:`[T, asf.num_channels]`.

    Raises:
        ValueError: If the file is missing, unreadable, malformed or belongs
            to another skeleton. The message names file and line. A file whose
            frame numbers have gaps is read with a warning.

    Example:
        >>> motion = read_amc('01_01.amc', read_asf('01.asf'))
    """
    file = TextFile(source)
    motion, degrees, size = _read_frames(file, asf)
    file.check_size(len(asf.bones), len(motion), size)
    degrees = asf.degrees if degrees is None else degrees
    angular = np.array([c[0] == 'r' for b in asf.bones for c in b.channels])
    motion[:, angular] *= acclaim.RADIANS[degrees]
    motion[:, ~angular] *= asf.unit
    check_angles(motion[:, angular], acclaim.MAX_ROOT_ANGLE, file, None)
    if not degrees:  # the root may turn several times, limbs do not
        angular[asf.columns.get(acclaim.ROOT, slice(0, 0))] = False
        check_angles(motion[:, angular], acclaim.MAX_REST_ANGLE, file, None)
    return motion


def _read_frames(
    file: TextFile, asf: ASF
) -> tuple[np.ndarray, bool | None, int]:
    r"""The values as stored, :obj:`[T, num_channels]`, whether the motion
    states that they are in degrees, and the number of characters.
    """
    degrees: bool | None = None
    values = array('d')
    frame: list[Any] = []  # None where no value was read yet
    frames = line = first = size = 0
    last, gaps = '', list[int]()  # frame number, lines with a gap before

    def finish() -> None:
        if None in frame:
            lost = [n for n, at in asf.columns.items() if None in frame[at]]
            file.fail(
                line,
                f'frame {frames} (from line {first}) ends without the '
                f'bones {shown(lost)}: is the file truncated?',
            )
        values.extend(frame)

    for number, words in enumerate(file.lines(), 1):
        size += sum(map(len, words)) + len(words)
        if not words or words[0].startswith('#'):
            continue
        name = words[0]
        if name.startswith(':'):
            degrees = _parse_degrees(name, degrees, file, number)
        elif len(words) == 1 and name.isdecimal():
            finish()
            frame = [None] * asf.num_channels
            frames += 1
            first = number
            # A number may have more digits than Python converts.
            if last and name.lstrip('0') != str(int(last) + 1):
                gaps.append(number)
            last = name[-MAX_DIGITS:]
        else:
            at = _columns_of(words, asf, file, number)
            if not frames:
                file.fail(number, 'expected a frame number before the bones')
            if frame[at.start] is not None:
                file.fail(number, f'{shown(name)} appears twice in a frame')
            frame[at] = file.numbers(words[1:], number)
        line = number
    finish()
    if not frames:
        file.fail(None, 'the clip has no frame')
    if gaps:
        _warn_of_gaps(file, gaps)
    return np.array(values).reshape(frames, -1), degrees, size


def _warn_of_gaps(file: TextFile, lines: list[int]) -> None:
    warnings.warn(
        f'{file}, line {lines[0]}: the number of the frame does not follow '
        f'the one before, at {len(lines):,} frames: they are read as if none '
        'were missing',
        stacklevel=4,
    )


def _columns_of(
    words: list[str], asf: ASF, file: TextFile, line: int
) -> slice:
    r"""The columns of the bone that a line is about."""
    name = words[0]
    if (at := asf.columns.get(name)) is None:
        known = name in asf.joints
        what = 'a bone without channels' if known else 'an unknown bone'
        file.fail(line, f'{shown(name)} is {what} in this skeleton')
    if len(words) - 1 != (count := at.stop - at.start):
        file.fail(
            line,
            f'expected {count} values for {shown(name)} (got '
            f'{len(words) - 1})',
        )
    return at


def amc_degrees(source: MotionFile) -> bool | None:
    r"""Whether an Acclaim motion states that its angles are in degrees.

    Returns:
        :obj:`True` after :obj:`:DEGREES`, :obj:`False` after
        :obj:`:RADIANS`, and :obj:`None` if the file states neither.

    Raises:
        ValueError: If it states both.

    Example:
        >>> amc_degrees('01_01.amc')
        True
    """
    file = TextFile(source)
    degrees: bool | None = None
    for number, words in enumerate(file.lines(), 1):
        if words and words[0].startswith(':'):
            degrees = _parse_degrees(words[0], degrees, file, number)
        elif words and not words[0].startswith('#'):
            break
    return degrees


def _parse_degrees(
    word: str, before: bool | None, file: TextFile, line: int
) -> bool | None:
    degrees = {':DEGREES': True, ':RADIANS': False}.get(word.upper(), before)
    if before not in (None, degrees):
        file.fail(line, "the motion says both ':DEGREES' and ':RADIANS'")
    return degrees
