from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Optional, Union

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data

from pyg_hcsf.data.clip_store import ClipStore
from pyg_hcsf.hops import HopEdges

BATCH_LAYOUTS = ('static', 'batch')
BLOCK = 128  # frames that are read from a store in one piece, or more


class Pool(NamedTuple):
    r"""Frames in memory: runs of consecutive frames, side by side."""

    first: Tensor  # [R] number of the first frame of a run, over all clips
    shift: Tensor  # [R] from the number of a frame to its place
    sequences: dict[str, Tensor]  # [F, N, C] by key


class ClipLoader:
    r"""Windows of frames out of clips, at a constant number of Python steps
    per batch.

    One :class:`~torch_geometric.data.Data` per clip holds node-first
    sequences, such as ``x [N, T, C]``. They are laid side by side; a batch is
    one indexing operation per key. Windows that reach over the end of a clip
    repeat its first or last frame, and none crosses into another clip.

    Clips in memory are shuffled window by window. A
    :class:`~pyg_hcsf.data.ClipStore` streams: the loader draws blocks of
    128 consecutive frames (512 for windows of 243) at random and without
    replacement, reads a pool of them, up to :obj:`pool_size` frames, shuffles
    its windows, and cuts them into batches; then the next pool. Every window
    comes once in an epoch, and a store that fits in one pool gives the very
    batches of the same clips in memory.

    How good that shuffling is: two windows of a batch come from the same block
    with a chance of :math:`1 / B` for :math:`B` blocks in a pool. Even if all
    windows of a block were alike, the mean over :math:`n` windows would vary
    only :math:`1 + (n - 1) / B` times as much as after a full shuffle: 1.12
    times for batches of 256 single frames, of 2048 blocks in a pool.

    Args:
        clips (list[torch_geometric.data.Data] or ClipStore): The clips; a
            data set is a list of them.
        batch_size (int, optional): The number of windows of a batch, over all
            processes. (default: :obj:`256`)
        frames (int, optional): The odd number of frames of a window. With
            :obj:`1`, the time dimension is left out. (default: :obj:`1`)
        stride (int, optional): Takes every :obj:`stride`-th frame of a clip
            as the centre of a window. (default: :obj:`1`)
        keys (tuple[str, ...], optional): The sequences to load.
            (default: :obj:`("x", "y")`)
        shuffle (bool, optional): If set to :obj:`True`, a new random order in
            every epoch, the same on every machine. (default: :obj:`False`)
        drop_last (bool, optional): If set to :obj:`True`, leaves out the last
            incomplete batch. (default: :obj:`False`)
        layout (str, optional): :obj:`"static"` yields
            :class:`~torch_geometric.data.Data` with dense ``[B, N, C]``;
            :obj:`"batch"` true :class:`~torch_geometric.data.Batch` objects
            with ``[B * N, C]`` and batched edges. (default: :obj:`"static"`)
        hops (HopEdges, optional): For the batch layout, the edges to use
            instead of those of the clips. (default: :obj:`None`)
        seed (int, optional): The seed of the order. (default: :obj:`0`)
        rank (int, optional): The number of this process. (default: :obj:`0`)
        world_size (int, optional): The number of processes: each loads its
            share of every batch. (default: :obj:`1`)
        pool_size (int, optional): For a store, the number of frames to hold
            in memory; a batch if that is more. Poses in 2D and 3D with 17
            joints take 340 bytes a frame. (default: :obj:`262144`)
        window_keys (tuple[str, ...], optional): The sequences to cut in
            windows; of the others, the central frame is taken.
            (default: the first of :obj:`keys`)

    Each batch also has :obj:`clip` and :obj:`frame`, ``[B]``: the number of
    the clip and of the frame in it.

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
        shuffle: bool = False,
        drop_last: bool = False,
        layout: str = 'static',
        hops: Optional[HopEdges] = None,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
        pool_size: int = 2**18,
        window_keys: Optional[tuple[str, ...]] = None,
    ) -> None:
        if frames < 1 or frames % 2 == 0:
            raise ValueError(f"Expected an odd 'frames' (got {frames})")
        if batch_size < world_size or stride < 1:
            raise ValueError(
                "Expected 'batch_size' >= the number of processes and "
                f"'stride' >= 1 (got {batch_size} and {stride})"
            )
        if not 0 <= rank < world_size:
            raise ValueError(
                "Expected 'rank' to be 0 or more and below 'world_size' (got "
                f'{rank} and {world_size})'
            )
        if layout not in BATCH_LAYOUTS:
            raise ValueError(
                f"Expected 'layout' to be one of {BATCH_LAYOUTS} (got '{layout}')"
            )
        if window_keys is None:
            window_keys = keys[:1]
        elif not set(window_keys) <= set(keys):
            raise ValueError(
                f"Expected 'window_keys' to be some of 'keys', {keys} (got "
                f'{window_keys})'
            )
        self.batch_size = batch_size
        self.frames = frames
        self.stride = stride
        self.keys = keys
        self.window_keys = window_keys
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.layout = layout
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.epoch = 0
        self.start = 0

        self.store = clips if isinstance(clips, ClipStore) else None
        count = len(clips) if self.store is None else 1
        items = [clips[i] for i in range(count)]
        _check_clips(items, keys)
        if self.store is None:
            lengths = [data[keys[0]].size(1) for data in items]
            self.length = torch.tensor(lengths, dtype=torch.long)  # [K]
        else:
            self.length = torch.from_numpy(self.store.lengths)
        self.frame_ptr = _ptr(self.length)
        self.window_ptr = _ptr(-(-self.length // stride))
        if self.num_windows == 0:
            raise ValueError(
                f"Expected clips with at least one frame in '{keys[0]}' (got "
                f'{len(self.length)} clips without any)'
            )
        self.pool: Optional[Pool] = None
        if self.store is None:
            sequences = {}
            for key in keys:
                sequence = torch.cat([data[key] for data in items], dim=1)
                sequences[key] = sequence.transpose(0, 1).contiguous()
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

    def __len__(self) -> int:
        if self.drop_last:
            return max(1, self.num_windows // self.batch_size)
        return -(-self.num_windows // self.batch_size)

    def set_epoch(self, epoch: int, start: int = 0) -> None:
        r"""Chooses the order of an epoch, and the batch that it starts at."""
        self.epoch, self.start = epoch, start

    def __iter__(self) -> Iterator[Data]:
        seed = self.seed * 1_000_003 + self.epoch
        pool, order = self.pool, torch.empty(0)
        for step in range(self.start, len(self)):
            number, place = divmod(step * self.batch_size, self.pool_windows)
            if step == self.start or place == 0:
                blocks = self._blocks(number, seed)
                order = self._order(blocks, number, seed)
                if self.store is not None:
                    pool = None  # its memory is free for the next one
                    pool = self._read(blocks)
            part = order[place : place + self.batch_size]
            yield self._load(pool, part[self.rank :: self.world_size])

    def load(self, window: Tensor) -> Data:
        r"""The batch of the windows of given numbers, ``[B]``."""
        pool = self.pool
        if pool is None:
            pool = self._read((window // self.block_size).unique())
        return self._load(pool, window)

    def _plan_pools(self, pool_size: int) -> None:
        # Windows reach beyond their block by half a window on either side,
        # which must not weigh much. A pool is whole blocks and whole batches.
        span = max(BLOCK, 1 << (2 * self.frames).bit_length())
        block = 1 << max(1, span // self.stride).bit_length() - 1
        while True:
            unit = math.lcm(block, self.batch_size)
            cost = unit * self.stride + unit // block * (self.frames - 1)
            if cost <= pool_size or block == 1:
                break
            block //= 2
        most = unit * max(1, pool_size // cost)
        pools = -(-self.num_windows // most)
        self.block_size = block
        self.pool_windows = unit * -(-self.num_windows // (unit * pools))

    def _blocks(self, pool: int, seed: int) -> Tensor:
        # The last block may be shorter, so it stays the last: pools are
        # equally long then, and a batch tells which it is in.
        whole, rest = divmod(self.num_windows, self.block_size)
        blocks = torch.arange(whole + (rest > 0))
        if self.shuffle:
            blocks[:whole] = torch.randperm(whole, generator=_random(seed, -1))
        size = self.pool_windows // self.block_size
        return blocks[pool * size : (pool + 1) * size].sort().values

    def _order(self, blocks: Tensor, pool: int, seed: int) -> Tensor:
        first = self.block_size * blocks.view(-1, 1)
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
        start = self.frame_ptr[clip] + (frame - self.frames // 2).clamp(min=0)
        clip, frame = self._locate(last)
        stop = self.frame_ptr[clip] + 1
        stop += torch.minimum(frame + self.frames // 2, self.length[clip] - 1)
        # Blocks that touch or overlap make one run.
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
        center += pool.shift[run]
        places = dict.fromkeys(self.keys, center)
        if self.frames > 1:
            reach = torch.arange(self.frames) - self.frames // 2
            step = torch.maximum(reach, -frame.view(-1, 1))
            last = (self.length[clip] - 1 - frame).view(-1, 1)
            around = center.view(-1, 1) + step.minimum(last)
            places |= dict.fromkeys(self.window_keys, around)
        values = {}
        for key, place in places.items():  # [B, (F,) N, C]
            # Several times as fast as indexing with brackets:
            value = pool.sequences[key].index_select(0, place.view(-1))
            values[key] = value.unflatten(0, place.shape)
        ids = {'clip': clip, 'frame': frame}
        if self.layout == 'static':
            return Data(edge_index=self.edge_index, **values, **ids)
        return self._batch(values, ids, window.numel())

    def _batch(
        self, values: dict[str, Tensor], ids: dict[str, Tensor], size: int
    ) -> Batch:
        n = self.num_nodes
        graph = torch.arange(size + 1)
        for key, value in values.items():
            if value.dim() == 4:
                value = value.transpose(1, 2)
            values[key] = value.flatten(0, 1)  # [B * N, (F,) C]
        edge_index = self.edge_index.unsqueeze(1) + n * graph[:-1].view(-1, 1)
        edges = {'edge_index': edge_index.view(2, -1)}  # [2, B * E]
        if self.edge_pair is not None:
            edges['edge_pair'] = self.edge_pair.repeat(size)
        out = Batch(
            **edges,
            batch=graph[:-1].repeat_interleave(n),
            ptr=n * graph,
            **values,
            **ids,
        )
        # What takes a batch apart again, as Batch.from_data_list leaves it.
        out._num_graphs = size
        out._slice_dict = {
            **dict.fromkeys(edges, self.edge_index.size(1) * graph),
            **dict.fromkeys(values, n * graph),
            **dict.fromkeys(ids, graph),
        }
        out._inc_dict = dict.fromkeys(out._slice_dict)
        out._inc_dict['edge_index'] = n * graph[:-1]
        return out

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(num_windows={self.num_windows}, '
            f'batch_size={self.batch_size}, frames={self.frames})'
        )


def _ptr(count: Tensor) -> Tensor:
    return torch.cat([count.new_zeros(1), count.cumsum(0)])


def _random(seed: int, pool: int) -> torch.Generator:
    # The first pool, which is all of the clips in memory, has the seed itself.
    # torch seeds with 32 bits: no shifting.
    return torch.Generator().manual_seed(seed + 7919 * pool)


def _check_clips(clips: list[Data], keys: tuple[str, ...]) -> None:
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
