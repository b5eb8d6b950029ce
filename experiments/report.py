"""Writes the report of finished pose, lift or action runs: report.md with
pictures, and every number in results.csv.

    python -m experiments.report runs/pose/openmocap docs/results/openmocap
    python -m experiments.report runs/action docs/results/actions
"""

from __future__ import annotations

from pathlib import Path

from experiments.options import TASKS
from experiments.reporting.runs import find_metrics, read_metrics
from experiments.run import load_task
from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.cli.paths import check_folder, check_input
from pyg_hcsf.safe_io.shown import shown


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Writes the report of the runs under a folder.

    Args:
        folder: The folder with runs of one task.
        out: Where to write. (default: ``folder``)

    Raises:
        ValueError: If there are no runs, or runs of several tasks.
    """
    found = {_task(path) for path in find_metrics(folder)} - {None}
    if len(found) != 1:
        raise ValueError(
            f"Expected finished runs of one task under '{folder}', made by "
            f'experiments/run.py (got {sorted(map(str, found)) or "none"})'
        )
    return load_task(str(found.pop())).report.write(folder, out)


def _task(path: Path) -> str | None:
    """The task of a run; None if its file is damaged."""
    try:
        task = read_metrics(path).get('task', 'pose')
    except RuntimeError:
        return None  # load_runs warns of it
    if not isinstance(task, str) or task not in TASKS:
        raise RuntimeError(f"'{path}' is of an unknown task {shown(task)}")
    return task


def main() -> None:
    """Runs the command line."""
    parser = CommandParser(description=__doc__.split('\n\n')[0])
    parser.add_argument(
        'folder', type=Path, help='folder with runs, such as runs/pose'
    )
    parser.add_argument(
        'out',
        nargs='?',
        type=Path,
        help='folder for the report (default: the same)',
    )
    args = parser.parse_args()
    check_input('folder', args.folder)
    check_folder('out', args.out or args.folder)
    print(write_report(args.folder, args.out))


if __name__ == '__main__':
    run_command(main)
