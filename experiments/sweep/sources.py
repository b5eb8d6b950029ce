"""Finds the raw data of a task below a data home."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pyg_hcsf.choices import did_you_mean
from pyg_hcsf.cli.command import UsageError

HOME = Path(__file__).parents[2] / 'datasets'
# The names of data sets in tables, where they are others than in commands.
TITLES = {
    'synthetic': 'SyntheticMotion',
    'openmocap': 'openmocap 2',
    'openmocap-rigs': 'openmocap-rigs 2',
}


def title_of(data: str) -> str:
    """The name of a data set in tables, with its version."""
    return TITLES.get(data, data)


def data_home(root: str | None) -> Path:
    """The folder to look for raw data in: ``--root``, else PYG_HCSF_DATA,
    else the project's datasets/.
    """
    path = Path(root or os.environ.get('PYG_HCSF_DATA') or HOME)
    if not path.is_dir():
        raise UsageError(
            f"Expected '--root' (or PYG_HCSF_DATA) to be a folder (got "
            f"'{path}')"
        )
    return path


class DataSource(NamedTuple):
    """A data set of a task.

    Args:
        find: Returns where the raw files are below a data home, or None.
        load: Loads the clips of a request.
        protocol: The protocol that ``--protocol auto`` stands for.
        needs: Which raw files to put where, for an error.
        frames: Training frames of all cameras; zero if not known.
    """

    find: Callable[[Path], Any]
    load: Callable[..., Any]
    protocol: str
    needs: str = ''
    frames: int = 0

    def require(self, root: Path) -> None:
        """Raises an error if there are no raw files."""
        if self.find(root) is None:
            raise ValueError(f'Expected {self.needs.format(root=root)}')


def resolve(data: str, root: Path, sources: Mapping[str, DataSource]) -> str:
    """The name of the data; ``auto`` is the first that is found."""
    known = ('auto', *sources)
    if data not in known:
        raise UsageError(
            f"Expected '--data' to be one of {known} (got '{data}')"
            + did_you_mean(data, known)
        )
    if data != 'auto':
        return data
    return next(name for name, src in sources.items() if src.find(root))


def find_raw(
    root: Path, name: str, found: Callable[[Path], bool]
) -> Path | None:
    """The folder below a data home that holds the raw files of a data set, or
    in which they were when they were processed.
    """
    folder = root / name
    for path in (folder / 'raw', folder, root):
        if found(path):
            return path
    processed = any((folder / 'processed').glob('*.clips'))
    return folder / 'raw' if processed else None


def processed_root(root: Path, name: str, raw: Path | None) -> Path:
    """Where processed files go: beside ``raw`` in the data home, else to the
    project's datasets/, as other folders are only read.
    """
    inside = raw is not None and root / name in (raw, raw.parent)
    return (root if inside else HOME) / name
