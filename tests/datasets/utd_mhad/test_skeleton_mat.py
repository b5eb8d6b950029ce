import io
import time

import numpy as np
import pytest
from scipy.io import savemat

from pyg_hcsf.datasets.utd_mhad.skeleton_mat import read_utd_mhad

NAME = 'a3_s8_t2_skeleton.mat'


def content(value, key='d_skel', compress=False):
    file = io.BytesIO()
    savemat(file, {'other': 1, key: value}, do_compression=compress)
    return file.getvalue()


@pytest.mark.parametrize('compress', [False, True])
@pytest.mark.parametrize('dtype', ['float32', 'float64'])
def test_read(compress, dtype):
    values = np.random.default_rng(0).normal(size=(20, 3, 7)).astype(dtype)
    clip = read_utd_mhad(content(values, compress=compress), NAME)
    assert clip[1:] == (2, 8, 2)
    np.testing.assert_array_equal(clip.joints, values.transpose(2, 0, 1))


def test_one_frame():
    clip = read_utd_mhad(content(np.ones((20, 3))), NAME)
    assert clip.joints.shape == (1, 20, 3)


@pytest.mark.parametrize(
    'name, reason',
    [
        ('S001C001P001R001A001.skeleton', 'of the form'),
        ('a0_s1_t1_skeleton.mat', 'got a0'),
        ('a28_s1_t1_skeleton.mat', 'got a28'),
        ('a1_s9_t1_skeleton.mat', 'got s9'),
    ],
)
def test_wrong_names(name, reason):
    with pytest.raises(ValueError, match=reason):
        read_utd_mhad(content(np.ones((20, 3, 2))), name)


@pytest.mark.parametrize(
    'bad, reason',
    [
        (content(np.ones((25, 3, 4))), r'\[25, 3, 4\]'),
        (content(np.ones((20, 3, 0))), r'\[20, 3, 0\]'),
        (content(np.full((20, 3, 2), np.nan)), 'not finite'),
        (content(np.ones((20, 3, 2)), 'skel'), "no 'd_skel'"),
        (content({'a': 1}), 'not an array of real'),
        (content('text'), 'not an array of real'),
        (content(np.ones((20, 3, 2)) * 1j), 'not an array of real'),
        (content(np.ones((20, 3, 4)))[:700], 'get it again'),
        (b'', 'get it again'),
        (b'\x89HDF\r\n\x1a\n' + bytes(600), 'get it again'),
    ],
)
def test_wrong_contents(bad, reason):
    with pytest.raises(ValueError, match=rf'where.*{reason}'):
        read_utd_mhad(bad, NAME, 'where')


def test_refuses_contents_that_decompress_to_much():
    bomb = content(np.zeros((20, 3, 20_000)), compress=True)
    assert len(bomb) < 50_000
    with pytest.raises(ValueError, match='more than 8388608 bytes'):
        read_utd_mhad(bomb, NAME)


@pytest.mark.parametrize('compress', [False, True])
def test_damaged_contents(fuzz, compress):
    def check(clip):
        assert clip.joints.shape[1:] == (20, 3)
        assert np.isfinite(clip.joints).all()

    good = content(np.ones((20, 3, 4)), compress=compress)

    def read(bad):
        return read_utd_mhad(bad, NAME)

    slack = 2**24  # a small file may decompress to 8 MB
    fuzz(read, good, check, NAME, slack=slack)


def test_other_variables_are_not_decompressed():
    file = io.BytesIO()
    zeros = {f'v{i}': np.zeros(10**6) for i in range(3)}
    values = {**zeros, 'd_skel': np.ones((20, 3, 4))}
    savemat(file, values, do_compression=True)
    good = file.getvalue()
    head, part = good[:128], good[128:]
    size = 8 + int.from_bytes(part[4:8], 'little')  # of the first variable
    start = time.process_time()
    clip = read_utd_mhad(head + part[:size] * 500 + part, NAME)
    assert clip.joints.shape == (4, 20, 3)
    assert time.process_time() - start < 1  # 4 GB would take longer
    with pytest.raises(ValueError, match="'d_skel' comes twice"):
        read_utd_mhad(good + part, NAME)
