r"""Steps between raw files and a store of clips."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor
from torch_geometric.data import Data

from pyg_hcsf.axes import to_data

DIGEST = '[0-9a-f]' * 16  # RawSource.digest as a glob and regex pattern


@dataclass(frozen=True)
class RawSource:
    r"""Raw files of one format."""

    format: str  #: the name of the format
    files: list[Path]
    digest: str  #: a hash of the names and sizes of the files
    num_clips: int | None = None  #: in the files, if known


def fingerprint(root: Path, files: Iterable[Path]) -> str:
    r"""A hash of the names and sizes of files.

    Args:
        root (pathlib.Path): The folder that names are relative to.
        files (iterable of pathlib.Path): The files, in any order.

    Raises:
        ValueError: If a file does not exist; names it.
    """
    try:
        listing = sorted(
            (os.path.relpath(file, root), file.stat().st_size)
            for file in files
        )
    except OSError as e:
        raise ValueError(
            f"The raw file '{e.filename}' cannot be read ({e.strerror}): get "
            'it again or remove it'
        ) from e
    return hashlib.sha256(json.dumps(listing).encode()).hexdigest()[:16]


def user_steps(
    pre_filter: Callable | None, pre_transform: Callable | None
) -> list[tuple[str, Callable[[Data], Data | None]]]:
    r"""PyG's :obj:`pre_filter` and :obj:`pre_transform` as a step of
    :func:`apply_steps`, with a name that depends on their :func:`repr`.
    """
    if pre_filter is None and pre_transform is None:
        return []
    text = repr((pre_filter, pre_transform))
    text = re.sub(' at 0x[0-9a-fA-F]+', '', text)  # differs between processes

    def prepare(data: Data) -> Data | None:
        if pre_filter is not None and not pre_filter(data):
            return None
        return data if pre_transform is None else pre_transform(data)

    return [(f'pre{hashlib.sha256(text.encode()).hexdigest()[:8]}', prepare)]


def find_stores(folder: Path, stems: Iterable[str], ending: str) -> list[str]:
    r"""The names without suffix of the stores in a folder that begin with one
    of the patterns :obj:`stems` and end with :obj:`ending`, or if there are
    none, with nothing.
    """
    found: list[str] = []
    for end in (ending, ''):
        found = found or [
            path.stem
            for stem in sorted(stems)
            for path in folder.glob(f'{stem}{end}.clips')
        ]
    return found


def check_writable(folder: Path) -> None:
    r"""Makes a folder if need be.

    Raises:
        RuntimeError: If no file can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as e:
        raise RuntimeError(
            f"Could not write to the folder '{folder}': {e.strerror}. Make it "
            "writable or choose another 'root'"
        ) from e


def apply_steps(
    clips: Iterable[Data | dict[str, Any]],
    steps: list[Callable[[Data], Data | None]],
    keys: tuple[str, ...],
) -> Iterator[Data | dict[str, Any]]:
    r"""Applies functions to clips one after the other.

    Args:
        clips (iterable): The clips; in dictionaries, sequences have frames
            first.
        steps (list[callable]): From a clip to a clip, or to :obj:`None` to
            leave it out.
        keys (tuple[str, ...]): The names of sequences.
    """
    for clip in clips:
        if not steps:
            yield clip
            continue
        data = to_data(clip, keys) if isinstance(clip, dict) else clip
        for step in steps:
            data = None if data is None else step(data)
        if data is not None:
            yield data


def sequence_keys(
    clip: Data | dict[str, Any], keys: tuple[str, ...]
) -> tuple[str, ...]:
    r"""The names of all sequences of a clip.

    Args:
        clip (torch_geometric.data.Data or dict): The clip.
        keys (tuple[str, ...]): Names of sequences, of which a clip may lack
            some. In a :class:`~torch_geometric.data.Data`, other attributes
            with the same axes :obj:`[N, T]` are sequences, too.
    """

    def axes(name: str) -> tuple[int, ...]:
        value = clip[name]
        return tuple(value.shape[:2]) if isinstance(value, Tensor) else ()

    out = [key for key in keys if key in clip and len(axes(key)) == 2]
    if isinstance(clip, Data) and out:
        names = clip.to_dict()
        out += [n for n in names if n not in out and axes(n) == axes(out[0])]
    return tuple(out)
