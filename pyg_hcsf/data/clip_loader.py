r"""Batches of windows of frames for pose lifting."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Optional, Union

import torch
from torch import Tensor
from torch_geometric.data import Data

from pyg_hcsf.axes import frames_first
from pyg_hcsf.choices import check_choice
from pyg_hcsf.data.clip_store import ClipStore
from pyg_hcsf.data.loader import BatchLoader, check_sequences, pointers
from pyg_hcsf.data.pyg_batch import to_batch
from pyg_hcsf.hops import HopEdges

BLOCK = 128  # least frames that are read from a store in one piece


class Pool(NamedTuple):
    r"""Frames in memory: concatenated runs of consecutive frames."""

    first: Tensor  # [R] number of the first frame of a run, over all clips
    shift: Tensor  # [R] from the number of a frame to its index in sequences
    sequences: dict[str, Tensor]  # [F, N, C] by key


class ClipLoader(BatchLoader):
    r"""Batches of windows of frames, in a constant number of Python steps.

    Each clip is a :class:`~torch_geometric.data.Data` with node-first
    sequences, such as :obj:`x` :obj:`[N, T, C]`. The clips are concatenated
    in memory with frames first; a batch is one indexing operation per key.
    Windows that extend beyond the end of a clip repeat its first or last
    frame, and never contain frames of another clip.

    Clips in memory are shuffled window by window. A
    :class:`~pyg_hcsf.data.ClipStore` is streamed: the loader draws blocks of
    128 consecutive frames (512 for windows of 243) at random and without
    replacement, reads a pool of them of up to :obj:`pool_size` frames,
    shuffles its windows, and cuts them into batches; then it reads the next
    pool. Every window comes once per epoch. A store that fits in one pool
    gives exactly the batches of the same clips in memory.

    Quality of the shuffling: two windows of a batch come from the same block
    with probability :math:`1 / B` for :math:`B` blocks in a pool. Even if all
    windows of a block were equal, the variance of the mean of :math:`n`
    windows would be only :math:`1 + (n - 1) / B` times that of a full
    shuffle: 1.12 times for batches of 256 single frames and 2048 blocks in a
    pool.

    Args:
        clips (list[torch_geometric.data.Data] or ClipStore): The clips, such
            as a data set.
        batch_size (int, optional): The number of windows of a batch, over all
            processes. (default: :obj:`256`)
        frames (int, optional): The odd number of frames of a window. With
            :obj:`1`, batches have no time axis. (default: :obj:`1`)
        stride (int, optional): Takes every :obj:`stride`-th frame of a clip
            as the centre of a window. (default: :obj:`1`)
        keys (tuple[str, ...], optional): The sequences to load.
            (default: :obj:`("x", "y")`)
        layout (str, optional): :obj:`"static"` yields
            :class:`~torch_geometric.data.Data` with dense :obj:`[B, N, C]`
            or :obj:`[B, T, N, C]`; :obj:`"batch"` yields
            :class:`~torch_geometric.data.Batch` with :obj:`[B * N, C]` or
            :obj:`[B * N, T, C]` and batched edges. (default: :obj:`"static"`)
        hops (HopEdges, optional): For the batch layout, the edges to use
            instead of those of the clips. (default: :obj:`None`)
        pool_size (int, optional): For a store, the number of frames to hold
            in memory, at least a batch. Poses in 2D and 3D with 17
            joints take 340 bytes a frame. (default: :obj:`262144`)
        window_keys (tuple[str, ...], optional): The sequences to cut into
            windows; of the others, the central frame is taken.
            (default: the first of :obj:`keys`)
        **kwargs: :obj:`shuffle`, :obj:`drop_last`, :obj:`seed`, :obj:`rank`
            and :obj:`world_size`, see
            :class:`~pyg_hcsf.data.loader.BatchLoader`.

    Each batch also has :obj:`clip` and :obj:`frame`, :obj:`[B]`: the number
    of the clip and of the frame in it.

    Raises:
        ValueError: If there is no frame, a clip lacks a sequence or has other
            joints than the first, a sequence has another length than the
            first, or an argument is out of range.
        RuntimeError: If a store cannot be read.

    Example:
        >>> for batch in ClipLoader(dataset, batch_size=256, shuffle=True):
        ...     loss = (model(batch.x) - batch.y).abs().mean()
    """

    def __init__(
        self,
        clips: Union[Sequence[Data], ClipStore],
        batch_size: int = 256,
        frames: int = 1,
        stride: int = 1,
        keys: tuple[str, ...] = ('x', 'y'),
        layout: str = 'static',
        hops: Optional[HopEdges] = None,
        pool_size: int = 2**18,
        window_keys: Optional[tuple[str, ...]] = None,
        **kwargs: Any,
    ) -> None:
        if frames < 1 or frames % 2 == 0:
            raise ValueError(f"Expected an odd 'frames' (got {frames})")
        if stride < 1:
            raise ValueError(f"Expected 'stride' >= 1 (got {stride})")
        check_choice('layout', layout, ('static', 'batch'))
        super().__init__(batch_size, **kwargs)
        if window_keys is None:
            window_keys = keys[:1]
        elif not set(window_keys) <= set(keys):
            raise ValueError(
                f"Expected 'window_keys' to be some of 'keys', {keys} (got "
                f'{window_keys})'
            )
        self.frames = frames
        self.stride = stride
        self.keys = keys
        self.window_keys = window_keys
        self.layout = layout

        self.store = clips if isinstance(clips, ClipStore) else None
        count = len(clips) if self.store is None else 1
        items = [clips[i] for i in range(count)]
        check_sequences(items, keys)
        if self.store is None:
            lengths = [data[keys[0]].size(1) for data in items]
            self.length = torch.tensor(lengths, dtype=torch.long)  # [K]
        else:
            self.length = torch.from_numpy(self.store.lengths)
        self.frame_ptr = pointers(self.length)
        self.window_ptr = pointers(-(-self.length // stride))
        if self.num_windows == 0:
            raise ValueError(
                f"Expected clips with at least one frame in '{keys[0]}' (got "
                f'{len(self.length)} clips without any)'
            )
        self.pool: Optional[Pool] = None
        if self.store is None:
            sequences = {}
            for key in keys:
                frames_of = [frames_first(data[key]) for data in items]
                sequences[key] = torch.cat(frames_of)
            zero = torch.zeros(1, dtype=torch.long)
            self.pool = Pool(zero, zero, sequences)
            self.block_size = self.pool_windows = self.num_windows
        else:
            self._plan_pools(pool_size)

        edges: Union[Data, HopEdges] = items[0] if hops is None else hops
        self.num_nodes = int(items[0][keys[0]].size(0))
        self.edge_index = edges.edge_index
        self.edge_pair = getattr(edges, 'edge_pair', None)
        if layout == 'batch':
            if self.edge_index is None:
                raise ValueError(
                    "Expected clips with 'edge_index', or 'hops', for the "
                    'batch layout (got neither)'
                )
            nodes = [items[0][key].size(0) for key in keys]
            if {edges.num_nodes, *nodes} != {self.num_nodes}:
                raise ValueError(
                    f'Expected edges and {keys} of the same joints for the '
                    f'batch layout (got {edges.num_nodes} and {nodes})'
                )

    @property
    def num_windows(self) -> int:
        r"""The number of windows in an epoch."""
        return int(self.window_ptr[-1])

    def __iter__(self) -> Iterator[Data]:
        seed = self._epoch_seed
        pool, order = self.pool, torch.empty(0)
        for step in range(self.start, len(self)):
            number, first = divmod(step * self.batch_size, self.pool_windows)
            if step == self.start or first == 0:
                blocks = self._blocks(number, seed)
                order = self._order(blocks, number, seed)
                if self.store is not None:
                    pool = None  # frees memory for the next one
                    pool = self._read(blocks)
            part = order[first : first + self.batch_size]
            yield self._load(pool, part[self.rank :: self.world_size])

    def load(self, window: Tensor) -> Data:
        r"""Loads the batch of some windows, :obj:`[B]` numbers."""
        pool = self.pool
        if pool is None:
            pool = self._read((window // self.block_size).unique())
        return self._load(pool, window)

    def _plan_pools(self, pool_size: int) -> None:
        # Windows extend beyond their block by half a window on either side,
        # which must be small relative to a block. A pool consists of complete
        # blocks and complete batches.
        span = max(BLOCK, 1 << (2 * self.frames).bit_length())
        block = 1 << max(1, span // self.stride).bit_length() - 1
        # Halves blocks until a unit, the least number of windows in complete
        # blocks and batches, fits in the pool with the frames around them.
        while True:
            unit = math.lcm(block, self.batch_size)
            cost = unit * self.stride + unit // block * (self.frames - 1)
            if cost <= pool_size or block == 1:
                break
            block //= 2
        most = unit * max(1, pool_size // cost)
        # All pools have about the same size, rather than one small last pool.
        pools = -(-self.num_windows // most)
        self.block_size = block
        self.pool_windows = unit * -(-self.num_windows // (unit * pools))

    def _blocks(self, pool: int, seed: int) -> Tensor:
        # The last block may be shorter. It stays the last one, so that all
        # pools before have one length and a batch number gives the pool.
        whole, rest = divmod(self.num_windows, self.block_size)
        blocks = torch.arange(whole + (rest > 0))
        if self.shuffle:
            blocks[:whole] = torch.randperm(whole, generator=_random(seed, -1))
        size = self.pool_windows // self.block_size
        return blocks[pool * size : (pool + 1) * size].sort().values

    def _order(self, blocks: Tensor, pool: int, seed: int) -> Tensor:
        first = self.block_size * blocks.view(-1, 1)  # [blocks, 1]
        window = (first + torch.arange(self.block_size)).view(-1)
        window = window[window < self.num_windows]
        if self.shuffle:
            generator = _random(seed, pool)
            window = window[torch.randperm(len(window), generator=generator)]
        return window

    def _locate(self, window: Tensor) -> tuple[Tensor, Tensor]:
        window = window.contiguous()  # or searchsorted warns
        clip = torch.searchsorted(self.window_ptr, window, right=True) - 1
        return clip, (window - self.window_ptr[clip]) * self.stride

    def _read(self, blocks: Tensor) -> Pool:
        assert self.store is not None
        first = blocks * self.block_size
        last = (first + self.block_size).clamp(max=self.num_windows) - 1
        clip, frame = self._locate(first)
        # From half a window before the first to half a window after the last
        # window of a block, without leaving the clips.
        start = self.frame_ptr[clip] + (frame - self.frames // 2).clamp(min=0)
        clip, frame = self._locate(last)
        stop = self.frame_ptr[clip] + 1
        stop += torch.minimum(frame + self.frames // 2, self.length[clip] - 1)
        # Adjacent or overlapping blocks are read as one run.
        fresh = torch.ones_like(blocks, dtype=torch.bool)
        fresh[1:] = start[1:] > stop[:-1]
        start, stop = start[fresh], stop[fresh.roll(-1)]
        ranges = start.tolist(), stop.tolist()
        return Pool(
            start,
            (stop - start).cumsum(0) - stop,
            {key: self.store.read(key, *ranges) for key in self.keys},
        )

    def _load(self, pool: Optional[Pool], window: Tensor) -> Data:
        assert pool is not None
        clip, frame = self._locate(window)
        center = self.frame_ptr[clip] + frame
        run = torch.searchsorted(pool.first, center, right=True) - 1
        center += pool.shift[run]  # the index in the pool
        index = dict.fromkeys(self.keys, center)
        if self.frames > 1:
            offset = torch.arange(self.frames) - self.frames // 2
            step = torch.maximum(offset, -frame.view(-1, 1))
            last = (self.length[clip] - 1 - frame).view(-1, 1)
            around = center.view(-1, 1) + step.minimum(last)  # [B, T]
            index |= dict.fromkeys(self.window_keys, around)
        values = {}
        for key, rows in index.items():  # [B, (T,) N, C]
            # index_select is several times as fast as indexing by brackets
            value = pool.sequences[key].index_select(0, rows.view(-1))
            values[key] = value.unflatten(0, rows.shape)
        ids = {'clip': clip, 'frame': frame}
        if self.layout == 'static':
            return Data(edge_index=self.edge_index, **values, **ids)
        return to_batch(values, ids, self.edge_index, self.edge_pair)

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(num_windows={self.num_windows}, '
            f'batch_size={self.batch_size}, frames={self.frames})'
        )


def _random(seed: int, pool: int) -> torch.Generator:
    # Pool 0, which is all there is of clips in memory, uses the seed itself.
    # torch uses 32 bits of the seed, so that they are not combined by shifts.
    return torch.Generator().manual_seed(seed + 7919 * pool)
