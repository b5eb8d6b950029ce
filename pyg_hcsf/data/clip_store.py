from __future__ import annotations

import contextlib
import json
import math
import os
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.lib.npyio import NpzFile
from torch import Tensor
from torch_geometric.data import Data

from pyg_hcsf.data.clip_writer import (
    META,
    VERSION,
    check_name,
    write_clips,
)


class Layout(NamedTuple):
    r"""What the file of a sequence holds: frames of a type and shape."""

    dtype: np.dtype
    shape: tuple[int, ...]
    offset: int  # of the first frame in the file, in bytes

    @property
    def frame_bytes(self) -> int:
        return self.dtype.itemsize * math.prod(self.shape)


class ClipStore:
    r"""Clips of any lengths on disk, for data sets that do not fit in memory.

    A folder with one flat :obj:`<key>.npy` per sequence, frames first, as in
    :obj:`x.npy` of shape ``[F, N, C]`` over all clips, and one small
    :obj:`clips.npz` with the lengths and attributes of the clips. It opens in
    milliseconds whatever its size, and indexes like a data set:
    :obj:`store[i]` reads clip :obj:`i` as a
    :class:`~torch_geometric.data.Data` with node-first ``[N, T, C]``.
    :class:`~pyg_hcsf.data.clip_loader.ClipLoader` trains from it in bounded
    memory.

    Frames are read, not mapped: mapped pages count as this process's memory
    until they are given back, and a file that is cut off under a mapping kills
    the process. Any program that reads :obj:`.npy` may map the files.

    Args:
        path (str or pathlib.Path): The folder that :meth:`write` made.

    Raises:
        RuntimeError: If something is missing, cut off or contradicts the
            rest; names the file and what to do.

    Example:
        >>> store = ClipStore.write('train.clips', dataset)
        >>> store[0].x.shape
        torch.Size([17, 400, 2])
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        file = self.path / META
        with _explained(file), _open_meta(file) as content:
            meta = json.loads(str(content['meta']))
            if meta['version'] != VERSION:
                raise ValueError(
                    f'version {meta["version"]}, where this release of '
                    f'pyg_hcsf reads {VERSION}'
                )
            self.lengths = content['lengths']  # [K]
            if (
                self.lengths.dtype != np.int64
                or self.lengths.ndim != 1
                or (self.lengths < 0).any()
            ):
                raise ValueError('malformed lengths of clips')
            self.keys = tuple(check_name(key) for key in meta['keys'])
            self._tensors = frozenset(meta['tensors'])
        self.num_frames = int(self.lengths.sum())
        self.layouts = {key: self._read_layout(key) for key in self.keys}

    @staticmethod
    def write(
        path: str | Path,
        clips: Iterable[Data | dict[str, Any]],
        keys: Sequence[str] = ('x', 'y'),
    ) -> ClipStore:
        r"""Writes clips, one at a time, all or nothing.

        Only one clip and the attributes of all are in memory. The folder
        appears under its name once it is whole on the disk; a process that is
        killed leaves a hidden :obj:`.<name>.*.part` beside it, which the next
        :meth:`write` on that machine removes.

        The clips are stored as they come: to train on clips that
        :class:`~pyg_hcsf.transforms.EncodePose` encodes, write encoded clips.

        Args:
            path (str or pathlib.Path): The folder to make.
            clips (iterable): The :class:`~torch_geometric.data.Data`, or
                dictionaries of what they hold; a generator will do.
            keys (tuple[str, ...], optional): The sequences, each
                ``[N, T, *]`` with the :obj:`T` of the clip. All else is kept
                per clip: strings, numbers, and tensors of one shape; what
                never changes, such as :obj:`edge_index`, is kept once.
                (default: :obj:`("x", "y")`)

        Raises:
            ValueError: If :obj:`path` is there already, or a clip differs
                from the first in its attributes, shapes or types.
            RuntimeError: If the system refuses to write, as on a full disk.
        """
        write_clips(Path(path), clips, tuple(keys))
        return ClipStore(path)

    def read(
        self, key: str, starts: Sequence[int], stops: Sequence[int]
    ) -> Tensor:
        r"""Reads ranges of frames, counted over all clips.

        Args:
            key (str): The sequence.
            starts (list[int]): The first frame of each range.
            stops (list[int]): The end of each range, not included.

        Returns:
            The frames of all ranges side by side, ``[F, N, *]``.
        """
        layout = self.layouts[key]
        size = layout.frame_bytes
        total = sum(stops) - sum(starts)
        out = np.empty((total, *layout.shape), layout.dtype)
        view = out.reshape(-1).view(np.uint8).data
        path = self.path / f'{key}.npy'
        with _explained(path), path.open('rb') as file:
            if hasattr(os, 'posix_fadvise'):  # all at once, not one by one
                for start, stop in zip(starts, stops, strict=True):
                    os.posix_fadvise(
                        file.fileno(),
                        layout.offset + start * size,
                        (stop - start) * size,
                        os.POSIX_FADV_WILLNEED,
                    )
            for start, stop in zip(starts, stops, strict=True):
                part = view[: (stop - start) * size]
                file.seek(layout.offset + start * size)
                if file.readinto(part) != len(part):
                    raise ValueError(f'it ends before frame {stop}')
                view = view[len(part) :]
        return torch.from_numpy(out)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, idx: int) -> Data:
        if not -len(self) <= idx < len(self):
            raise IndexError(
                f'Expected a clip number below {len(self)} (got {idx})'
            )
        idx %= len(self)
        start, stop = self._ptr[idx : idx + 2].tolist()
        data = Data()
        for key in self.keys:
            sequence = self.read(key, [start], [stop])
            data[key] = sequence.transpose(0, 1).contiguous()
        for name, column in self._columns.items():
            value = column[idx if len(column) > 1 else 0]
            is_tensor = name in self._tensors
            data[name] = torch.tensor(value) if is_tensor else value.item()
        return data

    def __iter__(self) -> Iterator[Data]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}('{self.path}', num_clips={len(self)}, "
            f'num_frames={self.num_frames})'
        )

    @cached_property
    def _ptr(self) -> np.ndarray:
        return np.concatenate([[0], self.lengths.cumsum()])

    @cached_property
    def _columns(self) -> dict[str, np.ndarray]:
        file = self.path / META
        columns = {}
        with _explained(file), _open_meta(file) as content:
            for name in content.files:
                if not name.startswith('clip.'):
                    continue
                column = content[name]
                if len(column) not in (1, len(self)):
                    raise ValueError(
                        f"'{name}' of {len(column)} clips among {len(self)}"
                    )
                columns[check_name(name.removeprefix('clip.'))] = column
        return columns

    def _read_layout(self, key: str) -> Layout:
        path = self.path / f'{key}.npy'
        with _explained(path), path.open('rb') as file:
            version = np.lib.format.read_magic(file)
            if version != (1, 0):
                raise ValueError(f'version {version} of the npy format')
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
            plain = dtype.kind in 'biufc' and dtype.isnative
            if fortran or not plain or len(shape) < 2:
                raise ValueError(f'frames of {dtype} in shape {shape}')
            if shape[0] != self.num_frames:
                raise ValueError(
                    f'{shape[0]} frames, where the clips have '
                    f'{self.num_frames}'
                )
            layout = Layout(dtype, shape[1:], file.tell())
            expected = layout.offset + self.num_frames * layout.frame_bytes
            if (size := os.fstat(file.fileno()).st_size) != expected:
                raise ValueError(f'{size} bytes instead of {expected}')
        return layout


@contextlib.contextmanager
def _open_meta(file: Path) -> Iterator[NpzFile]:
    with file.open('rb') as stream:
        content = np.load(stream, allow_pickle=False)
        if not isinstance(content, NpzFile) or content.zip is None:
            raise ValueError('not an npz archive')
        for member in content.zip.infolist():  # which could swell
            if member.compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"'{member.filename}' is compressed")
        yield content


@contextlib.contextmanager
def _explained(file: Path) -> Iterator[None]:
    try:
        yield
    except (
        *(OSError, ValueError, TypeError, LookupError, EOFError),
        *(MemoryError, RuntimeError, zipfile.BadZipFile),
    ) as e:
        reason = e.strerror if isinstance(e, OSError) else e
        raise RuntimeError(
            f"The file '{file}' of a clip store cannot be read ({reason}). "
            'Delete the folder and write the store again'
        ) from e
