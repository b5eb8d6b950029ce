import re

import h5py
import numpy as np
import pytest
from scipy.io import loadmat, savemat

from pyg_hcsf.datasets.human36m.official_cdf import read_cdf_pose
from pyg_hcsf.datasets.human36m.position_files import (
    find_cdf,
    find_h5,
    read_cdf_mat,
    read_d3_archive,
    read_world_positions,
    repeated_take,
)
from tests.datasets.human36m.human36m_files import (
    FRAMES,
    cdf_files,
    d3_archive,
    motion,
    world,
    write_archives,
    write_cdf,
    write_cdfmat,
    write_h5,
)

ONE = motion(['S9'], [('Photo', ' 1')])
JOINTS = ONE['S9']['Photo 1']
MAT = 'S9/MyPoseFeatures/D3_Positions/TakingPhoto 1.cdf.mat'


@pytest.mark.parametrize('compressed', [True, False])
@pytest.mark.parametrize('cells', [True, False])
def test_cdf_mat(tmp_path, compressed, cells):
    write_cdfmat(tmp_path, ONE, compressed, cells)
    (path,) = find_cdf(tmp_path)
    assert path == tmp_path / MAT
    if not cells:  # as VideoPose3D reads it
        data = loadmat(path)['data'][0, 0].reshape(-1, 32, 3)
        np.testing.assert_array_equal(data, JOINTS)
    ((subject, take, joints),) = read_world_positions([path], ('S9',))
    assert (subject, take) == ('S9', 'TakingPhoto 1')
    np.testing.assert_array_equal(joints, JOINTS)
    assert list(read_world_positions([path], ('S1',))) == []


def test_h5(tmp_path):
    write_h5(tmp_path, ONE)
    (path,) = find_h5(tmp_path)
    with h5py.File(path) as file:  # as VideoPose3D reads it
        data = file['3D_positions'][:].reshape(32, 3, -1).transpose(2, 0, 1)
    np.testing.assert_array_equal(data, JOINTS)
    ((subject, take, joints),) = read_world_positions([path], ('S9',))
    assert (subject, take, len(joints)) == ('S9', 'Photo 1', FRAMES)
    np.testing.assert_array_equal(joints, JOINTS)


def test_mat_beside_cdf(tmp_path):
    """MATLAB's scripts write beside the files that they read."""
    write_cdf(tmp_path, ONE)
    write_cdfmat(tmp_path, ONE)
    assert [path.suffix for path in find_cdf(tmp_path)] == ['.cdf']


def test_upper_case(tmp_path):
    write_cdf(tmp_path, ONE)
    (path,) = find_cdf(tmp_path)
    path.rename(path.with_suffix('.CDF'))
    ((*_, joints),) = read_world_positions(find_cdf(tmp_path), ('S9',))
    np.testing.assert_array_equal(joints, JOINTS)


def test_a_take_twice(tmp_path):
    write_cdf(tmp_path / 'a', ONE)
    write_archives(tmp_path / 'b', ONE)
    files = find_cdf(tmp_path)
    for order in (files, files[::-1]):
        assert repeated_take(order).startswith('S9')
        with pytest.raises(ValueError, match='each take once .*S9'):
            list(read_world_positions(order, ('S9',)))
    assert repeated_take(files[:1]) == ''


@pytest.mark.parametrize(
    'data, reason',
    [
        ({'other': np.zeros(3)}, 'no floating-point'),
        ({'data': np.zeros((5, 95))}, r'the shape \[5, 95\]'),
        ({'data': np.zeros((0, 96))}, r'the shape \[0, 96\]'),
        ({'data': np.zeros((5, 96), int)}, 'no floating-point'),
        ({'data': np.full((5, 96), np.nan)}, 'not finite'),
        ({'data': np.array([[1.0, 2.0]], object)}, '2 cells'),
        ({'data': 'text'}, 'no floating-point'),
    ],
)
def test_other_contents_of_mat(tmp_path, data, reason):
    path = tmp_path / 'a.cdf.mat'
    savemat(path, data)
    with pytest.raises(ValueError, match=rf'a\.cdf\.mat.*{reason}'):
        read_cdf_mat(path.read_bytes(), str(path))


def test_mat_of_format_7_3():
    with pytest.raises(ValueError, match="save it with '-v7'"):
        read_cdf_mat(b'MATLAB 7.3 MAT-file'.ljust(600), 'a.cdf.mat')


@pytest.mark.parametrize(
    'key, array, reason',
    [
        ('poses', np.zeros((96, 5)), '3D_positions'),
        ('3D_positions', np.zeros((96, 5, 1)), 'of shape'),
        ('3D_positions', np.full((96, 5), np.inf), 'not finite'),
        ('3D_positions', np.zeros((95, 5)), '32 joints'),
    ],
)
def test_other_contents_of_h5(tmp_path, key, array, reason):
    write_h5(tmp_path, ONE)
    (path,) = find_h5(tmp_path)
    with h5py.File(path, 'w') as file:
        file[key] = array
    where = re.escape(str(path))
    with pytest.raises(ValueError, match=rf'(?s)(?=.*{where}).*{reason}'):
        list(read_world_positions([path], ('S9',)))


def test_archive():
    ((subject, take, content),) = read_d3_archive(
        d3_archive('S9', ONE['S9']), 'S9.tgz'
    )
    assert (subject, take) == ('S9', 'TakingPhoto 1')
    pose = read_cdf_pose(content, take)
    np.testing.assert_array_equal(pose.reshape(-1, 32, 3), JOINTS)


@pytest.mark.parametrize(
    'content, reason',
    [
        (b'', 'tgz'),
        (d3_archive('S9', ONE['S9'])[:1000], 'ended before'),
        (d3_archive('S9', {}), 'none'),
        (
            d3_archive('S9', {'Photo': np.zeros((5000, 32, 3), 'f4')}),
            '8 times',
        ),
    ],
    ids=['empty', 'cut', 'none', 'inflated'],
)
def test_refuses_archives(content, reason):
    with pytest.raises(ValueError, match=rf"'S9\.tgz'.*{reason}"):
        list(read_d3_archive(content, 'S9.tgz'))


def test_damaged_archive(fuzz):
    def read(content):
        return [
            read_cdf_pose(part, 'S9.tgz')
            for _, _, part in read_d3_archive(content, 'S9.tgz')
        ]

    def check(poses):
        assert all(np.isfinite(pose).all() for pose in poses)

    content = d3_archive('S9', {'Photo 1': world('S9', 'Photo', 3)})
    fuzz(read, content, check, "'S9.tgz")


@pytest.mark.parametrize('compressed', [True, False])
def test_damaged_mat(fuzz, tmp_path, compressed):
    write_cdfmat(tmp_path, ONE, compressed)
    (path,) = find_cdf(tmp_path)

    def check(pose):
        assert pose.shape[1] == 96 and np.isfinite(pose).all()

    fuzz(
        lambda content: read_cdf_mat(content, str(path)),
        path.read_bytes(),
        check,
        str(path),
    )


def test_world_of_the_files():
    ((name, _),) = cdf_files(ONE)
    assert f'{name}.mat' == MAT
    assert world('S9', 'Photo').shape == JOINTS.shape
