"""Randomly augmented batches that can be reproduced after a resume."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from torch import Generator


def random_seed(*numbers: int) -> int:
    """Hashes numbers to a seed of 32 bits, all that a CPU generator of torch
    uses of one.
    """
    text = ','.join(map(str, numbers)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), 'big')


class RandomLoader(ABC):
    """Augments the batches of a :class:`~pyg_hcsf.data.ClipLoader`, or of a
    loader with its attributes, differently in every epoch. It has those of
    its attributes that a trainer reads.

    Args:
        windows: Loads the batches.
    """

    def __init__(self, windows: Any) -> None:
        self.windows = windows
        self.rank, self.world_size = windows.rank, windows.world_size
        self.num_windows = windows.num_windows
        self.set_epoch = windows.set_epoch

    @abstractmethod
    def augment(self, batch: Any, generator: Generator) -> Any:
        """Makes a training batch with ``x`` and ``y``."""

    def __len__(self) -> int:
        return len(self.windows)

    def __iter__(self) -> Iterator[Any]:
        windows = self.windows
        for number, batch in enumerate(windows, start=windows.start):
            seed = random_seed(windows.seed, windows.epoch, number, self.rank)
            yield self.augment(batch, Generator().manual_seed(seed))
