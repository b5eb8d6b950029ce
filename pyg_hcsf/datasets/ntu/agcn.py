"""Reads NTU RGB+D from the npy and pickle files of 2s-AGCN."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pyg_hcsf.datasets.ntu.clip_names import NUM_JOINTS, ActionClip, parse_name
from pyg_hcsf.datasets.ntu.padded_arrays import FRAMES_LIMIT
from pyg_hcsf.safe_io.npy import read_npy_header
from pyg_hcsf.safe_io.pickle_reader import load_pickle
from pyg_hcsf.safe_io.shown import cause, explained, shown

DATA = '_data_joint.npy'
LABELS = '_label.pkl'


def read_agcn(path: str | Path) -> Iterator[ActionClip]:
    r"""Reads :obj:`train_data_joint.npy` or :obj:`val_data_joint.npy` of
    2s-AGCN, MS-G3D or Shift-GCN with the :obj:`train_label.pkl` or
    :obj:`val_label.pkl` in the same folder, one clip at a time.

    The coordinates are normalised, and clips are repeated up to 300 frames;
    see :class:`~pyg_hcsf.transforms.PreNormalize`.

    Args:
        path (str or pathlib.Path): The npy file, with floats of shape
            :obj:`[clips, 3, 300, 25, 2]`.

    Raises:
        ValueError: If a file is missing or malformed, or the labels do not
            agree with the names or the data. The message names the file.

    Example:
        >>> next(read_agcn('xsub/train_data_joint.npy')).joints.shape
        (300, 1, 25, 3)
    """
    path = Path(path)
    if not path.name.endswith(DATA):
        raise ValueError(
            f"Expected a file such as 'train{DATA}' (got '{path}'): pass the "
            'file of joints; bones and motion are computed from it'
        )
    labels = path.with_name(path.name.removesuffix(DATA) + LABELS)
    names = _read_names(labels)
    problem = (
        f"'{path}' is not a complete file of 2s-AGCN that agrees with "
        f"'{labels}'"
    )
    remedy = 'download both again or remove them'
    errors = (OSError, ValueError, OverflowError, MemoryError)
    with explained(problem, remedy, errors), path.open('rb') as file:
        for i, joints in enumerate(_read_arrays(file, len(names))):
            if not np.isfinite(joints).all():
                raise ValueError(f'clip {i} has values that are not finite')
            bodies = 2 if joints[:, 1:].any() else 1
            yield ActionClip(*names[i], joints[:, :bodies])


def _read_arrays(file: BinaryIO, count: int) -> Iterator[np.ndarray]:
    header = read_npy_header(file)
    shape, dtype = header.shape, header.dtype
    if (
        len(shape) != 5
        or (shape[1], shape[3]) != (3, NUM_JOINTS)
        or not 1 <= shape[2] <= FRAMES_LIMIT
        or shape[4] not in (1, 2)
        or dtype.kind != 'f'
    ):
        raise ValueError(
            f'expected floats of shape [clips, 3, 300, {NUM_JOINTS}, 2], got '
            f'{dtype} of {list(shape)}'
        )
    if shape[0] != count:
        raise ValueError(
            f'it has {shape[0]} clips, and there are {count} names'
        )
    if (size := os.fstat(file.fileno()).st_size) != header.size:
        raise ValueError(f'it has {size} bytes instead of {header.size}')
    for _ in range(count):
        array = np.frombuffer(file.read(header.row_bytes), dtype)
        with np.errstate(over='ignore'):
            array = array.astype(np.float32)
        # [3, T, N, M] -> [T, M, N, 3]
        yield array.reshape(shape[1:]).transpose(1, 3, 2, 0)


def _read_names(path: Path) -> list[tuple[str, int]]:
    r"""Reads the name and the class of each clip."""
    problem = f"The labels '{path}' cannot be read"
    remedy = 'put them into the folder of the data'
    with explained(problem, remedy, (OSError,)):
        content = path.read_bytes()
    pair = load_pickle(content, str(path))
    if (
        not isinstance(pair, (tuple, list))
        or len(pair) != 2
        or not all(isinstance(part, (list, np.ndarray)) for part in pair)
        or len(pair[0]) != len(pair[1])
    ):
        raise ValueError(
            f"Expected names and labels of one length in '{path}' (got "
            f'{shown(pair, 80)})'
        )
    out = []
    for i, (text, label) in enumerate(zip(*pair, strict=True)):
        try:
            name = parse_name(text)
        except (TypeError, ValueError) as e:
            raise ValueError(f"{cause(e)}, name {i} of '{path}'") from e
        if label != name.label:
            raise ValueError(
                f"Expected class {name.label} for '{name}', clip {i} of "
                f"'{path}' (got {shown(label, 40)})"
            )
        out.append((str(name), name.label))
    return out
