"""Damaged HDF5 and TRC files, and tables with joints in cells."""

import h5py
import numpy as np
import pytest

from pyg_hcsf.keypoints import read_keypoints
from tests.keypoints.keypoint_files import COCO, POINTS
from tests.keypoints.trc_files import trc


def table():
    lines = ['frame,person,keypoints,scores']
    for t, p in np.ndindex(8, 2):
        xy, score = POINTS[t, p, :, :2], POINTS[t, p, :, 2]
        lines.append(f'{t},{p},"{xy.tolist()}","{score.tolist()}"')
    return '\n'.join(lines).encode()


def numbers():
    return '\n'.join(
        ' '.join(map(str, row)) for row in POINTS[:, 0].reshape(8, -1)
    ).encode()


FILES = {
    'trc': trc(COCO, np.pad(POINTS[:, 0, :, :2], ((0, 0), (0, 0), (0, 1))))
    .encode(),
    'cells': table(),
    'numbers': numbers(),
}  # fmt: skip


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('kind', FILES)
def test_damaged_text(tmp_path, fuzz, kind):
    def read(content):
        (tmp_path / 'file').write_bytes(content)
        return read_keypoints(tmp_path / 'file', 'coco17')

    def check(keypoints):
        for track in keypoints.tracks:
            assert track.xy.shape == (len(track.frames), 17, 2)

    fuzz(read, FILES[kind], check, named="file'")


@pytest.mark.filterwarnings('ignore')
def test_damaged_hdf5(tmp_path, fuzz):
    path = tmp_path / 'a.h5'
    with h5py.File(path, 'w') as file:
        file['tracks'] = POINTS[..., :2].transpose(1, 3, 2, 0)
        file['point_scores'] = POINTS[..., 2].transpose(1, 2, 0)
        file['node_names'] = np.array(COCO, 'S')
        file['track_names'] = ['ann', 'bob']
    content = path.read_bytes()

    def read(bad):
        path.write_bytes(bad)
        return read_keypoints(path, 'coco17')

    fuzz(read, content, lambda k: None, named="a.h5'", num=30)
