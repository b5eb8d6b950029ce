r"""The base class of data sets that fit in memory."""

from __future__ import annotations

import copy
import re
import shutil
from collections.abc import Iterator
from typing import Any

from torch_geometric.data import Data, InMemoryDataset

from pyg_hcsf.data.clip_dataset import ClipDataset
from pyg_hcsf.data.processing import DIGEST


class InMemoryClipDataset(ClipDataset, InMemoryDataset):
    r"""A :class:`ClipDataset` whose clips are all held in memory.

    Clips differ in length, so they are kept as a list rather than collated.
    Arguments are those of :class:`ClipDataset`.
    """

    _data_list: list[Data]

    def _open_store(self) -> None:
        super()._open_store()
        self._data_list = self.store.load()

    def _write(self, clips: Iterator[Any]) -> None:
        super()._write(clips)
        # Stores of the same options from earlier raw files are replaced.
        pattern = re.sub(DIGEST, lambda _: DIGEST, self._path.name)
        for path in self._path.parent.glob(pattern):
            if path != self._path:
                shutil.rmtree(path, ignore_errors=True)

    def len(self) -> int:
        return len(self._data_list)

    def get(self, idx: int) -> Data:
        return copy.copy(self._data_list[idx])

    def copy(self, idx: Any = None) -> InMemoryClipDataset:
        chosen = self if idx is None else self.index_select(idx)
        out = copy.copy(self)
        out._data_list = [copy.deepcopy(self.get(i)) for i in chosen.indices()]
        out._indices = None
        return out
