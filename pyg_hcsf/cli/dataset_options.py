"""The data sets that commands know, and their options."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser

from pyg_hcsf import datasets
from pyg_hcsf.datasets.checks.doctor import FoundFiles

DATA_HOME = Path('datasets')
CLASSES: dict[str, Any] = {
    'human36m': datasets.Human36M,
    'mpi_inf_3dhp': datasets.MPIINF3DHP,
    'nturgbd': datasets.NTURGBD,
    'utd_mhad': datasets.UTDMHAD,
    'openmocap': datasets.OpenMocap,
    'cmu_mocap': datasets.CMUMocap,
    'hdm05': datasets.HDM05,
    'bvh_motion': datasets.BVHMotion,
}
# Arguments of the classes that do not change what is written, or that
# commands set themselves.
SKIPPED_ARGUMENTS = {
    'root', 'raw', 'split', 'val_subjects', 'dropped', 'log', 'force_reload',
    'transform', 'pre_transform', 'pre_filter',
}  # fmt: skip
MAX_NAMED = 20  # files that are named


def add_dataset_options(command: ArgumentParser, cls: Any) -> None:
    """Adds the arguments of a class and the location of its files."""
    command.add_argument(
        '--from',
        type=str | None,
        help='file, folder or zip with raw files; default <root>/<class>/raw',
    )
    command.add_argument(
        '--root',
        type=str | None,
        help='folder of all data sets; default PYG_HCSF_DATA or datasets',
    )
    command.add_class_arguments(cls, skip=SKIPPED_ARGUMENTS)


def pop_paths(cls: Any, options: dict[str, Any]) -> tuple[Path, Path]:
    """Removes the options of paths; returns those of root and raw files."""
    raw, home = options.pop('from'), options.pop('root')
    home = Path(home or os.environ.get('PYG_HCSF_DATA') or DATA_HOME)
    root = home.expanduser() / cls.__name__
    return root, Path(raw).expanduser() if raw else root / 'raw'


def describe(item: FoundFiles) -> str:
    """Describes the files of one format."""
    number = f'{len(item.files):,} file' + 's' * (len(item.files) > 1)
    return f"{number}, format '{item.format.name}': {item.format.description}"


def list_names(names: Iterable[object]) -> str:
    """Lists the first of many names, and the number of the others."""
    texts = list(map(str, names))
    more = len(texts) - MAX_NAMED
    return ', '.join(texts[:MAX_NAMED]) + f' and {more:,} more' * (more > 0)
