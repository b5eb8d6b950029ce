"""Measures how costs scale: time per frame and memory for stores of 1e4 to 1e7
frames, loading in a training step, and several processes.

    python -m experiments.bench.scaling --out runs/scaling
    python -m experiments.bench.scaling --out runs/scaling --smoke

Each measurement has its own process, for the sake of memory figures. Temporary
stores are written below --out, with 340 bytes per frame. Results go to
stream.csv, step.csv and processes.csv there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from tabulate import tabulate
from torch_geometric.data import Data

from experiments.bench.scaling_worker import TIMED_FRAMES
from experiments.reporting.page import write_table
from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.data.clip_store import ClipStore
from pyg_hcsf.skeleton import H36M17

REPOSITORY = Path(__file__).parents[2]
CLIP = 1000  # frames of a synthetic clip
SIZES = (10**4, 10**5, 10**6, 10**7)
SMOKE_SIZES = (10**4,)


def run(out: str | Path, smoke: bool = False) -> dict[str, list[dict]]:
    """Runs all measurements; returns the records of each table by name."""
    parts = {'stream': stream, 'step': step, 'processes': processes}
    return {name: part(out, smoke) for name, part in parts.items()}


def stream(out: str | Path = 'runs', smoke: bool = False) -> list[dict]:
    """Time per frame and memory by the size of the store.

    Shuffled batches of 256 on one thread. ``us_per_frame`` is the median over
    parts of 2**18 frames, ``worst`` the slowest part. ``resident_mb`` is the
    peak memory of the process minus that before the store was opened.
    ``to_smallest`` is the time per frame relative to the smallest store.
    """
    records: list[dict] = []
    for size in SMOKE_SIZES if smoke else SIZES:
        with synthetic_store(Path(out), size) as path:
            for cache in ['warm'] if smoke else ['cold', 'warm']:
                least = size if smoke or cache == 'cold' else 10**6
                values = _measure(
                    'stream',
                    1,
                    store=str(path.resolve()),
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
    """The share of loading and other host work in a training step.

    ``load_ms`` is the time of the loader; ``host_ms`` that of all but the
    network (random seed, mirror, rate, loss, optimizer), measured as the step
    of a network of nine weights. ``share`` is the sum of both relative to a
    step of the default :class:`PoseLifter`.
    """
    size = SMOKE_SIZES[-1] if smoke else 10**6
    batch = 16 if smoke else 256
    records = []
    with synthetic_store(Path(out), size) as path:
        for threads in [1] if smoke else sorted({1, os.cpu_count() or 1}):
            steps = 10 if smoke else 2 * TIMED_FRAMES // batch
            host = _measure_training(path, threads, 'none', steps, batch)
            steps = 3 if smoke else 40
            full = _measure_training(path, threads, 'hcsf', steps, batch)
            load, rest = host['load_ms'], host['step_ms']
            total = full['step_ms'] + load
            records.append(
                {
                    'threads': threads,
                    'load_ms': load,
                    'host_ms': rest,
                    'total_ms': total,
                    'load_share': load / total,
                    'share': (load + rest) / total,
                    'resident_mb': full['resident_mb'],
                }
            )
    return records


def processes(out: str | Path = 'runs', smoke: bool = False) -> list[dict]:
    """Training with torchrun, one thread a process.

    ``efficiency`` is the speed divided by that of one process with the same
    batch (per process, or in total) and by the number of processes.
    ``reduce_ms`` is the time of one all-reduce of the gradients.
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
            steps = 3 if smoke else 40
            values = _measure_training(
                path, 1, 'hcsf', steps, batch, processes=number
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
    """A temporary store of random poses."""
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
            # Rolled, so that no two clips have the same bytes.
            yield Data(
                x=x.roll(i, 1),
                y=y.roll(i, 1),
                edge_index=H36M17.edge_index,
                num_nodes=17,
                clip=f'clip {i}',
            )

    with tempfile.TemporaryDirectory(dir=out, prefix='store-') as folder:
        yield ClipStore.write(Path(folder) / f'{frames}', clips()).path


def _measure_training(
    store: Path,
    threads: int,
    network: str,
    steps: int,
    batch: int,
    processes: int = 1,
) -> dict[str, float]:
    options = {'network': network, 'steps': steps, 'batch': batch}
    path = str(store.resolve())
    return _measure('train', threads, processes, store=path, **options)


def _measure(
    kind: str, threads: int, processes: int = 1, **args: Any
) -> dict[str, float]:
    """Runs a measurement of scaling_worker.py in one or more new processes."""
    command = [sys.executable]
    if processes > 1:
        command += ['-m', 'torch.distributed.run', '--standalone']
        command += ['--nproc_per_node', str(processes)]
    options = json.dumps({'kind': kind, **args})
    command += ['-m', 'experiments.bench.scaling_worker', options]
    env = {**os.environ, 'OMP_NUM_THREADS': str(threads)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'result.json')
        result = subprocess.run(
            [*command, str(path)],
            cwd=REPOSITORY,
            env=env,
            capture_output=True,
            text=True,
        )
        if result.returncode:
            raise RuntimeError(
                f'The measurement {command} failed:\n{result.stderr}'
            )
        return json.loads(path.read_text())


def main() -> None:
    """Runs the command line."""
    parser = CommandParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--out', type=Path, default='runs/scaling')
    parser.add_argument('--smoke', action='store_true', help='run for seconds')
    args = parser.parse_args()
    for name, records in run(args.out, args.smoke).items():
        frame = pd.DataFrame(records)
        write_table(frame, args.out / f'{name}.csv')
        table = tabulate(
            frame, headers='keys', floatfmt='.4g', showindex=False
        )
        print(f'{name}\n{table}\n')


if __name__ == '__main__':
    run_command(main)
