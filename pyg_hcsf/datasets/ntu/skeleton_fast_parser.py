r"""Parses well-formed ``.skeleton`` text with NumPy, all lines at once.

The positions of all white space in the text are computed first. Where they
follow the pattern of consecutive frames with the same number of bodies, the
values are found by index arithmetic.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pyg_hcsf.datasets.ntu.clip_names import NUM_JOINTS
from pyg_hcsf.safe_io.decimal_text import parse_decimals

BODY_VALUES = 10  # in the line of a body
JOINT_VALUES = 12  # in the line of a joint
COUNT_DIGITS = 8  # of a plausible number of frames or bodies
MAX_RUNS = 64  # of consecutive frames with the same number of bodies
_NUM_JOINTS = str(NUM_JOINTS).encode()

Fields = tuple[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray]
# The white space positions of consecutive frames, [frames, marks per frame],
# and their number of bodies.
Run = tuple[np.ndarray, int]


def is_count(token: bytes) -> bool:
    r"""Whether a token is a plausible number of frames, bodies or joints."""
    return token.isdigit() and len(token) <= COUNT_DIGITS


def is_body_id(token: bytes) -> bool:
    r"""Whether a token is a tracking number of 64 bits."""
    return token.isdigit() and len(token) <= 20 and int(token) < 2**64


def parse_fast(content: bytes) -> Fields | None:
    r"""Returns the fields of
    :class:`~pyg_hcsf.datasets.ntu.skeleton_parser.Bodies`, or :obj:`None` if
    the text must be parsed line by line: it has an error or more white space.
    """
    eol = b'\r\n' if b'\r' in content[: COUNT_DIGITS + 1] else b'\n'
    if not content.endswith(eol) or content.endswith(2 * eol):
        content = content.rstrip() + eol
    text = np.frombuffer(content, np.uint8)
    runs = _find_runs(content, text, eol)
    if not runs or not any(count for _, count in runs):
        return None
    found = _parse_bodies(content, text, runs, len(eol))
    if found is None:
        return None
    # The number of bodies of each frame, and for each body the index of the
    # first body of its frame.
    counts = np.repeat([count for _, count in runs], [len(r) for r, _ in runs])
    first = np.repeat(np.cumsum(counts) - counts, counts)
    frame = np.repeat(np.arange(len(counts)), counts)
    return len(counts), frame, np.arange(len(first)) - first, *found


def _find_runs(content: bytes, text: np.ndarray, eol: bytes) -> list[Run]:
    r"""Divides frames into runs; none if a line has a wrong length."""
    white = text <= ord(' ')
    marks = np.flatnonzero(white)
    mark = len(eol)
    if len(marks) < mark or not is_count(token := content[: marks[0]]):
        return []
    left = int(token)
    kinds = text[marks]
    lines = 1 + left  # number of line ends
    if kinds[:mark].tobytes() != eol:
        return []
    runs: list[Run] = []
    while left:
        start = int(marks[mark - 1]) + 1
        digit = content[start : start + 1]
        if not digit.isdigit() or len(runs) == MAX_RUNS:
            return []
        count = int(digit)
        pattern = _white_space_pattern(count, eol)
        frames = min(left, (len(marks) - mark) // len(pattern))
        stop = mark + frames * len(pattern)
        run = marks[mark:stop].reshape(frames, len(pattern))
        # Keeps the frames that begin with the same one digit.
        begin = np.append(start - 1, run[:-1, -1])[:frames]
        same = (text[begin + 1] == ord(digit)) & (run[:, 0] - begin == 2)
        run = run[: int(np.argmin(np.append(same, False)))]
        stop = mark + run.size
        if (
            len(run) == 0
            or (kinds[mark:stop].reshape(run.shape) != pattern).any()
        ):
            return []
        runs.append((run, count))
        left -= len(run)
        lines += len(run) * count * (2 + NUM_JOINTS)
        mark = stop
    # White space follows white space only in CRLF.
    pairs = int(np.count_nonzero(white[1:] & white[:-1]))
    if mark != len(marks) or pairs != lines * (len(eol) - 1):
        return []
    return runs


@lru_cache(maxsize=32)
def _white_space_pattern(count: int, eol: bytes) -> np.ndarray:
    r"""The white space of a frame, from that after its number of bodies."""
    joint = b' ' * (JOINT_VALUES - 1) + eol
    body = b' ' * (BODY_VALUES - 1) + eol + eol + joint * NUM_JOINTS
    return np.frombuffer(eol + body * count, np.uint8)


def _parse_bodies(
    content: bytes, text: np.ndarray, runs: list[Run], eol: int
) -> tuple[np.ndarray, np.ndarray] | None:
    r"""Parses the tracking numbers and joints of all bodies."""
    # For each body the white space around its tracking number, its number of
    # joints, and the first three values of each joint.
    marks = np.concatenate(
        [
            run[:, _mark_columns(count, eol)].reshape(-1, 4 * (1 + NUM_JOINTS))
            for run, count in runs
        ]
    )
    starts, stops = (marks[:, 0] + 1).tolist(), marks[:, 1].tolist()
    ids = [content[i:k] for i, k in zip(starts, stops, strict=True)]
    number = {token: int(token) for token in set(ids) if is_body_id(token)}
    count, end = marks[:, 2] + 1, marks[:, 3]
    valid = (text[count] == _NUM_JOINTS[0]) & (text[end - 1] == _NUM_JOINTS[1])
    valid &= end - count == len(_NUM_JOINTS)
    around = marks[:, 4:].reshape(-1, 4)  # [bodies * joints, 4]
    joints = parse_decimals(
        text, (around[:, :3] + 1).reshape(-1), around[:, 1:].reshape(-1)
    )
    if (
        len(number) < len(set(ids))
        or not valid.all()
        or not np.isfinite(joints).all()
    ):
        return None
    return (
        np.asarray([number[token] for token in ids], dtype=np.uint64),
        joints.reshape(-1, NUM_JOINTS, 3),
    )


@lru_cache(maxsize=32)
def _mark_columns(count: int, eol: int) -> np.ndarray:
    r"""The indices within :func:`_white_space_pattern` of the white space
    that :func:`_parse_bodies` needs, of shape :obj:`[count, 4 * 26]`.
    """
    joint = BODY_VALUES - 2 + 2 * eol
    columns = [-1, 0, joint - eol, joint - eol + 1]
    for _ in range(NUM_JOINTS):
        columns += range(joint, joint + 4)
        joint += JOINT_VALUES - 1 + eol
    return eol + np.arange(count)[:, None] * (joint + 1) + columns
