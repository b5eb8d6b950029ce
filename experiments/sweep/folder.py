"""The folder of a run: who may write it, and what became of it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Optional

import numpy as np
import torch
import yaml

import pyg_hcsf
from sweep.trainer import replacing, save_json

BEAT = 30.0  # s between two signs of life of who writes a folder
DEAD = 300.0  # s without one: the writer was killed, or its machine


class RunFolder:
    """``runs/<task>/<preset>/<row>/<seed>`` of one configuration.

    Args:
        path: The folder.
        key: The fingerprint of the configuration.
    """

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        self.key = key

    def finished(self) -> bool:
        """Whether a run of this configuration has ended."""
        return self._holds('metrics.json')

    def adopt(self, place: dict[str, Any]) -> bool:
        """Takes over a finished run of this configuration that stands in
        another preset's folder: tables share cells.

        Args:
            place: The metrics that say which row of which preset this is.
        """
        for path in self.path.parents[2].glob('*/*/*/env.json'):
            metrics = path.with_name('metrics.json')
            if path.parent == self.path or not metrics.is_file():
                continue
            if json.loads(path.read_text())['key'] != self.key:
                continue
            self.path.mkdir(parents=True, exist_ok=True)
            for file in path.parent.iterdir():
                if file.is_file() and file.name != metrics.name:
                    with replacing(self.path / file.name) as part:
                        shutil.copyfile(file, part)
            values = json.loads(metrics.read_text())
            values.pop('paper', None)
            save_json({**values, **place}, self.path / metrics.name)
            return True
        return False

    @contextmanager
    def claimed(self) -> Iterator[Optional[str]]:
        """Keeps other processes, on any machine that shares the folder, from
        running the same row; gives the one that does, or nothing if it is
        this one.
        """
        claim = self.path.parent / f'.{self.path.name}.claim'
        owner = _take(claim)
        if owner is not None:
            yield owner
            return
        done = threading.Event()

        def beat() -> None:
            while not done.wait(BEAT):
                with suppress(OSError):
                    os.utime(claim)

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield None
        finally:
            done.set()
            claim.unlink(missing_ok=True)

    def finish(
        self,
        metrics: dict[str, Any],
        name: str,
        arrays: dict[str, np.ndarray],
    ) -> None:
        """Writes what a run is known by afterwards. It has ended once
        metrics.json is there.

        Args:
            metrics: Its figures; the commit and the key are added.
            name: The file of its arrays, frames.npz or scores.npz.
            arrays: What this file holds.
        """
        with replacing(self.path / name) as part, part.open('wb') as file:
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
        note = ''
        if self._holds('env.json'):
            if not resume and (self.path / 'checkpoint.pt').is_file():
                raise ValueError(
                    f"'{self.path}' holds an unfinished run of these settings:"
                    ' go on with it by --resume, or delete it to start again'
                )
            for part in self.path.glob('.*.part'):  # of a killed process
                part.unlink()
            return note
        results = ('metrics.json', 'checkpoint.pt')
        if any((self.path / name).is_file() for name in results):
            aside = self.path.parent / '.old' / self.path.name
            while aside.exists():
                aside = aside.with_name(f'{aside.name}_')
            aside.parent.mkdir(exist_ok=True)
            self.path.rename(aside)
            note = f"results of other settings were moved to '{aside}'"
        elif self.path.is_dir():  # killed before there was anything
            shutil.rmtree(self.path)
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

    def _holds(self, name: str) -> bool:
        path = self.path / name
        if not path.is_file():
            return False
        return json.loads(path.read_text()).get('key') == self.key


def _take(claim: Path) -> Optional[str]:
    claim.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([platform.node(), os.getpid()])
    for _ in range(2):
        try:
            with claim.open('x') as file:
                file.write(text)
            return None
        except FileExistsError:
            pass
        try:
            age = time.time() - claim.stat().st_mtime
            words = claim.read_text()
            host, pid = json.loads(words) if words else ('?', 0)
        except (OSError, ValueError):
            continue  # it has just ended
        if age < DEAD and not (host == platform.node() and _ended(pid)):
            return f'process {pid} of {host}'
        with suppress(OSError):  # one of those who find it moves it away
            dead = claim.with_name(f'{claim.name}.{os.getpid()}')
            claim.rename(dead)
            dead.unlink()
    return 'another process'


def _ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


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
