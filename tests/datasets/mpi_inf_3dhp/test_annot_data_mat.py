import h5py
import numpy as np
import pytest

from pyg_hcsf.datasets.mpi_inf_3dhp.annot_data_mat import read_test_annotations
from pyg_hcsf.safe_io.hdf5 import HDF5Process
from tests.datasets.mpi_inf_3dhp.mpi_inf_3dhp_files import (
    annot_data,
    check_finite,
    scene,
)


def test_test_annotations(tmp_path):
    path = annot_data(tmp_path / 'annot_data.mat', 'TS5', 9)
    found = read_test_annotations(path)
    *arrays, valid = scene('TS5', 9)
    for array, expected in zip(found, arrays, strict=False):
        np.testing.assert_array_equal(array, expected.astype('f4'))
    np.testing.assert_array_equal(found.valid, valid == 1)
    squeezed = annot_data(path, 'TS5', 9, annot2=arrays[0])
    np.testing.assert_array_equal(
        read_test_annotations(squeezed).keypoints, arrays[0].astype('f4')
    )


@pytest.mark.parametrize(
    'changes, reason',
    [
        ({'annot3': None}, "no data set 'annot3'"),
        ({'valid_frame': None}, "no data set 'valid_frame'"),
        ({'valid_frame': np.ones((8, 1))}, r"'annot2'.*\[9, 1, 17, 2\].*8"),
        ({'valid_frame': np.zeros((9, 1))}, 'none of its frames is valid'),
        ({'valid_frame': np.full((9, 1), 2.0)}, 'other numbers than 0 and 1'),
        ({'annot3': np.ones((9, 1, 17, 2))}, r'\[9, 1, 17, 2\]'),
        ({'annot3': np.ones((3, 17, 1, 9))}, r'\[3, 17, 1, 9\]'),
        ({'annot3': np.full((9, 1, 17, 3), np.nan)}, 'metric.*frame 1'),
        ({'annot3': -np.ones((9, 1, 17, 3))}, 'no pose in front of it'),
        ({'annot2': np.full((9, 1, 17, 2), b'x')}, 'plain array of numbers'),
    ],
)
def test_refuses_test_annotations(tmp_path, changes, reason):
    path = annot_data(tmp_path / 'annot_data.mat', 'TS1', 9, **changes)
    with pytest.raises(ValueError, match=rf'annot_data\.mat.*{reason}'):
        read_test_annotations(path)


def test_refuses_large_arrays_and_links(tmp_path):
    many = 100_000
    path = tmp_path / 'annot_data.mat'
    with h5py.File(path, 'w') as file:
        for key, width in (('annot2', 2), ('annot3', 3), ('univ_annot3', 3)):
            file.create_dataset(
                key, (many, 1, 17, width), 'f8', compression='gzip'
            )
        file.create_dataset('valid_frame', (many, 1), 'u1')
    with pytest.raises(
        ValueError, match='annot_data.* decompresses to [0-9]+'
    ):
        read_test_annotations(path)
    other = annot_data(tmp_path / 'other.mat', 'TS1', 9)
    annot_data(path, 'TS1', 9, annot2=None)
    with h5py.File(path, 'a') as file:
        file['annot2'] = h5py.ExternalLink(other, 'annot2')
    with pytest.raises(ValueError, match="no data set 'annot2'"):
        read_test_annotations(path)
    with h5py.File(path, 'a') as file:
        del file['annot2']
        file.create_dataset(
            'annot2',
            (9, 1, 17, 2),
            'f8',
            external=[(tmp_path / 'raw', 0, 9 * 17 * 2 * 8)],
        )
    with pytest.raises(ValueError, match="'annot2' is not a plain array"):
        read_test_annotations(path)
    with pytest.raises(ValueError, match='gone.mat'):
        read_test_annotations(tmp_path / 'gone.mat')


def test_damaged_test_annotations(fuzz, tmp_path):
    path = annot_data(tmp_path / 'annot_data.mat', 'TS3', 9)
    with HDF5Process() as process:

        def read(content):
            path.write_bytes(content)
            return [read_test_annotations(path, process)]

        fuzz(read, path.read_bytes(), check_finite, str(path))
