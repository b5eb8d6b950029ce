"""Runs every preset that trains for some seconds, as a test.

python -m experiments.smoke
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import signal
import tempfile
import traceback
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from experiments import run
from experiments.sweep.presets import PRESETS
from pyg_hcsf.cli.command import CommandParser, run_command

# One tests weights on files; of the others, tests/experiments/lifting runs a
# row: their rows differ in the motion that they are trained on.
ELSEWHERE = ('lift/real', 'lift/people', 'lift/bodies')


def smoke(out: str, path: Path) -> str:
    """Runs a preset; returns its output if it failed, else ''."""
    argv = ['--task', path.parent.name, '--preset', path.stem]
    argv += ['--smoke', '--out', out]
    if path.parent.name != 'bench':
        argv += ['--data', 'synthetic']
    if 'cpn_' in path.read_text():  # a detector of Human3.6M only
        argv += ['--clips.keypoints', 'noisy']
    text, failed = io.StringIO(), False
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        try:
            run.main(argv)
        except (Exception, SystemExit):
            failed = True
            traceback.print_exc()
    name = f'{path.parent.name}/{path.stem}'
    print(f'smoke: {name}', 'failed' * failed, flush=True)
    return text.getvalue() if failed else ''


def main() -> int:
    """Runs one preset per processor at a time, in processes that import
    PyTorch and generate motion once; returns the exit code.
    """
    CommandParser(description=__doc__.split('\n\n')[0]).parse_args()
    presets = [
        path
        for path in sorted(PRESETS.glob('*/*.yaml'))
        if f'{path.parent.name}/{path.stem}' not in ELSEWHERE
    ]
    os.environ['OMP_NUM_THREADS'] = '1'
    with (
        tempfile.TemporaryDirectory() as out,
        ProcessPoolExecutor(
            mp_context=multiprocessing.get_context('spawn'),
            # Workers do not print a traceback each when interrupted.
            initializer=signal.signal,
            initargs=(signal.SIGINT, signal.SIG_DFL),
        ) as pool,
    ):
        failures = list(pool.map(partial(smoke, out), presets))
    print(''.join(failures), end='')
    return int(any(failures))


if __name__ == '__main__':
    run_command(main)
