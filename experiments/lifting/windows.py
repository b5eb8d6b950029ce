"""Windows of frames of the motion of many people, and batches of them in
which each person has a share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import torch
from torch import Generator, Tensor
from torch_geometric.data import Data

from experiments.sweep.random_loader import random_seed
from pyg_hcsf.axes import frames_first

DRAWS = 1  # of the seeds that draw windows


class MotionWindows:
    """All frames of some clips, in memory. The window of a frame has
    ``frames`` frames, ``spacing`` apart, with that frame at ``target``.
    Beyond the ends of a clip its first or last frame is repeated.

    Args:
        clips: World motion.
        frames: Frames in a window.
        spacing: Frames of a clip from one to the next.
        target: The place of the frame to lift in its window.
    """

    def __init__(
        self, clips: Sequence[Data], frames: int, spacing: int, target: int
    ) -> None:
        self.clips, self.target = clips, target
        self.pos = torch.cat([frames_first(clip.pos) for clip in clips])
        lengths = torch.tensor([clip.pos.size(1) for clip in clips])
        ends = lengths.cumsum(0)
        self.clip = torch.arange(len(clips)).repeat_interleave(lengths)
        self.first = (ends - lengths)[self.clip]
        self.last = (ends - 1)[self.clip]
        self.offsets = spacing * (torch.arange(frames) - target)

    def __len__(self) -> int:
        return len(self.pos)

    def take(self, rows: Tensor) -> Tensor:
        """The windows of some frames: ``[B, T, 17, 3]``."""
        wanted = rows[:, None] + self.offsets
        first, last = self.first[rows, None], self.last[rows, None]
        return self.pos[wanted.maximum(first).minimum(last)]

    def shares(self, balance: float, synthetic: float) -> Tensor:
        """How likely each frame is to be drawn.

        Args:
            balance: With 0 all people are as likely, with 1 all frames.
            synthetic: The share of the clips of SyntheticMotion.
        """
        people = [clip.subject for clip in self.clips]
        # People of SyntheticMotion are called S1, S5, ...
        made = torch.tensor([name[0] == 'S' for name in people])
        frames = Counter[str]()
        for name, clip in zip(people, self.clips, strict=True):
            frames[name] += clip.pos.size(1)
        share = torch.tensor(
            [frames[name] ** (balance - 1) for name in people],
            dtype=torch.double,
        )[self.clip]
        for kind, part in ((made, synthetic), (~made, 1 - synthetic)):
            rows = kind[self.clip]
            whole = 1.0 if made.all() or not made.any() else part
            share[rows] *= whole / share[rows].sum()
        return share


class WindowLoader:
    """Batches of windows ``[B, T, 17, 3]``, drawn with replacement. It has
    the attributes of a :class:`~pyg_hcsf.data.ClipLoader` that a
    :class:`~experiments.sweep.random_loader.RandomLoader` reads. A batch
    depends on (seed, epoch, number of the batch, process) only.

    Args:
        windows: The windows.
        share: How likely each is: ``[F]``.
        batch_size: Windows in a batch, over all processes.
        seed: The seed.
        rank: The rank of this process.
        world_size: The number of processes.
    """

    def __init__(
        self,
        windows: MotionWindows,
        share: Tensor,
        batch_size: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.windows = windows
        self.batch_size = batch_size // world_size
        self.num_windows = len(windows)
        self.seed, self.rank, self.world_size = seed, rank, world_size
        self.epoch, self.start = 0, 0
        self._batches = max(1, len(windows) // batch_size)
        self._up_to = share.cumsum(0) / share.sum()

    def __len__(self) -> int:
        return self._batches

    def set_epoch(self, epoch: int, start: int = 0) -> None:
        """Sets the epoch, and the batch that it starts with."""
        self.epoch, self.start = epoch, start

    def __iter__(self) -> Iterator[Tensor]:
        for number in range(self.start, len(self)):
            # Not the seed with which a RandomLoader augments the batch
            seed = random_seed(self.seed, self.epoch, number, self.rank, DRAWS)
            generator = Generator().manual_seed(seed)
            at = torch.rand(
                self.batch_size, generator=generator, dtype=torch.double
            )
            rows = torch.searchsorted(self._up_to, at)
            yield self.windows.take(rows.clamp(max=len(self.windows) - 1))
