"""Runs every preset of every task for some seconds, to see that it works."""

import subprocess
import sys
import tempfile
from pathlib import Path

REPO = Path(__file__).parents[1]
RUN = [sys.executable, str(REPO / 'experiments' / 'run.py')]


def main() -> None:
    """Runs them one after the other, stopping at the first failure."""
    presets = sorted((REPO / 'experiments' / 'presets').glob('*/*.yaml'))
    with tempfile.TemporaryDirectory() as out:
        for path in presets:
            task, preset = path.parent.name, path.stem
            command = [*RUN, '--task', task, '--preset', preset, '--smoke']
            command += ['--out', out]
            if task != 'bench':
                command += ['--data', 'synthetic']
            print(f'smoke: {task}/{preset}', flush=True)
            subprocess.run(command, check=True)


if __name__ == '__main__':
    main()
