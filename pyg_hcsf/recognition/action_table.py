r"""Tables of the actions of people over time."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pyg_hcsf.choices import check_choice
from pyg_hcsf.recognition.pose_actions import ActionInterval
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.csv_cells import escape_formula

SHOWN = 2  # guesses of a line


def to_text(intervals: Sequence[ActionInterval]) -> str:
    r"""The table for a terminal: times in seconds, and the most probable
    actions with their mean probabilities.
    """
    lines = [['person', 'from', 'to', 'action', 'probability', 'next']]
    for interval in intervals:
        first, second, *_ = (
            *(f'{score:.2f} {name}' for name, score in interval.guesses),
            '',
        )
        if interval.action == interval.guesses[0][0]:
            first = first.split()[0]
        times = (f'{t:.1f} s' for t in (interval.start, interval.end))
        lines.append([interval.person, *times, interval.action, first, second])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return '\n'.join(
        '  '.join(
            cell.ljust(width) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def write_table(path: Path, intervals: Sequence[ActionInterval]) -> None:
    r"""Writes the intervals, each with the mean probability of every action.

    Args:
        path (pathlib.Path): The file, :obj:`.csv` or :obj:`.json`.
        intervals (sequence of ActionInterval): One or more of them.

    Raises:
        ValueError: If the file is of another format.
        RuntimeError: If it cannot be written.

    Example:
        >>> write_table(Path('actions.csv'), recognize_poses(people))
    """
    kind = path.suffix.lower()
    check_choice('path', kind, ('.csv', '.json'))
    rows = [_record(interval) for interval in intervals]
    with (
        atomic_write(path) as part,
        part.open('w', encoding='utf-8', newline='') as file,
    ):
        if kind == '.json':
            json.dump(rows, file, indent=1)
            file.write('\n')
            return
        names = sorted(rows[0].pop('probabilities'))
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow([*rows[0], *names])
        for row, interval in zip(rows, intervals, strict=True):
            row.pop('probabilities', None)
            row['person'] = escape_formula(row['person'])
            guesses = dict(interval.guesses)
            scores = [round(guesses[name], 4) for name in names]
            writer.writerow([*row.values(), *scores])


def _record(interval: ActionInterval) -> dict[str, Any]:
    return {
        'person': interval.person,
        'start': round(interval.start, 3),
        'end': round(interval.end, 3),
        'first': interval.first,
        'last': interval.last,
        'action': interval.action,
        'probabilities': {n: round(s, 4) for n, s in interval.guesses},
    }
