r"""Parses decimal numbers in bytes, many at a time."""

from __future__ import annotations

import numpy as np

_ZEROS = np.uint64(0x3030303030303030)  # '00000000'
_ABOVE_NINE = np.uint64(0x7676767676767676)  # carries digits above 9 into ...
_HIGH_BITS = np.uint64(0x8080808080808080)
_JOIN = (
    (np.uint64(8), np.uint64(10), np.uint64(0x00FF00FF00FF00FF)),
    (np.uint64(16), np.uint64(100), np.uint64(0x0000FFFF0000FFFF)),
    (np.uint64(32), np.uint64(10000), np.uint64(0x00000000FFFFFFFF)),
)
_EXACT = 2**53  # up to here, every integer is a double
_POWERS = 10.0 ** np.arange(17)  # exact, as all up to 10 ** 22 are


def parse_decimals(
    text: np.ndarray, start: np.ndarray, stop: np.ndarray
) -> np.ndarray:
    r"""Parses decimal numbers in a text; text that is no number gives NaN.

    Numbers with one digit before the point and up to 15 after it, such as
    :obj:`-0.0391475`, are parsed eight digits at a time in 64-bit words, all
    others one by one with :class:`float`. Both give the nearest double.

    Args:
        text (numpy.ndarray): The bytes. The first 16 and the last 2 must not
            belong to a number.
        start (numpy.ndarray): The position of the first byte of each number.
        stop (numpy.ndarray): The position after its last byte.

    Example:
        >>> text = np.frombuffer(b' ' * 16 + b'0.5 -1.25  ', np.uint8)
        >>> parse_decimals(text, np.array([16, 20]), np.array([19, 25]))
        array([ 0.5 , -1.25])
    """
    negative = text[start] == ord('-')
    first = start + negative
    digit = text[first] - np.uint8(ord('0'))
    point = text[first + 1]
    places = stop - first - 2
    whole, valid = parse_digits(text, stop, places)
    valid &= (digit <= 9) & (point == ord('.'))
    valid &= places.view(np.uint64) <= 15  # nor negative
    if not valid.all():
        places[~valid] = 0
    power = _POWERS[places]
    whole += digit * power
    more = np.flatnonzero(places > 8)
    high, valid_too = parse_digits(text, stop[more] - 8, places[more] - 8)
    whole[more] += high * 1e8
    valid[more] &= valid_too & (whole[more] <= _EXACT)
    whole /= power
    out = np.negative(whole, out=whole, where=negative)
    for i in np.flatnonzero(~valid):
        try:
            out[i] = float(text[start[i] : stop[i]].tobytes())
        except ValueError:
            out[i] = np.nan
    return out


def parse_digits(
    text: np.ndarray, stop: np.ndarray, count: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Parses integers of up to eight digits, each in a 64-bit word.

    Args:
        text (numpy.ndarray): The bytes.
        stop (numpy.ndarray): The position after each integer, at least 8.
        count (numpy.ndarray): The number of its digits, of which the last
            eight are parsed.

    Returns:
        The integers as doubles, and whether all characters are digits.
    """
    words = np.ndarray((len(text) - 7,), 'V8', text, 0, (1,))[stop - 8]
    # numpy shifts by 64 bits or more to zero.
    unused = (64 - 8 * np.minimum(count, 8)).view(np.uint64)
    values = words.view('<u8')
    values ^= _ZEROS
    values >>= unused
    values <<= unused
    above = values + _ABOVE_NINE
    above |= values
    above &= _HIGH_BITS
    valid = above == 0
    # Joins digits to pairs, pairs to fours and fours to eights. The first
    # digit is in the lowest byte.
    for bits, factor, mask in _JOIN:
        np.right_shift(values, bits, out=above)
        values *= factor
        values += above
        values &= mask
    return values.astype(np.float64), valid
