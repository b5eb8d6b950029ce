"""One measurement of :mod:`experiments.bench.scaling`, in its own process."""

from __future__ import annotations

import itertools
import json
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch_geometric.data import Data

from experiments.pose.config import TrainConfig
from experiments.pose.trainer import PoseTrainer
from experiments.sweep.processes import RANK, WORLD, join_processes
from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.data.clip_store import ClipStore
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.protocols import get_protocol
from pyg_hcsf.skeleton import H36M17

TIMED_FRAMES = 2**18  # frames between two readings of the clock


class Small(torch.nn.Module):
    """A network of negligible cost, to measure the rest of a training step."""

    def __init__(self) -> None:
        super().__init__()
        self.skeleton = H36M17
        self.layer = torch.nn.Linear(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


def measure_stream(store: str, cache: str, least: int) -> dict[str, float]:
    """Measures the loading of at least so many frames, epoch by epoch."""
    for path in Path(store).glob('*.npy'):
        _set_cache(path, cache)
    before = resident_mb('VmRSS')
    begin = time.perf_counter()
    clips = ClipStore(store)
    opened = time.perf_counter()
    batches = _endless(ClipLoader(clips, 256, shuffle=True))
    piece = min(TIMED_FRAMES, least)
    costs = []
    for _ in range(max(1, least // piece)):
        done, start = 0, time.perf_counter()
        while done < piece:
            done += len(next(batches).clip)
        costs.append((time.perf_counter() - start) / done)
    return {
        'open_ms': 1e3 * (opened - begin),
        'us_per_frame': 1e6 * statistics.median(costs),
        'worst': 1e6 * max(costs),
        'resident_mb': resident_mb('VmHWM') - before,
    }


def measure_train(
    store: str, network: str, steps: int, batch: int
) -> dict[str, float]:
    """Measures so many training steps after a warm-up."""
    torch.manual_seed(0)
    model: Any = PoseLifter() if network == 'hcsf' else Small()
    before = resident_mb('VmRSS')
    loader = ClipLoader(
        ClipStore(store),
        batch,
        shuffle=True,
        drop_last=True,
        rank=RANK,
        world_size=WORLD,
    )
    with tempfile.TemporaryDirectory() as folder:
        trainer = PoseTrainer(
            get_protocol('openmocap'),
            model,
            loader,
            TrainConfig(steps=3, batch_size=batch),
            Path(folder),
        )
        trainer.run('warm-up')
        trainer.seconds = trainer.load_seconds = 0.0
        trainer.steps += steps
        trainer.run('measured')
    gradient = torch.cat([p.detach().view(-1) for p in model.parameters()])
    return {
        'step_ms': 1e3 * trainer.seconds / steps,
        'load_ms': 1e3 * trainer.load_seconds / steps,
        'resident_mb': resident_mb('VmHWM') - before,
        'gradient_mb': 4e-6 * gradient.numel(),
        'reduce_ms': _reduce_ms(gradient) if WORLD > 1 else 0.0,
    }


def _endless(loader: ClipLoader) -> Iterator[Data]:
    for epoch in itertools.count():
        loader.set_epoch(epoch)
        yield from loader


def _reduce_ms(gradient: Tensor) -> float:
    times = []
    for _ in range(20):
        dist.barrier()
        begin = time.perf_counter()
        dist.all_reduce(gradient)
        times.append(time.perf_counter() - begin)
    return 1e3 * statistics.median(times)


def _set_cache(path: Path, cache: str) -> None:
    """Drops a file from the page cache, or reads it into the cache."""
    with path.open('rb') as file:
        if cache == 'cold' and hasattr(os, 'posix_fadvise'):
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        elif cache == 'warm':
            while file.read(2**24):
                pass


def resident_mb(name: str) -> float:
    """The memory of this process in MB: now (VmRSS) or at its peak (VmHWM)."""
    try:
        text = Path('/proc/self/status').read_text()
    except OSError:  # not Linux
        return math.nan
    (line,) = (x for x in text.splitlines() if x.startswith(name))
    return int(line.split()[1]) * 1024e-6


if __name__ == '__main__':
    options = json.loads(sys.argv[1])
    kind = options.pop('kind')
    measure = measure_stream if kind == 'stream' else measure_train
    join_processes()
    result = json.dumps(measure(**options))
    # Only now: a network that is freed after its process group may wait for
    # the other processes for ever.
    if WORLD > 1:
        dist.destroy_process_group()
    if RANK == 0:
        Path(sys.argv[2]).write_text(result)
