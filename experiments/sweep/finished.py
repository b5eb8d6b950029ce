"""Recognises finished runs without loading their data."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from experiments.sweep.folder import RunFolder, read_json
from experiments.sweep.presets import fingerprint
from experiments.sweep.processes import WORLD
from experiments.sweep.sources import DataSource
from experiments.sweep.task import RunSpec

MAX_FILES = 300_000  # raw files whose names are listed


def request_key(spec: RunSpec, source: DataSource) -> str:
    """A hash of what a run was asked for: its settings, data and seed, with
    the number, sizes and times of the raw files. A run with the same hash
    would load the same clips; another one may, too.

    Args:
        spec: The run.
        source: Its data set.

    Returns:
        The hash, or an empty text if the raw files are not there.
    """
    stamps = []
    if source.needs:  # else the data are generated
        if (found := source.find(spec.root)) is None:
            return ''
        stamps.append(_stamp(Path(getattr(found, 'path', found))))
    for value in _texts(asdict(spec.config)):
        if len(value) < 4096 and Path(value).is_file():
            stamps.append(_stamp(Path(value)))
    if None in stamps:
        return ''
    asked = [spec.data, spec.partial, WORLD, json.dumps(stamps)]
    return fingerprint(spec.config, ['request', *asked], spec.seed)


def is_finished(spec: RunSpec, arrays: str) -> bool:
    """Whether the folder of a run has the results of its request.

    Args:
        spec: The run.
        arrays: The name of the file with results per frame or clip.
    """
    stored = read_json(spec.folder / 'env.json')
    if not spec.request or stored.get('request') != spec.request:
        return False
    metrics = read_json(spec.folder / 'metrics.json')
    for key in ('preset', 'row', 'label'):
        if metrics.get(key) != spec.metadata[key]:
            return False
    return RunFolder(spec.folder, str(stored.get('key')), arrays).finished()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """The number of files at a path, their sizes and their latest change."""
    count = size = latest = 0
    paths = [str(path)] if path.is_file() else _files(path)
    for name in paths:
        count += 1
        if count > MAX_FILES:
            return None
        try:
            status = os.stat(name)
        except OSError:
            return None
        size += status.st_size
        latest = max(latest, status.st_mtime_ns)
    return (count, size, latest) if count else None


def _files(folder: Path) -> Any:
    for where, folders, names in os.walk(folder):
        if 'processed' in folders:  # written by data sets
            folders.remove('processed')
        yield from (os.path.join(where, name) for name in names)


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, str):
        yield value
