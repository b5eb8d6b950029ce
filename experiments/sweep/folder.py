"""The folder of a run: its lock, its files, and whether it has finished."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Optional

import numpy as np
import torch
import yaml
from filelock import FileLock, Timeout

import pyg_hcsf
from experiments.sweep.files import replacing, save_json
from pyg_hcsf.safe_io.shown import cause

# Changes whenever test people are scored, see experiments/sweep/ledger.py.
LEDGER = 'docs/results/test_scores.csv'


class RunFolder:
    """The folder ``runs/<task>/<preset>/<row>/<seed>`` of one run.

    Args:
        path: The folder.
        key: The fingerprint of the run: its config, data and seed.
        arrays: The name of the file with results per frame or clip.
    """

    def __init__(
        self, path: Path, key: str, arrays: str = 'frames.npz'
    ) -> None:
        self.path = path
        self.key = key
        self.arrays = arrays

    def finished(self) -> bool:
        """Whether the folder holds all results of a run with this key."""
        return self._has_key('metrics.json') and zipfile.is_zipfile(
            self.path / self.arrays
        )

    def remember(self, request: str) -> None:
        """Notes in env.json what the run was asked for, see
        :func:`experiments.sweep.finished.request_key`.
        """
        values = read_json(self.path / 'env.json')
        if values.get('request') != request:
            save_json({**values, 'request': request}, self.path / 'env.json')

    def reuse(self, metadata: dict[str, Any]) -> bool:
        """Copies a finished run with the same key from the folder of another
        preset, as tables share cells. Warns of runs with damaged files.

        Args:
            metadata: The metrics that name the table row of this run.

        Returns:
            Whether there was one.
        """
        for path in sorted(self.path.parents[2].glob('*/*/*/env.json')):
            folder = path.parent
            other = RunFolder(folder, self.key, self.arrays)
            if folder == self.path or not other._has_key(path.name, warn=True):
                continue
            if not other.finished():
                continue
            self.path.mkdir(parents=True, exist_ok=True)
            for file in folder.iterdir():
                if file.is_file() and file.name != 'metrics.json':
                    with replacing(self.path / file.name) as part:
                        shutil.copyfile(file, part)
            values = read_json(folder / 'metrics.json')
            values.pop('paper', None)
            save_json({**values, **metadata}, self.path / 'metrics.json')
            return True
        return False

    @contextmanager
    def locked(self) -> Iterator[Optional[str]]:
        """Locks the folder against other processes, on any machine that
        shares it; yields the owner of the lock if another process has it,
        else None.

        The operating system releases the lock when the process ends, however
        it ends. The text of the lock file is only used for messages.

        Raises:
            RuntimeError: If the folder cannot be written.
        """
        path = self.path.parent / f'.{self.path.name}.lock'
        lock = FileLock(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(Timeout):
                lock.acquire(timeout=0)
        except OSError as e:
            raise RuntimeError(
                f"Could not write '{path}': {e.strerror or e}; choose another "
                '--out'
            ) from e
        if not lock.is_locked:
            yield str(read_json(path).get('owner', 'another process'))[:80]
            return
        owner = f'process {os.getpid()} of {platform.node()}'
        try:
            with suppress(OSError):
                path.write_text(json.dumps({'owner': owner}))
            yield None
        finally:
            lock.release()

    def finish(
        self, metrics: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> None:
        """Writes the results. A run has finished once metrics.json exists.

        Args:
            metrics: Its figures; the commit and the key are added.
            arrays: Its results per frame or clip.
        """
        path = self.path / self.arrays
        with replacing(path) as part, part.open('wb') as file:
            np.savez(file, allow_pickle=False, **arrays)
        values = {'commit': commit(), 'key': self.key, **metrics}
        save_json(values, self.path / 'metrics.json')

    def prepare(self, config: Any, resume: bool, processes: int) -> str:
        """Prepares the folder for a training. Results of other settings are
        moved away, never deleted.

        Args:
            config: The run config.
            resume: Whether to continue an unfinished run.
            processes: The number of processes.

        Returns:
            A note for the user; may be empty.

        Raises:
            ValueError: If there is an unfinished run, and :obj:`resume` is
                not set.
        """
        # Then the arrays are missing, as a finished run is not trained again.
        evaluated = self._has_key('metrics.json')
        note = ''
        if self._has_key('env.json') or evaluated:
            trained = (self.path / 'checkpoint.pt').is_file()
            if trained and not (resume or evaluated):
                raise ValueError(
                    f"'{self.path}' holds an unfinished run of these settings:"
                    ' continue it with --resume, or delete it to start again'
                )
            for part in self.path.glob('.*.part'):  # of a killed process
                part.unlink()
            if evaluated:
                again = 'tested again' if trained else 'trained again'
                note = f"'{self.arrays}' is missing or damaged: {again}"
            if self._has_key('env.json'):
                return note
        else:
            note = self._move_away()
        with replacing(self.path / 'config.yaml') as part:
            part.write_text(yaml.safe_dump(asdict(config), sort_keys=False))
        environment = {
            'key': self.key,
            'pyg_hcsf': pyg_hcsf.__version__,
            'commit': commit(),
            'python': platform.python_version(),
            'torch': torch.__version__,
            'machine': platform.machine(),
            'threads': torch.get_num_threads(),
            'processes': processes,
            'cuda': torch.cuda.is_available(),
        }
        save_json(environment, self.path / 'env.json')
        return note

    def _move_away(self) -> str:
        """Moves results of other settings; returns a note where to."""
        results = ('metrics.json', 'checkpoint.pt')
        if any((self.path / name).is_file() for name in results):
            target = self.path.parent / '.old' / self.path.name
            while target.exists():
                target = target.with_name(f'{target.name}_')
            target.parent.mkdir(exist_ok=True)
            self.path.rename(target)
            return f"results of other settings were moved to '{target}'"
        if self.path.is_dir():  # killed before there were any results
            shutil.rmtree(self.path)
        return ''

    def _has_key(self, name: str, warn: bool = False) -> bool:
        return read_json(self.path / name, warn).get('key') == self.key


def read_json(path: Path, warn: bool = False) -> dict[str, Any]:
    """Reads a JSON file of a run; {} if it is missing or damaged."""
    try:
        values = json.loads(path.read_text(encoding='utf-8'))
        if not isinstance(values, dict):
            raise ValueError('not a JSON object')
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as e:
        if warn:
            warnings.warn(
                f"'{path}' is damaged ({cause(e)}): the run is left out. "
                'Delete its folder, or run that row and seed again',
                stacklevel=2,
            )
        return {}
    return values


def commit() -> str:
    """The git commit of this checkout, with ``-dirty`` if files other than
    the ledger have changed since.
    """
    others = (':/', f':(top,exclude){LEDGER}')
    try:
        name = _git('describe', '--always')
        changed = _git('diff', '--name-only', 'HEAD', '--', *others)
    except (OSError, subprocess.CalledProcessError):
        return 'unknown'
    return name + '-dirty' * bool(changed)


def _git(*argv: str) -> str:
    out = subprocess.run(
        ['git', *argv],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return out.stdout.strip()
