r"""Reads many :obj:`.skeleton` files on several cores, in an order and in
pieces that do not depend on how many, so that the work can be taken up again.
"""

from __future__ import annotations

import contextlib
import os
import zipfile
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

import numpy as np

from pyg_hcsf.io.members import Member, close_archives
from pyg_hcsf.io.ntu_bodies import select_bodies
from pyg_hcsf.io.ntu_compiled import load_compiled
from pyg_hcsf.io.ntu_names import NUM_JOINTS, ActionClip, parse_name
from pyg_hcsf.io.ntu_skeleton import read_skeletons
from pyg_hcsf.io.ntu_workers import Workers
from pyg_hcsf.io.shown import cause

SHARD = 256  # clips that are read in one piece, and kept if it breaks off
COMPILED_FROM = 2048  # clips left, which take a second longer without numba
AHEAD = 3  # shards that each other process has been given
_archives: dict[Path, zipfile.ZipFile] = {}  # that this process reads


def read_shards(
    files: Sequence[Member], recipe: str, parts: Path, num_workers: int
) -> Iterator[ActionClip]:
    r"""Reads files and chooses their bodies.

    What was read lies in the folder :obj:`parts` until the caller removes it:
    called again after it broke off, it goes on where it stood.

    Args:
        files (list[Member]): The files, as
            :func:`~pyg_hcsf.io.ntu_skeleton.find_skeletons` finds them.
        recipe (str): See :func:`~pyg_hcsf.io.ntu_bodies.select_bodies`.
        parts (pathlib.Path): A folder for these files and recipe only.
        num_workers (int): The number of processes, this one included.

    Raises:
        ValueError: If a file is malformed or holds no body; names it.
        RuntimeError: If the processes cannot be started, or what lies in
            :obj:`parts` is damaged.
    """
    shards = [files[i : i + SHARD] for i in range(0, len(files), SHARD)]
    paths = [parts / f'{i:05}.npy' for i in range(len(shards))]
    todo = deque(i for i, path in enumerate(paths) if not path.is_file())
    # Here first, so that other processes find it compiled.
    compiled = len(todo) * SHARD >= COMPILED_FROM and load_compiled()
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
                jobs[k] = pool.submit(shards[k], recipe, paths[k], compiled)
            while i in jobs and todo and not jobs[i].done():
                k = todo.popleft()  # rather than wait
                write_shard(shards[k], recipe, paths[k], compiled)
            if i in jobs:
                jobs.pop(i).result()
            elif not path.is_file():
                write_shard(shard, recipe, path, compiled)
            yield from read_shard(shard, path)


def write_shard(
    files: Sequence[Member], recipe: str, path: Path, compiled: bool = False
) -> None:
    r"""Reads files and writes the chosen bodies, all or nothing."""
    clips = []
    found = read_skeletons(files, _archives, compiled)
    for file, bodies in zip(files, found, strict=True):
        joints = select_bodies(bodies, recipe)
        if not joints.any():
            raise ValueError(
                f"'{file}' holds no body in any of its {bodies.num_frames} "
                'frames: get it again or remove it'
            )
        clips.append(joints)
    shapes = np.asarray([clip.shape[:2] for clip in clips])
    flat = np.concatenate([clip.reshape(-1, NUM_JOINTS, 3) for clip in clips])
    # Not waiting for the disk: what a power cut damages is read again.
    path.parent.mkdir(parents=True, exist_ok=True)
    # That of a killed caller may still be at it.
    part = path.with_suffix(f'.{os.getpid()}.part')
    with part.open('wb') as stream:
        np.save(stream, shapes)
        np.save(stream, flat)
    part.replace(path)


def read_shard(files: Sequence[Member], path: Path) -> Iterator[ActionClip]:
    r"""Reads what :func:`write_shard` wrote."""
    try:
        with path.open('rb') as stream:
            shapes = np.load(stream, allow_pickle=False).tolist()
            flat = np.load(stream, allow_pickle=False)
        stops = np.cumsum([frames * bodies for frames, bodies in shapes])
        if len(shapes) != len(files) or stops[-1] != len(flat):
            raise ValueError('other numbers of clips or frames')
    except (OSError, ValueError, EOFError) as e:
        path.unlink(missing_ok=True)
        raise RuntimeError(
            f"The unfinished work in '{path}' was damaged ({cause(e)}) and is "
            'removed: start again'
        ) from e
    for file, shape, joints in zip(
        files, shapes, np.split(flat, stops[:-1]), strict=True
    ):
        name = parse_name(file.name)
        joints = joints.reshape(*shape, NUM_JOINTS, 3)
        yield ActionClip(str(name), name.label, joints)
