import re

import h5py
import numpy as np
import pytest
import torch

from pyg_hcsf.datasets.mpi_inf_3dhp.annot_mat import (
    read_annotations,
    read_calibration,
)
from pyg_hcsf.datasets.mpi_inf_3dhp.annotation import (
    H36M17_OF_RELEVANT17,
    JOINTS28,
    RELEVANT17_OF_28,
    TEST_SEQUENCES,
    TRAIN_SEQUENCES,
)
from pyg_hcsf.datasets.mpi_inf_3dhp.hdf5_test_set import read_test_annotations
from pyg_hcsf.datasets.mpi_inf_3dhp.pstmo_npz import (
    read_pstmo_test,
    read_pstmo_train,
)
from pyg_hcsf.safe_io.hdf5 import HDF5Process
from tests.datasets.mpi_inf_3dhp.mpi_inf_3dhp_files import (
    CAMERAS,
    H36M,
    NAMES17,
    NAMES28,
    annot,
    annot_data,
    calibration,
    npz,
    pstmo_test,
    pstmo_train,
    scene,
    view,
    world,
)

ONE = {'S3 Seq2': 4}
NAME = 'S3 Seq2'


def test_facts():
    assert list(JOINTS28) == NAMES28
    assert [NAMES28[i] for i in RELEVANT17_OF_28] == NAMES17
    assert [NAMES17[i] for i in H36M17_OF_RELEVANT17] == H36M
    assert sum(s.valid for s in TEST_SEQUENCES.values()) == 2929
    assert sum(s.frames for s in TEST_SEQUENCES.values()) == 24_888
    assert sum(frames for frames, _ in TRAIN_SEQUENCES.values()) == 131_592
    slow = [name for name, (_, fps) in TRAIN_SEQUENCES.items() if fps == 25]
    assert len(slow) == 11


@pytest.mark.parametrize('compress', [False, True])
@pytest.mark.parametrize('dtype', ['f4', 'f8'])
def test_annotations(compress, dtype):
    content = annot(NAME, 5, 3, compress, dtype)
    seen = dict(read_annotations(content, 'annot.mat'))
    assert list(seen) == list(CAMERAS)
    for camera, found in seen.items():
        arrays = view(NAME, 5, camera)
        for array, expected in zip(found, arrays, strict=False):
            assert array.shape[:2] == (8, 28)
            np.testing.assert_array_equal(array[:5], expected.astype('f4'))
        assert found.valid.shape == (8,) and found.valid.all()
    ((camera, found),) = read_annotations(content, 'annot.mat', [13], 5)
    assert camera == 13 and len(found.metric) == len(found.valid) == 5


def test_calibration():
    """All cameras put the same person at the same place of the world."""
    cameras = read_calibration(calibration(), 'camera.calibration')
    assert list(cameras) == list(range(14))
    for number, camera in cameras.items():
        pixels, joints, _ = view(NAME, 5, number)
        joints = torch.from_numpy(joints)
        torch.testing.assert_close(
            camera.camera_to_world(joints),
            torch.from_numpy(world('S3', 'Sitting', 5)),
            rtol=0,
            atol=0.05,
        )
        found = camera.project(joints)
        assert (found - torch.from_numpy(pixels)).abs().max() < 1e-3
        assert camera.image_size == (2048, 2048)


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


def test_pstmo():
    takes = list(read_pstmo_train(npz(pstmo_train(ONE)), 'train.npz'))
    assert [take.camera for take in takes] == list(CAMERAS)
    relevant = [NAMES28.index(name) for name in NAMES17]
    for take in takes:
        assert take.name == NAME and take.valid.all()
        pixels, _, universal = view(NAME, 4, take.camera)
        expected = pixels[:, relevant].astype('f4')
        np.testing.assert_array_equal(take.keypoints, expected)
        expected = universal[:, relevant].astype('f4')
        np.testing.assert_array_equal(take.universal, expected)
    takes = list(read_pstmo_test(npz(pstmo_test([2, 6])), 'test.npz'))
    assert [take.name for take in takes] == ['TS2', 'TS6']
    assert takes[0].valid.tolist() == (scene('TS2', 14)[3] == 1).tolist()


def mat(**changes):
    """An annot.mat with some variables changed, or left out."""
    import io

    from scipy.io import loadmat, savemat

    content = loadmat(io.BytesIO(annot(NAME, 4)))
    content = {k: v for k, v in content.items() if not k.startswith('__')}
    content.update(changes)
    file = io.BytesIO()
    savemat(file, {k: v for k, v in content.items() if v is not None})
    return file.getvalue()


def cells(camera, value):
    from io import BytesIO

    from scipy.io import loadmat

    out = loadmat(BytesIO(annot(NAME, 4)))['annot3']
    out[camera, 0] = value
    return out


@pytest.mark.parametrize(
    'content, reason',
    [
        (b'', 'no header in its 0 bytes'),
        (annot(NAME, 4)[:2000], 'fit into it|cut off'),
        (mat(annot2=None), "no 'annot2' with a cell for each of 14"),
        (mat(annot3=np.ones((14, 1))), "no 'annot3' with a cell"),
        (mat(annot3=cells(4, np.ones((7, 51)))), r"'annot3\{5\}'.*\[7, 51\]"),
        (mat(annot3=cells(4, np.ones((0, 84)))), r"'annot3\{5\}'.*\[0, 84\]"),
        (mat(annot3=cells(4, 'text')), r"'annot3\{5\}' has no numbers"),
        (mat(annot3=cells(4, np.ones((6, 84)))), r'camera 4 .*\[7, 6, 7\]'),
        (
            mat(annot3=cells(4, np.full((7, 84), np.nan))),
            'camera 4 has metric that are no pose .* 7 frames.*frame 0',
        ),
        (mat(annot3=cells(4, -np.ones((7, 84)))), 'no pose in front'),
        (mat(annot3=cells(4, np.full((7, 84), 1e7))), 'no pose in front'),
    ],
)
def test_refuses_annotations(content, reason):
    with pytest.raises(ValueError, match=rf"'a/annot\.mat'.*({reason})"):
        list(read_annotations(content, 'a/annot.mat'))
    if 'camera 4' in reason:
        list(read_annotations(content, 'a/annot.mat', [0, 1]))


GOOD = calibration([0]).decode()


@pytest.mark.parametrize(
    'text, reason',
    [
        ('', 'first line'),
        ('Skeletool Camera Calibration File V1.0\n', 'no camera'),
        (GOOD.replace('name          0\n', ''), "'sensor' comes before"),
        (GOOD.replace('name          0', 'name 14'), "called '14'"),
        (GOOD + GOOD.split('\n', 1)[1], 'camera 0 comes twice'),
        (GOOD.replace('2048 2048', '2048'), "1 numbers as 'size'"),
        (GOOD.replace('2048 2048', '0 2048'), 'no sane intrinsics'),
        (GOOD.replace('1497.693', 'nan'), "no sane numbers as 'intrinsic'"),
        (GOOD.replace('1497.693', '-1497'), 'no sane intrinsics'),
        (GOOD.replace('intrinsic', 'inner'), "0 numbers as 'intrinsic'"),
        (re.sub('extrinsic   [^ ]+', 'extrinsic 9', GOOD), 'rotation'),
        (re.sub('extrinsic   [^ ]+', 'extrinsic x', GOOD), 'float'),
    ],
)
def test_refuses_calibrations(text, reason):
    with pytest.raises(ValueError, match=rf"'c\.calibration'.*{reason}"):
        read_calibration(text.encode(), 'c.calibration')


def test_refuses_calibrations_of_strange_bytes():
    with pytest.raises(ValueError, match="'c' .*ascii"):
        read_calibration(GOOD.encode() + b'\xff', 'c')
    with pytest.raises(ValueError, match="'c' .*bytes"):
        read_calibration(GOOD.encode() + b' ' * 2**20, 'c')


@pytest.mark.parametrize(
    'changes, reason',
    [
        ({'annot3': None}, "no data set 'annot3'"),
        ({'valid_frame': None}, "no data set 'valid_frame'"),
        ({'valid_frame': np.ones((8, 1))}, r"'annot2'.*\[9, 1, 17, 2\].*8"),
        ({'valid_frame': np.zeros((9, 1))}, 'no frame of it is valid'),
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


def test_refuses_what_swells_or_leads_elsewhere(tmp_path):
    many = 100_000
    path = tmp_path / 'annot_data.mat'
    with h5py.File(path, 'w') as file:
        for key, width in (('annot2', 2), ('annot3', 3), ('univ_annot3', 3)):
            file.create_dataset(
                key, (many, 1, 17, width), 'f8', compression='gzip'
            )
        file.create_dataset('valid_frame', (many, 1), 'u1')
    with pytest.raises(ValueError, match='annot_data.* swells to [0-9]+ byt'):
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


def changed(data, *keys, value):
    inner = data
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    return data


def train(*keys, value):
    return changed(pstmo_train(ONE, [0]), NAME, *keys, value=value)


def test_(*keys, value):
    return changed(pstmo_test([1]), 'TS1', *keys, value=value)


test_.__test__ = False


@pytest.mark.parametrize(
    'read, data, reason',
    [
        (read_pstmo_train, [1], "dictionary 'data'"),
        (read_pstmo_train, {'S9 Seq1': 1}, "'S9 Seq1'"),
        (read_pstmo_train, pstmo_test([1]), "'TS1'"),
        (read_pstmo_train, {NAME: 7}, 'the cameras of S3 Seq2'),
        (read_pstmo_train, train(0, '14', value={}), 'the cameras'),
        (read_pstmo_train, train(0, '1', value={}), "'data_2d' of S3 .*ra 1"),
        (
            read_pstmo_train,
            train(0, '0', 'data_3d', value=np.ones((4, 28, 3))),
            r'17 joints.*\[4, 28, 3\]',
        ),
        (
            read_pstmo_train,
            train(0, '0', 'data_3d', value=np.ones((5, 17, 3))),
            'as many frames',
        ),
        (
            read_pstmo_train,
            train(0, '0', 'data_3d', value=np.full((4, 17, 3), np.inf)),
            'finite',
        ),
        (read_pstmo_test, pstmo_train(ONE), "'S3 Seq2'"),
        (read_pstmo_test, test_('valid', value=np.ones(3)), "'valid' with"),
        (read_pstmo_test, test_('valid', value=np.zeros(13)), "'valid' with"),
        (read_pstmo_test, test_('valid', value=None), 'NoneType'),
    ],
)
def test_refuses_pstmo(read, data, reason):
    with pytest.raises(ValueError, match=reason) as error:
        list(read(npz(data), 'a.npz'))
    assert re.search(r"'a\.npz'.*P-STMO", str(error.value))


def sane(seen):
    for found in seen:
        if isinstance(found[0], int):
            found = found[1]
        for array in (found.keypoints, found.universal):
            assert array.dtype == np.float32 and len(array) == len(found.valid)
            assert np.isfinite(array[found.valid]).all()


@pytest.mark.parametrize('compress', [False, True])
def test_damaged_annotations(fuzz, compress):
    content = annot(NAME, 2, 0, compress)

    def read(bad):
        return list(read_annotations(bad, 'a/annot.mat'))

    fuzz(read, content, sane, "'a/annot.mat'")


def test_damaged_calibrations(fuzz):
    def check(cameras):
        for camera in cameras.values():
            values = [*camera.focal, *camera.orientation, *camera.translation]
            assert np.isfinite(values).all() and min(camera.focal) > 0

    def read(bad):
        return read_calibration(bad, 'a/camera.calibration')

    fuzz(read, calibration([0, 3]), check, "'a/camera.calibration'")


def test_damaged_test_annotations(fuzz, tmp_path):
    path = annot_data(tmp_path / 'annot_data.mat', 'TS3', 9)
    with HDF5Process() as process:

        def read(content):
            path.write_bytes(content)
            return [read_test_annotations(path, process)]

        fuzz(read, path.read_bytes(), sane, str(path))


@pytest.mark.parametrize(
    'read, data',
    [
        (read_pstmo_train, pstmo_train(ONE, [0, 1])),
        (read_pstmo_test, pstmo_test([1])),
    ],
)
def test_damaged_pstmo(fuzz, read, data):
    fuzz(lambda bad: list(read(bad, 'a.npz')), npz(data), sane, 'a.npz')
