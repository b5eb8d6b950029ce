"""Batches that are changed at random, in the same way when resumed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from torch import Generator
from torch_geometric.data import Data

from experiments.sweep.trainer import random_seed
from pyg_hcsf.data.clip_loader import ClipLoader


class RandomLoader(ABC):
    """Changes the batches of a loader at random, anew in every epoch; the
    interface is that of a ClipLoader.

    Args:
        windows: The loader.
    """

    def __init__(self, windows: ClipLoader) -> None:
        self.windows = windows
        self.rank, self.world_size = windows.rank, windows.world_size
        self.num_windows = windows.num_windows
        self.set_epoch = windows.set_epoch

    @abstractmethod
    def change(self, batch: Data, generator: Generator) -> Any:
        """A batch for a training, with x and y."""

    def __len__(self) -> int:
        return len(self.windows)

    def __iter__(self) -> Iterator[Any]:
        windows = self.windows
        for number, batch in enumerate(windows, start=windows.start):
            seed = random_seed(windows.seed, windows.epoch, number, self.rank)
            yield self.change(batch, Generator().manual_seed(seed))
