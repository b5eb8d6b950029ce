"""Commands for raw files, and errors for files without a command."""

import pickle

import numpy as np
import pytest

from pyg_hcsf.datasets import (
    HDM05,
    MPIINF3DHP,
    NTURGBD,
    UTDMHAD,
    CMUMocap,
    Human36M,
)
from pyg_hcsf.datasets.checks.doctor import find_formats
from pyg_hcsf.datasets.checks.prepare_commands import prepare_commands

FORMATS = {
    'human36m': Human36M.formats,
    'mpi_inf_3dhp': MPIINF3DHP.formats,
    'nturgbd': NTURGBD.formats,
    'utd_mhad': UTDMHAD.formats,
    'cmu_mocap': CMUMocap.formats,
    'hdm05': HDM05.formats,
}


def put(folder, *names, content=b'something'):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def suggest(path):
    found, errors = find_formats(path, FORMATS)
    assert errors == []
    return [c for item in found for c in prepare_commands(item, path, found)]


def ctrgcn(path, classes, train=2, test=1):
    arrays = {
        f'{key}_{side}': np.zeros((count, *size), np.float32)
        for key, size in (('x', (1, 150)), ('y', (classes,)))
        for side, count in (('train', train), ('test', test))
    }
    np.savez_compressed(path, **arrays)


@pytest.mark.parametrize(
    'names, benchmark',
    [
        (['S001C001P001R001A001'], 'ntu60-xsub'),
        (['S018C001P045R001A061'], 'ntu120-xsub'),
        (['S001C001P001R001A001', 'S032C001P045R001A120'], 'ntu120-xsub'),
    ],
)
def test_skeletons(tmp_path, names, benchmark):
    put(tmp_path, *(f'{name}.skeleton' for name in names))
    assert suggest(tmp_path) == [
        ['nturgbd', '--from', str(tmp_path), '--benchmark', benchmark]
    ]


@pytest.mark.parametrize(
    'name, classes, counts, benchmark',
    [
        ('NTU60_CS.npz', 60, (2, 1), 'ntu60-xsub'),
        ('NTU60_CV.npz', 60, (2, 1), 'ntu60-xview'),
        ('NTU120_CSet.npz', 120, (2, 1), 'ntu120-xset'),
        ('mine.npz', 120, (2, 1), 'ntu120-xsub'),
        ('mine.npz', 60, (37646, 18932), 'ntu60-xview'),  # as it has clips
    ],
)
def test_ctrgcn(tmp_path, monkeypatch, name, classes, counts, benchmark):
    ctrgcn(tmp_path / name, classes, *counts)
    ((*_, found),) = suggest(tmp_path)
    assert found == benchmark


def test_several_files_of_one_data_set(tmp_path):
    for name in ('NTU60_CS.npz', 'NTU60_CV.npz'):
        ctrgcn(tmp_path / name, 60)
    put(tmp_path / 'a', 'S001C001P001R001A001.skeleton')
    assert suggest(tmp_path) == [
        ['nturgbd', '--from', str(tmp_path / name), '--benchmark', benchmark]
        for name, benchmark in (
            ('a', 'ntu60-xsub'),
            ('NTU60_CS.npz', 'ntu60-xsub'),
            ('NTU60_CV.npz', 'ntu60-xview'),
        )
    ]
    put(tmp_path, 'S001C001P002R001A001.skeleton')  # between the others
    with pytest.raises(ValueError, match='files of one format'):
        suggest(tmp_path)


@pytest.mark.parametrize('folder', ['xsub', 'xview', 'xset'])
def test_agcn(tmp_path, folder):
    place = tmp_path / folder
    place.mkdir()
    data = np.zeros((1, 3, 300, 25, 2), np.float32)
    np.save(place / 'train_data_joint.npy', data)
    new = folder == 'xset'
    clip = 'S018C001P045R001A061' if new else 'S001C001P001R001A001'
    content = pickle.dumps(([f'{clip}.skeleton'], [0]))
    put(place, 'train_label.pkl', content=content)
    ((*_, benchmark),) = suggest(tmp_path)
    assert benchmark == f'ntu{120 if new else 60}-{folder}'


H36M = 'S1/MyPoseFeatures/D3_Positions/Directions 1.cdf'


@pytest.mark.parametrize(
    'names, reason',
    [
        (['S1/Seq1/annot.mat'], "without 'camera.calibration'"),
        (['S1/Seq1/camera.calibration'], "without 'annot.mat'"),
        (['a/TS1/annot_data.mat', 'b/TS1/annot_data.mat'], 'the copy'),
        (['a/data_test_3dhp.npz', 'b/data_test_3dhp.npz'], 'the copy'),
        (['Poses_D3_Positions_S1.tgz', H36M], 'S1.*: remove the copy'),
        ([f'a/{H36M}', f'b/{H36M}'], 'S1 Directions 1.*: remove the copy'),
        (
            ['01/01_01.amc'],
            'motion of subject 1 without skeleton: put the ASF',
        ),
        (['01/01.asf'], 'skeletons without motion: get the AMC'),
        (['01/01.asf', '01_01.amc', 'a/01_01.amc'], 'remove the copy'),
        (['HDM_bd_walk_001_120.amc'], 'subject bd without skeleton'),
    ],
)
def test_no_command(tmp_path, names, reason):
    put(tmp_path, *names)
    with pytest.raises(ValueError, match=reason):
        suggest(tmp_path)


def test_keypoints_without_poses(tmp_path):
    values = np.array({'S1': {}}, object)
    path = tmp_path / 'data_2d_h36m_gt.npz'
    np.savez(path, allow_pickle=True, positions_2d=values)
    with pytest.raises(ValueError, match="put 'data_3d_h36m.npz' into"):
        suggest(tmp_path)
    for name in ('data_3d_h36m.npz', 'data_3d_h36m (1).npz'):
        with (tmp_path / name).open('wb') as file:
            np.savez(file, allow_pickle=True, positions_3d=values)
    with pytest.raises(ValueError, match='poses in .* remove the copy'):
        suggest(tmp_path)
    (tmp_path / name).unlink()
    assert suggest(tmp_path) == [['human36m', '--from', str(tmp_path)]]


def test_copies_of_another_size(tmp_path):
    name = 'a1_s1_t1_skeleton.mat'
    put(tmp_path, f'a/{name}')
    put(tmp_path, f'b/{name}', content=b'other')
    with pytest.raises(ValueError, match='remove the wrong one'):
        suggest(tmp_path)
