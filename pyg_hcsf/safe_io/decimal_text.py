from __future__ import annotations

import numpy as np

DIGITS = 8  # that are read at a time
_ZEROS = np.uint64(0x3030303030303030)  # '00000000'
_ABOVE_NINE = np.uint64(0x7676767676767676)  # carries digits above 9 into ...
_HIGH_BITS = np.uint64(0x8080808080808080)
_JOIN = (
    (np.uint64(8), np.uint64(10), np.uint64(0x00FF00FF00FF00FF)),
    (np.uint64(16), np.uint64(100), np.uint64(0x0000FFFF0000FFFF)),
    (np.uint64(32), np.uint64(10000), np.uint64(0x00000000FFFFFFFF)),
)
_EXACT = 2**53  # doubles hold every whole number up to this one
_POWERS = 10.0 ** np.arange(17)  # exact, as all up to 10 ** 22 are


def parse_decimals(
    text: np.ndarray, start: np.ndarray, stop: np.ndarray
) -> np.ndarray:
    r"""Reads decimal numbers out of a text, many at a time.

    Numbers with one digit before the point and up to 15 after it, such as
    :obj:`-0.0391475`, are read eight digits at a time in 64-bit words; all
    others one by one by :class:`float`. Both give the nearest double.

    Args:
        text (numpy.ndarray): The bytes, the first 16 and last 2 of which
            belong to no number.
        start (numpy.ndarray): Where each number starts.
        stop (numpy.ndarray): Where each ends.

    Returns:
        The numbers; NaN where there is none.

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
    whole, fine = parse_digits(text, stop, places)
    fine &= (digit <= 9) & (point == ord('.'))
    fine &= places.view(np.uint64) <= 15  # nor negative
    if not fine.all():
        places[~fine] = 0
    power = _POWERS[places]
    whole += digit * power
    more = np.flatnonzero(places > 8)
    high, fine_too = parse_digits(text, stop[more] - 8, places[more] - 8)
    whole[more] += high * 1e8
    fine[more] &= fine_too & (whole[more] <= _EXACT)
    whole /= power
    out = np.negative(whole, out=whole, where=negative)
    for i in np.flatnonzero(~fine):
        try:
            out[i] = float(text[start[i] : stop[i]].tobytes())
        except ValueError:
            out[i] = np.nan
    return out


def parse_digits(
    text: np.ndarray, stop: np.ndarray, count: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Reads whole numbers of up to eight digits, all at once in 64-bit words.

    Args:
        text (numpy.ndarray): The bytes.
        stop (numpy.ndarray): Where each number ends, from the eighth byte.
        count (numpy.ndarray): How many digits before that to read; the last
            eight if it is more.

    Returns:
        The numbers as doubles, and whether all of it are digits.
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
    fine = above == 0
    # Neighbours are joined to pairs, pairs to fours, fours to eight; the
    # first digit is in the lowest byte.
    for bits, factor, mask in _JOIN:
        np.right_shift(values, bits, out=above)
        values *= factor
        values += above
        values &= mask
    return values.astype(np.float64), fine
