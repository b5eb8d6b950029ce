r"""Headers and errors of the files of a :class:`~pyg_hcsf.data.ClipStore`."""

from __future__ import annotations

import contextlib
import math
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.lib.npyio import NpzFile

META = 'clips.npz'  # lengths and attributes of all clips
UNREADABLE = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    MemoryError,
    RuntimeError,
    zipfile.BadZipFile,
)


class Layout(NamedTuple):
    r"""Type and shape of the frames in the file of a sequence."""

    dtype: np.dtype
    shape: tuple[int, ...]
    offset: int  # of the first frame in the file, in bytes

    @property
    def frame_bytes(self) -> int:
        return self.dtype.itemsize * math.prod(self.shape)


def read_layout(path: Path, num_frames: int) -> Layout:
    r"""Reads and verifies the header of the file of a sequence."""
    with explain_errors(path), path.open('rb') as file:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError(f'version {version} of the npy format')
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        plain = dtype.kind in 'biufc' and dtype.isnative
        if fortran or not plain or len(shape) < 2:
            raise ValueError(f'frames of {dtype} in shape {shape}')
        if shape[0] != num_frames:
            raise ValueError(
                f'{shape[0]} frames, where the clips have {num_frames}'
            )
        layout = Layout(dtype, shape[1:], file.tell())
        expected = layout.offset + num_frames * layout.frame_bytes
        if (size := os.fstat(file.fileno()).st_size) != expected:
            raise ValueError(f'{size} bytes instead of {expected}')
    return layout


@contextlib.contextmanager
def open_meta(folder: Path) -> Iterator[NpzFile]:
    r"""Opens :obj:`clips.npz`: the lengths and attributes of the clips of a
    store.

    Compressed members raise a :class:`ValueError`, and so do pickled arrays
    when they are read.
    """
    file = folder / META
    with explain_errors(file), file.open('rb') as stream:
        content = np.load(stream, allow_pickle=False)
        if not isinstance(content, NpzFile) or content.zip is None:
            raise ValueError('not an npz archive')
        for member in content.zip.infolist():  # bounds the memory
            if member.compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"'{member.filename}' is compressed")
        yield content


@contextlib.contextmanager
def explain_errors(file: Path) -> Iterator[None]:
    r"""Turns errors of reading a file into a :class:`RuntimeError` that names
    the file and the remedy.
    """
    try:
        yield
    except UNREADABLE as e:
        reason = e.strerror if isinstance(e, OSError) else e
        raise RuntimeError(
            f"The file '{file}' of a clip store cannot be read ({reason}). "
            'Delete the folder and write the store again; for a data set, '
            'pass force_reload=True'
        ) from e
