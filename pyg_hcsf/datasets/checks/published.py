r"""What is known of each data set when it is whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from pyg_hcsf.datasets.checks.verify import Expectation
from pyg_hcsf.datasets.human36m.positions import take_file
from pyg_hcsf.datasets.human36m.reader import TEST_SUBJECTS, TRAIN_SUBJECTS
from pyg_hcsf.datasets.mpi_inf_3dhp import annotation as mpi_inf_3dhp
from pyg_hcsf.datasets.mpi_inf_3dhp.formats import TEST_FILE, TRAIN_FILE
from pyg_hcsf.datasets.ntu.clip_names import (
    ClipName,
    get_benchmark,
    missing_skeletons,
    parse_name,
)
from pyg_hcsf.datasets.ntu.skeleton_files import find_skeletons
from pyg_hcsf.datasets.utd_mhad.reader import (
    FILE_LIMIT,
    UTD_MHAD_ACTIONS,
    UTD_MHAD_FILE,
    UTD_MHAD_SUBJECTS,
)
from pyg_hcsf.protocols import H36M_ACTIONS
from pyg_hcsf.safe_io.members import list_members

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
        'cdf': partial(_missing_takes, 'Poses_D3_Positions_{}.tgz'),
        'h5': partial(_missing_takes, '{}/MyPoses/3D_positions/*.h5'),
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


def _missing_takes(name: str, files: list[Path]) -> list[str]:
    takes: dict[str, int] = {}
    for subject, take, _ in map(take_file, files):
        takes[subject] = takes.get(subject, 0) + (1 if take else 30)
    out = []
    for subject in (*TRAIN_SUBJECTS, *TEST_SUBJECTS):
        if (found := takes.get(subject, 0)) < 30:
            some = f' ({found} of 30 takes found)' if found else ''
            out.append(name.format(subject) + some)
    return out


def _mpi_inf_3dhp(options: Options) -> Published:
    rigid = Expectation('y', unit=1.0, spread=0.1, symmetry=0.2)
    sequences = mpi_inf_3dhp.TRAIN_SEQUENCES
    evaluated = mpi_inf_3dhp.TEST_SEQUENCES
    cameras = len(options.get('cameras', mpi_inf_3dhp.CAMERAS))
    train = rigid._replace(
        clips=cameras * len(sequences),
        frames=cameras * sum(frames for frames, _ in sequences.values()),
        subjects=mpi_inf_3dhp.TRAIN_SUBJECTS,
    )
    key = 'valid' if options.get('frames', 'valid') == 'valid' else 'frames'
    test = rigid._replace(
        clips=len(evaluated),
        frames=sum(getattr(test, key) for test in evaluated.values()),
        subjects=tuple(evaluated),
        actions=mpi_inf_3dhp.SCENES,
    )
    if options.get('ground_truth', 'universal') == 'universal':
        test = test._replace(unlike=mpi_inf_3dhp.UNLIKE)
    splits = {'train': train, 'test': test}
    if options.get('joints') == 'all28':  # test files have 17
        del splits['test']
    if options.get('subsample', 1) != 1:
        splits = {k: v._replace(frames=0) for k, v in splits.items()}
    archives = ('data_train_3dhp.npz', 'data_test_3dhp.npz')
    missing: dict[str, Missing] = {
        'mat': _missing_mat,
        'pstmo': partial(_lacking, archives),
    }
    return Published(splits, missing.get(options.get('format', ''), _nothing))


def _missing_mat(files: list[Path]) -> list[str]:
    names = [file.absolute().as_posix() for file in files]
    there = {m.groups() for m in map(TRAIN_FILE.fullmatch, names) if m}
    tests = {m[1] for m in map(TEST_FILE.fullmatch, names) if m}
    out = [
        '/'.join([*sequence.split(), name])
        for sequence in mpi_inf_3dhp.TRAIN_SEQUENCES
        for name in ('annot.mat', 'camera.calibration')
        if (*sequence.split(), name) not in there
    ]
    return out + [
        f'{name}/annot_data.mat'
        for name in mpi_inf_3dhp.TEST_SUBJECTS
        if name not in tests
    ]


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
    'MPIINF3DHP': _mpi_inf_3dhp,
    'NTURGBD': _ntu,
    'OpenMocap': _openmocap,
    'UTDMHAD': _utd_mhad,
}
