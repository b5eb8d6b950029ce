"""The ledger of the open benchmark: each network that is scored on a test
split of openmocap has a line in docs/results/test_scores.csv, so that readers
see how often the test people were looked at, and what for.
"""

from __future__ import annotations

import csv
import io
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from experiments.sweep.folder import LEDGER, commit
from experiments.sweep.sources import title_of
from pyg_hcsf.safe_io.csv_cells import escape_formula

PATH = Path(__file__).parents[2] / LEDGER
COLUMNS = ('date', 'commit', 'command', 'data', 'network', 'purpose')
# Data sets with clips of openmocap; 'cmu' is that of the task lift.
OPENMOCAP = ('openmocap', 'openmocap-rigs', 'cmu')
NOT_STATED = 'not stated'


def record(spec: Any, data: str, split: str) -> None:
    """Appends a line before a network is scored on a test split of openmocap;
    smoke runs and other splits have none.

    Args:
        spec: The RunSpec of the run whose network is scored.
        data: The name of the data that it is scored on.
        split: The split.

    Raises:
        RuntimeError: If the ledger cannot be written.
    """
    if spec.smoke or split != 'test' or data not in OPENMOCAP:
        return
    metadata = spec.metadata
    record_network(
        metadata['command'],
        f'{title_of(data)}, test',
        f'{metadata["preset"]}/{metadata["row"]}, seed {spec.seed}',
        spec.purpose or NOT_STATED,
    )


def record_network(
    command: str, data: str, network: str, purpose: str
) -> None:
    """Appends a line before a network is scored on test people.

    Args:
        command: The command that scores it.
        data: The data set and split, in words.
        network: The network, in words.
        purpose: Why it is scored.

    Raises:
        RuntimeError: If the ledger cannot be written.
    """
    now = datetime.now(timezone.utc).strftime('%Y-%m-%d %H:%M UTC')
    values = (now, commit(), command, data, network, purpose)
    try:
        PATH.parent.mkdir(parents=True, exist_ok=True)
        append(PATH, values)
    except OSError as e:
        raise RuntimeError(
            f"Could not write '{PATH}' ({e.strerror or e}): the test people "
            'of openmocap are not scored without a line there; make it '
            'writable, or score --evaluate.split val'
        ) from e


def append(path: Path, values: tuple[str, ...]) -> None:
    """Appends a line to the ledger, and the column names to an empty one; in
    one write, so that processes that share the file do not mix their lines.
    """
    flags = os.O_APPEND | os.O_CREAT | os.O_WRONLY
    file = os.open(path, flags, 0o644)
    try:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator='\n')
        if os.fstat(file).st_size == 0:
            writer.writerow(COLUMNS)
        writer.writerow([escape_formula(' '.join(v.split())) for v in values])
        os.write(file, text.getvalue().encode())
    finally:
        os.close(file)
