r"""Writes the folder that :class:`~pyg_hcsf.data.ClipStore` reads."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from torch import Tensor
from torch_geometric.data import Data

from pyg_hcsf.axes import to_frames
from pyg_hcsf.data.clip_files import META
from pyg_hcsf.safe_io.atomic_write import part_path, remove_leftovers
from pyg_hcsf.safe_io.shown import shown

VERSION = 2  # of the format
KINDS = {str: 'U', bool: 'b', int: 'i', float: 'f'}


def write_clips(
    path: Path,
    clips: Iterable[Data | dict[str, Any]],
    keys: tuple[str, ...],
    info: Mapping[str, Any],
    overwrite: bool,
) -> None:
    r"""See :meth:`~pyg_hcsf.data.ClipStore.write`."""
    if path.exists() and not overwrite:
        raise ValueError(
            f"Expected 'path' to be a new folder (got '{path}', which "
            "exists): delete it, choose another, or pass 'overwrite'"
        )
    remove_leftovers(path)
    part = part_path(path)
    try:
        part.mkdir(parents=True)
        with contextlib.ExitStack() as stack:
            writer = _Writer(part, keys, stack)
            for clip in clips:
                writer.add(clip)
            writer.finish(info)
        if overwrite and path.exists():
            shutil.rmtree(path)
        os.replace(part, path)
    except OSError as e:
        raise RuntimeError(
            f"Could not write '{path}': {e.strerror or e}. Nothing was kept; "
            'free some space or choose another folder, then try again'
        ) from e
    finally:
        shutil.rmtree(part, ignore_errors=True)


def check_name(name: Any) -> str:
    r"""Refuses names of attributes that are not identifiers, such as paths
    that lead out of the folder.
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(
            'Expected attribute names that are identifiers of Python, such '
            f"as 'x' (got {shown(name)})"
        )
    return name


class _Writer:
    r"""Appends clips to the files of a folder."""

    def __init__(
        self,
        folder: Path,
        keys: tuple[str, ...],
        stack: contextlib.ExitStack,
    ) -> None:
        self.folder = folder
        self.lengths: list[int] = []
        self.checksums: dict[str, list[int]] = {key: [] for key in keys}
        self.files: dict[str, BinaryIO] = {
            check_name(key): stack.enter_context(
                (folder / f'{key}.npy').open('wb')
            )
            for key in keys
        }
        self.layouts: dict[str, tuple[np.dtype, tuple[int, ...]]] = {}
        self.columns: dict[str, list[Any]] = {}  # one value while all agree
        self.types: dict[str, type] = {}

    def add(self, clip: Data | dict[str, Any]) -> None:
        number = len(self.lengths)
        values = (
            dict(clip)
            if isinstance(clip, dict)
            else to_frames(clip, self.files)
        )
        length = None
        for key, file in self.files.items():
            value = values.pop(key, None)
            if not isinstance(value, Tensor) or value.dim() < 2:
                raise ValueError(
                    f"Expected '{key}' of clip {number} to be a tensor with "
                    f'a node and a frame axis (got {_describe(value)}; the '
                    f'clip has {list(clip.keys())})'
                )
            length = value.size(0) if length is None else length
            frames = np.ascontiguousarray(_to_numpy(value, key, number))
            layout = (frames.dtype, frames.shape[1:])
            if number == 0:
                self.layouts[key] = layout
                _write_header(file, layout, 0)
            if layout != self.layouts[key] or len(frames) != length:
                dtype, shape = self.layouts[key]
                raise ValueError(
                    f"Expected '{key}' of clip {number} with {length} frames "
                    f'of {dtype} in shape {list(shape)}, as before (got '
                    f'{len(frames)} of {frames.dtype} in '
                    f'{list(frames.shape[1:])})'
                )
            # With a checksum for each clip, damage is found when it is read.
            content = frames.reshape(-1).view(np.uint8).data
            self.checksums[key].append(zlib.crc32(content))
            file.write(content)
        self.lengths.append(length or 0)
        if number and values.keys() != self.columns.keys():
            raise ValueError(
                f'Expected clip {number} with the attributes of clip 0, '
                f'{sorted(self.columns)} (got {sorted(values)})'
            )
        for name, value in values.items():
            self._add_attribute(number, name, value)

    def _add_attribute(self, number: int, name: str, value: Any) -> None:
        if number == 0:
            self.types[check_name(name)] = type(value)
            self.columns[name] = []
        if type(value) is not self.types[name] or not (
            isinstance(value, Tensor) or type(value) in KINDS
        ):
            raise ValueError(
                f"Expected '{name}' of clip {number} to be a tensor, string "
                f'or number, of one type in all clips (got '
                f'{_describe(value)})'
            )
        column = self.columns[name]
        if isinstance(value, Tensor):
            value = _to_numpy(value, name, number).copy()
            if column and (
                value.shape != column[0].shape
                or value.dtype != column[0].dtype
            ):
                raise ValueError(
                    f"Expected '{name}' of clip {number} as {column[0].dtype}"
                    f' in shape {list(column[0].shape)}, as before (got '
                    f"{value.dtype} in {list(value.shape)}): add '{name}' to "
                    "'keys' if it is a sequence, else leave it out"
                )
        if not column:
            column.append(value)
        # The first other value ends the time in which one stands for all.
        elif len(column) > 1 or not np.array_equal(value, column[0]):
            column.extend(column[:1] * (number - len(column)))
            column.append(value)

    def finish(self, info: Mapping[str, Any]) -> None:
        if not self.lengths:
            raise ValueError('Expected at least one clip (got none)')
        for key, file in self.files.items():
            file.seek(0)
            _write_header(file, self.layouts[key], sum(self.lengths))
            _sync(file)
        columns = {}
        for name, values in self.columns.items():
            column = np.asarray(values)
            kind = KINDS.get(self.types[name], column.dtype.kind)
            if column.dtype.kind != kind:
                raise ValueError(
                    f"Expected '{name}' to be within 64 bits (got one of "
                    f'{values})'
                )
            columns[f'clip.{name}'] = column
        for key, values in self.checksums.items():
            columns[f'crc.{key}'] = np.asarray(values, dtype=np.uint32)
        meta = {
            'version': VERSION,
            'keys': list(self.files),
            'tensors': [n for n, t in self.types.items() if t not in KINDS],
            'info': dict(info),
        }
        with (self.folder / META).open('wb') as meta_file:
            np.savez(
                meta_file,
                allow_pickle=False,
                meta=np.asarray(json.dumps(meta)),
                lengths=np.asarray(self.lengths, dtype=np.int64),
                **columns,
            )
            _sync(meta_file)


def _write_header(
    file: BinaryIO, layout: tuple[np.dtype, tuple[int, ...]], frames: int
) -> None:
    # numpy pads the header, so that it can be rewritten in place with any
    # number of frames.
    dtype, shape = layout
    header = {
        'descr': np.lib.format.dtype_to_descr(dtype),
        'fortran_order': False,
        'shape': (frames, *shape),
    }
    np.lib.format.write_array_header_1_0(file, header)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _to_numpy(value: Tensor, name: str, number: int) -> np.ndarray:
    try:
        return value.detach().cpu().numpy()
    except (TypeError, RuntimeError) as e:
        raise ValueError(
            f"Expected '{name}' of clip {number} to be of a type that numpy "
            f'has (got {value.dtype}, {value.layout})'
        ) from e


def _describe(value: Any) -> str:
    if isinstance(value, Tensor):
        return f'shape {list(value.shape)}'
    return shown(value, 40)
