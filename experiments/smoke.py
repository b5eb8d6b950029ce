"""Runs every preset of every task for some seconds, to see that it works.

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


def smoke(out: str, path: Path) -> str:
    """Runs a preset; returns what it printed if it failed."""
    argv = ['--task', path.parent.name, '--preset', path.stem]
    argv += ['--smoke', '--out', out]
    if path.parent.name != 'bench':
        argv += ['--data', 'synthetic']
    if 'cpn_' in path.read_text():  # a detector, which saw no such motion
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
    """Runs one for each processor at a time, in processes that import PyTorch
    and make their motion once; returns the exit code.
    """
    CommandParser(description=__doc__.split('\n\n')[0]).parse_args()
    presets = sorted(PRESETS.glob('*/*.yaml'))
    os.environ['OMP_NUM_THREADS'] = '1'
    with (
        tempfile.TemporaryDirectory() as out,
        ProcessPoolExecutor(
            mp_context=multiprocessing.get_context('spawn'),
            # An interrupt ends them without a traceback each.
            initializer=signal.signal,
            initargs=(signal.SIGINT, signal.SIG_DFL),
        ) as pool,
    ):
        failures = list(pool.map(partial(smoke, out), presets))
    print(''.join(failures), end='')
    return int(any(failures))


if __name__ == '__main__':
    run_command(main)
