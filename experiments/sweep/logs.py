"""Logs of a training: log.jsonl, from which log.csv is made, and TensorBoard.

log.jsonl has a line for every mean loss and every validation. It is cut at
the checkpoint when a training is resumed, so that no step is there twice.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

from experiments.sweep.files import replacing


class TrainingLog:
    """The logs in the folder of a run.

    Args:
        folder: The folder.
        formats: Which logs to write besides log.jsonl: csv, tensorboard.
    """

    def __init__(self, folder: Path, formats: Collection[str] = ()) -> None:
        self.path = folder / 'log.jsonl'
        self.formats = formats
        self._writer: Any = None

    def open(self, step: int) -> None:
        """Drops what was logged after a step, from which training starts."""
        there = step and self.path.is_file()
        lines = self.path.read_text().splitlines() if there else []
        kept = [line for line in lines if _logged_step(line) <= step]
        if kept:
            with replacing(self.path) as part:
                part.write_text(''.join(f'{line}\n' for line in kept))
        else:
            self.path.unlink(missing_ok=True)
        if 'tensorboard' in self.formats:
            from torch.utils.tensorboard import SummaryWriter

            folder = self.path.parent / 'tensorboard'
            self._writer = SummaryWriter(str(folder), purge_step=step + 1)

    def append(self, step: int, values: dict[str, float]) -> None:
        """Adds figures of a step.

        Raises:
            RuntimeError: If the disk is full.
        """
        line = json.dumps({'step': step, **values}) + '\n'
        try:
            with self.path.open('a') as file:
                file.write(line)
        except OSError as e:
            raise RuntimeError(
                f"Could not write '{self.path}': {e.strerror}; free some "
                'space, then run the same command with --resume'
            ) from e
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)

    def flush(self) -> None:
        """Writes the other logs, after a validation."""
        if 'csv' in self.formats:
            write_csv(self.path)
        if self._writer is not None:
            self._writer.flush()

    def close(self) -> None:
        """Ends the logs."""
        self.flush()
        if self._writer is not None:
            self._writer.close()


def write_csv(log: Path) -> None:
    """Writes log.csv beside a log.jsonl: a row for each validation, with the
    mean of the losses since the one before.
    """
    rows: list[dict[str, Any]] = []
    losses: list[float] = []
    values: dict[str, Any] = dict.fromkeys(('step', 'loss', 'lr'))
    for line in log.read_text().splitlines() if log.is_file() else ():
        record = json.loads(line)
        values.update(record)
        if 'loss' in record:
            losses.append(record['loss'])
            continue
        rows.append({**values, 'loss': _mean(losses)})
        losses = []
    if losses:  # a training without validation
        rows.append({**values, 'loss': _mean(losses)})
    names = list(dict.fromkeys(name for row in rows for name in row))
    path = log.with_name('log.csv')
    with replacing(path) as part, part.open('w', newline='') as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _logged_step(line: str) -> float:
    try:
        return json.loads(line)['step']
    except (ValueError, KeyError):  # cut off by a kill
        return math.inf
