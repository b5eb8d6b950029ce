"""The folder of a run: who may write it, and what became of it."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import yaml
from train import replacing, save_json

import pyg_hcsf


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
