r"""What numba compiles for :mod:`pyg_hcsf.io.ntu_compiled`, when this is
imported: for some seconds the first time. Machine code is kept beside this
file, or in the user's cache, for the next process.
"""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
from numba.core.errors import NumbaError

from pyg_hcsf.io.ntu_names import NUM_JOINTS
from pyg_hcsf.io.shown import cause

NOT_PLAIN = -1
LONGEST = 512  # line in bytes, so that its spaces are counted in eight bits

# A 64-bit word is eight bytes of text, the first in the lowest. Masks of bytes
# have the highest bit of each set.
_ONES = np.uint64(0x0101010101010101)
_HIGH = np.uint64(0x8080808080808080)
_LOW = np.uint64(0x7F7F7F7F7F7F7F7F)
_ABOVE_SPACE = np.uint64(0x5F5F5F5F5F5F5F5F)  # carries them into the highest
_ABOVE_NINE = np.uint64(0x7676767676767676)
_ZEROS = np.uint64(0x3030303030303030)  # '00000000'
_PAIRS = np.uint64(0x00FF00FF00FF00FF)
_FOURS = np.uint64(0x0000FFFF0000FFFF)
_EIGHTS = np.uint64(0x00000000FFFFFFFF)
_0, _1, _2, _4, _7, _8, _10, _16, _32, _56, _100, _10000 = np.array(
    [0, 1, 2, 4, 7, 8, 10, 16, 32, 56, 100, 10000], dtype=np.uint64
)
_TENTH = np.uint64(2**64 // 10)
_LAST = np.uint64(2**64 % 10)
_POWERS = 10.0 ** np.arange(16)
_WHOLE = 10 ** np.arange(9, dtype=np.uint64)
_SIGNS = np.array([1.0, -1.0])

_TEXT = 'Array(uint8, 1, "C", readonly=True)'
_WORDS = 'Array(uint64, 1, "A", readonly=True, aligned=False)'


def _compile(signature: str) -> Callable:
    def compile_it(function: Callable) -> Callable:
        try:
            return numba.njit(signature, cache=True)(function)
        except (RuntimeError, OSError):  # nowhere to keep machine code
            return numba.njit(signature)(function)
        except NumbaError as e:
            raise ImportError(
                f'another version of numba is needed: {cause(e)}'
            ) from e

    return compile_it


@numba.njit
def _count(mask):  # type: ignore[no-untyped-def]
    r"""How many bytes a mask holds."""
    return ((mask >> _7) * _ONES) >> _56


@numba.njit
def _end_line(text, words, i, spaces, eol):  # type: ignore[no-untyped-def]
    r"""Where the next line starts if the word at :obj:`i` and as many more as
    there are spaces lie before it, or else :obj:`NOT_PLAIN`.
    """
    start = i
    doubled = _0
    before = _HIGH >> _56  # the byte before this word: a space
    counts = _0  # in each byte
    while True:
        word = words[i]
        white = ~(((word & _LOW) + _ABOVE_SPACE) | word) & _HIGH
        other = white & ~(word << _2)  # 32 has a bit that those below lack
        follows = white & ((white << _8) | before)
        if other != _0:
            break
        doubled |= follows
        before = white >> _56
        counts += white >> _7
        i += 8
    first = other & (~other + _1)
    below = first - _1
    counts += (white & below) >> _7
    doubled |= follows & (first | below)
    i += np.int64(_count(below & _HIGH))
    if doubled != _0 or i - start > LONGEST:
        return NOT_PLAIN
    if (counts * _ONES) >> _56 != spaces:
        return NOT_PLAIN
    return _end(text, i, eol)


@numba.njit
def _end(text, i, eol):  # type: ignore[no-untyped-def]
    r"""Where the next line starts if this one ends at :obj:`i`."""
    if eol == 2:
        if text[i] != 13:
            return NOT_PLAIN
        i += 1
    return i + 1 if text[i] == 10 else NOT_PLAIN


@numba.njit
def _eight(word):  # type: ignore[no-untyped-def]
    r"""The value of eight digits."""
    word = ((word * _10) + (word >> _8)) & _PAIRS
    word = ((word * _100) + (word >> _16)) & _FOURS
    return ((word * _10000) + (word >> _32)) & _EIGHTS


@numba.njit
def _any_number(text, i):  # type: ignore[no-untyped-def]
    r"""The number at :obj:`i`, NaN if Python has to read it, and where it
    ends.
    """
    negative = np.int64(text[i] == 45)
    i += negative
    whole = np.int64(0)
    digits = after = 0
    point = False
    plain = True
    while text[i] > 32:
        digit = np.uint64(text[i]) ^ np.uint64(48)
        if digit < _10:
            if digits < 15:
                whole = whole * 10 + np.int64(digit)
            digits += 1
            after += point
        elif text[i] == 46 and not point:
            point = True
        else:
            plain = False
        i += 1
    if not plain or digits == 0 or digits > 15:
        return np.nan, i
    return _SIGNS[negative] * whole / _POWERS[after], i


@_compile(
    f'UniTuple(int64, 3)({_TEXT}, {_WORDS}, int64, int64, float64[:, :, ::1], '
    'uint64[::1], int64[::1], int64[::1], int64[::1])'
)
def parse_plain(  # type: ignore[no-untyped-def]
    text, words, size, eol, joints, body_id, frame, slot, odd
):
    r"""Parses a plain text: without errors, with single spaces and line ends
    of one kind, and less than ten bodies in a frame.

    Args:
        text (numpy.ndarray): The text, a line end and 30 zeros.
        words (numpy.ndarray): The eight bytes from each byte of it on.
        size (int): The length of the text itself.
        eol (int): Bytes of a line end: 1 for LF, 2 for CRLF.
        joints (numpy.ndarray): Filled, with NaN for those numbers that Python
            has to read.
        body_id (numpy.ndarray): Filled.
        frame (numpy.ndarray): Filled.
        slot (numpy.ndarray): Filled, all four as in
            :class:`~pyg_hcsf.io.ntu_skeleton.Bodies`.
        odd (numpy.ndarray): Filled with the places of these.

    Returns:
        The number of frames, :obj:`NOT_PLAIN` if it is another text; those of
        bodies and of odd numbers.
    """
    failed = (NOT_PLAIN, 0, 0)
    i = 0
    total = np.int64(0)
    while 48 <= text[i] <= 57 and i < 8:
        total = total * 10 + np.int64(text[i] - 48)
        i += 1
    if i == 0:
        return failed
    i = _end(text, i, eol)
    if i < 0:
        return failed
    row = odds = 0
    for k in range(total):
        if not 48 <= text[i] <= 57:
            return failed
        bodies = np.int64(text[i] - 48)
        i = _end(text, i + 1, eol)
        if i < 0:
            return failed
        for place in range(bodies):
            number = _0
            start = i
            while 48 <= text[i] <= 57:
                digit = np.uint64(text[i]) ^ np.uint64(48)
                if i - start >= 19 and (
                    i - start > 19
                    or number > _TENTH
                    or (number == _TENTH and digit >= _LAST)
                ):
                    return failed
                number = number * _10 + digit
                i += 1
            if i == start or text[i] != 32 or row == len(body_id):
                return failed
            i = _end_line(text, words, i + 1, _8, eol)
            if i < 0:
                return failed
            if text[i] != 50 or text[i + 1] != 53:
                return failed
            i = _end(text, i + 2, eol)
            if i < 0:
                return failed
            body_id[row], frame[row], slot[row] = number, k, place
            for joint in range(NUM_JOINTS):
                for axis in range(3):
                    # A digit, a point and up to eight more, as nearly all are.
                    negative = np.int64(text[i] == 45)
                    begin = i + negative
                    digit = np.uint64(text[begin]) ^ np.uint64(48)
                    word = words[begin + 2] ^ _ZEROS
                    other = ((word + _ABOVE_NINE) | word) & _HIGH
                    places = _count(((other & (~other + _1)) - _1) & _HIGH)
                    stop = begin + 2 + np.int64(places)
                    if (
                        digit < _10
                        and text[begin + 1] == 46 == text[stop] + 14
                    ):
                        half = _4 * (_8 - places)  # 64 is not defined
                        word = _eight((word << half) << half)
                        word += _WHOLE[places] * digit
                        value = np.int64(word) / _POWERS[places]
                        value *= _SIGNS[negative]
                    else:
                        value, stop = _any_number(text, i)
                    if stop == i or text[stop] != 32:
                        return failed
                    if np.isnan(value):
                        odd[odds] = i
                        odds += 1
                    joints[row, joint, axis] = value
                    i = stop + 1
                i = _end_line(text, words, i, _8, eol)
                if i < 0:
                    return failed
            row += 1
    while i < size:
        if text[i] != 32 and not 9 <= text[i] <= 13:
            return failed
        i += 1
    return total, row, odds
