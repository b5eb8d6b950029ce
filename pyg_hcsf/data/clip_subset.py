r"""Some clips of a store, read as a store of their own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from torch import Tensor

from pyg_hcsf.data.clip_store import ClipStore


class ClipSubset(ClipStore):
    r"""Some clips of a :class:`~pyg_hcsf.data.ClipStore`, such as those of a
    split, with the interface of a store that holds no others.

    Args:
        store (ClipStore): All clips.
        indices (sequence of int): The numbers of the chosen clips, ascending.

    Raises:
        ValueError: If the numbers are not ascending or not in the store.

    Example:
        >>> ClipLoader(ClipSubset(store, [0, 2]), keys=('x',))
    """

    def __init__(self, store: ClipStore, indices: Sequence[int]) -> None:
        self.indices = np.asarray(indices, dtype=np.int64)
        if (np.diff(self.indices, prepend=-1) <= 0).any() or (
            self.indices >= len(store)
        ).any():
            raise ValueError(
                f"Expected ascending 'indices' below {len(store)} (got "
                f'{list(indices)[:10]}, ...)'
            )
        self.store = store
        self.path, self.keys = store.path, store.keys
        self.layouts, self._tensors = store.layouts, store._tensors
        self.info = store.info
        self.lengths = store.lengths[self.indices]
        self.num_frames = int(self.lengths.sum())

    def read(
        self, key: str, starts: Sequence[int], stops: Sequence[int]
    ) -> Tensor:
        first: list[int] = []
        last: list[int] = []
        ptr, shift = self._ptr, self._shift
        for start, stop in zip(starts, stops, strict=True):
            # The clips in which the range begins and ends; in the whole store,
            # each of them lies `shift` frames later.
            begin, end = np.searchsorted(ptr, [start, stop - 1], 'right') - 1
            clips = np.arange(begin, end + 1)
            low = np.maximum(ptr[clips], start) + shift[clips]
            high = np.minimum(ptr[clips + 1], stop) + shift[clips]
            # Adjacent clips of the store are read in one piece.
            fresh = np.ones(len(clips), dtype=bool)
            fresh[1:] = low[1:] != high[:-1]
            first += low[fresh].tolist()
            last += high[np.roll(fresh, -1)].tolist()
        return self.store.read(key, first, last)

    @cached_property
    def _shift(self) -> np.ndarray:
        return self.store._ptr[self.indices] - self._ptr[:-1]

    @cached_property
    def _checksums(self) -> dict[str, np.ndarray]:
        checksums = self.store._checksums
        return {key: crc[self.indices] for key, crc in checksums.items()}

    @cached_property
    def _columns(self) -> dict[str, np.ndarray]:
        return {
            name: column if len(column) == 1 else column[self.indices]
            for name, column in self.store._columns.items()
        }
