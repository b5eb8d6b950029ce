import io

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from pyg_hcsf.datasets.mpi_inf_3dhp.annot_mat import read_annotations
from tests.datasets.mpi_inf_3dhp.mpi_inf_3dhp_files import (
    CAMERAS,
    annot,
    check_finite,
    view,
)

NAME = 'S3 Seq2'


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


def mat(**changes):
    """An annot.mat with some variables changed, or left out."""
    content = loadmat(io.BytesIO(annot(NAME, 4)))
    content = {k: v for k, v in content.items() if not k.startswith('__')}
    content.update(changes)
    file = io.BytesIO()
    savemat(file, {k: v for k, v in content.items() if v is not None})
    return file.getvalue()


def cells(camera, value):
    out = loadmat(io.BytesIO(annot(NAME, 4)))['annot3']
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
            "camera 4 has no pose .*'metric' of 7 frames.*frame 0",
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


@pytest.mark.parametrize('compress', [False, True])
def test_damaged_annotations(fuzz, compress):
    content = annot(NAME, 2, 0, compress)

    def read(bad):
        return list(read_annotations(bad, 'a/annot.mat'))

    fuzz(read, content, check_finite, "'a/annot.mat'")
