"""Reads and writes NTU RGB+D as the npz files of CTR-GCN."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from pyg_hcsf.datasets.ntu.benchmarks import get_benchmark, split_names
from pyg_hcsf.datasets.ntu.clip_names import (
    NUM_BODIES,
    NUM_JOINTS,
    ActionClip,
    parse_name,
)
from pyg_hcsf.datasets.ntu.padded_arrays import (
    FRAME_VALUES,
    FRAMES,
    ArrayReader,
    check_counts,
    read_padded_clips,
)
from pyg_hcsf.safe_io.archives import ZIP_ERRORS, check_compression
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.npy import read_npy_header
from pyg_hcsf.safe_io.shown import explained
from pyg_hcsf.transforms.pre_normalize import center_clip

MEMBERS = ('x_train.npy', 'y_train.npy', 'x_test.npy', 'y_test.npy')


def group_names(names: Iterable[str], benchmark: str) -> dict[str, list[str]]:
    r"""Returns the clip names of :obj:`'train'` and :obj:`'test'` in the
    order of CTR-GCN's files: sorted by the field that decides on the split
    (subject, camera or setup), then by name.

    Example:
        >>> names = read_names('skes_available_name.txt')
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


def read_ctrgcn(
    path: str | Path, benchmark: str, names: Iterable[str] | None = None
) -> Iterator[ActionClip]:
    r"""Reads :obj:`NTU60_CS.npz`, :obj:`NTU60_CV.npz`, :obj:`NTU120_CSub.npz`
    or :obj:`NTU120_CSet.npz`, a few clips at a time.

    Padding is removed: frames of zeros at the end, and a second body that
    repeats the first, as in NTU RGB+D 120 clips with one body. Coordinates
    are in metres relative to the middle of the first body's spine in its
    first frame.

    Args:
        path (str or pathlib.Path): The file.
        benchmark (str): The benchmark of the file, such as
            :obj:`'ntu60-xsub'`.
        names (iterable of str, optional): The names of all clips that the
            file was made from, as in CTR-GCN's
            :obj:`skes_available_name.txt`. By default, clips are named
            :obj:`'train_00000'`, .... (default: :obj:`None`)

    Raises:
        ValueError: If the file is malformed or of another benchmark, or
            :obj:`names` do not agree with it. The message names the file.

    Example:
        >>> next(read_ctrgcn('NTU60_CS.npz', 'ntu60-xsub')).joints.shape
        (103, 1, 25, 3)
    """
    order = None if names is None else group_names(names, benchmark)
    problem = f"'{path}' is not a complete file of CTR-GCN"
    remedy = 'download it again or pass another'
    with (
        explained(problem, remedy, (*ZIP_ERRORS, MemoryError)),
        zipfile.ZipFile(path) as archive,
    ):
        arrays = {name: _array_reader(archive, name) for name in MEMBERS}
        size = {name: array.shape[0] for name, array in arrays.items()}
        check_counts(size['x_train.npy'], size['x_test.npy'], benchmark)
        for split in ('train', 'test'):
            x, y = arrays[f'x_{split}.npy'], arrays[f'y_{split}.npy']
            clip_names = map((split + '_{:05}').format, range(x.shape[0]))
            known = list(clip_names) if order is None else order[split]
            if len(known) != x.shape[0]:
                raise ValueError(
                    f'it has {x.shape[0]} {split} clips, where the names give '
                    f'{len(known)}'
                )
            yield from read_padded_clips(x, y, iter(known), benchmark)


def _array_reader(archive: zipfile.ZipFile, name: str) -> ArrayReader:
    check_compression(archive.getinfo(name), str(archive.filename))
    file = archive.open(name)
    header = read_npy_header(file)
    if (size := archive.getinfo(name).file_size) != header.size:
        raise ValueError(
            f"'{name}' of {size} bytes is not as long as its header says"
        )

    def read(size: int) -> np.ndarray:
        content = file.read(size * header.row_bytes)
        array = np.frombuffer(content, header.dtype)
        return array.reshape(size, *header.shape[1:])

    return ArrayReader(header.shape, header.dtype, read)


def write_ctrgcn(
    path: str | Path,
    names: Sequence[str],
    read: Callable[[int], np.ndarray],
    benchmark: str,
) -> None:
    r"""Writes an npz file for CTR-GCN, one clip at a time.

    As in CTR-GCN's preprocessing, the origin is the middle of the first
    body's spine in its first frame, frames without a body are left out, clips
    are padded with zeros to 300 frames, and in NTU RGB+D 120 a single body is
    stored twice.

    Args:
        path (str or pathlib.Path): The file; CTR-GCN expects a name such as
            :obj:`NTU60_CS.npz`.
        names (sequence of str): The names of the clips.
        read (callable): Returns the joints of the clip with a given number,
            in metres, of shape :obj:`[T, M, 25, 3]`.
        benchmark (str): A benchmark, such as :obj:`'ntu60-xsub'`.

    Raises:
        ValueError: If a clip has more than 300 frames or no body. The message
            names it.
        RuntimeError: If the file cannot be written.

    Example:
        >>> write_ctrgcn('NTU60_CS.npz', data.names, data.joints, 'ntu60-xsub')
    """
    rule = get_benchmark(benchmark)
    number = {name: i for i, name in enumerate(names)}
    with atomic_write(path) as part, zipfile.ZipFile(part, 'w') as archive:
        for split, ordered in group_names(names, benchmark).items():
            shape = (len(ordered), FRAMES, FRAME_VALUES)
            with _create(archive, f'x_{split}', np.float32, shape) as file:
                for name in ordered:
                    clip = _pad(read(number[name]), name, rule.data)
                    file.write(clip.tobytes())
            classes = (len(ordered), rule.num_classes)
            with _create(archive, f'y_{split}', np.float64, classes) as file:
                for name in ordered:
                    one_hot = np.zeros(rule.num_classes)
                    one_hot[parse_name(name).label] = 1
                    file.write(one_hot.tobytes())


def _create(
    archive: zipfile.ZipFile, name: str, dtype: type, shape: tuple[int, ...]
) -> BinaryIO:
    info = zipfile.ZipInfo(f'{name}.npy')  # with a fixed date
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
