from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Optional, Union

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data

from pyg_hcsf.hops import HopEdges

LAYOUTS = ('static', 'batch')


class ClipLoader:
    r"""Windows of frames out of clips, at a constant number of Python steps
    per batch.

    One :class:`~torch_geometric.data.Data` per clip holds node-first
    sequences, such as ``x [N, T, C]``. They are laid side by side once; a
    batch is one indexing operation per key. Windows that reach over the end of
    a clip repeat its first or last frame, and none crosses into another clip.

    Args:
        clips (list[torch_geometric.data.Data]): The clips; a data set is one.
        batch_size (int, optional): The number of windows of a batch, over all
            processes. (default: :obj:`256`)
        frames (int, optional): The odd number of frames of a window. With
            :obj:`1`, the time dimension is left out. (default: :obj:`1`)
        stride (int, optional): Takes every :obj:`stride`-th frame of a clip
            as the centre of a window. (default: :obj:`1`)
        keys (tuple[str, ...], optional): The sequences to load. The first is
            cut in windows, the others at the central frame.
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

    Each batch also has :obj:`clip` and :obj:`frame`, ``[B]``: the number of
    the clip and of the frame in it.

    Raises:
        ValueError: If there is no frame, a sequence has another length than
            the first, or an argument is out of range.

    Example:
        >>> for batch in ClipLoader(dataset, batch_size=256, shuffle=True):
        ...     loss = (model(batch.x) - batch.y).abs().mean()
    """

    def __init__(
        self,
        clips: Sequence[Data],
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
    ) -> None:
        if frames < 1 or frames % 2 == 0:
            raise ValueError(f"Expected an odd 'frames' (got {frames})")
        if batch_size < world_size or stride < 1:
            raise ValueError(
                "Expected 'batch_size' >= the number of processes and "
                f"'stride' >= 1 (got {batch_size} and {stride})"
            )
        if layout not in LAYOUTS:
            raise ValueError(
                f"Expected 'layout' to be one of {LAYOUTS} (got '{layout}')"
            )
        self.batch_size = batch_size
        self.frames = frames
        self.keys = keys
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.layout = layout
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.epoch = 0
        self.start = 0

        items = [clips[i] for i in range(len(clips))]
        self.sequences: dict[str, Tensor] = {}
        lengths = [data[keys[0]].size(1) for data in items]
        if sum(lengths) == 0:
            raise ValueError(
                f"Expected clips with at least one frame in '{keys[0]}' (got "
                f'{len(items)} clips without any)'
            )
        for key in keys:
            for data, length in zip(items, lengths, strict=True):
                if data[key].size(1) != length:
                    raise ValueError(
                        f"Expected '{key}' with {length} frames, as "
                        f"'{keys[0]}' has (got {data[key].size(1)})"
                    )
            sequence = torch.cat([data[key] for data in items], dim=1)
            self.sequences[key] = sequence.transpose(0, 1).contiguous()

        length = torch.tensor(lengths)
        clip = torch.arange(len(items)).repeat_interleave(length)
        first = (length.cumsum(0) - length)[clip]
        frame = torch.arange(clip.numel()) - first
        chosen = (frame % stride == 0).nonzero().view(-1)
        self.center = chosen  # [W] positions of the central frames
        self.clip, self.frame = clip[chosen], frame[chosen]
        self.first = first[chosen]
        self.last = (first + length[clip] - 1)[chosen]

        edges: Union[Data, HopEdges] = items[0] if hops is None else hops
        self.num_nodes = int(items[0][keys[0]].size(0))
        self.edge_index = edges.edge_index
        self.edge_pair = getattr(edges, 'edge_pair', None)

    @property
    def num_windows(self) -> int:
        r"""The number of windows in an epoch."""
        return self.center.numel()

    def __len__(self) -> int:
        if self.drop_last:
            return max(1, self.num_windows // self.batch_size)
        return -(-self.num_windows // self.batch_size)

    def set_epoch(self, epoch: int, start: int = 0) -> None:
        r"""Chooses the order of an epoch, and the batch that it starts at."""
        self.epoch, self.start = epoch, start

    def __iter__(self) -> Iterator[Data]:
        order = torch.arange(self.num_windows)
        if self.shuffle:
            generator = torch.Generator().manual_seed(
                self.seed * 1_000_003 + self.epoch
            )
            order = torch.randperm(self.num_windows, generator=generator)
        for step in range(self.start, len(self)):
            part = order[step * self.batch_size : (step + 1) * self.batch_size]
            yield self.load(part[self.rank :: self.world_size])

    def load(self, window: Tensor) -> Data:
        r"""The batch of the windows of given numbers, ``[B]``."""
        center = self.center[window]
        values = {key: self.sequences[key][center] for key in self.keys[1:]}
        head = self.sequences[self.keys[0]]
        if self.frames > 1:
            reach = torch.arange(self.frames) - self.frames // 2
            position = center.view(-1, 1) + reach
            position = torch.maximum(position, self.first[window].view(-1, 1))
            position = torch.minimum(position, self.last[window].view(-1, 1))
            values[self.keys[0]] = head[position]  # [B, F, N, C]
        else:
            values[self.keys[0]] = head[center]  # [B, N, C]
        ids = {'clip': self.clip[window], 'frame': self.frame[window]}
        if self.layout == 'static':
            return Data(edge_index=self.edge_index, **values, **ids)
        return self._batch(values, ids, window.numel())

    def _batch(
        self, values: dict[str, Tensor], ids: dict[str, Tensor], size: int
    ) -> Batch:
        n = self.num_nodes
        offset = (n * torch.arange(size)).view(-1, 1)
        edge_index = self.edge_index.unsqueeze(1) + offset  # [2, B, E]
        for key, value in values.items():
            if value.dim() == 4:
                value = value.transpose(1, 2)
            values[key] = value.flatten(0, 1)  # [B * N, (F,) C]
        out = Batch(
            edge_index=edge_index.view(2, -1),
            batch=torch.arange(size).repeat_interleave(n),
            ptr=n * torch.arange(size + 1),
            **values,
            **ids,
        )
        if self.edge_pair is not None:
            out.edge_pair = self.edge_pair.repeat(size)
        out._num_graphs = size
        return out

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(num_windows={self.num_windows}, '
            f'batch_size={self.batch_size}, frames={self.frames})'
        )
