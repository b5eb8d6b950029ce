from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Optional, Union

import torch
from torch import Tensor
from torch_geometric.data import Data

from pyg_hcsf.data.clip_store import ClipStore
from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import Skeleton
from pyg_hcsf.transforms.fit_frames import (
    check_fit,
    choose_frames,
    take_frames,
)
from pyg_hcsf.transforms.modality import bones, check_stream, motion

MOTIONS = ('after', 'before')


class ActionLoader:
    r"""Labelled clips as static tensors of one length, at a constant number of
    Python steps per batch.

    One :class:`~torch_geometric.data.Data` per clip holds :obj:`x`
    ``[N, T, C]`` or ``[N, T, M, C]`` and the label :obj:`y` ``[1]``. They are
    laid side by side, or read from a :class:`~pyg_hcsf.data.ClipStore`
    batch by batch; frames are chosen for all clips of a batch at once, and so
    are the streams made.

    Args:
        clips (list[torch_geometric.data.Data] or ClipStore): The clips; a
            data set is a list of them.
        skeleton (Skeleton): Their skeleton.
        batch_size (int, optional): The number of clips of a batch, over all
            processes. (default: :obj:`64`)
        length (int, optional): The number of frames :math:`T`.
            (default: :obj:`300`)
        fit (str, optional): How clips get it, see
            :class:`~pyg_hcsf.transforms.FitFrames`.
            (default: :obj:`"repeat"`)
        crop (float, optional): The smallest part that is resized.
            (default: :obj:`0.5`)
        stream (str, optional): See :class:`~pyg_hcsf.transforms.Modality`.
            (default: :obj:`"joint"`)
        motion (str, optional): Whether motion is taken :obj:`"after"` frames
            are chosen, as in the paper, or :obj:`"before"`.
            (default: :obj:`"after"`)
        rotate (float, optional): With :obj:`random`, turns each clip by three
            Euler angles of up to so many radians. (default: :obj:`0.0`)
        random (bool, optional): If set to :obj:`True`, frames and angles are
            drawn anew in every epoch. (default: :obj:`False`)
        num_classes (int, optional): The number of labels.
            (default: :obj:`None`, one more than the largest)
        shuffle, drop_last, seed, rank, world_size (optional): As in
            :class:`~pyg_hcsf.data.clip_loader.ClipLoader`.

    Each batch has :obj:`x` ``[B, N, T, M, C]``, :obj:`y` ``[B]`` and
    :obj:`clip` ``[B]``, the number of each clip.

    Raises:
        ValueError: If there is no clip, one is empty, differs from the first
            in joints, bodies or channels, or has a label out of range, or an
            argument is out of range.

    Example:
        >>> loader = ActionLoader(train, train.skeleton, shuffle=True)
        >>> for batch in loader:
        ...     loss = F.cross_entropy(model(batch.x), batch.y)
    """

    def __init__(
        self,
        clips: Union[Sequence[Data], ClipStore],
        skeleton: Skeleton,
        batch_size: int = 64,
        length: int = 300,
        fit: str = 'repeat',
        crop: float = 0.5,
        stream: str = 'joint',
        motion: str = 'after',
        rotate: float = 0.0,
        random: bool = False,
        num_classes: Optional[int] = None,
        shuffle: bool = False,
        drop_last: bool = False,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        check_fit(length, fit, crop)
        check_stream(stream)
        if motion not in MOTIONS:
            raise ValueError(
                f"Expected 'motion' to be one of {MOTIONS} (got "
                f'{shown(motion)})'
            )
        if not 0 <= rank < world_size or batch_size < world_size:
            raise ValueError(
                "Expected 'rank' to be 0 or more and below 'world_size', and "
                f"'batch_size' no less than it (got {rank}, {world_size} and "
                f'{batch_size})'
            )
        self.skeleton = skeleton
        self.batch_size = batch_size
        self.length = length
        self.fit = fit
        self.crop = crop
        self.stream = stream
        self.motion = motion
        self.rotate = rotate
        self.random = random
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.epoch = 0
        self.start = 0

        self.store = clips if isinstance(clips, ClipStore) else None
        self.frames: Optional[Tensor] = None
        if self.store is not None:
            columns = self.store._columns
            self.lengths = torch.from_numpy(self.store.lengths)
            # What is the same for all clips is kept once.
            self.y = torch.from_numpy(columns['y']).view(-1)
            self.y = self.y.expand(len(self.store)).contiguous()
            self.names = _column(columns['clip'].tolist(), len(self.store))
            shapes = [self.store.layouts['x'].shape]
        else:
            items = [clips[i] for i in range(len(clips))]
            self.lengths = torch.tensor([data.x.size(1) for data in items])
            self.y = torch.tensor([int(data.y) for data in items])
            self.names = [str(data.clip) for data in items]
            shapes = [(d.x.size(0), *d.x.shape[2:]) for d in items]
        self._check(shapes, num_classes)
        self.num_classes = num_classes or int(self.y.max()) + 1
        ptr = self.lengths.cumsum(0)
        self.frame_ptr = torch.cat([ptr.new_zeros(1), ptr])
        if self.store is None:
            frames = torch.cat([data.x for data in items], dim=1)
            self.frames = self._prepare(
                frames.transpose(0, 1).contiguous(), self.frame_ptr
            )

    def _check(
        self, shapes: list[tuple[int, ...]], num_classes: Optional[int]
    ) -> None:
        if self.lengths.numel() == 0:
            raise ValueError("Expected at least one clip in 'clips' (got 0)")
        n, name = self.skeleton.num_joints, self.skeleton.name
        for number, shape in enumerate(shapes):
            if len(shape) not in (2, 3) or shape[0] != n or shape != shapes[0]:
                raise ValueError(
                    f"Expected 'x' of clips as [{n}, T, M, C] or [{n}, T, C] "
                    f"with the joints of '{name}', all alike (got joints, "
                    f"bodies and channels {list(shape)} in '"
                    f"{self.names[number]}', {list(shapes[0])} in "
                    f"'{self.names[0]}')"
                )
        if (empty := (self.lengths < 1).nonzero()).numel():
            raise ValueError(
                'Expected clips with at least one frame (got none in '
                f"'{self.names[int(empty[0])]}'): leave it out"
            )
        most = int(self.y.max()) + 1 if num_classes is None else num_classes
        wrong = ((self.y < 0) | (self.y >= most)).nonzero()
        if wrong.numel():
            first = int(wrong[0])
            raise ValueError(
                f"Expected labels 'y' from 0 to {most - 1} (got "
                f"{int(self.y[first])} in '{self.names[first]}')"
            )

    @property
    def num_windows(self) -> int:
        r"""The number of clips in an epoch."""
        return self.lengths.numel()

    @property
    def num_bodies(self) -> int:
        r"""The number of bodies :math:`M`."""
        shape = (
            self.frames.shape[1:]
            if self.frames is not None
            else self.store.layouts['x'].shape  # type: ignore[union-attr]
        )
        return shape[1] if len(shape) == 3 else 1

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
            order = torch.randperm(
                self.num_windows, generator=self._generator(-1)
            )
        for step in range(self.start, len(self)):
            part = order[step * self.batch_size :][: self.batch_size]
            generator = self._generator(step) if self.random else None
            yield self.load(part, generator)

    def load(
        self, clip: Tensor, generator: Optional[torch.Generator] = None
    ) -> Data:
        r"""The batch of the clips of given numbers, ``[B]``: this process's
        share of it, drawn as if by one process.
        """
        frames = choose_frames(
            self.lengths[clip], self.length, self.fit, self.crop, generator
        )
        angles = None
        if generator is not None and self.rotate > 0:
            angles = torch.rand(clip.numel(), 3, generator=generator)
            angles = self.rotate * (2 * angles - 1)
        share = slice(self.rank, None, self.world_size)
        clip = clip[share]
        frames = frames.rows(share)
        if self.frames is not None:
            x = take_frames(self.frames, frames, self.frame_ptr[clip])
        else:
            x, start = self._read(clip)
            x = take_frames(x, frames, start)
        if x.dim() == 4:
            x = x.unsqueeze(3)  # [B, T, N, M, C]
        if angles is not None:
            x = torch.einsum('btnmc,bdc->btnmd', x, rotations(angles[share]))
        if self.stream.startswith('bone'):
            x = bones(x, self.skeleton, dim=2)
        if self.stream.endswith('motion') and self.motion == 'after':
            x = motion(x, dim=1)
        return Data(x=x.transpose(1, 2), y=self.y[clip], clip=clip)

    def _read(self, clip: Tensor) -> tuple[Tensor, Tensor]:
        assert self.store is not None
        ends = self.frame_ptr[clip], self.frame_ptr[clip + 1]
        x = self.store.read('x', ends[0].tolist(), ends[1].tolist())
        ptr = torch.cat([clip.new_zeros(1), (ends[1] - ends[0]).cumsum(0)])
        return self._prepare(x, ptr), ptr[:-1]

    def _prepare(self, x: Tensor, ptr: Tensor) -> Tensor:
        # Turning, bones and motion are linear and commute with each other,
        # but motion not with the choice of frames.
        if not (self.stream.endswith('motion') and self.motion == 'before'):
            return x
        x = motion(x, dim=0)
        x[ptr[1:] - 1] = 0  # the last frame of each clip
        return x

    def _generator(self, step: int) -> torch.Generator:
        # Both are drawn from one stream of numbers per (seed, epoch, step).
        seed = (self.seed * 1_000_003 + self.epoch) * 7919 + step + 1
        return torch.Generator().manual_seed(seed % 2**31)

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(num_clips={self.num_windows}, '
            f"batch_size={self.batch_size}, length={self.length}, '"
            f"{self.stream}')"
        )


def rotations(angles: Tensor) -> Tensor:
    r"""The rotations :math:`\mathbf{R}_z \mathbf{R}_y \mathbf{R}_x` of Euler
    angles.

    Args:
        angles (torch.Tensor): About x, y and z in radians, ``[B, 3]``.

    Returns:
        ``[B, 3, 3]``.

    Example:
        >>> rotations(torch.tensor([[0.0, 0.0, 1.5708]]))  # x to y
    """
    out = torch.eye(3, dtype=angles.dtype).expand(len(angles), 3, 3)
    for axis in range(3):
        cos, sin = angles[:, axis].cos(), angles[:, axis].sin()
        i, j = (axis + 1) % 3, (axis + 2) % 3
        turn = torch.eye(3, dtype=angles.dtype).repeat(len(angles), 1, 1)
        turn[:, i, i] = turn[:, j, j] = cos
        turn[:, i, j], turn[:, j, i] = -sin, sin
        out = turn @ out
    return out


def _column(values: list[Any], count: int) -> list[str]:
    return [str(value) for value in values] * (
        count if len(values) == 1 and count > 1 else 1
    )
