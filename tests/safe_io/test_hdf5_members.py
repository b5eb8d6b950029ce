import h5py
import numpy as np
import pytest

from pyg_hcsf.safe_io.hdf5 import HDF5Process


@pytest.fixture
def mixed(tmp_path):
    path = tmp_path / 'mixed.h5'
    rows = np.zeros(3, [('i', 'i4'), ('xy', 'f8', (2,)), ('on', '?')])
    rows['xy'], rows['on'] = np.arange(6.0).reshape(3, 2), [True, False, True]
    with h5py.File(path, 'w') as content:
        content['a/rows'] = rows
        content['a/fixed'] = np.array(['ab', 'c'], 'S')
        content['a/texts'] = ['ä', '', 'long text']
        content['a'].attrs['dims'] = 'frame'
        content['a'].attrs['list'] = ['x', 'y']
        content['soft'] = h5py.SoftLink('/a/fixed')
        content['other'] = h5py.ExternalLink('mixed.h5', '/a/fixed')
        content['a/b/c/d/e/f/deep'] = 1
    return path


def test_members(mixed):
    with HDF5Process() as process:
        found = process.members(mixed)
    assert found['a/rows:xy'] == ((3, 2), np.dtype('f8'))
    assert found['a/fixed'] == ((2,), np.dtype('S2'))
    assert found['a/texts'].dtype == object
    assert {'a@dims', 'a@list'} <= found.keys()
    assert not [n for n in found if n in ('soft', 'other') or 'deep' in n]


def test_fields_texts_and_attributes(mixed):
    names = ['a/rows:xy', 'a/rows:on', 'a/fixed', 'a/texts', 'a@dims']
    with HDF5Process() as process:
        found = process.read(mixed, [*names, 'a@list'], 1000, mixed=True)
    np.testing.assert_array_equal(found['a/rows:xy'], [[0, 1], [2, 3], [4, 5]])
    assert found['a/rows:on'].tolist() == [True, False, True]
    assert found['a/fixed'].tolist() == [b'ab', b'c']
    assert found['a/texts'].tolist() == ['ä'.encode(), b'', b'long text']
    assert found['a@dims'].item() == b'frame'
    assert found['a@list'].tolist() == [b'x', b'y']


@pytest.mark.parametrize(
    ('name', 'is_mixed', 'reason'),
    [
        ('a/fixed', False, 'not a plain array'),
        ('a/rows', True, "no field '' in 'a/rows'"),
        ('a/rows:y', True, "no field 'y'"),
        ('a@none', True, 'none'),
        ('soft', True, "no data set 'soft'"),
        ('other', True, "no data set 'other'"),
        ('a/../a/fixed', True, 'no data set'),
    ],
)
def test_refuses_other_members(mixed, name, is_mixed, reason):
    with HDF5Process() as process, pytest.raises(ValueError, match=reason):
        process.read(mixed, [name], 1000, is_mixed)


def test_one_long_text_among_many(tmp_path):
    """An array of texts of one width would be larger than the file."""
    path = tmp_path / 'a.h5'
    with h5py.File(path, 'w') as content:
        content['x'] = ['x' * 2**20] + [''] * 1000
    with (
        HDF5Process() as process,
        pytest.raises(ValueError, match="'x' has texts of 1048577 bytes"),
    ):
        process.read(path, ['x'], 2**40, mixed=True)


def test_members_are_bounded(tmp_path):
    path = tmp_path / 'a.h5'
    with h5py.File(path, 'w') as content:
        group = content.create_group('a')
        for name in range(50):
            group[f'{name}'] = group  # which contains itself
            content[f'x{name}'] = 1
            content['y' * (195 + name % 9) + f'{name}'] = 1
    with HDF5Process() as process:
        found = process.members(path)
    assert 50 <= len(found) <= 2000
    assert max(map(len, found)) <= 200


def test_many_members(tmp_path):
    path = tmp_path / 'a.h5'
    with h5py.File(path, 'w') as content:
        for number in range(2500):
            content[f'x{number}'] = number
    with HDF5Process() as process:
        names = list(process.members(path))
        assert len(names) == 2000
        assert len(process.read(path, names[:200], 2**20)) == 200
