"""The folder of a run: who may write it, and what became of it."""

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
from experiments.sweep.trainer import replacing, save_json
from pyg_hcsf.safe_io.shown import cause


class RunFolder:
    """``runs/<task>/<preset>/<row>/<seed>`` of one configuration.

    Args:
        path: The folder.
        key: The fingerprint of the configuration.
        arrays: The file of its results for every frame or clip.
    """

    def __init__(
        self, path: Path, key: str, arrays: str = 'frames.npz'
    ) -> None:
        self.path = path
        self.key = key
        self.arrays = arrays

    def finished(self) -> bool:
        """Whether a run of this configuration has ended, and its results for
        every frame or clip are there.
        """
        return self._holds('metrics.json') and zipfile.is_zipfile(
            self.path / self.arrays
        )

    def adopt(self, place: dict[str, Any]) -> bool:
        """Takes over a finished run of this configuration that stands in
        another preset's folder: tables share cells. Runs whose files are
        damaged are named and left out.

        Args:
            place: The metrics that say which row of which preset this is.
        """
        for path in sorted(self.path.parents[2].glob('*/*/*/env.json')):
            folder = path.parent
            other = RunFolder(folder, self.key, self.arrays)
            if folder == self.path or not other._holds(path.name, warn=True):
                continue
            if not other.finished():
                continue
            self.path.mkdir(parents=True, exist_ok=True)
            for file in folder.iterdir():
                if file.is_file() and file.name != 'metrics.json':
                    with replacing(self.path / file.name) as part:
                        shutil.copyfile(file, part)
            values = _read(folder / 'metrics.json')
            values.pop('paper', None)
            save_json({**values, **place}, self.path / 'metrics.json')
            return True
        return False

    @contextmanager
    def claimed(self) -> Iterator[Optional[str]]:
        """Keeps other processes, on any machine that shares the folder, from
        running the same row; gives the one that does, or nothing if it is
        this one.

        The operating system holds the lock, and releases it when a process
        ends in whatever way. What the lock file says is only for the message.

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
            yield str(_read(path).get('owner', 'another process'))[:80]
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
        """Writes what a run is known by afterwards. It has ended once
        metrics.json is there.

        Args:
            metrics: Its figures; the commit and the key are added.
            arrays: Its results for every frame or clip.
        """
        path = self.path / self.arrays
        with replacing(path) as part, part.open('wb') as file:
            np.savez(file, allow_pickle=False, **arrays)
        values = {'commit': commit(), 'key': self.key, **metrics}
        save_json(values, self.path / 'metrics.json')

    def open(self, config: Any, resume: bool, processes: int) -> str:
        """Makes the folder ready to write. Results of other settings are set
        aside, never deleted.

        Args:
            config: What is going to run.
            resume: Whether to go on with an unfinished run.
            processes: The number of processes.

        Returns:
            What there is to tell the user, or nothing.

        Raises:
            ValueError: If there is an unfinished run to go on with, and
                :obj:`resume` is not set.
        """
        tested = self._holds('metrics.json')  # but its arrays are gone
        note = ''
        if self._holds('env.json') or tested:
            there = (self.path / 'checkpoint.pt').is_file()
            if there and not (resume or tested):
                raise ValueError(
                    f"'{self.path}' holds an unfinished run of these settings:"
                    ' go on with it by --resume, or delete it to start again'
                )
            for part in self.path.glob('.*.part'):  # of a killed process
                part.unlink()
            if tested:
                again = 'tested again' if there else 'trained again'
                note = f"'{self.arrays}' is missing or damaged: {again}"
            if self._holds('env.json'):
                return note
        else:
            note = self._clear()
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

    def _clear(self) -> str:
        """Makes room for a run; says where results of other settings went."""
        results = ('metrics.json', 'checkpoint.pt')
        if any((self.path / name).is_file() for name in results):
            aside = self.path.parent / '.old' / self.path.name
            while aside.exists():
                aside = aside.with_name(f'{aside.name}_')
            aside.parent.mkdir(exist_ok=True)
            self.path.rename(aside)
            return f"results of other settings were moved to '{aside}'"
        if self.path.is_dir():  # killed before there was anything
            shutil.rmtree(self.path)
        return ''

    def _holds(self, name: str, warn: bool = False) -> bool:
        return _read(self.path / name, warn).get('key') == self.key


def _read(path: Path, warn: bool = False) -> dict[str, Any]:
    """What a JSON file of a run says: nothing if it is not there or damaged.

    Args:
        path: The file.
        warn: Whether to name it if it is damaged.
    """
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
    """The commit of this checkout."""
    try:
        out = subprocess.run(
            ['git', 'describe', '--always', '--dirty'],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return 'unknown'
    return out.stdout.strip()
