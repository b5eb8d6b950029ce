"""Finds the raw files of data sets, and describes them."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from pyg_hcsf.cli.dataset_options import (
    CLASSES,
    MAX_NAMED,
    describe,
    list_names,
    pop_paths,
)
from pyg_hcsf.datasets.checks.bvh_commands import bvh_commands
from pyg_hcsf.datasets.checks.doctor import FoundFiles, diagnose, find_formats
from pyg_hcsf.datasets.checks.expected_counts import EXPECTED_CONTENTS
from pyg_hcsf.datasets.checks.prepare_commands import prepare_commands
from pyg_hcsf.datasets.human36m.formats import detectors
from pyg_hcsf.datasets.ntu.benchmarks import BENCHMARKS

FORMATS = {name: cls.formats for name, cls in CLASSES.items()}


def examine(path: Path) -> int:
    """Prints what a path contains; returns 0 if it is complete, else 1."""
    result = diagnose(
        path,
        FORMATS,
        lambda files: tqdm(files, 'Looking', leave=False, disable=None),
    )
    complete = True
    broken = {file for file, _ in result.broken}
    for item in result.found:
        print(describe(item))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            lines, item_complete = _examine_item(
                item, path, result.found, broken
            )
        complete &= item_complete
        for text in dict.fromkeys(str(warning.message) for warning in caught):
            print(f'  {text}')
        for text in lines:
            print(f'  {text}')
    for file, kind in result.broken[:MAX_NAMED]:
        print(f"'{file}' is {kind.text}\n  {kind.remedy}")
    if (more := len(result.broken) - MAX_NAMED) > 0:
        print(f'... and {more:,} more that cannot be read')
    for text in result.advice[:MAX_NAMED]:
        print(text)
    for text, number in result.others.items():
        print(f'Not read: {number:,} file{"s" * (number > 1)}, {text}')
    if path.is_dir() and not (result.found or result.broken or result.others):
        print(f"'{path}' holds no files")
    if not result.found:
        print(
            'No data set was found here: see docs/data.md for what is read. '
            'Files of 2D keypoints are for pyg-hcsf lift, of 3D poses for '
            'pyg-hcsf view.'
        )
    return int(not result.found or bool(result.broken) or not complete)


def _examine_item(
    item: FoundFiles,
    path: Path,
    found: Sequence[FoundFiles],
    broken: set[Path],
) -> tuple[list[str], bool]:
    """The commands for files that were found, and whether all are there."""
    if item.name == 'bvh_motion':
        return bvh_commands(path, item.files)
    lines, complete = [], True
    damaged = [file for file in item.files if file in broken]
    try:
        if damaged and item.format.name != 'skeleton':
            raise ValueError(f'damaged: {list_names(damaged)}, see below')
        for words in prepare_commands(item, path, found):
            lines.append('pyg-hcsf prepare ' + shlex.join(words))
        lines += _option_hints(item)
    except ValueError as e:
        lines.append(f'not read as it is: {e}')
        complete = False
    contents = EXPECTED_CONTENTS[CLASSES[item.name].__name__]
    try:
        missing = contents({'format': item.format.name}).missing(item)
    except ValueError as e:
        lines += [str(e)] * (not any(str(e) in line for line in lines))
        return lines, False
    if missing:
        lines.append(f'missing {list_names(missing)}')
    return lines, complete and not missing


def _option_hints(item: FoundFiles) -> list[str]:
    """The values of options that the files allow."""
    if item.name == 'nturgbd' and item.format.name in ('skeleton', 'pyskl'):
        return [f'--benchmark is one of {", ".join(BENCHMARKS)}']
    if item.name != 'human36m':
        return []
    try:
        names = list(detectors(item.format.name, item.files))
    except ValueError as e:
        return [str(e)]
    if item.format.name == 'vp3d':  # stacked hourglasses find no Neck/Nose
        names = [f'{n}{" --joints 16" * n.startswith("sh_")}' for n in names]
    return ['--keypoints is gt, or ' + ' or '.join(names)] * bool(names)


def find_raw_files(
    name: str, options: dict[str, Any]
) -> tuple[Path, Path, list[FoundFiles]]:
    """Finds the raw files of a data set, and removes the options of paths.

    Returns:
        The root of the class, the path of the raw files, and the files.

    Raises:
        ValueError: If there are none. What else is there is printed.
    """
    cls = CLASSES[name]
    root, raw = pop_paths(cls, options)
    found, errors = find_formats(raw, {name: cls.formats})
    if not found:
        examine(raw)
        raise ValueError(
            f"Nothing in '{raw}' can be read by {cls.__name__}"
            + ''.join(f': {error}' for error in errors)
        )
    return root, raw, found
