import re
import zipfile

import pytest

from pyg_hcsf.data.formats import Format, files_named
from pyg_hcsf.datasets import (
    HDM05,
    MPIINF3DHP,
    UTDMHAD,
    BVHMotion,
    CMUMocap,
    OpenMocap,
)
from pyg_hcsf.datasets.checks.doctor import diagnose, find_formats

TEXT = Format(
    'text', 'notes', lambda path: files_named(path, re.compile(r'.*\.txt'))
)
FORMATS = {
    'notes': (TEXT,),
    'utd_mhad': UTDMHAD.formats,
    'cmu_mocap': CMUMocap.formats,
    'hdm05': HDM05.formats,
    'bvh_motion': BVHMotion.formats,
    'openmocap': OpenMocap.formats,
}


def put(folder, *names, content=b'something'):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def found(path):
    return [
        (item.name, item.format.name, [file.name for file in item.files])
        for item in diagnose(path, FORMATS).found
    ]


def zipped(path, *names):
    with zipfile.ZipFile(path, 'w') as archive:
        for name in names:
            archive.writestr(name, 'something')
    return path


def test_a_file_and_a_folder(tmp_path):
    put(tmp_path, 'b.txt', 'c/a.txt', 'd.py')
    assert found(tmp_path) == [('notes', 'text', ['b.txt', 'a.txt'])]
    assert found(tmp_path / 'b.txt') == [('notes', 'text', ['b.txt'])]
    assert found(tmp_path / 'd.py') == []
    result = diagnose(tmp_path, FORMATS)
    assert (result.broken, result.others, result.advice) == (
        [],
        {'text': 1},
        [],
    )


def test_formats_of_motion(tmp_path):
    put(tmp_path, '01/01.asf', '01/01_02.amc')
    put(tmp_path, 'HDM_bd.asf', 'walk/HDM_bd_walk_003_120.amc', 'x/a.BVH')
    assert found(tmp_path) == [
        ('cmu_mocap', 'asf_amc', ['01.asf', '01_02.amc']),
        ('hdm05', 'asf_amc', ['HDM_bd.asf', 'HDM_bd_walk_003_120.amc']),
        ('bvh_motion', 'bvh', ['a.BVH']),
    ]
    put(tmp_path, 'cmu/asfamc/01/01.asf', 'cmu/asfamc/01/01_01.amc')
    put(tmp_path, 'cmu/bvh/salsa/1.bvh')
    put(tmp_path, 'hdm05/walk/HDM_bd_walk_003_120.amc')
    assert 'openmocap' not in [name for name, *_ in found(tmp_path)]
    put(tmp_path, 'cmu/bvh/indian/1.bvh')
    assert found(tmp_path)[-1][0] == 'openmocap'


def test_archives(tmp_path):
    zipped(tmp_path / 'a.zip', 'all/subjects/01/01_01.amc')
    zipped(tmp_path / 'b.zip', 'Skeleton/a1_s1_t1_skeleton.mat')
    assert found(tmp_path) == [
        ('utd_mhad', 'mat', ['b.zip']),
        ('cmu_mocap', 'archive', ['a.zip']),
    ]
    put(tmp_path, 'damaged.zip', content=b'PK\x03\x04')
    assert len(found(tmp_path)) == 2  # does not hide the others
    zipped(tmp_path / 'c.zip', 'walk.bvh', 'run.bvh', 'readme')
    result = diagnose(tmp_path / 'c.zip', FORMATS)
    assert result.found == [] and result.broken == []
    assert re.search(r'holds 2 \.bvh, 1 readme, .* unpack', result.advice[0])


def test_broken_files_are_named(tmp_path):
    put(tmp_path, 'a1_s1_t1_skeleton.mat', content=b'<html>Log in')
    put(tmp_path, 'b.zip', content=b'PK\x03\x04')
    result = diagnose(tmp_path, FORMATS)
    assert [(file.name, kind.kind) for file, kind in result.broken] == [
        ('a1_s1_t1_skeleton.mat', 'page'),
        ('b.zip', 'zip'),
    ]
    assert result.advice == []


def test_packed_files_that_are_read(tmp_path):
    packed = Format('tgz', '', lambda path: files_named(path, re.compile('a')))
    put(tmp_path, 'a', 'b', content=b'\x1f\x8b\x08')
    result = diagnose(tmp_path, {'packed': (packed,)})
    assert [file.name for file, _ in result.broken] == ['b']


@pytest.mark.parametrize(
    'name, advice',
    [
        ('nturgbd_rgb_s001.zip', 'nturgbd_skeletons'),
        ('S001C001P001R001A001_rgb.avi', 'nturgbd_skeletons'),
        ('a1_s1_t1_depth.mat', r'Skeleton\.zip'),
        ('Inertial.zip', r'Skeleton\.zip'),
        ('Poses_D2_Positions_S1.tgz', 'D3_Positions'),
        ('D3_Angles/Eating.cdf', 'D3_Positions'),
        ('Videos_S1.tgz', 'D3_Positions'),
        ('ntu60_hrnet.pkl', '3danno'),
        ('walk.c3d', 'AMC'),
        ('walk.fbx', 'BVH'),
    ],
)
def test_names_of_other_parts(tmp_path, name, advice):
    put(tmp_path, name)
    assert any(
        re.search(advice, text) for text in diagnose(tmp_path, FORMATS).advice
    )


def test_a_path_that_is_not_there(tmp_path):
    result = diagnose(tmp_path / 'gone', FORMATS)
    assert [(f.name, k.remedy) for f, k in result.broken] == [
        ('gone', 'check the path')
    ]


def test_looking_that_fails(tmp_path):
    def refuse(path):
        raise ValueError('no')

    items, errors = find_formats(
        tmp_path, {'a': (Format('x', '', refuse),) * 2, 'b': (TEXT,)}
    )
    assert (items, errors) == ([], ['no'])


def test_progress(tmp_path):
    put(tmp_path, 'b/c', 'b/a', 'a')
    seen = []

    def watch(files):
        for file in files:
            seen.append(file.relative_to(tmp_path).as_posix())
            yield file

    diagnose(tmp_path, FORMATS, watch)
    assert seen == ['a', 'b/a', 'b/c']


def test_mpi_inf_3dhp(tmp_path):
    formats = {'mpi_inf_3dhp': MPIINF3DHP.formats}
    put(tmp_path, 'S1/Seq1/annot.mat', 'S1/Seq1/camera.calibration')
    put(tmp_path, 'S1/Seq1/imageSequence/video_0.avi', 'a/annot.mat')
    put(tmp_path, 'TS1/annot_data.mat', 'TS1/bb_cropped_data.mat')
    put(tmp_path, 'data_test_3dhp.npz')
    result = diagnose(tmp_path, formats)
    assert [(f.format.name, len(f.files)) for f in result.found] == [
        ('mat', 3),
        ('pstmo', 1),
    ]
    assert any('get annot.mat and camera.calib' in t for t in result.advice)
    assert any('bb_cropped_data' in t for t in result.advice)
