r"""The commands that prepare what was found, with the options they need."""

from __future__ import annotations

import mmap
import os
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from pyg_hcsf.datasets.checks.doctor import Found
from pyg_hcsf.datasets.human36m.formats import POSITIONS, choose_files
from pyg_hcsf.datasets.human36m.positions import repeated_take
from pyg_hcsf.datasets.mpi_inf_3dhp.formats import TEST_FILE, TRAIN_FILE
from pyg_hcsf.datasets.ntu.benchmarks import BENCHMARKS
from pyg_hcsf.datasets.ntu.clip_names import parse_name
from pyg_hcsf.datasets.ntu.ctrgcn import MEMBERS
from pyg_hcsf.datasets.ntu.skeleton_files import find_skeletons
from pyg_hcsf.datasets.ntu.source import CUSTOMARY, find_source
from pyg_hcsf.datasets.utd_mhad.reader import FILE_LIMIT, UTD_MHAD_FILE
from pyg_hcsf.safe_io.hdf5 import HDF5Process
from pyg_hcsf.safe_io.members import list_members
from pyg_hcsf.safe_io.npy_header import read_npy_header

SCAN = 2**26  # bytes in which names of clips are looked for
LAST_OF_60 = 17  # the last setup of NTU RGB+D 60
_LATER = re.compile(rb'S(?:01[89]|02\d|03[0-2])C\d{3}P\d{3}R\d{3}A')
_MOCAP = {
    'cmu_mocap': re.compile(r'(\d+)(?:_\d+)?\.(asf|amc)', re.IGNORECASE),
    'hdm05': re.compile(r'HDM_([A-Za-z]+)(?:_.*)?\.(asf|amc)', re.IGNORECASE),
}


def commands(
    item: Found, path: Path, found: Sequence[Found]
) -> list[list[str]]:
    r"""The commands that prepare files which were found.

    Args:
        item (Found): The files of one format.
        path (pathlib.Path): The file or folder in which they were found.
        found (sequence of Found): All that was found there.

    Returns:
        Of each command the words after :obj:`python tools/prepare.py`.

    Raises:
        ValueError: If none would work, such as where a file is missing that
            the others need; says what to do.

    Example:
        >>> commands(found[0], Path('Skeleton.zip'), found)
        [['utd_mhad', '--from', 'Skeleton.zip']]
    """
    same = [other for other in found if other.name == item.name]
    if item.name == 'nturgbd':
        return _ntu(item, path, same)
    if check := CHECKS.get(item.name):
        check(item)
    words = [item.name, '--from', str(path)]
    if item.format.name == 'archive':  # of CMU, under any name
        return [[item.name, '--from', str(file)] for file in item.files]
    if len(same) > 1 and item.name in ('human36m', 'mpi_inf_3dhp'):
        words += ['--format', item.format.name]
    return [words]


def _ntu(item: Found, path: Path, same: Sequence[Found]) -> list[list[str]]:
    form = item.format.name
    groups = [item.files]
    if form == 'agcn':
        folders = sorted({file.parent for file in item.files})
        groups = [
            [f for f in item.files if f.parent == folder] for folder in folders
        ]
    elif form != 'skeleton':
        groups = [[file] for file in item.files]
    out = []
    for files in groups:
        source = path
        if len(same) > 1 or len(groups) > 1:
            folder = Path(os.path.commonpath([f.parent for f in files]))
            source = folder if form in ('agcn', 'skeleton') else files[0]
        benchmark = _benchmark(form, files)
        if find_source([source], benchmark) is None:
            raise ValueError(f"nothing of '{benchmark}' is in '{source}'")
        words = ['nturgbd', '--from', str(source), '--benchmark', benchmark]
        out.append(words)
    return out


def _benchmark(form: str, files: list[Path]) -> str:
    r"""The benchmark that files are of, by their names and numbers of clips
    or else the first of their data.
    """
    counts: tuple[int, int] | None = None
    if form == 'skeleton':
        names = (parse_name(m.name) for m in find_skeletons(files))
        is_120 = any(name.setup > LAST_OF_60 for name in names)
    elif form in ('ctrgcn', 'sgn'):
        counts, classes = _labels(form, files[0])
        is_120 = classes == 120
    else:
        is_120 = any(map(_names_later_setups, files))
    data = 'ntu120' if is_120 else 'ntu60'
    known = [name for name, rule in BENCHMARKS.items() if rule.data == data]
    names_of = CUSTOMARY.get(form, {})
    called = {files[0].name, files[0].parent.name}
    for name in known:
        if counts == (BENCHMARKS[name].train, BENCHMARKS[name].test):
            return name
    for name in known:
        if called & set(names_of.get(name, ())):
            return name
    return known[0]


def _labels(form: str, file: Path) -> tuple[tuple[int, int], int]:
    r"""The numbers of clips to train and test with, and of classes."""
    if form == 'ctrgcn':
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
            shapes = [(y[0] + valid[0], *y[1:]), test]
    train, test = shapes
    return (train[0], test[0]), train[-1]


def _names_later_setups(file: Path) -> bool:
    if file.suffix.lower() != '.pkl' or not file.stat().st_size:
        return False
    with (
        file.open('rb') as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return _LATER.search(content, 0, SCAN) is not None


def _check_human36m(item: Found) -> None:
    form = item.format.name
    if form in POSITIONS:
        if repeated := repeated_take(item.files):
            raise ValueError(f'{repeated}: remove the copy')
        return
    poses = choose_files(form, item.files, 'gt').poses
    names = {'vp3d': 'data_3d_h36m.npz', 'lcn': 'h36m_train.pkl'}
    if not poses:
        raise ValueError(
            f"keypoints without poses: put '{names[form]}' beside them"
        )
    if form == 'vp3d' and len(poses) > 1:
        raise ValueError(
            f"poses in '{poses[0]}' and '{poses[1]}': remove the copy"
        )


def _check_mpi_inf_3dhp(item: Found) -> None:
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
            raise ValueError(f"'{path}' without '{other}': put it beside it")


def _check_utd_mhad(item: Found) -> None:
    list_members(item.files, UTD_MHAD_FILE, FILE_LIMIT)


def _check_mocap(item: Found) -> None:
    if item.format.name == 'archive':
        return
    found: dict[str, set[str]] = {'asf': set(), 'amc': set()}
    seen: dict[str, Path] = {}
    for file in item.files:
        other = seen.setdefault(file.name, file)
        if other is not file and file.suffix.lower() == '.amc':
            raise ValueError(f"'{other}' and '{file}': remove the copy")
        if match := _MOCAP[item.name].fullmatch(file.name):
            found[match[2].lower()].add(match[1].lstrip('0') or '0')
    if not found['amc']:
        raise ValueError('skeletons without motion: get the AMC files')
    if lacking := sorted(found['amc'] - found['asf']):
        raise ValueError(
            f'motion of subject {", ".join(lacking[:5])} without skeleton: '
            'put the ASF files beside it'
        )


CHECKS: dict[str, Callable[[Found], None]] = {
    'human36m': _check_human36m,
    'mpi_inf_3dhp': _check_mpi_inf_3dhp,
    'utd_mhad': _check_utd_mhad,
    'cmu_mocap': _check_mocap,
    'hdm05': _check_mocap,
}
