r"""The clips of the open pose benchmark, version 2, and their raw files."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pyg_hcsf.safe_io.archives import iter_zip

from .bvh.reader import CMU_JOINTS, DAZ_JOINTS
from .bvh_motion import bvh_files, read_bvh_clip
from .cmu import AMC_FILE, cmu_files, read_cmu
from .cmu_download import CMU_ARCHIVE
from .hdm05 import hdm05_files, read_hdm05
from .joint_positions import UNITS
from .motion import MotionClip

TABLE = Path(__file__).with_name('openmocap_clips.csv')
CMU_UNIT = UNITS["CMU's unit of 0.45 to an inch"]
# Where AMC files are looked for: the first place that has a clip counts.
AMC_PLACES = (
    'cmu/asfamc',
    f'cmu_people/{CMU_ARCHIVE}',
    f'cmu/{CMU_ARCHIVE}',
    CMU_ARCHIVE,
)
BVH_PLACE = 'cmu_people/bvh'
# Folder of cmu/bvh: subject, frame rate (headers are wrong).
DAZ_FOLDERS = {'salsa': ('CMU60+61', 60.0), 'indian': ('CMU94', 120.0)}
SHOWN = 10  # clips in a warning, at most


class ListedClip(NamedTuple):
    r"""A clip of the benchmark."""

    action: str
    frames: int  #: of its raw file, without the T pose of BVH files of CMU
    #: The number of its first frame in CMU's file, which starts at 1.
    first_frame: int


@cache
def listed_clips() -> MappingProxyType[str, ListedClip]:
    r"""All clips of the benchmark by name, from the table of this package."""
    with TABLE.open(encoding='utf-8', newline='') as file:
        table = {
            row['clip']: ListedClip(
                row['action'], int(row['frames']), int(row['first_frame'])
            )
            for row in csv.DictReader(file)
        }
    return MappingProxyType(table)


def has_openmocap(path: str | Path) -> bool:
    r"""Whether a folder has raw files of every part of the benchmark."""
    return bool(openmocap_files(Path(path).expanduser()))


def openmocap_files(raw: Path) -> list[Path]:
    r"""The raw files in a folder with all parts of the benchmark, or none."""
    amc = [f for place in AMC_PLACES for f in cmu_files(raw / place)]
    daz = [bvh_files(raw / 'cmu' / 'bvh' / folder) for folder in DAZ_FOLDERS]
    hdm05 = hdm05_files(raw / 'hdm05')
    if not (amc and all(daz) and hdm05):
        return []
    return [*amc, *sum(daz, []), *hdm05, *bvh_files(raw / BVH_PLACE)]


def missing_clips(files: Iterable[Path]) -> list[str]:
    r"""The listed clips of which there is no raw file among those that
    :func:`openmocap_files` lists.
    """
    present: set[str] = set()
    for path in files:
        if path.suffix == '.zip':
            members = iter_zip(path, AMC_FILE)
            present |= {Path(member.name).stem for member in members}
        daz = path.parent.name in DAZ_FOLDERS
        present.add(f'{path.parent.name}_{path.stem}' if daz else path.stem)
    return [name for name in listed_clips() if name not in present]


def read_openmocap(raw: Path) -> Iterator[MotionClip]:
    r"""Reads the listed clips below a folder.

    Where a trial is there as AMC and as BVH, the AMC file is read. Files that
    start before a listed clip are cut. A warning names the clips that are
    missing or have another number of frames.
    """
    listed = listed_clips()
    missing = dict(listed)
    unlike = []
    for clip in _read_files(raw, missing):
        entry = missing.pop(clip.name)
        joints, cut = clip.joints, entry.first_frame - 1
        if len(joints) == entry.frames + cut:
            joints = joints[cut:]
        if len(joints) != entry.frames:
            unlike.append(f'{clip.name} ({len(joints)}, not {entry.frames})')
        yield clip._replace(joints=joints, action=entry.action)
    if missing:
        text = f'{len(missing)} of {len(listed)} clips are missing'
        _warn(raw, text, [*missing])
    if unlike:
        _warn(raw, 'clips have another number of frames', unlike)


def _warn(raw: Path, problem: str, names: list[str]) -> None:
    some = ', '.join(names[:SHOWN])
    more = ', ...' if len(names) > SHOWN else ''
    warnings.warn(
        f"Below '{raw}' {problem}: {some}{more}. Errors on these clips are "
        'not those of the benchmark: get the files that '
        'datasets/OpenMocap/README.md names',
        stacklevel=3,
    )


def _read_files(
    raw: Path, wanted: dict[str, ListedClip]
) -> Iterator[MotionClip]:
    r"""Reads the clips of which the names are keys of :obj:`wanted`, from
    which the caller removes those that it has.
    """
    for place in AMC_PLACES:
        if cmu_files(raw / place):
            yield from read_cmu(raw / place, clips=wanted)
    for path in bvh_files(raw / BVH_PLACE):
        if path.stem in wanted:
            yield read_cmu_bvh(path, wanted[path.stem].frames)
    for folder, (subject, fps) in DAZ_FOLDERS.items():
        for path in bvh_files(raw / 'cmu' / 'bvh' / folder):
            if (name := f'{folder}_{path.stem}') in wanted:
                clip = read_bvh_clip(
                    path,
                    path.parent,
                    joint_map=DAZ_JOINTS,
                    scale=10.0,
                    up='y',
                    source_fps=fps,
                    subject=subject,
                )
                yield clip._replace(name=name)
    yield from read_hdm05(raw / 'hdm05', clips=wanted)


def read_cmu_bvh(path: Path, frames: int) -> MotionClip:
    r"""Reads a BVH file with the skeleton of a subject of CMU, without the T
    pose that makes it a frame longer than :obj:`frames`.
    """
    clip = read_bvh_clip(
        path,
        path.parent,
        joint_map=CMU_JOINTS,
        scale=CMU_UNIT,
        up='y',
        source_fps=120.0,
        subject=f'CMU{path.stem.split("_")[0]}',
    )
    has_rest_pose = len(clip.joints) == frames + 1
    return clip._replace(joints=clip.joints[int(has_rest_pose) :])
