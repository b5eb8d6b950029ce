"""Commands that prepare the raw files that were found."""

from __future__ import annotations

import mmap
import os
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from pyg_hcsf.datasets.checks.doctor import FoundFiles
from pyg_hcsf.datasets.human36m.formats import POSITIONS, choose_files
from pyg_hcsf.datasets.human36m.position_files import repeated_take
from pyg_hcsf.datasets.mpi_inf_3dhp.formats import TEST_FILE, TRAIN_FILE
from pyg_hcsf.datasets.ntu.benchmarks import BENCHMARKS
from pyg_hcsf.datasets.ntu.clip_names import parse_name
from pyg_hcsf.datasets.ntu.ctrgcn import MEMBERS
from pyg_hcsf.datasets.ntu.source import (
    CUSTOMARY,
    check_single_format,
    find_source,
)
from pyg_hcsf.safe_io.hdf5 import HDF5Process
from pyg_hcsf.safe_io.npy import read_npy_header

SCAN = 2**26  # bytes that are searched for clip names
# Clip names of the setups that only NTU RGB+D 120 has, 18 to 32.
_NTU120_NAME = re.compile(rb'S(?:01[89]|02\d|03[0-2])C\d{3}P\d{3}R\d{3}A')
_LAST_SETUP_OF_NTU60 = 17
_MOCAP_FILES = {
    'cmu_mocap': re.compile(r'(\d+)(?:_\d+)?\.(asf|amc)', re.IGNORECASE),
    'hdm05': re.compile(r'HDM_([A-Za-z]+)(?:_.*)?\.(asf|amc)', re.IGNORECASE),
}


def prepare_commands(
    item: FoundFiles, path: Path, found: Sequence[FoundFiles]
) -> list[list[str]]:
    r"""Returns the commands that prepare raw files.

    Args:
        item (FoundFiles): The files of one format.
        path (pathlib.Path): The file or folder in which they were found.
        found (sequence of FoundFiles): All files that were found in it.

    Returns:
        For each command the words after :obj:`pyg-hcsf prepare`.

    Raises:
        ValueError: If no command would succeed, for example because a file is
            missing. The message says what to do.

    Example:
        >>> prepare_commands(found[0], Path('Skeleton.zip'), found)
        [['utd_mhad', '--from', 'Skeleton.zip']]
    """
    same = [other for other in found if other.name == item.name]
    if item.name == 'nturgbd':
        return _ntu_commands(item, path, same)
    if check := CHECKS.get(item.name):
        check(item)
    words = [item.name, '--from', str(path)]
    if item.format.name == 'archive':  # of CMU, under any name
        return [[item.name, '--from', str(file)] for file in item.files]
    if len(same) > 1 and item.name in ('human36m', 'mpi_inf_3dhp'):
        words += ['--format', item.format.name]
    return [words]


def _ntu_commands(
    item: FoundFiles, path: Path, same: Sequence[FoundFiles]
) -> list[list[str]]:
    format_name = item.format.name
    groups = [item.files]
    if format_name == 'agcn':
        folders = sorted({file.parent for file in item.files})
        groups = [
            [f for f in item.files if f.parent == folder] for folder in folders
        ]
    elif format_name != 'skeleton':
        groups = [[file] for file in item.files]
    out = []
    for files in groups:
        source = path
        if len(same) > 1 or len(groups) > 1:
            folder = Path(os.path.commonpath([f.parent for f in files]))
            is_folder = format_name in ('agcn', 'skeleton')
            source = folder if is_folder else files[0]
        benchmark = _benchmark_of(item, files)
        if format_name == 'skeleton':
            # The error of find_source, without listing archives again.
            check_single_format(
                {
                    other.format.name: other.files
                    for other in same
                    if any(source in (f, *f.parents) for f in other.files)
                }
            )
        elif find_source([source], benchmark) is None:
            raise ValueError(f"nothing of '{benchmark}' is in '{source}'")
        words = ['nturgbd', '--from', str(source), '--benchmark', benchmark]
        out.append(words)
    return out


def _benchmark_of(item: FoundFiles, files: list[Path]) -> str:
    r"""The benchmark of files by their numbers of clips, or by their names,
    or else the first benchmark of their data.
    """
    format_name = item.format.name
    counts: tuple[int, int] | None = None
    if format_name == 'skeleton':
        names = (parse_name(member.name) for member in item.members)
        is_ntu120 = any(name.setup > _LAST_SETUP_OF_NTU60 for name in names)
    elif format_name in ('ctrgcn', 'sgn'):
        counts, num_classes = _count_labels(format_name, files[0])
        is_ntu120 = num_classes == 120
    else:
        is_ntu120 = any(map(_has_ntu120_names, files))
    data = 'ntu120' if is_ntu120 else 'ntu60'
    rules = {name: r for name, r in BENCHMARKS.items() if r.data == data}
    for name, rule in rules.items():
        if counts == (rule.train, rule.test):
            return name
    customary = CUSTOMARY.get(format_name, {})
    for name in rules:
        if {files[0].name, files[0].parent.name} & {*customary.get(name, ())}:
            return name
    return next(iter(rules))


def _count_labels(format_name: str, file: Path) -> tuple[tuple[int, int], int]:
    r"""The numbers of training and test clips, and of classes."""
    if format_name == 'ctrgcn':
        shapes = []
        with zipfile.ZipFile(file) as archive:
            for name in MEMBERS:
                if name.startswith('y_'):
                    with archive.open(name) as member:
                        shapes.append(read_npy_header(member).shape)
    else:
        with HDF5Process() as process:
            keys = ['y', 'valid_y', 'test_y']
            sets = process.open(file, keys)
            y, valid, test = (sets[key].shape for key in keys)
            # SGN validates on a part of the training clips.
            shapes = [(y[0] + valid[0], *y[1:]), test]
    train, test = shapes
    return (train[0], test[0]), train[-1]


def _has_ntu120_names(file: Path) -> bool:
    if file.suffix.lower() != '.pkl' or not file.stat().st_size:
        return False
    with (
        file.open('rb') as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return _NTU120_NAME.search(content, 0, SCAN) is not None


def _check_human36m(item: FoundFiles) -> None:
    format_name = item.format.name
    if format_name in POSITIONS:
        if repeated := repeated_take(item.files):
            raise ValueError(f'{repeated}: remove the copy')
        return
    poses = choose_files(format_name, item.files, 'gt').poses
    names = {'vp3d': 'data_3d_h36m.npz', 'lcn': 'h36m_train.pkl'}
    if not poses:
        raise ValueError(
            f"keypoints without poses: put '{names[format_name]}' into their "
            'folder'
        )
    if format_name == 'vp3d' and len(poses) > 1:
        raise ValueError(
            f"poses in '{poses[0]}' and '{poses[1]}': remove the copy"
        )


def _check_mpi_inf_3dhp(item: FoundFiles) -> None:
    paths = [file.absolute().as_posix() for file in item.files]
    seen: dict[tuple[str, ...], str] = {}
    for path in paths:
        match = TRAIN_FILE.fullmatch(path) or TEST_FILE.fullmatch(path)
        key = match.groups() if match else (Path(path).name,)
        if key in seen:
            raise ValueError(f"'{seen[key]}' and '{path}': remove the copy")
        seen[key] = path
    for path in paths:
        other = {
            'annot.mat': 'camera.calibration',
            'camera.calibration': 'annot.mat',
        }.get(Path(path).name)
        if other and str(Path(path).with_name(other)) not in paths:
            raise ValueError(
                f"'{path}' without '{other}': put it into the same folder"
            )


def _check_mocap(item: FoundFiles) -> None:
    if item.format.name == 'archive':
        return
    subjects: dict[str, set[str]] = {'asf': set(), 'amc': set()}
    seen: dict[str, Path] = {}
    for file in item.files:
        other = seen.setdefault(file.name, file)
        if other is not file and file.suffix.lower() == '.amc':
            raise ValueError(f"'{other}' and '{file}': remove the copy")
        if match := _MOCAP_FILES[item.name].fullmatch(file.name):
            subjects[match[2].lower()].add(match[1].lstrip('0') or '0')
    if not subjects['amc']:
        raise ValueError('skeletons without motion: get the AMC files')
    if lacking := sorted(subjects['amc'] - subjects['asf']):
        raise ValueError(
            f'motion of subject {", ".join(lacking[:5])} without skeleton: '
            'put the ASF files into the same folder'
        )


CHECKS: dict[str, Callable[[FoundFiles], object]] = {
    'human36m': _check_human36m,
    'mpi_inf_3dhp': _check_mpi_inf_3dhp,
    'utd_mhad': lambda item: item.members,  # raises if copies differ
    'cmu_mocap': _check_mocap,
    'hdm05': _check_mocap,
}
