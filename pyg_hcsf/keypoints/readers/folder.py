r"""Reads a folder with a file of keypoints for each frame of a video, or for
each person.
"""

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.messages import (
    file_error,
    listed,
    reading,
    unexpected,
    warn,
)
from pyg_hcsf.keypoints.readers.frame_numbers import (
    group_names,
    several_videos,
)

MAX_FILES = 10**6
SUFFIXES = ('.json', '.txt')


def read_folder(
    folder: Path, read_file: Callable[[Path], ParsedFile]
) -> ParsedFile:
    r"""Reads a folder of JSON files, or else of text files, whose names have
    the frame numbers. Empty and damaged files are left out and named in a
    warning, and so is a file without a number among those with one.
    """
    if not any(folder.glob('*.json')) and (
        people := sorted(folder.glob('*.trc'))
    ):
        return _read_trc(people, read_file)
    files = _find_files(folder)
    parts: list[ParsedFile] = []
    damaged: list[str] = []
    reason: ValueError | None = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        for file, frame in files:
            try:
                part = read_file(file)
            except ValueError as e:
                damaged.append(file.name)
                reason = reason or e
                continue
            if len({d.frame for d in part.detections}) > 1:
                with reading(file):
                    raise file_error(
                        'expected one frame in a file of a folder'
                    )
            found = [d._replace(frame=frame) for d in part.detections]
            parts.append(replace(part, detections=found))
    texts = [str(warning.message).split("': ", 1)[-1] for warning in caught]
    for text in dict.fromkeys(texts):
        warn(text)  # once, not for each file
    if reason is not None:
        if not any(part.detections for part in parts):
            raise reason
        warn(
            f'{len(damaged)} of {len(files)} files are left out, as they are '
            f'empty or damaged: {listed(damaged, 5)} ({reason!s:.200})'
        )
    layouts = {p.layout for p in parts if p.detections and p.layout}
    if len(layouts) > 1:
        remedy = 'read the results of one model at a time'
        raise unexpected('one layout', sorted(layouts), remedy=remedy)
    best = max(parts, key=lambda part: part.layout is not None)
    return replace(best, detections=[d for p in parts for d in p.detections])


def _read_trc(
    files: list[Path], read_file: Callable[[Path], ParsedFile]
) -> ParsedFile:
    r"""Reads the people of a video, of which each has a ``.trc`` file, in
    pixels if there are others, too.
    """
    files = [file for file in files if '_px_' in file.name] or files
    groups = group_names([file.name for file in files])
    if len(groups) > 1:
        raise several_videos(groups)
    ((_, numbers),) = groups.items()
    parts = [read_file(file) for file in files]
    rates = sorted({str(part.fps) for part in parts})
    if len(rates) > 1:
        raise unexpected('one frame rate of all files', rates)
    if len({part.layout for part in parts}) > 1:
        raise unexpected('one layout', [part.layout for part in parts])
    people = [
        d._replace(track_id=f'{numbers[file.name]}')
        for file, part in zip(files, parts, strict=True)
        for d in part.detections
    ]
    return replace(parts[0], detections=people)


def _find_files(folder: Path) -> list[tuple[Path, int]]:
    r"""The files and their frame numbers, in order."""
    found: list[Path] = []
    for suffix in SUFFIXES:
        found = found or [
            file
            for file in sorted(folder.glob(f'*{suffix}'))
            if not file.name.startswith('.')
        ]
    if not 0 < len(found) <= MAX_FILES:
        raise file_error(
            f'expected 1 to {MAX_FILES:,} JSON files, or text files, of one '
            'video, with the frame number in their names (got '
            f'{len(found)})'
        )
    groups = group_names([file.name for file in found])
    frames = {name: group for name, group in groups.items() if '*' in name}
    others = sorted(
        n for k in groups.keys() - frames.keys() for n in groups[k]
    )
    if len(frames) > 1:
        raise several_videos(frames)
    if not frames and len(others) > 1:
        expected = 'the frame number in the names of the files of one video'
        raise unexpected(expected, others)
    if not frames:
        return [(found[0], 0)]
    if others:
        warn(f'files without a number are left out: {listed(others, 5)}')
    ((_, numbers),) = frames.items()
    if len(set(numbers.values())) < len(numbers):
        raise file_error('several of its files have the same number')
    order = sorted(numbers.items(), key=lambda item: item[1])
    return [(folder / name, number) for name, number in order]
