r"""Finds the raw files of NTU RGB+D and reads their clips."""

from __future__ import annotations

import hashlib
import json
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from pyg_hcsf.data.clip_store import ClipStore
from pyg_hcsf.data.processing import RawSource
from pyg_hcsf.datasets.ntu.agcn import DATA, read_agcn
from pyg_hcsf.datasets.ntu.benchmarks import BENCHMARKS, get_benchmark
from pyg_hcsf.datasets.ntu.clip_names import (
    ActionClip,
    missing_skeletons,
    parse_name,
    read_names,
)
from pyg_hcsf.datasets.ntu.ctrgcn import read_ctrgcn
from pyg_hcsf.datasets.ntu.formats import NTU_FORMATS, walk
from pyg_hcsf.datasets.ntu.pyskl import read_pyskl
from pyg_hcsf.datasets.ntu.sgn import read_sgn
from pyg_hcsf.datasets.ntu.shards import read_shards
from pyg_hcsf.datasets.ntu.skeleton_files import SUFFIX, find_skeletons
from pyg_hcsf.safe_io.archives import Member, list_some

NAMES = 'skes_available_name.txt'  # CTR-GCN's list, beside its files

# Names of the file of a benchmark, or of its folder, by the formats' authors.
# In the order of BENCHMARKS: NTU 60 by subject and by view, 120 by subject and
# by setup.
_CUSTOMARY: dict[str, list[tuple[str, ...]]] = {
    'pyskl': [(f'ntu{n}_3danno.pkl',) for n in (60, 60, 120, 120)],
    'ctrgcn': [
        (f'{name}.npz',)
        for name in ('NTU60_CS', 'NTU60_CV', 'NTU120_CSub', 'NTU120_CSet')
    ],
    # MS-G3D and Shift-GCN call the last one 'xsetup'.
    'agcn': [('xsub',), ('xview',), ('xsub',), ('xset', 'xsetup')],
    'sgn': [(f'NTU_{name}.h5',) for name in ('CS', 'CV', 'CSub', 'CSet')],
}
CUSTOMARY = {
    form: dict(zip(BENCHMARKS, names, strict=True))
    for form, names in _CUSTOMARY.items()
}


@dataclass(frozen=True)
class NTUSource(RawSource):
    r"""Raw files of one format of NTU RGB+D.

    Args:
        members (list[Member]): The :obj:`.skeleton` files in them.
    """

    members: list[Member] = field(default_factory=list)


def find_source(roots: Sequence[Path], benchmark: str) -> NTUSource | None:
    r"""Finds the raw files of a benchmark.

    Args:
        roots (list[pathlib.Path]): Files, and folders that are searched at
            any depth.
        benchmark (str): Such as :obj:`'ntu60-xsub'`. Of files for several
            benchmarks, the one with the authors' name for it is taken.

    Returns:
        The files, or :obj:`None` if there are none.

    Raises:
        ValueError: If there are several formats, or several possible files of
            one format; names them.

    Example:
        >>> find_source([Path('downloads')], 'ntu60-xsub').format
        'skeleton'
    """
    found = {}
    for form in NTU_FORMATS:
        if paths := [path for root in roots for path in form.find(root)]:
            found[form.name] = paths
    if not found:
        return None
    check_single_format(found)
    ((name, paths),) = found.items()
    members: list[Member] = []
    if name == 'skeleton':
        _warn_of_archives(roots, paths)
        members = _find_members(paths, benchmark)
        listing = [(member.name, member.size) for member in members]
    else:
        paths = _choose(name, paths, benchmark)
        beside = paths[0].with_name(NAMES)
        files = [*paths, beside] if beside.is_file() else paths
        listing = [(path.name, path.stat().st_size) for path in files]
    digest = hashlib.sha256(json.dumps(listing).encode()).hexdigest()[:16]
    return NTUSource(name, paths, digest, len(members) or None, members)


def check_single_format(found: dict[str, list[Path]]) -> None:
    r"""Raises a :class:`ValueError` if files of several formats were found."""
    if len(found) > 1:
        first = {name: str(paths[0]) for name, paths in found.items()}
        raise ValueError(
            f"Expected 'raw' with files of one format (got {first}): pass the "
            'files, or the folder, of one format'
        )


def _warn_of_archives(roots: Sequence[Path], read: list[Path]) -> None:
    r"""Names zip archives that cannot be opened, as missing files may be in
    one of them.
    """
    broken = [
        f"'{file}'"
        for root in roots
        for file in walk(root, '.zip')
        if file not in read and not zipfile.is_zipfile(file)
    ]
    if broken:
        warnings.warn(
            f'Skipped {len(broken):,} of the zip archives, which cannot '
            f'be read: {list_some(broken)}: get them again',
            stacklevel=2,
        )


def _find_members(paths: list[Path], benchmark: str) -> list[Member]:
    rule, missing = get_benchmark(benchmark), missing_skeletons()
    return [
        member
        for member in find_skeletons(paths)
        if rule.contains(parse_name(member.name))
        and member.name.removesuffix('.skeleton') not in missing
    ]


def _choose(name: str, paths: list[Path], benchmark: str) -> list[Path]:
    wanted = CUSTOMARY[name][benchmark]
    if name == 'agcn':
        paths = [path for path in paths if path.name.endswith(DATA)]
        folders = {path.parent for path in paths}
        if len(folders) > 1:
            folders = {f for f in folders if f.name in wanted}
        chosen = [path for path in paths if path.parent in folders]
        fits = len(folders) == 1
    else:
        chosen = paths
        if len(paths) > 1:
            chosen = [path for path in paths if path.name in wanted]
        fits = len(chosen) == 1
    if not fits:
        raise ValueError(
            f"Expected one '{wanted[0]}' for '{benchmark}' in 'raw' (got "
            f'{list_some(map(str, paths)) or "none"}): pass the one to read'
        )
    return chosen


def read_clips(
    source: NTUSource,
    benchmark: str,
    bodies: str,
    parts: Path,
    num_workers: int,
) -> Iterator[ActionClip]:
    r"""Reads the clips of a benchmark's data.

    Args:
        source (NTUSource): The files.
        benchmark (str): Such as :obj:`'ntu60-xsub'`.
        bodies (str): The selection of bodies of :obj:`.skeleton` files.
        parts (pathlib.Path): The folder for shards of :obj:`.skeleton` files
            until all are read.
        num_workers (int): The number of processes that read them.

    Raises:
        ValueError: If a file is malformed; names it.
    """
    path = source.files[0]
    readers: dict[str, Callable[[], Iterable[ActionClip]]] = {
        'skeleton': lambda: read_shards(
            source.members, bodies, parts, num_workers
        ),
        'pyskl': lambda: read_pyskl(path),
        'ctrgcn': lambda: read_ctrgcn(path, benchmark, _names(path)),
        'sgn': lambda: read_sgn(path, benchmark),
        'agcn': lambda: chain.from_iterable(map(read_agcn, source.files)),
    }
    clips = readers[source.format]()
    num_classes = get_benchmark(benchmark).num_classes
    missing = missing_skeletons()
    return (
        clip
        for clip in clips
        if clip.label < num_classes and clip.name not in missing
    )


def _names(path: Path) -> list[str] | None:
    r"""CTR-GCN's list of names beside its file."""
    listed = path.with_name(NAMES)
    return read_names(listed) if listed.is_file() else None


def warn_of_missing(source: NTUSource, store: Path) -> None:
    r"""Warns of :obj:`.skeleton` files that have no clip in a store, because
    they could not be read when it was made.

    Args:
        source (NTUSource): The files.
        store (pathlib.Path): The :class:`~pyg_hcsf.data.ClipStore`.
    """
    made = set(ClipStore(store).column('clip') or ())
    names = (member.name.removesuffix(SUFFIX) for member in source.members)
    if missing := [name for name in names if name not in made]:
        warnings.warn(
            f'{len(missing):,} of {len(source.members):,} .skeleton files '
            f"could not be read when '{store}' was made: {list_some(missing)}."
            ' Once they are replaced, pass force_reload=True',
            stacklevel=2,
        )
