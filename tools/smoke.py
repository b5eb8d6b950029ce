"""Runs every preset of every task for some seconds, to see that it works."""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

REPO = Path(__file__).parents[1]
RUN = [sys.executable, str(REPO / 'experiments' / 'run.py')]


def smoke(path: Path, out: str) -> str:
    """Runs a preset; returns what it printed if it failed."""
    command = [*RUN, '--task', path.parent.name, '--preset', path.stem]
    command += ['--smoke', '--out', out]
    if path.parent.name != 'bench':
        command += ['--data', 'synthetic']
    if 'cpn_' in path.read_text():  # a detector, which saw no such motion
        command += ['--clips.keypoints', 'noisy']
    done = subprocess.run(
        command,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    name = f'{path.parent.name}/{path.stem}'
    print(f'smoke: {name}', 'failed' * (done.returncode != 0), flush=True)
    return done.stdout if done.returncode else ''


def main() -> int:
    """Runs one for each processor at a time; returns the exit code."""
    presets = sorted((REPO / 'experiments' / 'presets').glob('*/*.yaml'))
    with (
        tempfile.TemporaryDirectory() as out,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        failures = list(pool.map(lambda path: smoke(path, out), presets))
    print(''.join(failures), end='')
    return int(any(failures))


if __name__ == '__main__':
    sys.exit(main())
