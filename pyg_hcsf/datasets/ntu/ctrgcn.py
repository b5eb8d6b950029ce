from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from pyg_hcsf.datasets.ntu.clip_names import (
    NUM_BODIES,
    NUM_JOINTS,
    ActionClip,
    get_benchmark,
    parse_name,
)
from pyg_hcsf.datasets.ntu.rows import (
    FRAMES,
    ROW,
    ClipNames,
    Rows,
    check_counts,
    group_names,
    read_rows,
)
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.members import check_packing
from pyg_hcsf.safe_io.npy_header import read_npy_header
from pyg_hcsf.safe_io.shown import cause
from pyg_hcsf.transforms.pre_normalize import center_clip

MEMBERS = ('x_train.npy', 'y_train.npy', 'x_test.npy', 'y_test.npy')


def read_ctrgcn(
    path: str | Path,
    benchmark: str,
    names: Iterable[str] | None = None,
) -> Iterator[ActionClip]:
    r"""Reads :obj:`NTU60_CS.npz`, :obj:`NTU60_CV.npz`, :obj:`NTU120_CSub.npz`
    or :obj:`NTU120_CSet.npz`, a few clips at a time.

    Frames of zeros after the last one with a body are cut off, and so is the
    second body where it is the first again, as in clips of NTU RGB+D 120 with
    one body. Coordinates are metres from the middle of the first actor's
    spine in its first frame.

    Args:
        path (str or pathlib.Path): The file.
        benchmark (str): Which one it is for, such as :obj:`'ntu60-xsub'`.
        names (iterable, optional): The names of all clips that it was made
            from, as in CTR-GCN's :obj:`skes_available_name.txt`. By default,
            clips are called :obj:`'train_00000'`, ... (default: :obj:`None`)

    Raises:
        ValueError: If it is malformed or another benchmark's, or names or
            numbers of clips do not fit; names it.

    Example:
        >>> next(read_ctrgcn('NTU60_CS.npz', 'ntu60-xsub')).joints.shape
        (103, 1, 25, 3)
    """
    order = None if names is None else group_names(names, benchmark)
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {name: _rows(archive, name) for name in MEMBERS}
            count = {name: rows.shape[0] for name, rows in arrays.items()}
            check_counts(count['x_train.npy'], count['x_test.npy'], benchmark)
            for split in ('train', 'test'):
                x, y = arrays[f'x_{split}.npy'], arrays[f'y_{split}.npy']
                given = None if order is None else order[split]
                if given is not None and len(given) != x.shape[0]:
                    raise ValueError(
                        f'it has {x.shape[0]} {split} clips, where the names '
                        f'give {len(given)}'
                    )
                yield from read_rows(x, y, ClipNames(split, given), benchmark)
    except (
        *(OSError, ValueError, LookupError, EOFError, RuntimeError),
        *(MemoryError, NotImplementedError, OverflowError),
        *(zipfile.BadZipFile, zlib.error),
    ) as e:
        raise ValueError(
            f"'{path}' is not a whole file of CTR-GCN ({cause(e)}): get it "
            'again or pass another'
        ) from e


def write_ctrgcn(
    path: str | Path,
    names: Sequence[str],
    read: Callable[[int], np.ndarray],
    benchmark: str,
) -> None:
    r"""Writes an npz file for CTR-GCN, one clip at a time.

    As there, everything is moved so that the middle of the first actor's
    spine is the origin in its first frame, clips of NTU RGB+D 120 with one
    body have it twice, whatever their class, frames without a body are left
    out, and clips end in frames of zeros up to 300.

    Args:
        path (str or pathlib.Path): The file, for CTR-GCN to be called such as
            :obj:`NTU60_CS.npz`.
        names (list[str]): The names of the clips.
        read (callable): Returns the joints of the clip of a number,
            :obj:`[T, M, 25, 3]` in metres, as in
            :class:`~pyg_hcsf.datasets.ntu.clip_names.ActionClip`.
        benchmark (str): Such as :obj:`'ntu60-xsub'`.

    Raises:
        ValueError: If a clip has more than 300 frames or no body; names it.
        RuntimeError: If the system refuses to write.

    Example:
        >>> write_ctrgcn('NTU60_CS.npz', data.names, data.joints, 'ntu60-xsub')
    """
    rule = get_benchmark(benchmark)
    number = {name: i for i, name in enumerate(names)}
    with atomic_write(path) as part, zipfile.ZipFile(part, 'w') as archive:
        for split, ordered in group_names(names, benchmark).items():
            shape = (len(ordered), FRAMES, ROW)
            with _create(archive, f'x_{split}', np.float32, shape) as file:
                for name in ordered:
                    clip = _pad(read(number[name]), name, rule.data)
                    file.write(clip.tobytes())
            classes = (len(ordered), rule.num_classes)
            with _create(archive, f'y_{split}', np.float64, classes) as file:
                for name in ordered:
                    label = np.zeros(rule.num_classes)
                    label[parse_name(name).label] = 1
                    file.write(label.tobytes())


def _create(
    archive: zipfile.ZipFile, name: str, dtype: type, shape: tuple[int, ...]
) -> BinaryIO:
    info = zipfile.ZipInfo(f'{name}.npy')  # with a date that never changes
    file = cast(BinaryIO, archive.open(info, 'w', force_zip64=True))
    header = {
        'descr': np.lib.format.dtype_to_descr(np.dtype(dtype)),
        'fortran_order': False,
        'shape': shape,
    }
    np.lib.format.write_array_header_1_0(file, header)
    return file


def _pad(joints: np.ndarray, name: str, data: str) -> np.ndarray:
    joints = joints[joints.any(axis=(1, 2, 3))]
    if not 0 < len(joints) <= FRAMES:
        raise ValueError(
            f"Expected 1 to {FRAMES} frames with a body in clip '{name}' (got "
            f'{len(joints)})'
        )
    out = np.zeros((FRAMES, NUM_BODIES, NUM_JOINTS, 3), dtype=np.float32)
    centered = center_clip(np.moveaxis(joints, 2, 0))  # [25, T, M, 3]
    out[: len(joints), : joints.shape[1]] = np.moveaxis(centered, 0, 2)
    # Of whichever class: what counts there is how many bodies were kept, be
    # the second absent in all frames (data/ntu120/seq_transformation.py).
    if data == 'ntu120' and joints.shape[1] == 1:
        out[:, 1] = out[:, 0]
    return out


def _rows(archive: zipfile.ZipFile, name: str) -> Rows:
    check_packing(archive.getinfo(name), str(archive.filename))
    file = archive.open(name)
    header = read_npy_header(file)
    if (size := archive.getinfo(name).file_size) != header.size:
        raise ValueError(
            f"'{name}' of {size} bytes is not as long as its header says"
        )

    def read(count: int) -> np.ndarray:
        content = file.read(count * header.row_bytes)
        array = np.frombuffer(content, header.dtype)
        return array.reshape(count, *header.shape[1:])

    return Rows(header.shape, header.dtype, read)
