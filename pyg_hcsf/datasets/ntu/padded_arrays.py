r"""Array layout shared by the files of CTR-GCN and SGN: clips padded to 300
frames of 150 values (body, joint, coordinate), with one-hot labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from pyg_hcsf.datasets.ntu.benchmarks import (
    BENCHMARKS,
    NUM_CLASSES,
    get_benchmark,
)
from pyg_hcsf.datasets.ntu.clip_names import (
    NAME,
    NUM_BODIES,
    NUM_JOINTS,
    ActionClip,
    parse_name,
)

FRAME_VALUES = NUM_BODIES * NUM_JOINTS * 3
FRAMES = 300  # number of frames that clips are padded to
FRAMES_LIMIT = 4096  # largest plausible number of frames per clip
BLOCK = 16  # clips read at a time: 3 MB


class ArrayReader(NamedTuple):
    r"""An array in a file that is read in blocks along its first axis.

    Args:
        shape (tuple[int, ...]): The shape of the whole array.
        dtype (numpy.dtype): Its data type.
        read (callable): Returns the next entries; takes their number.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[int], np.ndarray]


def check_counts(train: int, test: int, benchmark: str) -> None:
    r"""Raises a :class:`ValueError` if the numbers of clips are those of
    another benchmark.
    """
    for other, rule in BENCHMARKS.items():
        if other != benchmark and (rule.train, rule.test) == (train, test):
            raise ValueError(
                f"it has the {train} and {test} clips of '{other}', not of "
                f"'{benchmark}'"
            )


def read_padded_clips(
    x: ArrayReader, y: ArrayReader, names: Iterator[str], benchmark: str
) -> Iterator[ActionClip]:
    r"""Reads clips and removes their padding: the frames of zeros at the end,
    and the second body if it repeats the first. In files of NTU RGB+D 60,
    where clips with one body have no copy of it, a second body of zeros is
    removed as well.

    The joints :obj:`x` have the shape :obj:`[clips, 300, 150]`, the one-hot
    labels :obj:`y` :obj:`[clips, classes]`.

    Raises:
        ValueError: If a shape, a data type or a value is not valid, or a clip
            name does not agree with its label.
    """
    count, classes = x.shape[0], get_benchmark(benchmark).num_classes
    if (
        len(x.shape) != 3
        or x.shape[2] != FRAME_VALUES
        or not 1 <= x.shape[1] <= FRAMES_LIMIT
        or x.dtype.kind != 'f'
    ):
        raise ValueError(
            f'expected floats of shape [clips, {FRAMES}, {FRAME_VALUES}] (got '
            f'{x.dtype} of {list(x.shape)})'
        )
    if y.shape != (count, classes) or y.dtype.kind not in 'fiu':
        raise ValueError(
            f"expected one-hot labels of shape {[count, classes]} for '"
            f"{benchmark}' (got {y.dtype} of {list(y.shape)})"
        )
    # In files of NTU RGB+D 120, a single body is stored twice.
    repeats_body = classes == NUM_CLASSES['ntu120']
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        one_hot = y.read(size)
        is_one = one_hot == 1
        if (is_one.sum(1) != 1).any() or (is_one != (one_hot != 0)).any():
            raise ValueError(
                f'labels {start} to {start + size - 1} are not one-hot'
            )
        labels = is_one.argmax(1).tolist()
        pairs = zip(x.read(size), labels, strict=True)
        for number, (frames, label) in enumerate(pairs, start):
            name = next(names)
            if NAME.fullmatch(name) and parse_name(name).label != label:
                raise ValueError(
                    f'clip {number} has class {label}, so it is not '
                    f"'{name}': the names are not those of the file"
                )
            joints = _remove_padding(frames, name, repeats_body)
            yield ActionClip(name, label, joints)


def _remove_padding(
    frames: np.ndarray, name: str, repeats_body: bool
) -> np.ndarray:
    with np.errstate(over='ignore'):
        frames = frames.astype(np.float32)
    if not np.isfinite(frames).all():
        raise ValueError(f"clip '{name}' has values that are not finite")
    joints = frames.reshape(-1, NUM_BODIES, NUM_JOINTS, 3)  # [T, M, N, 3]
    present = np.flatnonzero(joints.any(axis=(1, 2, 3)))
    if len(present) == 0:
        raise ValueError(f"clip '{name}' has no body in any frame")
    joints = joints[: present[-1] + 1]
    second = joints[:, 1]
    absent = not repeats_body and not second.any()
    if absent or np.array_equal(second, joints[:, 0]):
        joints = joints[:, :1]
    return joints
