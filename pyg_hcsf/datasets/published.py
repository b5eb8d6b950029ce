r"""What is known of each data set when it is whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from pyg_hcsf.datasets.human36m_formats import TEST_SUBJECTS, TRAIN_SUBJECTS
from pyg_hcsf.datasets.verify import Expectation
from pyg_hcsf.io.human36m import CDF_FILE
from pyg_hcsf.io.members import list_members
from pyg_hcsf.io.ntu_names import (
    ClipName,
    get_benchmark,
    missing_skeletons,
    parse_name,
)
from pyg_hcsf.io.ntu_skeleton import find_skeletons
from pyg_hcsf.io.utd_mhad import (
    FILE_LIMIT,
    UTD_MHAD_ACTIONS,
    UTD_MHAD_FILE,
    UTD_MHAD_SUBJECTS,
)
from pyg_hcsf.protocols import H36M_ACTIONS

# The options of a class, with 'format' as the name of what will be read.
Options = Mapping[str, Any]
Missing = Callable[[list[Path]], list[str]]

# 861 of 864 takes are published.
UTD_MHAD_UNPUBLISHED = ('a8_s1_t4', 'a23_s6_t4', 'a27_s8_t4')
# Those of the setups up to 17 do the first 60 actions, the others the last.
NTU_SETUPS = {'ntu60': 17, 'ntu120': 32}


def _nothing(files: list[Path]) -> list[str]:
    return []


class Published(NamedTuple):
    r"""What to expect of a data set.

    Args:
        splits (Mapping[str, Expectation]): What the clips of each split that
            is to be prepared should be like; the name is empty if the class
            has no splits.
        missing (callable, optional): From the files that were found in the
            format to the names of those that lack; :class:`ValueError` if one
            is damaged. (default: none are known)
    """

    splits: Mapping[str, Expectation]
    missing: Missing = _nothing


def _utd_mhad(options: Options) -> Published:
    kinect = Expectation(
        'x', unit=1000.0, spread=0.25, symmetry=0.2, actions=UTD_MHAD_ACTIONS
    )
    return Published(
        {
            'train': kinect._replace(
                clips=431, frames=29_199, subjects=('1', '3', '5', '7')
            ),
            'test': kinect._replace(
                clips=430, frames=29_100, subjects=('2', '4', '6', '8')
            ),
        },
        _missing_utd_mhad,
    )


def _missing_utd_mhad(files: list[Path]) -> list[str]:
    found = {m.name for m in list_members(files, UTD_MHAD_FILE, FILE_LIMIT)}
    takes = [
        f'a{action}_s{subject}_t{take}'
        for action in range(1, len(UTD_MHAD_ACTIONS) + 1)
        for subject in UTD_MHAD_SUBJECTS
        for take in range(1, 5)
    ]
    names = [
        f'{take}_skeleton.mat'
        for take in takes
        if take not in UTD_MHAD_UNPUBLISHED
    ]
    return [name for name in names if name not in found]


def _ntu(options: Options) -> Published:
    rule = get_benchmark(options.get('benchmark', 'ntu60-xsub'))
    kinect = Expectation('x', unit=1000.0, spread=0.35, symmetry=0.2)
    return Published(
        {
            'train': kinect._replace(clips=rule.train),
            'test': kinect._replace(clips=rule.test),
        },
        (lambda files: _missing_ntu(files, rule.data))
        if options.get('format') == 'skeleton'
        else _nothing,
    )


def _missing_ntu(files: list[Path], data: str) -> list[str]:
    names = {parse_name(m.name) for m in find_skeletons(files)}
    setups = {name.setup for name in names}
    last = max(NTU_SETUPS[data], 32 if max(setups) > 17 else 17)
    left_out = missing_skeletons()
    out = [
        f'S{setup:03}*' for setup in range(1, last + 1) if setup not in setups
    ]
    for setup, subject in sorted({(n.setup, n.subject) for n in names}):
        for action in range(1, 61) if setup <= 17 else range(61, 121):
            for camera in (1, 2, 3):
                for replication in (1, 2):
                    name = ClipName(
                        setup, camera, subject, replication, action
                    )
                    if name not in names and str(name) not in left_out:
                        out.append(f'{name}.skeleton')
    return out


def _human36m(options: Options) -> Published:
    rigid = Expectation('y', unit=1.0, spread=0.1, symmetry=0.2)
    if options.get('naming', 'paper') == 'paper':
        rigid = rigid._replace(actions=H36M_ACTIONS)
    # 2 takes of 15 actions by 4 cameras, without S11 Directions.
    train = rigid._replace(subjects=TRAIN_SUBJECTS, clips=600)
    test = rigid._replace(subjects=TEST_SUBJECTS, clips=236)
    if options.get('subsample', 1) == 1:
        train = train._replace(frames=1_559_752)
        test = test._replace(frames=543_344)
    if options.get('format') == 'motionbert':  # in units of the image
        train = train._replace(unit=0.0)
    missing: dict[str, Missing] = {
        'cdf': _missing_cdf,
        'lcn': partial(_lacking, ('h36m_train.pkl', 'h36m_test.pkl')),
        'vp3d': partial(_lacking, ('data_3d_h36m.npz',)),
    }
    return Published(
        {'train': train, 'test': test},
        missing.get(options.get('format', ''), _nothing),
    )


def _lacking(names: tuple[str, ...], files: list[Path]) -> list[str]:
    there = {file.name for file in files}
    return [name for name in names if name not in there]


def _missing_cdf(files: list[Path]) -> list[str]:
    takes: dict[str, int] = {}
    for file in files:
        if file.suffix == '.tgz':
            takes[file.stem.rpartition('_')[2]] = 30
        elif match := CDF_FILE.fullmatch(file.absolute().as_posix()):
            takes[match[1]] = takes.get(match[1], 0) + 1
    out = []
    for subject in (*TRAIN_SUBJECTS, *TEST_SUBJECTS):
        if (found := takes.get(subject, 0)) < 30:
            some = f' ({found} of 30 takes found)' if found else ''
            out.append(f'Poses_D3_Positions_{subject}.tgz{some}')
    return out


def _openmocap(options: Options) -> Published:
    rigid = Expectation('y', unit=1.0, spread=0.1, symmetry=0.2)
    numbers = {
        'train': (752, 160_116),
        'val': (300, 25_744),
        'test': (560, 70_388),
    }
    if options.get('fps', 25.0) != 25.0:
        return Published({split: rigid for split in numbers})
    return Published(
        {
            split: rigid._replace(clips=clips, frames=frames)
            for split, (clips, frames) in numbers.items()
        }
    )


def _motion(options: Options) -> Published:
    # Two dancers are one subject of CMU, and a folder may hold several.
    return Published(
        {'': Expectation('pos', unit=1.0, spread=0.1, symmetry=0.2)}
    )


PUBLISHED: dict[str, Callable[[Options], Published]] = {
    'BVHMotion': _motion,
    'CMUMocap': _motion,
    'HDM05': _motion,
    'Human36M': _human36m,
    'NTURGBD': _ntu,
    'OpenMocap': _openmocap,
    'UTDMHAD': _utd_mhad,
}
