r"""The data class of a detected person that readers return, and checks of
their joints.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np

from pyg_hcsf.keypoints.messages import file_error, unexpected

T = TypeVar('T')

MAX_JOINTS = 308  # of Sapiens, whose layout is the largest
MAX_PEOPLE = 300  # in one frame
MAX_FRAME = 2**53  # up to here floats, JSON's numbers, hold each integer
MAX_PIXELS = 1e6

#: Numbers of joints of the layouts that are read. They decide whether a flat
#: list of numbers has two, three or four for each joint.
JOINT_COUNTS = (16, 17, 18, 25, 26, 33, 68, 70, 133, 135, 136, 308)


class Detection(NamedTuple):
    r"""One person in one frame.

    Args:
        frame (int): The frame number.
        track_id (str or None): The id of the person, if the file has one.
        joints (numpy.ndarray): x, y and confidence of each joint, as in the
            file: ``[N, 3]``. Missing joints are marked when all are read.
        box_score (float, optional): The detector's confidence that there is
            a person, from 0 to 1. (default: :obj:`None`)
        where (str, optional): The place in the file, for errors.
            (default: :obj:`''`)
    """

    frame: int
    track_id: str | None
    joints: np.ndarray
    box_score: float | None = None
    where: str = ''


@dataclass(frozen=True, eq=False)
class ParsedFile:
    r"""The contents of a file of keypoints, before people are tracked.

    Args:
        source (str): The format, such as ``'alphapose'``.
        detections (sequence of Detection): In any order.
        layout (str, optional): The layout of the joints, if the file names
            it. (default: :obj:`None`)
        image_size (tuple, optional): Width and height of the image, if the
            file has them. (default: :obj:`None`)
        fps (float, optional): Frames per second, if the file has them.
            (default: :obj:`None`)
        default_layout (str, optional): The layout that the producer usually
            writes. It is used unless the proportions of the limbs contradict
            it. (default: :obj:`None`)
    """

    source: str
    detections: Sequence[Detection]
    layout: str | None = None
    image_size: tuple[float, float] | None = None
    fps: float | None = None
    default_layout: str | None = None


def parse_joints(values: Any, where: str) -> np.ndarray:
    r"""Converts the joints of one person to an array ``[N, 3]``.

    Args:
        values (Any): Numbers ``x0, y0, c0, x1, ...``, or rows of ``x, y``,
            ``x, y, c`` or ``x, y, z, c``. :obj:`None` stands for a missing
            number. Without confidences, they are 1, or 0 where x and y are 0.
        where (str): The place in the file, for errors.

    Raises:
        ValueError: If they are anything else.
    """
    try:
        joints = np.array(values, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as e:
        text = f'expected numbers as keypoints ({e!s:.80})'
        raise file_error(text, where) from e
    if joints.ndim == 1:
        joints = joints.reshape(-1, _numbers_per_joint(len(joints)))
    if joints.ndim == 2 and joints.shape[1] == 2:
        joints = np.column_stack([joints, (joints != 0).any(axis=1)])
    if joints.ndim == 2 and joints.shape[1] == 4:
        joints = joints[:, [0, 1, 3]]
    shape = joints.shape
    if len(shape) != 2 or shape[1] != 3 or not 1 <= shape[0] <= MAX_JOINTS:
        expected = f'1 to {MAX_JOINTS} joints of x, y and a confidence'
        raise unexpected(expected, joints, where)
    return joints


def _numbers_per_joint(count: int) -> int:
    r"""How many of the numbers in a flat list belong to each joint."""
    for width in (3, 2, 4):
        if count % width == 0 and count // width in JOINT_COUNTS:
            return width
    return 3 if count % 3 == 0 else 1


def mark_missing(joints: np.ndarray, where: str = '') -> np.ndarray:
    r"""Sets missing joints to NaN, NaN and a confidence of 0.

    A joint is missing where a coordinate is not finite, where the confidence
    is not positive, and where x and y are both 0 with a confidence of less
    than 1. Confidences above 1, as some detectors have them, become 1.

    Args:
        joints (numpy.ndarray): x, y and confidence: ``[*, 3]``.
        where (str, optional): The place in the file, for errors.
            (default: :obj:`''`)

    Raises:
        ValueError: If coordinates are larger than those of any image.
    """
    xy, score = joints[..., :2], np.nan_to_num(joints[..., 2], posinf=1.0)
    zero = (xy == 0).all(axis=-1) & (score < 1)
    missing = ~np.isfinite(xy).all(axis=-1) | (score <= 0) | zero
    largest = float(np.abs(xy[~missing]).max(initial=0))
    if largest > MAX_PIXELS:
        raise unexpected(f'pixels up to {MAX_PIXELS:g}', largest, where)
    out = np.concatenate([xy, score.clip(0, 1)[..., None]], axis=-1)
    out[missing] = np.nan, np.nan, 0.0
    return out


def mark_all_missing(found: Sequence[Detection]) -> list[Detection]:
    r"""Applies :func:`mark_missing`, to all people at once where possible."""
    marked: Sequence[np.ndarray] | np.ndarray = []
    if len({len(d.joints) for d in found}) == 1:
        with suppress(ValueError):  # which does not name the place
            marked = mark_missing(np.stack([d.joints for d in found]))
    if not len(marked):
        marked = [mark_missing(d.joints, d.where) for d in found]
    pairs = zip(found, marked, strict=True)
    return [Detection(*d[:2], joints, *d[3:]) for d, joints in pairs]


def parse_size(width: Any, height: Any) -> tuple[float, float] | None:
    r"""The size of the image, if both are positive numbers."""
    for side in (width, height):
        if not isinstance(side, (int, float)) or not 0 < side <= MAX_PIXELS:
            return None
    return float(width), float(height)


def only(values: Iterable[T]) -> T | None:
    r"""The value that all of several have, or :obj:`None`."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


def parse_frame_number(value: Any, where: str) -> int:
    r"""Checks a frame number, which is a whole number from 0."""
    if (
        not isinstance(value, (int, float))
        or isinstance(value, bool)
        or not 0 <= value <= MAX_FRAME
        or value != int(value)
    ):
        raise unexpected('a frame number', value, where)
    return int(value)
