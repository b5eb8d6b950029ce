"""Damaged files of keypoints are read or refused, and never crash."""

import gzip
import pickle
import warnings

import numpy as np
import pytest

from pyg_hcsf.keypoints import read_keypoints
from tests.keypoints.keypoint_files import POINTS, dump
from tests.keypoints.readers.test_annolist import annolist
from tests.keypoints.readers.test_json_forms import FILES
from tests.keypoints.readers.test_jta import rows
from tests.keypoints.readers.test_python_values import FILES as VALUES
from tests.keypoints.readers.test_python_values import FLOATS, npy

NAMES = (
    'RTMLib, pairs', 'MMPose, data samples', 'Transformers',
    'by frame and person', 'tracks of arrays', 'table of rows',
)  # fmt: skip
CONTENTS = {
    **{name: dump(FILES[name][0]) for name in NAMES},
    'jta': dump(rows(POINTS[:2])),
    'annolist': dump(annolist(POINTS[:2, :, :15])),
    'pickle': pickle.dumps(VALUES['MMPose 1.x']),
    'clip': pickle.dumps(VALUES['MMAction2']),
    'npy': npy(FLOATS),
    'gzip': gzip.compress(dump(FILES['RTMLib, ids'][0])),
}


@pytest.mark.parametrize('name', CONTENTS)
def test_damaged_forms(fuzz, tmp_path, name):
    path = tmp_path / 'file'
    layout = 'mpii16' if name in ('jta', 'annolist') else 'coco17'

    def read(bad):
        path.write_bytes(bad)
        with warnings.catch_warnings():  # of what is left out
            warnings.simplefilter('ignore', UserWarning)
            return read_keypoints(path, layout)

    def check(keypoints):
        for track in keypoints.tracks:
            missing = np.isnan(track.xy).any(axis=-1)
            assert np.array_equal(missing, track.score == 0)
            assert (track.score <= 1).all()
            assert (np.diff(track.frames) > 0).all()

    fuzz(read, CONTENTS[name], check, str(path))
