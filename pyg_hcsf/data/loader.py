r"""The base class of loaders: order, seeds, processes and epochs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

import torch
from torch import Tensor
from torch_geometric.data import Data


class BatchLoader(ABC):
    r"""The base class of loaders that draw batches of numbered samples.

    Batches depend on :obj:`seed` and the epoch only: they are the same on
    every machine, and together those of several processes are those of one.

    Args:
        batch_size (int): The number of samples of a batch, over all
            processes.
        shuffle (bool, optional): If set to :obj:`True`, draws a new random
            order in every epoch. (default: :obj:`False`)
        drop_last (bool, optional): If set to :obj:`True`, leaves out the last
            incomplete batch. (default: :obj:`False`)
        seed (int, optional): The seed of the order. (default: :obj:`0`)
        rank (int, optional): The number of this process. (default: :obj:`0`)
        world_size (int, optional): The number of processes; each loads every
            :obj:`world_size`-th sample of each batch. (default: :obj:`1`)

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(
        self,
        batch_size: int,
        shuffle: bool = False,
        drop_last: bool = False,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        if not 0 <= rank < world_size:
            raise ValueError(
                "Expected 'rank' to be 0 or more and below 'world_size' (got "
                f'{rank} and {world_size})'
            )
        if batch_size < world_size:
            raise ValueError(
                "Expected 'batch_size' to be at least the number of processes "
                f'(got {batch_size} and {world_size})'
            )
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.epoch = 0
        self.start = 0

    @property
    @abstractmethod
    def num_windows(self) -> int:
        r"""The number of samples in an epoch."""

    @abstractmethod
    def __iter__(self) -> Iterator[Data]: ...

    def __len__(self) -> int:
        if self.drop_last:
            return max(1, self.num_windows // self.batch_size)
        return -(-self.num_windows // self.batch_size)

    def set_epoch(self, epoch: int, start: int = 0) -> None:
        r"""Sets the epoch, which determines the order.

        Args:
            epoch (int): The number of the epoch.
            start (int, optional): The number of the first batch to load, to
                resume an epoch. (default: :obj:`0`)
        """
        self.epoch, self.start = epoch, start

    @property
    def _epoch_seed(self) -> int:
        return self.seed * 1_000_003 + self.epoch


def pointers(lengths: Tensor) -> Tensor:
    r"""The first frame of each clip, and the end of the last: :obj:`[K + 1]`
    from lengths :obj:`[K]`.
    """
    return torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])


def check_sequences(clips: list[Data], keys: tuple[str, ...]) -> None:
    r"""Checks that all clips have sequences of equal length with the same
    joints and channels.
    """
    for number, data in enumerate(clips):
        for key in keys:
            value = data.get(key)
            if not isinstance(value, Tensor) or value.dim() < 2:
                hint = ", which the transform 'EncodePose' makes"
                raise ValueError(
                    f"Expected clips with a sequence '{key}' [N, T, *]"
                    f'{hint if key == "joints" else ""} (got clip {number}: '
                    f'{data})'
                )
            length = data[keys[0]].size(1)
            if value.size(1) != length:
                raise ValueError(
                    f"Expected '{key}' with {length} frames, as '{keys[0]}' "
                    f'has (got {value.size(1)})'
                )
            first = clips[0][key]
            if value[:, :0].shape != first[:, :0].shape:
                raise ValueError(
                    f"Expected '{key}' with the joints and channels of clip 0,"
                    f' {list(first.shape)} (got {list(value.shape)} in clip '
                    f'{number})'
                )
