"""Writes the report of finished pose, lift or action runs: report.md with
pictures, and every number in results.csv.

    python experiments/report.py runs/pose/openmocap docs/results/openmocap
    python experiments/report.py runs/action docs/results/actions
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pyg_hcsf.io.shown import shown
from reporting.runs import find_metrics, read_metrics
from run import TASKS


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Writes the report of runs of one task.

    Args:
        folder: Where they lie.
        out: Where to write; by default there.

    Raises:
        ValueError: If there are none, or of several tasks.
        RuntimeError: If a file of a run is damaged.
    """
    found = {_task(path) for path in find_metrics(folder)}
    if len(found) != 1:
        raise ValueError(
            f"Expected finished runs of one task under '{folder}', made by "
            f'experiments/run.py (got {sorted(found) or "none"})'
        )
    path: Path = TASKS[found.pop()].report.write_report(folder, out)
    return path


def _task(path: Path) -> str:
    task = read_metrics(path, ()).get('task', 'pose')
    if task not in TASKS:
        raise RuntimeError(f"'{path}' is of an unknown task {shown(task)}")
    return str(task)


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('folder', type=Path, help='of runs, such as runs/pose')
    parser.add_argument(
        'out',
        nargs='?',
        type=Path,
        help='where the report goes; default: into the folder',
    )
    args = parser.parse_args()
    try:
        print(write_report(args.folder, args.out))
    except (OSError, ValueError, RuntimeError) as e:
        sys.exit(f'error: {e}')


if __name__ == '__main__':
    main()
