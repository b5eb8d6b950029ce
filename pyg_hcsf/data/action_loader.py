r"""Batches of labelled clips for action recognition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Optional, Union

import roma
import torch
from torch import Tensor
from torch_geometric.data import Data

from pyg_hcsf.axes import frames_first
from pyg_hcsf.choices import check_choice
from pyg_hcsf.data.clip_store import ClipStore
from pyg_hcsf.data.loader import BatchLoader, pointers
from pyg_hcsf.skeleton import Skeleton
from pyg_hcsf.transforms import fit_frames
from pyg_hcsf.transforms.modality import STREAMS, bones, motion

MOTIONS = ('after', 'before')


class ActionLoader(BatchLoader):
    r"""Batches of labelled clips as dense tensors of one length, in a constant
    number of Python steps.

    Each clip is a :class:`~torch_geometric.data.Data` with :obj:`x`
    :obj:`[N, T, C]` or :obj:`[N, T, M, C]` and the label :obj:`y` :obj:`[1]`.
    The clips are concatenated in memory with frames first, or read batch by
    batch from a :class:`~pyg_hcsf.data.ClipStore`. Frames are chosen for all
    clips of a batch at once, and so are bones and motion computed.

    Args:
        clips (list[torch_geometric.data.Data] or ClipStore): The clips, such
            as a data set.
        skeleton (Skeleton): Their skeleton.
        batch_size (int, optional): The number of clips of a batch, over all
            processes. (default: :obj:`64`)
        length (int, optional): The number of frames :math:`T`.
            (default: :obj:`300`)
        fit (str, optional): How clips are brought to that length, see
            :class:`~pyg_hcsf.transforms.FitFrames`.
            (default: :obj:`"repeat"`)
        crop (float, optional): The smallest part of a clip that is resized.
            (default: :obj:`0.5`)
        stream (str, optional): See :class:`~pyg_hcsf.transforms.Modality`.
            (default: :obj:`"joint"`)
        motion (str, optional): Whether motion is computed :obj:`"after"`
            frames are chosen, as in the paper, or :obj:`"before"`.
            (default: :obj:`"after"`)
        rotate (float, optional): With :obj:`random`, rotates each clip by
            three Euler angles of up to this size in radians.
            (default: :obj:`0.0`)
        random (bool, optional): If set to :obj:`True`, frames and angles are
            drawn anew in every epoch. (default: :obj:`False`)
        num_classes (int, optional): The number of labels.
            (default: :obj:`None`, one more than the largest)
        **kwargs: :obj:`shuffle`, :obj:`drop_last`, :obj:`seed`, :obj:`rank`
            and :obj:`world_size`, see
            :class:`~pyg_hcsf.data.loader.BatchLoader`.

    Each batch has :obj:`x` :obj:`[B, T, M, N, C]`, :obj:`y` :obj:`[B]` and
    :obj:`clip` :obj:`[B]`, the number of each clip.

    Raises:
        ValueError: If there is no clip, a clip is empty, differs from the
            first in joints, bodies or channels, or has a label out of range,
            or an argument is out of range.

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
        **kwargs: Any,
    ) -> None:
        fit_frames.check_fit(length, fit, crop)
        check_choice('stream', stream, STREAMS)
        check_choice('motion', motion, MOTIONS)
        super().__init__(batch_size, **kwargs)
        self.skeleton = skeleton
        self.length = length
        self.fit = fit
        self.crop = crop
        self.stream = stream
        self.motion = motion
        self.rotate = rotate
        self.random = random

        self.store = clips if isinstance(clips, ClipStore) else None
        self.frames: Optional[Tensor] = None  # [F, (M,) N, C] of all clips
        if self.store is not None:
            self.lengths = torch.from_numpy(self.store.lengths)
            self.y = torch.tensor(self.store.column('y')).view(-1)
            self.names = list(map(str, self.store.column('clip') or ()))
            shapes = [self.store.layouts['x'].shape]
        else:
            items = [clips[i] for i in range(len(clips))]
            frames = [frames_first(data.x) for data in items]
            self.lengths = torch.tensor([len(x) for x in frames])
            self.y = torch.tensor([int(data.y) for data in items])
            self.names = [str(data.clip) for data in items]
            shapes = [tuple(x.shape[1:]) for x in frames]
        self._check(shapes, num_classes)
        self.num_bodies = shapes[0][0] if len(shapes[0]) == 3 else 1
        self.num_classes = num_classes or int(self.y.max()) + 1
        self.frame_ptr = pointers(self.lengths)
        if self.store is None:
            self.frames = self._prepare(torch.cat(frames), self.frame_ptr)

    def _check(
        self, shapes: list[tuple[int, ...]], num_classes: Optional[int]
    ) -> None:
        if self.lengths.numel() == 0:
            raise ValueError("Expected at least one clip in 'clips' (got 0)")
        n, name = self.skeleton.num_joints, self.skeleton.name
        for number, shape in enumerate(shapes):
            if (
                len(shape) not in (2, 3)
                or shape[-2] != n
                or shape != shapes[0]
            ):
                raise ValueError(
                    f"Expected 'x' of clips as [{n}, T, M, C] or [{n}, T, C] "
                    f"with the joints of '{name}', all alike (got bodies, "
                    f"joints and channels {list(shape)} in '"
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
        r"""Loads the batch of some clips: the part of this process, with
        random numbers as if there were one process.

        Args:
            clip (torch.Tensor): The numbers of the clips, :obj:`[B]`.
            generator (torch.Generator, optional): Draws frames and angles.
                (default: :obj:`None`, the middle frames, not rotated)
        """
        frames = fit_frames.choose_frames(
            self.lengths[clip], self.length, self.fit, self.crop, generator
        )
        angles = None
        if generator is not None and self.rotate > 0:
            # For all processes, of which each takes its share below.
            angles = torch.rand(clip.numel(), 3, generator=generator)
            angles = self.rotate * (2 * angles - 1)
        share = slice(self.rank, None, self.world_size)
        clip = clip[share]
        frames = frames.rows(share)
        if self.frames is not None:
            x = fit_frames.take_frames(
                self.frames, frames, self.frame_ptr[clip]
            )
        else:
            x, start = self._read(clip)
            x = fit_frames.take_frames(x, frames, start)
        if x.dim() == 4:
            x = x.unsqueeze(2)  # [B, T, M, N, C]
        if angles is not None:
            # Rz Ry Rx: x is turned first.
            turn = roma.euler_to_rotmat('xyz', angles[share])  # [B, 3, 3]
            x = torch.einsum('btmnc,bdc->btmnd', x, turn)
        if self.stream.startswith('bone'):
            x = bones(x, self.skeleton, dim=3)
        if self.stream.endswith('motion') and self.motion == 'after':
            x = motion(x, dim=1)
        return Data(x=x, y=self.y[clip], clip=clip)

    def _read(self, clip: Tensor) -> tuple[Tensor, Tensor]:
        assert self.store is not None
        start, stop = self.frame_ptr[clip], self.frame_ptr[clip + 1]
        x = self.store.read('x', start.tolist(), stop.tolist())
        ptr = pointers(stop - start)
        return self._prepare(x, ptr), ptr[:-1]

    def _prepare(self, x: Tensor, ptr: Tensor) -> Tensor:
        # Motion before the choice of frames. Rotation and bones are linear and
        # commute with motion, so they are applied to the batch.
        if not (self.stream.endswith('motion') and self.motion == 'before'):
            return x
        x = motion(x, dim=0)
        x[ptr[1:] - 1] = 0  # the last frame of each clip
        return x

    def _generator(self, step: int) -> torch.Generator:
        # One generator per (seed, epoch, step) for frames and angles.
        seed = self._epoch_seed * 7919 + step + 1
        return torch.Generator().manual_seed(seed % 2**31)

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(num_clips={self.num_windows}, '
            f"batch_size={self.batch_size}, length={self.length}, '"
            f"{self.stream}')"
        )
