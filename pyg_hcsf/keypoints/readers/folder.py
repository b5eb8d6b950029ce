r"""Reads a folder with a file of keypoints for each frame of a video."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pyg_hcsf.keypoints.people import People, read_bytes, refuse, warn
from pyg_hcsf.keypoints.readers.frame_numbers import (
    group_names,
    refuse_several,
)
from pyg_hcsf.safe_io.shown import shown

MAX_FILES = 10**6
SUFFIXES = ('.json', '.txt')
NAMED = 5  # files in a warning


def read_folder(
    folder: Path, read_people: Callable[[bytes, Path], People]
) -> People:
    r"""Reads a folder of JSON files, or else of text files, one for each
    frame, which are numbered by their names.

    Files that are empty or damaged are left out and named in a warning, and
    so is a file without a number among those with one.

    Args:
        folder (pathlib.Path): The folder.
        read_people (Callable): Reads the content of a file.

    Raises:
        ValueError: If it holds no such file, files of several videos, or a
            file of more than a frame; names it.
    """
    files = _files(folder)
    parts: list[People] = []
    bad: list[str] = []
    reason: ValueError | None = None
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter('always')
        for file, frame in files:
            try:
                part = read_people(read_bytes(file), file)
            except ValueError as e:
                bad.append(file.name)
                reason = reason or e
                continue
            if len({person.frame for person in part.people}) > 1:
                refuse(file, '', 'expected one frame in each file of a folder')
            people = [person._replace(frame=frame) for person in part.people]
            parts.append(replace(part, people=people))
    for message in dict.fromkeys(
        str(warning.message).split("': ", 1)[-1] for warning in said
    ):
        warn(folder, message)  # once, not for each file
    if reason is not None and not any(part.people for part in parts):
        raise reason
    if reason is not None:
        more = f' and {len(bad) - NAMED} more' if len(bad) > NAMED else ''
        names = ', '.join(shown(name, 60) for name in bad[:NAMED])
        warn(
            folder,
            f'{len(bad)} of {len(files)} files are left out, as they are '
            f'empty or damaged: {names}{more} ({reason!s:.200})',
        )
    told = max(parts, key=lambda part: (part.layout is not None, bool(part)))
    layouts = {part.layout for part in parts if part.people}
    if len(layouts - {None}) > 1:
        refuse(
            folder,
            '',
            f'expected one layout (got {shown(sorted(map(str, layouts)))}): '
            'read the results of one model at a time',
        )
    return replace(
        told, people=[person for part in parts for person in part.people]
    )


def _files(folder: Path) -> list[tuple[Path, int]]:
    r"""The files of frames, in order, and the numbers of these."""
    found: list[Path] = []
    for suffix in SUFFIXES:
        found = found or [
            file
            for file in sorted(folder.glob(f'*{suffix}'))
            if not file.name.startswith('.')
        ]
    if not 0 < len(found) <= MAX_FILES:
        refuse(
            folder,
            '',
            f'expected 1 to {MAX_FILES:,} JSON files, or text files, of one '
            'video, with the number of the frame in their names (got '
            f'{len(found)})',
        )
    groups = group_names([file.name for file in found])
    frames = {name: group for name, group in groups.items() if '*' in name}
    others = [
        n for name in groups.keys() - frames.keys() for n in groups[name]
    ]
    if len(frames) > 1:
        refuse_several(frames, folder)
    if not frames and len(others) > 1:
        refuse(
            folder,
            '',
            'expected the number of the frame in the names of files, which '
            f'are of one video (got {shown(sorted(others))})',
        )
    if not frames:
        return [(found[0], 0)]
    if others:
        names = ', '.join(shown(name, 60) for name in sorted(others)[:NAMED])
        warn(folder, f'files without a number are left out: {names}')
    ((_, numbers),) = frames.items()
    if len(set(numbers.values())) < len(numbers):
        refuse(folder, '', 'several of its files have the same number')
    order = sorted(numbers.items(), key=lambda item: item[1])
    return [(folder / name, number) for name, number in order]
