"""Where the data of a task come from."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pyg_hcsf.cli.command import UsageError

HOME = Path(__file__).parents[2] / 'datasets'


def data_home(root: str | None) -> Path:
    """The folder to look for raw data in."""
    path = Path(root or os.environ.get('PYG_HCSF_DATA') or HOME)
    if not path.is_dir():
        raise UsageError(
            f"Expected '--root' (or PYG_HCSF_DATA) to be a folder (got "
            f"'{path}')"
        )
    return path


class DataSource(NamedTuple):
    """A data set that a run can learn from.

    Args:
        find: From a data home to the raw files, or None.
        load: From what a run asks for to the clips.
        protocol: What ``--protocol auto`` stands for.
        needs: What to put where, if there are no raw files.
        frames: Frames to train on, of all cameras; zero if not known.
    """

    find: Callable[[Path], Any]
    load: Callable[..., Any]
    protocol: str
    needs: str = ''
    frames: int = 0


def resolve(data: str, root: Path, sources: Mapping[str, DataSource]) -> str:
    """The data that ``auto`` stands for."""
    known = ('auto', *sources)
    if data not in known:
        raise UsageError(
            f"Expected '--data' to be one of {known} (got '{data}')"
        )
    if data != 'auto':
        return data
    return next(name for name, src in sources.items() if src.find(root))
