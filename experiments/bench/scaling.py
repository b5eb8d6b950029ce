"""What grows with the data and the machine: the cost of a frame out of stores
of 1e4 to 1e7 frames, the memory it takes, and torchrun.

    python -m experiments.bench.scaling --out runs/scaling
    python -m experiments.bench.scaling --out runs/scaling --smoke

Each figure comes from a process of its own, so that memory is clean. Stores
are made below --out, 340 bytes a frame, and removed in the end. Results go to
stream.csv, step.csv and processes.csv there.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import torch
import torch.distributed as dist
from tabulate import tabulate
from torch import Tensor
from torch_geometric.data import Data

from experiments.pose.config import TrainConfig
from experiments.pose.trainer import PoseTrainer
from experiments.reporting.page import write_table
from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.data.clip_store import ClipStore
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.protocols import get_protocol
from pyg_hcsf.skeleton import H36M17

CLIP = 1000  # frames of a synthetic clip
POOL = 2**18  # frames between two readings of the clock
SIZES = (10**4, 10**5, 10**6, 10**7)
SMOKE_SIZES = (10**4,)


class Small(torch.nn.Module):
    """A network that costs nothing: what is left of a step is host work."""

    def __init__(self) -> None:
        super().__init__()
        self.skeleton = H36M17
        self.layer = torch.nn.Linear(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


def run(out: str | Path, smoke: bool = False) -> dict[str, list[dict]]:
    """Measures everything; returns the records of each table by name."""
    parts = {'stream': stream, 'step': step, 'processes': processes}
    return {name: part(out, smoke) for name, part in parts.items()}


def stream(out: str | Path = 'runs', smoke: bool = False) -> list[dict]:
    """The cost of a frame and the memory, over the size of the store.

    Shuffled batches of 256 on one thread. ``us_per_frame`` is the median over
    pieces of 2**18 frames, ``worst`` the slowest piece. ``resident_mb`` is the
    peak of the process above what it had before the store was opened.
    ``to_smallest`` is the cost of a frame over that in the smallest store.
    """
    records: list[dict] = []
    for size in SMOKE_SIZES if smoke else SIZES:
        with synthetic_store(Path(out), size) as path:
            for cache in ['warm'] if smoke else ['cold', 'warm']:
                least = size if smoke or cache == 'cold' else 10**6
                values = _measure(
                    'stream',
                    1,
                    store=str(path),
                    cache=cache,
                    least=least,
                )
                records.append({'frames': size, 'cache': cache, **values})
    for record in records:
        first = next(r for r in records if r['cache'] == record['cache'])
        ratio = record['us_per_frame'] / first['us_per_frame']
        record['to_smallest'] = ratio
    return records


def step(out: str | Path = 'runs', smoke: bool = False) -> list[dict]:
    """What loading and other host work take of a training step.

    ``load_ms`` is the loader's part, pools included; ``host_ms`` that of all
    else but the network (random seed, mirror, rate, loss, optimizer): the step
    of a network of nine weights. ``share`` is both over the whole step of the
    default :class:`PoseLifter`.
    """
    size = SMOKE_SIZES[-1] if smoke else 10**6
    batch = 16 if smoke else 256
    records = []
    with synthetic_store(Path(out), size) as path:
        for threads in [1] if smoke else sorted({1, os.cpu_count() or 1}):
            host = _measure(
                'train',
                threads,
                store=str(path),
                network='none',
                steps=10 if smoke else 2 * POOL // batch,
                batch=batch,
            )
            whole = _measure(
                'train',
                threads,
                store=str(path),
                network='hcsf',
                steps=3 if smoke else 40,
                batch=batch,
            )
            load, rest = host['load_ms'], host['step_ms']
            total = whole['step_ms'] + load
            records.append(
                {
                    'threads': threads,
                    'load_ms': load,
                    'host_ms': rest,
                    'total_ms': total,
                    'load_share': load / total,
                    'share': (load + rest) / total,
                    'resident_mb': whole['resident_mb'],
                }
            )
    return records


def processes(out: str | Path = 'runs', smoke: bool = False) -> list[dict]:
    """Training with torchrun, one thread a process.

    ``efficiency`` is poses per second over those of one process with the same
    batch (of a process, or over all), times the number of processes.
    ``reduce_ms`` is one sum of the gradients over the processes, on its own.
    """
    size = SMOKE_SIZES[-1] if smoke else 10**5
    one = 16 if smoke else 256
    cases = [('one process', 1, one)]
    cases.append(('equal batch per process', 2, 2 * one))
    if not smoke:
        cases.append(('equal batch', 2, one))
    records: list[dict] = []
    with synthetic_store(Path(out), size) as path:
        for case, number, batch in cases:
            values = _measure(
                'train',
                1,
                number,
                store=str(path),
                network='hcsf',
                steps=3 if smoke else 40,
                batch=batch,
            )
            speed = 1000 * batch / (values['step_ms'] + values['load_ms'])
            first = records[0]['poses_per_s'] if records else speed
            records.append(
                {
                    'case': case,
                    'processes': number,
                    'batch': batch,
                    'step_ms': values['step_ms'],
                    'reduce_ms': values['reduce_ms'],
                    'gradient_mb': values['gradient_mb'],
                    'poses_per_s': speed,
                    'efficiency': speed / (number * first),
                }
            )
    return records


@contextmanager
def synthetic_store(out: Path, frames: int) -> Iterator[Path]:
    """A store of random poses, which is removed in the end."""
    out.mkdir(parents=True, exist_ok=True)
    needed = 340 * frames
    free = shutil.disk_usage(out).free
    if free < 1.2 * needed:
        raise RuntimeError(
            f"Expected {1.2e-9 * needed:.1f} GB free in '{out}' (got "
            f'{1e-9 * free:.1f} GB): free some space or choose another --out'
        )
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(17, CLIP, 2, generator=generator)
    y = torch.randn(17, CLIP, 3, generator=generator)

    def clips() -> Iterator[Data]:
        for i in range(frames // CLIP):
            # Rolled, so that no two clips are the same bytes.
            yield Data(
                x=x.roll(i, 1),
                y=y.roll(i, 1),
                edge_index=H36M17.edge_index,
                num_nodes=17,
                clip=f'clip {i}',
            )

    with tempfile.TemporaryDirectory(dir=out, prefix='store-') as folder:
        yield ClipStore.write(Path(folder) / f'{frames}', clips()).path


def _measure(
    kind: str, threads: int, processes: int = 1, **args: Any
) -> dict[str, float]:
    """What the function of a name returns in a new process, or several."""
    command = [sys.executable]
    if processes > 1:
        command += ['-m', 'torch.distributed.run', '--standalone']
        command += ['--nproc_per_node', str(processes)]
    command += [__file__, '--measure', json.dumps({'kind': kind, **args})]
    env = {**os.environ, 'OMP_NUM_THREADS': str(threads)}
    with tempfile.TemporaryDirectory() as folder:
        command += ['--out', folder]
        result = subprocess.run(
            command, env=env, capture_output=True, text=True
        )
        if result.returncode:
            raise RuntimeError(
                f'The measurement {command} failed:\n{result.stderr}'
            )
        return json.loads((Path(folder) / 'result.json').read_text())


def measure_stream(store: str, cache: str, least: int) -> dict[str, float]:
    """Loads at least so many frames, epoch by epoch."""
    for path in Path(store).glob('*.npy'):
        _set_cache(path, cache)
    before = _resident_mb('VmRSS')
    begin = time.perf_counter()
    clips = ClipStore(store)
    opened = time.perf_counter()
    batches = _endless(ClipLoader(clips, 256, shuffle=True))
    piece = min(POOL, least)
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
        'resident_mb': _resident_mb('VmHWM') - before,
    }


def measure_train(
    store: str, network: str, steps: int, batch: int
) -> dict[str, float]:
    """Trains so many steps after a few others."""
    world = int(os.environ.get('WORLD_SIZE', 1))
    rank = int(os.environ.get('RANK', 0))
    if world > 1:
        dist.init_process_group('gloo')
    torch.manual_seed(0)
    model: Any = PoseLifter() if network == 'hcsf' else Small()
    before = _resident_mb('VmRSS')
    loader = ClipLoader(
        ClipStore(store),
        batch,
        shuffle=True,
        drop_last=True,
        rank=rank,
        world_size=world,
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
    out = {
        'step_ms': 1e3 * trainer.seconds / steps,
        'load_ms': 1e3 * trainer.load_seconds / steps,
        'resident_mb': _resident_mb('VmHWM') - before,
        'gradient_mb': 4e-6 * gradient.numel(),
        'reduce_ms': _reduce_ms(gradient) if world > 1 else 0.0,
    }
    if world > 1:
        dist.destroy_process_group()
    return out


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
    """Asks the system to forget a file, or reads it whole."""
    with path.open('rb') as file:
        if cache == 'cold' and hasattr(os, 'posix_fadvise'):
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        elif cache == 'warm':
            while file.read(2**24):
                pass


def _resident_mb(name: str) -> float:
    """The memory of this process now (VmRSS) or at its peak (VmHWM)."""
    try:
        text = Path('/proc/self/status').read_text()
    except OSError:  # not Linux
        return math.nan
    (line,) = (x for x in text.splitlines() if x.startswith(name))
    return int(line.split()[1]) * 1024e-6


def main() -> None:
    """Runs the command line."""
    parser = CommandParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--out', type=Path, default='runs/scaling')
    parser.add_argument('--smoke', action='store_true', help='seconds')
    parser.add_argument('--measure', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        options = json.loads(args.measure)
        kind = options.pop('kind')
        measure = measure_stream if kind == 'stream' else measure_train
        result = json.dumps(measure(**options))
        if os.environ.get('RANK', '0') == '0':
            (args.out / 'result.json').write_text(result)
        return
    for name, records in run(args.out, args.smoke).items():
        frame = pd.DataFrame(records)
        write_table(frame, args.out / f'{name}.csv')
        table = tabulate(
            frame, headers='keys', floatfmt='.4g', showindex=False
        )
        print(f'{name}\n{table}\n')


if __name__ == '__main__':
    run_command(main)
