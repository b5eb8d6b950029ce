"""Times reading data sets of full size, from generated files.

    python -m experiments.bench.reading ntu
    python -m experiments.bench.reading human36m

``ntu`` compares reading ``.skeleton`` text into a store with a Python loop
over lines. ``human36m`` times VideoPose3D's npz files up to the first training
batch, and the same again from the processed files.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch

from experiments.bench.scaling_worker import resident_mb
from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.datasets import NTURGBD, Human36M
from pyg_hcsf.datasets.human36m.constants import (
    H36M17_OF_32,
    OFFICIAL_ACTIONS,
    TEST_SUBJECTS,
    TRAIN_SUBJECTS,
)
from pyg_hcsf.datasets.ntu.clip_names import ClipName
from pyg_hcsf.geometry.h36m_cameras import human36m_cameras
from pyg_hcsf.transforms import EncodePose

REPOSITORY = Path(__file__).parents[2]
DISTINCT = 240  # generated files of NTU RGB+D; others are links to them
NTU120 = 114_480
KEYS = (
    'x y z depthX depthY colorX colorY orientationW orientationX orientationY '
    'orientationZ trackingState'
)
BODY_KEYS = (
    'bodyID clipedEdges handLeftConfidence handLeftState handRightConfidence '
    'handRightState isRestricted leanX leanY trackingState'
)
# Frames of one camera: a quarter of the published numbers.
TRAIN_FRAMES, TEST_FRAMES = 1_559_752 // 4, 566_920 // 4


def skeleton(rng: np.random.Generator, frames: int, bodies: int) -> str:
    """The text of a ``.skeleton`` file."""
    lines = [str(frames)]
    scale = [0.5] * 3 + [300.0] * 4 + [1.0] * 4
    for _ in range(frames):
        lines.append(str(bodies))
        for body in range(bodies):
            lines += [
                f'{72057594037931101 + body} 0 1 1 1 1 0 0.1 -0.2 2',
                '25',
            ]
            values = rng.normal(size=(25, 11)) * scale
            lines += [' '.join(map('{:.7g}'.format, v)) + ' 2' for v in values]
    return '\r\n'.join([*lines, ''])


def generate_ntu(folder: Path, count: int) -> list[Path]:
    """Writes files of 25 to 300 frames, 72 on average; every fifth has two
    bodies.
    """
    rng = np.random.default_rng(0)
    files: list[Path] = []
    for i in range(count):
        setup, action = i // 360 % 17 + 1, i % 60 + 1
        name = ClipName(
            setup, i // 60 % 3 + 1, i // 6120 + 1, i // 180 % 2 + 1, action
        )
        files.append(folder / f'{name}.skeleton')
        if i < DISTINCT:
            frames = int(np.clip(rng.gamma(4, 18), 25, 300))
            bodies = 2 if i % 5 == 0 else 1
            files[i].write_text(skeleton(rng, frames, bodies), newline='')
        else:
            os.link(files[i % DISTINCT], files[i])
    return files


def by_line(path: Path, store: BinaryIO) -> None:
    """Reads a file as usual: a dict per line, then the two bodies of largest
    energy. Writes their joints to a file.
    """
    frames: list[list] = []
    keys, body_keys = KEYS.split(), BODY_KEYS.split()
    with path.open() as file:
        for _ in range(int(file.readline())):
            bodies = []
            for _ in range(int(file.readline())):
                words = file.readline().split()
                body = dict(zip(body_keys, map(float, words), strict=True))
                joints = []
                for _ in range(int(file.readline())):
                    words = file.readline().split()
                    joints.append(
                        dict(zip(keys, map(float, words), strict=True))
                    )
                bodies.append((body, joints))
            frames.append(bodies)
    out = np.zeros((4, len(frames), 25, 3))
    for t, frame in enumerate(frames):
        for m, (_, joints) in enumerate(frame):
            for j, joint in enumerate(joints):
                out[m, t, j] = joint['x'], joint['y'], joint['z']
    energy = [0.0] * 4
    for m, pos in enumerate(out):
        if len(known := pos[pos.sum(axis=(1, 2)) != 0]):
            energy[m] = sum(known[..., axis].std() for axis in range(3))
    chosen = np.argsort(energy)[::-1][:2]
    store.write(out[chosen].astype(np.float32).tobytes())


def bench_ntu(files: int, workers: int) -> None:
    """Times NTURGBD and the loop over lines."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, 'raw')
        raw.mkdir()
        paths = generate_ntu(raw, files)
        size = sum(path.stat().st_size for path in paths) / len(paths)
        print(f'{len(paths)} files of {size / 1e3:.0f} kB on average')
        few = paths[:DISTINCT]
        start, cpu = time.perf_counter(), time.process_time()
        with Path(folder, 'slow').open('wb') as store:
            for path in few:
                by_line(path, store)
        slow = (time.perf_counter() - start) / len(few)
        slow_cpu = (time.process_time() - cpu) / len(few)
        print(f'loop over lines, text to store: {1e3 * slow:.2f} ms a file')
        start, cpu = time.perf_counter(), cpu_time()
        dataset = NTURGBD(
            Path(folder, 'root'),
            'ntu60-xsub',
            'all',
            raw=raw,
            num_workers=workers,
            log=False,
        )
        fast = (time.perf_counter() - start) / len(dataset)
        fast_cpu = (cpu_time() - cpu) / len(dataset)
        print(
            f'NTURGBD, text to store, {workers} processes: {1e3 * fast:.2f} '
            f'ms a file, {slow / fast:.1f} times as fast; NTU RGB+D 120 in '
            f'{NTU120 * fast / 60:.1f} min'
        )
        print(
            f'CPU time: {1e3 * slow_cpu:.2f} and {1e3 * fast_cpu:.2f} '
            f'ms a file, all processes'
        )
        peak = resident_mb('VmHWM')
        print(f'memory of the first process: {peak:.0f} MB')


def cpu_time() -> float:
    """The CPU time of this process and its children in s."""
    # os.times() has a resolution of 10 ms, too coarse for a few files.
    own, children = (
        resource.getrusage(who)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return sum(used.ru_utime + used.ru_stime for used in (own, children))


def recordings(
    frames: int, subjects: tuple[str, ...]
) -> Iterator[tuple[str, str, int]]:
    """Divides frames among recordings: subject, name, number of frames."""
    names = [
        (subject, f'{action}{number}')
        for subject in subjects
        for action in OFFICIAL_ACTIONS.values()
        for number in ('', ' 1')
    ]
    for i, (subject, name) in enumerate(names):
        stop, start = (k * frames // len(names) for k in (i + 1, i))
        yield subject, name, stop - start


def generate_human36m(folder: Path, keypoints: str) -> None:
    """Writes data_3d_h36m.npz with a swaying person, and its projections."""
    rng = np.random.default_rng(0)
    stand = rng.uniform((-0.3, -0.3, 0.1), (0.3, 0.3, 1.7), size=(32, 3))
    pos: dict[str, dict[str, np.ndarray]] = {}
    found: dict[str, dict[str, list[np.ndarray]]] = {}
    for subject, name, frames in (
        *recordings(TRAIN_FRAMES, TRAIN_SUBJECTS),
        *recordings(TEST_FRAMES, TEST_SUBJECTS),
    ):
        time = np.arange(frames)[:, None, None] / 50
        phase = rng.uniform(0, 6, size=(32, 3))
        sway = 0.2 * np.sin(time * rng.uniform(1, 3, size=(32, 3)) + phase)
        joints = (stand + sway).astype(np.float32)
        pos.setdefault(subject, {})[name] = joints
        pose = torch.from_numpy(1000 * joints[:, H36M17_OF_32])
        found.setdefault(subject, {})[name] = [
            camera.project(camera.world_to_camera(pose)).numpy()
            for camera in human36m_cameras(subject)
        ]
    meta = {'layout_name': 'h36m', 'num_joints': 17}
    np.savez_compressed(
        folder / 'data_3d_h36m.npz', positions_3d=np.array(pos, dtype=object)
    )
    np.savez_compressed(
        folder / f'data_2d_h36m_{keypoints}.npz',
        positions_2d=np.array(found, dtype=object),
        metadata=np.array(meta, dtype=object),
    )


def first_batch(folder: Path, keypoints: str, protocol: str) -> None:
    """Times opening the training split and loading a batch."""
    start, cpu = time.perf_counter(), time.process_time()
    encode = EncodePose(protocol) if protocol != 'none' else None
    dataset = Human36M(
        folder / 'root',
        'train',
        keypoints,
        raw=folder / 'raw',
        pre_transform=encode,
        log=False,
    )
    opened = time.perf_counter() - start
    next(iter(ClipLoader(dataset.store, shuffle=True)))
    seconds = time.perf_counter() - start
    print(
        f'keypoints {keypoints}, encoded {protocol}: '
        f'{dataset.store.num_frames:,} frames open in {opened:.2f} s, first '
        f'batch in {seconds:.2f} s ({time.process_time() - cpu:.2f} s of CPU '
        f'time), memory {resident_mb("VmHWM"):.0f} MB'
    )


def bench_human36m() -> None:
    """Times reading npz files and processed files, each in a new process."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, 'raw')
        raw.mkdir()
        generate_human36m(raw, 'cpn')
        for path in sorted(raw.iterdir()):
            print(f'{path.name}: {path.stat().st_size / 1e6:.0f} MB')
        # The last is the one of experiments/run.py.
        for choice in (('gt', 'none'), ('cpn', 'none'), ('cpn', 'vp3d')):
            for state in ('from npz', 'processed'):
                print(state, end=', ', flush=True)
                words = ['first-batch', folder, *choice]
                module = 'experiments.bench.reading'
                command = [sys.executable, '-m', module, *words]
                subprocess.run(command, check=True, cwd=REPOSITORY)
            shutil.rmtree(Path(folder, 'root'))


def main() -> None:
    """Runs one of the benchmarks."""
    parser = CommandParser(description=__doc__.split('\n\n')[0])
    commands = parser.add_subparsers(dest='command', required=True)
    ntu = commands.add_parser('ntu', help='NTU RGB+D, .skeleton files')
    ntu.add_argument('--files', type=int, default=23_040)
    ntu.add_argument('--workers', type=int, default=os.cpu_count())
    commands.add_parser('human36m', help="Human3.6M, VideoPose3D's npz")
    part = commands.add_parser(
        'first-batch', help='one measurement of human36m'
    )
    part.add_argument('folder', type=Path)
    part.add_argument('keypoints')
    part.add_argument('protocol')
    args = parser.parse_args()
    if args.command == 'ntu':
        bench_ntu(args.files, args.workers)
    elif args.command == 'human36m':
        bench_human36m()
    else:
        first_batch(args.folder, args.keypoints, args.protocol)


if __name__ == '__main__':
    run_command(main)
