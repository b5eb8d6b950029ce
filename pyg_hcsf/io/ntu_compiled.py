r"""Parses :obj:`.skeleton` texts with numba, if it is installed. It is worth
it only where much is to be read: loading it takes about a second.
"""

from __future__ import annotations

import importlib
import sys

import numpy as np

from pyg_hcsf.io.ntu_names import NUM_JOINTS

SHORTEST = 623  # bytes of a body: 27 lines of words of one character
_PAD = b'\r\n' + bytes(30)  # ends the last line, and all loops


def load_compiled() -> bool:
    r"""Loads the parser, and compiles it the first time.

    Returns:
        Whether there is numba, and it works.
    """
    try:
        importlib.import_module('pyg_hcsf.io.ntu_jit')
    except ImportError:
        return False
    return sys.byteorder == 'little'


def parse_arrays(
    content: bytes,
) -> tuple[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None:
    r"""Parses a plain text: without errors, with single spaces and line ends
    of one kind, and less than ten bodies in a frame.

    Args:
        content (bytes): The text.

    Returns:
        What :class:`~pyg_hcsf.io.ntu_skeleton.Bodies` takes, or :obj:`None`
        if the text is not plain.
    """
    from pyg_hcsf.io.ntu_jit import NOT_PLAIN, parse_plain

    crlf = b'\r' in content[:9]
    padded = content + (_PAD if crlf else _PAD[1:])
    text = np.frombuffer(padded, np.uint8)
    words = np.ndarray((len(text) - 7,), np.uint64, padded, 0, (1,))
    rows = len(content) // SHORTEST + 1
    joints = np.empty((rows, NUM_JOINTS, 3))
    body_id = np.empty(rows, np.uint64)
    frame, slot = np.empty((2, rows), np.int64)
    odd = np.empty(joints.size, np.int64)
    num_frames, count, odds = parse_plain(
        *(text, words, len(content), 1 + crlf),
        *(joints, body_id, frame, slot, odd),
    )
    if num_frames == NOT_PLAIN:
        return None
    joints = joints[:count].copy()
    if odds and not _read_odd(padded, joints, odd[:odds]):
        return None
    return (
        *(num_frames, frame[:count].copy(), slot[:count].copy()),
        *(body_id[:count].copy(), joints),
    )


def _read_odd(text: bytes, joints: np.ndarray, odd: np.ndarray) -> bool:
    r"""Reads numbers at given places, those of the joints that are NaN, and
    whether they are finite.
    """
    flat = joints.reshape(-1)
    where = np.flatnonzero(np.isnan(flat))
    for k, start in zip(where.tolist(), odd.tolist(), strict=True):
        try:
            flat[k] = float(text[start : text.index(b' ', start)])
        except ValueError:
            return False
    return bool(np.isfinite(flat[where]).all())
