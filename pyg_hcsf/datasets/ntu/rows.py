r"""What the files of CTR-GCN and SGN share: clips as rows of 150 values a
frame, actor after actor, padded with zeros, with one-hot labels and no names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from pyg_hcsf.datasets.ntu.clip_names import (
    BENCHMARKS,
    NUM_BODIES,
    NUM_CLASSES,
    NUM_JOINTS,
    ActionClip,
    get_benchmark,
    parse_name,
    split_names,
)

SPINE = 1  # the joint in the middle of the spine
ROW = NUM_BODIES * NUM_JOINTS * 3  # values of a frame
FRAMES = 300  # that clips are padded to
FRAMES_LIMIT = 4096  # frames a clip; more are not credible
BLOCK = 16  # clips that are read at a time: 3 MB


class Rows(NamedTuple):
    r"""An array in a file that is read a few rows at a time.

    Args:
        shape (tuple): Its shape.
        dtype (numpy.dtype): Its type.
        read (callable): Returns its next rows, as many as asked for.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[int], np.ndarray]


class ClipNames:
    r"""Gives the clips of a split their names, or else numbers them.

    Args:
        split (str): :obj:`'train'` or :obj:`'test'`.
        names (list[str], optional): The names, in order.
            (default: :obj:`None`)
    """

    def __init__(self, split: str, names: list[str] | None = None) -> None:
        self.split = split
        self.names = names
        self.count = 0

    def take(self, label: int) -> str:
        r"""The name of the next clip, which must be of the class."""
        number, self.count = self.count, self.count + 1
        if self.names is None:
            return f'{self.split}_{number:05}'
        name = self.names[number]
        if parse_name(name).label != label:
            raise ValueError(
                f'{self.split} clip {number} has class {label}, so it is not '
                f"'{name}': the names are not those of the file"
            )
        return name


def group_names(names: Iterable[str], benchmark: str) -> dict[str, list[str]]:
    r"""The order of the clips in a file of CTR-GCN: by subject, camera or
    setup, whichever splits, and then by name.

    Args:
        names (iterable): All names; those of other classes and those of
            :func:`~pyg_hcsf.datasets.ntu.clip_names.missing_skeletons` are
            left out.
        benchmark (str): Such as :obj:`'ntu60-xsub'`.

    Returns:
        The names of :obj:`'train'` and :obj:`'test'`.

    Example:
        >>> names = Path('skes_available_name.txt').read_text().split()
        >>> group_names(names, 'ntu60-xsub')['train'][0]
        'S001C001P001R001A001'
    """
    group = get_benchmark(benchmark).group
    return {
        split: sorted(
            part, key=lambda name: (getattr(parse_name(name), group), name)
        )
        for split, part in split_names(names, benchmark).items()
    }


def check_counts(train: int, test: int, benchmark: str) -> None:
    r"""Refuses a file that, by its numbers of clips, is another benchmark's.

    Raises:
        ValueError: If the numbers are another one's; names it.
    """
    for other, rule in BENCHMARKS.items():
        if other != benchmark and (rule.train, rule.test) == (train, test):
            raise ValueError(
                f"it has the {train} and {test} clips of '{other}', not of "
                f"'{benchmark}'"
            )


def read_rows(
    x: Rows, y: Rows, names: ClipNames, benchmark: str
) -> Iterator[ActionClip]:
    r"""Reads clips, cutting the frames of zeros after the last one with a
    body, and the second body where it is the first again, or absent in a file
    that would hold the first one twice.

    Raises:
        ValueError: If shapes, types or values are not those of clips.
    """
    count, classes = x.shape[0], get_benchmark(benchmark).num_classes
    if (
        len(x.shape) != 3
        or x.shape[2] != ROW
        or not 1 <= x.shape[1] <= FRAMES_LIMIT
        or x.dtype.kind != 'f'
    ):
        raise ValueError(
            f'expected floats of shape [clips, {FRAMES}, {ROW}] (got '
            f'{x.dtype} of {list(x.shape)})'
        )
    if y.shape != (count, classes) or y.dtype.kind not in 'fiu':
        raise ValueError(
            f"expected one-hot labels of shape {[count, classes]} for '"
            f"{benchmark}' (got {y.dtype} of {list(y.shape)})"
        )
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        labels = y.read(size)
        hot = labels == 1
        if (hot.sum(1) != 1).any() or (hot != (labels != 0)).any():
            raise ValueError(
                f'labels {start} to {start + size - 1} of {names.split} are '
                'not one-hot'
            )
        for row, label in zip(x.read(size), hot.argmax(1), strict=True):
            name = names.take(int(label))
            with np.errstate(over='ignore'):
                row = row.astype(np.float32)
            if not np.isfinite(row).all():
                raise ValueError(f"clip '{name}' has values not finite")
            twice = classes == NUM_CLASSES['ntu120']
            yield ActionClip(name, int(label), _joints(row, name, twice))


def _joints(row: np.ndarray, name: str, twice: bool) -> np.ndarray:
    joints = row.reshape(-1, NUM_BODIES, NUM_JOINTS, 3)
    present = np.flatnonzero(joints.any(axis=(1, 2, 3)))
    if len(present) == 0:
        raise ValueError(f"clip '{name}' has no body in any frame")
    joints = joints[: present[-1] + 1]
    second = joints[:, 1]
    absent = not twice and not second.any()
    if absent or np.array_equal(second, joints[:, 0]):
        joints = joints[:, :1]
    return joints
