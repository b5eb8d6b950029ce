"""Expected clips, frames, subjects and files of each complete data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import product
from typing import Any, NamedTuple

from pyg_hcsf.datasets.checks.doctor import FoundFiles
from pyg_hcsf.datasets.checks.verify import Expectation
from pyg_hcsf.datasets.human36m.constants import TEST_SUBJECTS, TRAIN_SUBJECTS
from pyg_hcsf.datasets.human36m.position_files import take_file
from pyg_hcsf.datasets.mocap.openmocap_clips import missing_clips
from pyg_hcsf.datasets.mocap.openmocap_people import subjects_of
from pyg_hcsf.datasets.mpi_inf_3dhp import constants as mpi_inf_3dhp
from pyg_hcsf.datasets.mpi_inf_3dhp.formats import TEST_FILE, TRAIN_FILE
from pyg_hcsf.datasets.ntu.benchmarks import get_benchmark
from pyg_hcsf.datasets.ntu.clip_names import (
    ClipName,
    missing_skeletons,
    parse_name,
)
from pyg_hcsf.datasets.utd_mhad.skeleton_mat import (
    UTD_MHAD_ACTIONS,
    UTD_MHAD_SUBJECTS,
)
from pyg_hcsf.protocols import H36M_ACTIONS

# The options of a data set class, with the name of the format as 'format'.
Options = Mapping[str, Any]
Missing = Callable[[FoundFiles], list[str]]

# 861 of 864 takes are published.
UTD_MHAD_UNPUBLISHED = ('a8_s1_t4', 'a23_s6_t4', 'a27_s8_t4')
# The setups up to 17 record the first 60 actions, the others the last 60.
LAST_SETUP_OF_NTU60 = 17
LAST_SETUP = 32
# Clips and frames of the splits of openmocap at 25 Hz, of four cameras.
OPENMOCAP = {
    'subjects': {
        'train': (1908, 341_108),
        'val': (456, 41_056),
        'test': (684, 117_392),
    },
    'rig': {
        'train': (680, 185_360),
        'val': (280, 31_016),
        'test': (1404, 165_788),
    },
}
# The plausibility of bodies from a Kinect and from motion capture.
KINECT = Expectation('x', unit=1000.0, spread=0.35, symmetry=0.2)
MOCAP = Expectation('y', unit=1.0, spread=0.1, symmetry=0.2)


class ExpectedContents(NamedTuple):
    r"""The contents of a complete data set.

    Args:
        splits (Mapping[str, Expectation]): The expected clips of each split.
            The name is empty if the class has no splits.
        missing (callable, optional): Returns the names of missing files;
            takes the :class:`~pyg_hcsf.datasets.checks.doctor.FoundFiles`.
            Raises a :class:`ValueError` if a file is damaged. (default: no
            files are missing)
    """

    splits: Mapping[str, Expectation]
    missing: Missing = lambda found: []


def _utd_mhad(options: Options) -> ExpectedContents:
    body = KINECT._replace(spread=0.25, actions=UTD_MHAD_ACTIONS)
    train = body._replace(
        clips=431, frames=29_199, subjects=('1', '3', '5', '7')
    )
    test = body._replace(
        clips=430, frames=29_100, subjects=('2', '4', '6', '8')
    )
    return ExpectedContents({'train': train, 'test': test}, _missing_utd_mhad)


def _missing_utd_mhad(found: FoundFiles) -> list[str]:
    present = {member.name for member in found.members}
    present |= {f'{take}_skeleton.mat' for take in UTD_MHAD_UNPUBLISHED}
    actions = range(1, len(UTD_MHAD_ACTIONS) + 1)
    takes = product(actions, UTD_MHAD_SUBJECTS, range(1, 5))
    names = ['a{}_s{}_t{}_skeleton.mat'.format(*take) for take in takes]
    return [name for name in names if name not in present]


def _ntu(options: Options) -> ExpectedContents:
    rule = get_benchmark(options.get('benchmark', 'ntu60-xsub'))
    splits = {
        'train': KINECT._replace(clips=rule.train),
        'test': KINECT._replace(clips=rule.test),
    }
    if options.get('format') != 'skeleton':
        return ExpectedContents(splits)
    return ExpectedContents(splits, partial(_missing_ntu, data=rule.data))


def _missing_ntu(found: FoundFiles, data: str) -> list[str]:
    names = {parse_name(member.name) for member in found.members}
    setups = {name.setup for name in names}
    is_ntu120 = data == 'ntu120' or max(setups) > LAST_SETUP_OF_NTU60
    last = LAST_SETUP if is_ntu120 else LAST_SETUP_OF_NTU60
    left_out = missing_skeletons()
    out = [
        f'S{setup:03}*' for setup in range(1, last + 1) if setup not in setups
    ]
    # Each subject of a setup performs all its actions, twice, before three
    # cameras.
    for setup, subject in sorted({(n.setup, n.subject) for n in names}):
        first = 1 if setup <= LAST_SETUP_OF_NTU60 else 61
        for action, camera, replication in product(
            range(first, first + 60), (1, 2, 3), (1, 2)
        ):
            name = ClipName(setup, camera, subject, replication, action)
            if name not in names and str(name) not in left_out:
                out.append(f'{name}.skeleton')
    return out


def _human36m(options: Options) -> ExpectedContents:
    body = MOCAP
    if options.get('naming', 'paper') == 'paper':
        body = body._replace(actions=H36M_ACTIONS)
    # 15 actions, twice, by 4 cameras, without S11 Directions.
    train = body._replace(subjects=TRAIN_SUBJECTS, clips=600)
    test = body._replace(subjects=TEST_SUBJECTS, clips=236)
    if options.get('subsample', 1) == 1:
        train = train._replace(frames=1_559_752)
        test = test._replace(frames=543_344)
    format_name = options.get('format', '')
    if format_name == 'motionbert':  # in units of the image
        train = train._replace(unit=0.0)
    splits = {'train': train, 'test': test}
    missing: dict[str, Missing] = {
        'cdf': partial(_missing_takes, name='Poses_D3_Positions_{}.tgz'),
        'h5': partial(_missing_takes, name='{}/MyPoses/3D_positions/*.h5'),
        'lcn': partial(
            _missing_names, names=('h36m_train.pkl', 'h36m_test.pkl')
        ),
        'vp3d': partial(_missing_names, names=('data_3d_h36m.npz',)),
    }
    if format_name not in missing:
        return ExpectedContents(splits)
    return ExpectedContents(splits, missing[format_name])


def _missing_names(found: FoundFiles, names: tuple[str, ...]) -> list[str]:
    present = {file.name for file in found.files}
    return [name for name in names if name not in present]


def _missing_takes(found: FoundFiles, name: str) -> list[str]:
    r"""The names of the subjects of Human3.6M with less than 30 takes."""
    takes: dict[str, int] = {}
    for subject, take, _ in map(take_file, found.files):
        takes[subject] = takes.get(subject, 0) + (1 if take else 30)
    out = []
    for subject in (*TRAIN_SUBJECTS, *TEST_SUBJECTS):
        if (count := takes.get(subject, 0)) < 30:
            some = f' ({count} of 30 takes found)' if count else ''
            out.append(name.format(subject) + some)
    return out


def _mpi_inf_3dhp(options: Options) -> ExpectedContents:
    sequences = mpi_inf_3dhp.TRAIN_SEQUENCES
    evaluated = mpi_inf_3dhp.TEST_SEQUENCES
    cameras = len(options.get('cameras', mpi_inf_3dhp.CAMERAS))
    train = MOCAP._replace(
        clips=cameras * len(sequences),
        frames=cameras * sum(frames for frames, _ in sequences.values()),
        subjects=mpi_inf_3dhp.TRAIN_SUBJECTS,
    )
    key = 'valid' if options.get('frames', 'valid') == 'valid' else 'frames'
    test = MOCAP._replace(
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
    if options.get('format') == 'mat':
        return ExpectedContents(splits, _missing_mat)
    if options.get('format') == 'pstmo':
        names = ('data_train_3dhp.npz', 'data_test_3dhp.npz')
        return ExpectedContents(splits, partial(_missing_names, names=names))
    return ExpectedContents(splits)


def _missing_mat(found: FoundFiles) -> list[str]:
    paths = [file.absolute().as_posix() for file in found.files]
    train = {m.groups() for m in map(TRAIN_FILE.fullmatch, paths) if m}
    tests = {m[1] for m in map(TEST_FILE.fullmatch, paths) if m}
    out = [
        '/'.join([*sequence.split(), name])
        for sequence in mpi_inf_3dhp.TRAIN_SEQUENCES
        for name in ('annot.mat', 'camera.calibration')
        if (*sequence.split(), name) not in train
    ]
    return out + [
        f'{name}/annot_data.mat'
        for name in mpi_inf_3dhp.TEST_SUBJECTS
        if name not in tests
    ]


def _openmocap(options: Options) -> ExpectedContents:
    held_out = options.get('held_out', 'subjects')
    splits = {}
    for split, (clips, frames) in OPENMOCAP[held_out].items():
        subjects = subjects_of(split, held_out)
        splits[split] = MOCAP._replace(subjects=subjects)
        if options.get('fps', 25.0) == 25.0:  # others are unknown
            splits[split] = splits[split]._replace(clips=clips, frames=frames)
    return ExpectedContents(splits, lambda found: missing_clips(found.files))


def _motion(options: Options) -> ExpectedContents:
    # Two dancers are one subject of CMU, and a folder may hold several.
    return ExpectedContents({'': MOCAP._replace(joints='pos')})


EXPECTED_CONTENTS: dict[str, Callable[[Options], ExpectedContents]] = {
    'BVHMotion': _motion,
    'CMUMocap': _motion,
    'HDM05': _motion,
    'Human36M': _human36m,
    'MPIINF3DHP': _mpi_inf_3dhp,
    'NTURGBD': _ntu,
    'OpenMocap': _openmocap,
    'UTDMHAD': _utd_mhad,
}
