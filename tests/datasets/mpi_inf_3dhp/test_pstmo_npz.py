import numpy as np
import pytest

from pyg_hcsf.datasets.mpi_inf_3dhp.pstmo_npz import (
    read_pstmo_test,
    read_pstmo_train,
)
from tests.datasets.mpi_inf_3dhp.mpi_inf_3dhp_files import (
    CAMERAS,
    NAMES17,
    NAMES28,
    check_finite,
    npz,
    pstmo_test,
    pstmo_train,
    scene,
    view,
)

ONE = {'S3 Seq2': 4}
NAME = 'S3 Seq2'


def test_train_set():
    takes = list(read_pstmo_train(npz(pstmo_train(ONE)), 'train.npz'))
    assert [camera for _, camera, _ in takes] == list(CAMERAS)
    relevant = [NAMES28.index(name) for name in NAMES17]
    for name, camera, take in takes:
        assert name == NAME and take.valid.all()
        pixels, _, universal = view(NAME, 4, camera)
        expected = pixels[:, relevant].astype('f4')
        np.testing.assert_array_equal(take.keypoints, expected)
        expected = universal[:, relevant].astype('f4')
        np.testing.assert_array_equal(take.universal, expected)


def test_test_set():
    takes = list(read_pstmo_test(npz(pstmo_test([2, 6])), 'test.npz'))
    assert [name for name, _, _ in takes] == ['TS2', 'TS6']
    assert takes[0][2].valid.tolist() == (scene('TS2', 14)[3] == 1).tolist()


def changed(data, *keys, value):
    inner = data
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    return data


def changed_train(*keys, value):
    return changed(pstmo_train(ONE, [0]), NAME, *keys, value=value)


def changed_test(*keys, value):
    return changed(pstmo_test([1]), 'TS1', *keys, value=value)


@pytest.mark.parametrize(
    'data, reason',
    [
        ([1], "dictionary 'data'"),
        ({'S9 Seq1': 1}, "'S9 Seq1'"),
        (pstmo_test([1]), "'TS1'"),
        ({NAME: 7}, 'the cameras of S3 Seq2'),
        (changed_train(0, '14', value={}), 'the cameras'),
        (changed_train(0, '1', value={}), "'data_2d' of S3 .*camera 1"),
        (
            changed_train(0, '0', 'data_3d', value=np.ones((4, 28, 3))),
            r'17 joints.*\[4, 28, 3\]',
        ),
        (
            changed_train(0, '0', 'data_3d', value=np.ones((5, 17, 3))),
            'different numbers of frames',
        ),
        (
            changed_train(0, '0', 'data_3d', value=np.full((4, 17, 3), 1e9)),
            'finite',
        ),
        (
            changed_train(
                0, '0', 'data_3d', value=np.full((4, 17, 3), np.inf)
            ),
            'finite',
        ),
    ],
)
def test_refuses_other_train_files(data, reason):
    with pytest.raises(ValueError, match=rf"'a\.npz'.*{reason}.*P-STMO"):
        list(read_pstmo_train(npz(data), 'a.npz'))


@pytest.mark.parametrize(
    'data, reason',
    [
        (pstmo_train(ONE), "'S3 Seq2'"),
        (changed_test('valid', value=np.ones(3)), 'different numbers'),
        (changed_test('valid', value=np.zeros(13)), "'valid' with"),
        (changed_test('valid', value=None), 'got None'),
    ],
)
def test_refuses_other_test_files(data, reason):
    with pytest.raises(ValueError, match=rf"'a\.npz'.*{reason}.*P-STMO"):
        list(read_pstmo_test(npz(data), 'a.npz'))


@pytest.mark.parametrize(
    'read, data',
    [
        (read_pstmo_train, pstmo_train(ONE, [0, 1])),
        (read_pstmo_test, pstmo_test([1])),
    ],
)
def test_damaged_pstmo(fuzz, read, data):
    fuzz(
        lambda bad: list(read(bad, 'a.npz')), npz(data), check_finite, 'a.npz'
    )
