r"""Reads many :obj:`.skeleton` files on several cores. Clips are grouped into
shards independently of the number of cores, so that interrupted work can be
resumed.
"""

from __future__ import annotations

import contextlib
import os
import warnings
import zipfile
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pyg_hcsf.datasets.ntu.body_selection import select_bodies
from pyg_hcsf.datasets.ntu.clip_names import NUM_JOINTS, ActionClip, parse_name
from pyg_hcsf.datasets.ntu.shard_workers import Workers
from pyg_hcsf.datasets.ntu.skeleton_parser import read_skeletons
from pyg_hcsf.safe_io.archives import Member, close_archives, list_some
from pyg_hcsf.safe_io.shown import cause

SHARD = 256  # clips per shard, the unit of work that is kept on interruption
AHEAD = 3  # shards that are submitted to each process in advance
# Unreadable files that are tolerated: this number, or this share of all.
MAX_UNREADABLE, MAX_SHARE = 10, 0.01
EMPTY = np.zeros((0, 1, NUM_JOINTS, 3), np.float32)
MESSAGE = 300  # characters of an error that are kept
_archives: dict[Path, zipfile.ZipFile] = {}  # open in this process


class Unreadable(NamedTuple):
    r"""A file that cannot be read.

    Args:
        problem (str): The error message; names the file.
        shard (pathlib.Path): The shard of the file.
    """

    problem: str
    shard: Path


def read_shards(
    files: Sequence[Member], selection: str, parts: Path, num_workers: int
) -> Iterator[ActionClip]:
    r"""Reads files and chooses their bodies.

    Finished shards are kept in the folder :obj:`parts` until the caller
    removes it: called again after an interruption, it resumes.

    A few files that are malformed or contain no body, such as those of an
    interrupted download, are left out with a warning that names them.

    Args:
        files (list[Member]): The files, as
            :func:`~pyg_hcsf.datasets.ntu.skeleton_files.find_skeletons`
            returns them.
        selection (str): See
            :func:`~pyg_hcsf.datasets.ntu.body_selection.select_bodies`.
        parts (pathlib.Path): A folder for these files and selection only.
        num_workers (int): The number of processes, this one included.

    Raises:
        ValueError: If more than 10 files and 1 % of them, or all, cannot be
            read; names some.
        RuntimeError: If the processes cannot be started, or a file in
            :obj:`parts` is damaged.
    """
    unreadable: list[Unreadable] = []
    shards = [files[i : i + SHARD] for i in range(0, len(files), SHARD)]
    paths = [parts / f'{i:05}.npy' for i in range(len(shards))]
    todo = deque(i for i, path in enumerate(paths) if not path.is_file())
    others = min(num_workers, len(todo)) - 1
    with contextlib.ExitStack() as stack:
        stack.callback(close_archives, _archives)
        pool: Workers | None = None
        jobs: dict[int, Future[None]] = {}
        if others > 0:
            pool = stack.enter_context(Workers(others))
        for i, (shard, path) in enumerate(zip(shards, paths, strict=True)):
            while pool is not None and todo and len(jobs) < AHEAD * others:
                k = todo.popleft()
                jobs[k] = pool.submit(shards[k], selection, paths[k])
            while i in jobs and todo and not jobs[i].done():
                k = todo.popleft()  # works instead of waiting
                write_shard(shards[k], selection, paths[k])
            if i in jobs:
                jobs.pop(i).result()
            elif not path.is_file():
                write_shard(shard, selection, path)
            for item in read_shard(shard, path):
                if isinstance(item, Unreadable):
                    unreadable.append(item)
                    _check_number(unreadable, len(files))
                else:
                    yield item
    if unreadable:
        warnings.warn(
            f'{len(unreadable):,} of {len(files):,} .skeleton files cannot be '
            f'read, so that their clips are missing: '
            + list_some(item.problem for item in unreadable),
            stacklevel=2,
        )


def _check_number(unreadable: list[Unreadable], number: int) -> None:
    limit = min(max(MAX_UNREADABLE, MAX_SHARE * number), number - 1)
    if len(unreadable) > limit:
        for shard in {item.shard for item in unreadable}:
            shard.unlink(missing_ok=True)  # to be read again
        raise ValueError(
            f'Expected .skeleton files that can be read (got {number:,} files '
            f'with {len(unreadable)} or more that cannot): '
            + list_some(item.problem for item in unreadable)
        )


def write_shard(files: Sequence[Member], selection: str, path: Path) -> None:
    r"""Reads files and writes the chosen bodies, or the error message of files
    that cannot be read, to a shard. A shard is written completely or not at
    all.
    """
    clips, problems = [], []
    for file in files:
        clip, problem = _read_clip(file, selection)
        clips.append(clip)
        problems.append(problem)
    shapes = np.asarray([clip.shape[:2] for clip in clips])
    flat = np.concatenate([clip.reshape(-1, NUM_JOINTS, 3) for clip in clips])
    # Without fsync: a shard that a power failure damages is read again.
    path.parent.mkdir(parents=True, exist_ok=True)
    # The name is unique, as a worker of a killed process may still write.
    part = path.with_suffix(f'.{os.getpid()}.part')
    with part.open('wb') as stream:
        np.save(stream, shapes)
        np.save(stream, flat)
        np.save(stream, np.asarray(problems, np.str_))
    part.replace(path)


def _read_clip(file: Member, selection: str) -> tuple[np.ndarray, str]:
    r"""The chosen bodies of a file, or no frames and an error message."""
    try:
        (bodies,) = read_skeletons([file], _archives)
    except ValueError as e:
        return EMPTY, str(e)[:MESSAGE]
    joints = select_bodies(bodies, selection)
    if not joints.any():
        return EMPTY, (
            f"'{file}'"[:MESSAGE] + ' contains no body in any of its '
            f'{bodies.num_frames} frames: get it again or remove it'
        )
    return joints, ''


def read_shard(
    files: Sequence[Member], path: Path
) -> Iterator[ActionClip | Unreadable]:
    r"""Reads a shard that :func:`write_shard` wrote."""
    try:
        with path.open('rb') as stream:
            shapes = np.load(stream, allow_pickle=False).tolist()
            flat = np.load(stream, allow_pickle=False)
            problems = np.load(stream, allow_pickle=False).tolist()
        stops = np.cumsum([frames * bodies for frames, bodies in shapes])
        if not len(shapes) == len(problems) == len(files) or (
            stops[-1] != len(flat)
        ):
            raise ValueError('other numbers of clips or frames')
    except (OSError, ValueError, EOFError) as e:
        path.unlink(missing_ok=True)
        raise RuntimeError(
            f"The unfinished work in '{path}' was damaged ({cause(e)}) and is "
            'removed: start again'
        ) from e
    for file, shape, joints, problem in zip(
        files, shapes, np.split(flat, stops[:-1]), problems, strict=True
    ):
        if problem:
            yield Unreadable(problem, path)
            continue
        name = parse_name(file.name)
        joints = joints.reshape(*shape, NUM_JOINTS, 3)
        yield ActionClip(str(name), name.label, joints)
