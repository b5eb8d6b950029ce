r"""Reads clips from a folder of flat :obj:`.npy` files."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from pyg_hcsf.axes import to_data
from pyg_hcsf.data.clip_files import explain_errors, open_meta, read_layout
from pyg_hcsf.data.clip_writer import VERSION, check_name, write_clips


class ClipStore:
    r"""Clips of any lengths on disk, for data sets that do not fit in memory.

    A store is a folder. It holds one flat :obj:`<key>.npy` per sequence, with
    the frames of all clips along the first axis, such as :obj:`[F, N, C]` or
    :obj:`[F, M, N, C]` for :math:`M` bodies, and one small :obj:`clips.npz`
    with the lengths and attributes of the clips. It opens in milliseconds
    whatever its size. :obj:`store[i]` reads clip :obj:`i` as a
    :class:`~torch_geometric.data.Data`, which is node-first as everywhere in
    PyG: :obj:`[N, T, C]` or :obj:`[N, T, M, C]`.
    :class:`~pyg_hcsf.data.ClipLoader` and
    :class:`~pyg_hcsf.data.ActionLoader` train from a store in bounded memory.

    Frames are read, not memory-mapped: mapped pages count as memory of this
    process until the system reclaims them, and truncating a mapped file kills
    the process. Other programs may map the :obj:`.npy` files.

    Args:
        path (str or pathlib.Path): The folder that :meth:`write` made.

    Raises:
        RuntimeError: If a file is missing, truncated or inconsistent with the
            others; names the file and the remedy.

    Example:
        >>> store = ClipStore.write('train.clips', dataset)
        >>> store[0].x.shape
        torch.Size([17, 400, 2])
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with open_meta(self.path) as content:
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
                raise ValueError(
                    "Expected non-negative int64 'lengths', one per clip"
                )
            self.keys = tuple(check_name(key) for key in meta['keys'])
            self._tensors = frozenset(meta['tensors'])
            self.info: dict[str, Any] = meta['info']
        self.num_frames = int(self.lengths.sum())
        self.layouts = {
            key: read_layout(self.path / f'{key}.npy', self.num_frames)
            for key in self.keys
        }

    @staticmethod
    def write(
        path: str | Path,
        clips: Iterable[Data | dict[str, Any]],
        keys: Sequence[str] = ('x', 'y'),
        info: Mapping[str, Any] | None = None,
        overwrite: bool = False,
    ) -> ClipStore:
        r"""Writes clips one at a time; on failure, nothing is left behind.

        Only one clip and the attributes of all clips are in memory. The
        folder appears under its name once it is complete on the disk. A
        process that is killed leaves a hidden :obj:`.<name>.*.part` beside
        it, which the next :meth:`write` on that machine removes.

        Clips are stored as given: to train on clips encoded by
        :class:`~pyg_hcsf.transforms.EncodePose`, write encoded clips.

        Args:
            path (str or pathlib.Path): The folder to make.
            clips (iterable): The clips, each a node-first
                :class:`~torch_geometric.data.Data` or a dictionary of the
                same attributes with **frames first** (:obj:`[T, N, *]` or
                :obj:`[T, M, N, *]`). A generator is enough.
            keys (tuple[str, ...], optional): The names of the sequences.
                All other attributes are kept per clip: strings, numbers, and
                tensors of one shape. A value that is the same in all clips,
                such as :obj:`edge_index`, is kept once.
                (default: :obj:`("x", "y")`)
            info (Mapping, optional): Strings and numbers about all clips, for
                :obj:`store.info`. It is saved after the last clip, so that
                the generator of the clips can fill it.
                (default: :obj:`None`)
            overwrite (bool, optional): If set to :obj:`True`, replaces a
                store at :obj:`path` once the new one is complete.
                (default: :obj:`False`)

        Raises:
            ValueError: If :obj:`path` exists and is not to be overwritten, or
                a clip differs from the first in its attributes, shapes or
                types.
            RuntimeError: If the system refuses to write, as on a full disk.
        """
        write_clips(
            Path(path),
            clips,
            keys=tuple(keys),
            info={} if info is None else info,
            overwrite=overwrite,
        )
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
            The frames of all ranges, concatenated: :obj:`[F, N, *]`.
        """
        layout = self.layouts[key]
        size = layout.frame_bytes
        total = sum(stops) - sum(starts)
        out = np.empty((total, *layout.shape), layout.dtype)
        # Bytes are read straight into the array, without a copy.
        view = out.reshape(-1).view(np.uint8).data
        path = self.path / f'{key}.npy'
        with explain_errors(path), path.open('rb') as file:
            spans = [  # offset and number of bytes
                (layout.offset + start * size, (stop - start) * size)
                for start, stop in zip(starts, stops, strict=True)
            ]
            if hasattr(os, 'posix_fadvise'):  # read ahead in parallel
                for span in spans:
                    os.posix_fadvise(
                        file.fileno(), *span, os.POSIX_FADV_WILLNEED
                    )
            for (offset, count), stop in zip(spans, stops, strict=True):
                part = view[:count]
                file.seek(offset)
                if file.readinto(part) != count:
                    raise ValueError(f'it ends before frame {stop}')
                view = view[len(part) :]
        return torch.from_numpy(out)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, idx: int) -> Data:
        return to_data(self.clip(idx), self.keys)

    def clip(self, idx: int) -> dict[str, Any]:
        r"""Reads a clip without changing the order of its axes.

        Args:
            idx (int): The number of the clip; negative ones count from the
                end.

        Returns:
            All attributes of the clip; sequences are :obj:`[T, N, *]`.

        Raises:
            IndexError: If there is no such clip.
        """
        if not -len(self) <= idx < len(self):
            raise IndexError(
                f'Expected a clip number below {len(self)} (got {idx})'
            )
        idx %= len(self)
        start, stop = self._ptr[idx : idx + 2].tolist()
        frames = {key: self.read(key, [start], [stop]) for key in self.keys}
        return self._checked(idx, frames)

    def load(self) -> list[Data]:
        r"""Reads all clips into memory, each sequence in one piece."""
        whole = {k: self.read(k, [0], [self.num_frames]) for k in self.keys}
        lengths = self.lengths.tolist()
        parts = [value.split(lengths) for value in whole.values()]
        clips = (
            dict(zip(whole, frames, strict=True))
            for frames in zip(*parts, strict=True)
        )
        return [
            to_data(self._checked(i, clip), self.keys)
            for i, clip in enumerate(clips)
        ]

    def column(self, name: str) -> list[Any] | None:
        r"""The value of an attribute in every clip, tensors as nested lists;
        :obj:`None` if clips do not have it.
        """
        if (column := self._columns.get(name)) is None:
            return None
        return column.tolist() * (len(self) if len(column) == 1 else 1)

    def _checked(self, idx: int, frames: dict[str, Tensor]) -> dict[str, Any]:
        r"""Verifies the sequences of a clip and adds its attributes."""
        out: dict[str, Any] = dict(frames)
        for key, value in frames.items():
            content = value.numpy().reshape(-1).view(np.uint8).data
            if zlib.crc32(content) != self._checksums[key][idx]:
                with explain_errors(self.path / f'{key}.npy'):
                    raise ValueError(f'bad checksum of clip {idx}')
        # A column of one value is that of all clips.
        for name, column in self._columns.items():
            value = column[idx if len(column) > 1 else 0]
            is_tensor = name in self._tensors
            out[name] = torch.tensor(value) if is_tensor else value.item()
        return out

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
        columns = {}
        with open_meta(self.path) as content:
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

    @cached_property
    def _checksums(self) -> dict[str, np.ndarray]:
        with open_meta(self.path) as content:
            return {key: content[f'crc.{key}'] for key in self.keys}
