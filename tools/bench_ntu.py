"""Times raw ``.skeleton`` text to the store against a per-line Python loop.

Files as large as those of NTU RGB+D are generated, with random joints:
``python tools/bench_ntu.py --files 23040``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from pyg_hcsf.datasets import NTURGBD
from pyg_hcsf.io.ntu_names import ClipName

DISTINCT = 240  # generated files; others are links to them
NTU120 = 114_480
KEYS = (
    *('x', 'y', 'z', 'depthX', 'depthY', 'colorX', 'colorY', 'orientationW'),
    *('orientationX', 'orientationY', 'orientationZ', 'trackingState'),
)


def skeleton(rng: np.random.Generator, frames: int, bodies: int) -> str:
    """The text of a file: two lines and 25 joints for each body."""
    lines = [str(frames)]
    for _ in range(frames):
        lines.append(str(bodies))
        for body in range(bodies):
            lines += [
                f'{72057594037931101 + body} 0 1 1 1 1 0 0.1 -0.2 2',
                '25',
            ]
            values = rng.normal(size=(25, 11)) * (
                0.5,
                0.5,
                0.5,
                *[300] * 4,
                *[1] * 4,
            )
            lines += [' '.join(map('{:.7g}'.format, v)) + ' 2' for v in values]
    return '\r\n'.join([*lines, ''])


def generate(folder: Path, count: int) -> list[Path]:
    """Files of 25 to 300 frames, 72 on average, one in five of two bodies."""
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


def read_by_line(path: Path) -> np.ndarray:
    """The usual way: a dictionary for each line, then an array of them."""
    frames = []
    with path.open() as file:
        for _ in range(int(file.readline())):
            bodies = []
            for _ in range(int(file.readline())):
                file.readline().split()
                bodies.append(
                    [
                        {
                            key: float(word)
                            for key, word in zip(
                                KEYS, file.readline().split(), strict=True
                            )
                        }
                        for _ in range(int(file.readline()))
                    ]
                )
            frames.append(bodies)
    out = np.zeros((3, len(frames), 25, 4))
    for t, bodies in enumerate(frames):
        for m, joints in enumerate(bodies):
            for j, joint in enumerate(joints):
                out[:, t, j, m] = joint['x'], joint['y'], joint['z']
    return out


def main() -> None:
    """Generates, reads both ways, and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--files', type=int, default=5760)
    parser.add_argument('--workers', type=int, default=os.cpu_count())
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, 'raw')
        raw.mkdir()
        files = generate(raw, args.files)
        size = sum(path.stat().st_size for path in files) / len(files)
        print(f'{len(files)} files of {size / 1e3:.0f} kB on average')
        start = time.perf_counter()
        for path in files[:DISTINCT]:
            read_by_line(path)
        slow = (time.perf_counter() - start) / len(files[:DISTINCT])
        print(f'per-line loop, text to array: {1e3 * slow:.2f} ms a file')
        start = time.perf_counter()
        dataset = NTURGBD(
            *(Path(folder, 'root'), 'ntu60-xsub', 'all'),
            raw=raw,
            num_workers=args.workers,
            log=False,
        )
        fast = (time.perf_counter() - start) / len(dataset)
        print(
            f'NTURGBD, text to store, {args.workers} processes: '
            f'{1e3 * fast:.2f} ms a file, {slow / fast:.1f} times as fast; '
            f'NTU RGB+D 120 in {NTU120 * fast / 60:.1f} min'
        )


if __name__ == '__main__':
    main()
