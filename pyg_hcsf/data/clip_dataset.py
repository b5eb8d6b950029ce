from __future__ import annotations

import copy
import hashlib
import json
import math
import os
import pickle
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data, InMemoryDataset

from pyg_hcsf.data.formats import Format
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.shown import cause
from pyg_hcsf.skeleton import H36M17, Skeleton


def save_clips(
    clips: list[Data], meta: dict[str, Any], path: str | Path
) -> None:
    r"""Writes clips and what is to be known about them, all or nothing.

    Args:
        clips (list[torch_geometric.data.Data]): The clips.
        meta (dict): Strings and numbers to keep with them.
        path (str or pathlib.Path): The file.

    Raises:
        RuntimeError: If the system refuses to write, as on a full disk.
    """
    # One tensor per attribute: thousands of small ones are slow to load.
    flat: dict[str, list[Tensor]] = {}
    records: list[dict[str, Any]] = []
    for clip in clips:
        record: dict[str, Any] = {}
        for key, value in clip.to_dict().items():
            if isinstance(value, Tensor):
                flat.setdefault(key, []).append(value.reshape(-1))
                value = list(value.shape)
            record[key] = value
        records.append(record)
    content = {
        'meta': meta,
        'records': records,
        'tensors': {key: torch.cat(values) for key, values in flat.items()},
    }
    remedy = 'free some space or choose another root'
    with atomic_write(path, remedy) as part, part.open('wb') as file:
        torch.save(content, file)


def load_clips(path: str | Path) -> tuple[list[Data], dict[str, Any]]:
    r"""Reads what :func:`save_clips` wrote.

    Raises:
        RuntimeError: If the file is damaged; says what to do.
    """
    try:
        with zipfile.ZipFile(path) as archive:  # torch checks no checksums
            if (name := archive.testzip()) is not None:
                raise ValueError(f"bad checksum of '{name}'")
        content = torch.load(path, weights_only=True)
        start = dict.fromkeys(content['tensors'], 0)
        clips = []
        for record in content['records']:
            for key in record.keys() & start.keys():
                shape = record[key]
                stop = start[key] + math.prod(shape)
                value = content['tensors'][key][start[key] : stop]
                record[key] = value.view(shape).clone()
                start[key] = stop
            clips.append(Data.from_dict(record))
        return clips, content['meta']
    except (
        *(RuntimeError, ValueError, TypeError, LookupError, EOFError),
        *(OSError, pickle.UnpicklingError, zipfile.BadZipFile),
    ) as e:
        raise RuntimeError(
            f"The processed file '{path}' cannot be read ({cause(e)}). Delete "
            'it, or '
            'pass force_reload=True, to have it made again from the raw files'
        ) from e


def fingerprint(root: Path, files: Iterable[Path]) -> str:
    r"""Tells apart raw files by name and size.

    Raises:
        ValueError: If one is not there; names it.
    """
    try:
        listing = sorted(
            (os.path.relpath(file, root), file.stat().st_size)
            for file in files
        )
    except OSError as e:
        raise ValueError(
            f"The raw file '{e.filename}' cannot be read ({e.strerror}): get "
            'it again or remove it'
        ) from e
    return hashlib.sha256(json.dumps(listing).encode()).hexdigest()[:16]


class ClipDataset(InMemoryDataset):
    r"""The base class of data sets of clips, which differ in length, so that
    they are kept apart rather than collated.

    Other than :class:`~torch_geometric.data.InMemoryDataset` it neither
    writes nor unpickles files about :obj:`pre_transform` and
    :obj:`pre_filter`: their :func:`repr` is part of the processed file's
    name.
    """

    formats: tuple[Format, ...] = ()
    _data_list: list[Data]

    def _process(self) -> None:
        path = Path(self.processed_paths[0])
        if path.exists() and not self.force_reload:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=path.parent):
                pass  # reading takes minutes: know now whether writing works
        except OSError as e:
            raise RuntimeError(
                f"Could not write to the folder '{path.parent}': {e.strerror}."
                " Make it writable or choose another 'root'"
            ) from e
        if self.log:
            print('Processing...', file=sys.stderr)
        self.process()
        if self.log:
            print('Done!', file=sys.stderr)

    @property
    def _pre(self) -> str:
        if self.pre_transform is None and self.pre_filter is None:
            return ''
        text = repr((self.pre_transform, self.pre_filter))
        text = re.sub(' at 0x[0-9a-fA-F]+', '', text)
        return f'_pre{hashlib.sha256(text.encode()).hexdigest()[:8]}'

    def len(self) -> int:
        return len(self._data_list)

    def get(self, idx: int) -> Data:
        return copy.copy(self._data_list[idx])

    def copy(self, idx: Any = None) -> ClipDataset:
        chosen = self if idx is None else self.index_select(idx)
        out = copy.copy(self)
        out._data_list = [copy.deepcopy(self.get(i)) for i in chosen.indices()]
        out._indices = None
        return out

    @property
    def skeleton(self) -> Skeleton:
        r"""The 17 joints of Human3.6M."""
        return H36M17

    @property
    def raw_fingerprint(self) -> str:
        r"""Tells apart the raw files (names and sizes) that the clips were
        made from; empty if there are none.
        """
        return ''
