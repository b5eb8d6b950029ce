import numpy as np
import pytest

from pyg_hcsf.datasets.mocap.asf_amc import (
    ASF_JOINTS,
    read_amc,
    read_asf,
)
from pyg_hcsf.datasets.mocap.joint_positions import to_h36m17
from pyg_hcsf.skeleton import H36M17
from tests.datasets.mocap.asf_amc_files import (
    positions,
)
from tests.paths import DATA


def test_frames_by_chunks(tmp_path, monkeypatch):
    whole = positions(tmp_path)
    monkeypatch.setattr('pyg_hcsf.datasets.mocap.joint_positions.CHUNK', 1)
    np.testing.assert_array_equal(positions(tmp_path), whole)


def test_to_h36m17_midpoint_and_errors():
    joints = ('a', 'b')
    points = np.array([[[0.0, 0.0, 0.0], [2.0, 4.0, 6.0]]])
    joint_map = dict.fromkeys(H36M17.joints, 'b') | {'Hip': ('a', 'b')}
    out = to_h36m17(points, joints, joint_map)
    assert out.shape == (1, 17, 3)
    np.testing.assert_array_equal(out[0, 0], [1, 2, 3])
    np.testing.assert_array_equal(out[0, 1], [2, 4, 6])
    with pytest.raises(ValueError, match=r"\['c'\] for 'Head'"):
        to_h36m17(points, joints, joint_map | {'Head': 'c'})
    with pytest.raises(ValueError, match="'joint_map' to have the keys"):
        to_h36m17(points, joints, {'Hip': 'a'})


RIGID = [1, 2, 3, 4, 5, 6, 8, 10, 11, 12, 13, 14, 15, 16]  # by their child


CLIPS = [
    'cmu/asfamc/01/01_01',
    'cmu/asfamc/02/02_01',
    'cmu/asfamc/03/03_01',
    'cmu/asfamc/11/11_01',
    'cmu/asfamc/49/49_18',
    'cmu/asfamc/86/86_09',
    'hdm05/grabHighR/HDM_bd_grabHighR_001_120',
    'hdm05/grabHighR/HDM_bk_grabHighR_006_120',
    'hdm05/grabHighR/HDM_dg_grabHighR_014_120',
    'hdm05/grabHighR/HDM_mm_grabHighR_021_120',
    'hdm05/grabHighR/HDM_tr_grabHighR_028_120',
]


def real_clip(name):
    path = DATA / f'{name}.amc'
    if not path.is_file():
        pytest.skip(f'{path} is absent')
    if 'HDM' in path.name:
        asf = read_asf(DATA / 'hdm05' / f'{path.name[:6]}.asf')
    else:
        asf = read_asf(path.parent / f'{path.parent.name}.asf')
    joints = asf.joint_positions(read_amc(path, asf))
    return to_h36m17(joints, asf.joints, ASF_JOINTS)


@pytest.mark.parametrize('name', CLIPS)
def test_real_clip(name):
    pose = real_clip(name)
    parents = np.array(H36M17.parents)
    bones = np.linalg.norm(pose - pose[:, parents], axis=-1)[:, RIGID]
    assert np.ptp(bones, axis=0).max() < 0.01

    # Standing: head to foot, and no foot below the floor by much.
    leg = bones[0, 1] + bones[0, 2]
    feet = pose[:, [3, 6], 2].mean(axis=1)
    standing = pose[:, 0, 2] - feet > 0.8 * leg
    height = np.median((pose[:, 10, 2] - feet)[standing])
    assert 1350 < height < 1630 + 80 * ('HDM_bk' in name)  # bk is taller

    # Bent knees bend forward: the shin turns back from the thigh.
    left = pose[:, 4] - pose[:, 1]
    for hip, knee, foot in ((1, 2, 3), (4, 5, 6)):
        thigh = pose[:, knee] - pose[:, hip]
        shin = pose[:, foot] - pose[:, knee]
        turn = np.cross(thigh, shin)
        lengths = np.linalg.norm(thigh, axis=1) * np.linalg.norm(shin, axis=1)
        bent = np.linalg.norm(turn, axis=1) > 0.6 * lengths
        if bent.any():
            assert np.mean((turn * left).sum(axis=1)[bent] > 0) > 0.95


def test_real_clips_are_not_mirrored():
    pose = real_clip('hdm05/grabHighR/HDM_mm_grabHighR_021_120')
    assert pose[:, 16, 2].max() > pose[:, 13, 2].max() + 300  # right wrist
