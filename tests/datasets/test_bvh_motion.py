import numpy as np
import pytest

from pyg_hcsf.datasets.bvh_motion import BVHMotion
from pyg_hcsf.io.bvh import DAZ_JOINTS


@pytest.fixture
def raw(tmp_path, mocap):
    mocap.bvh(tmp_path / 'given' / 'tango' / '01.bvh', 49)
    mocap.bvh(tmp_path / 'given' / 'tango' / 'deep' / '02.BVH', 49)
    return tmp_path / 'given'


def test_bvh_motion(tmp_path, raw):
    dataset = BVHMotion(tmp_path / 'root', raw, log=False)
    assert str(dataset) == 'BVHMotion(2)'
    assert [clip.clip for clip in dataset] == ['tango/01', 'tango/deep/02']
    assert dataset.subjects == dataset.actions == ('deep', 'tango')
    assert [clip.pos.size(1) for clip in dataset] == [11, 11]
    # By hand, in centimetres, z up.
    expected = {'Hip': (0, 0, 85), 'RHip': (-9, 0, 85), 'LFoot': (9, 0, 3)}
    expected |= {'Thorax': (0, 0, 135), 'Head': (0, -8, 153)}
    expected |= {'LWrist': (65, 0, 135), 'RElbow': (-43, 0, 135)}
    for name, position in expected.items():
        joint = dataset.skeleton.joints.index(name)
        np.testing.assert_allclose(
            dataset[0].pos[joint, 0], np.array(position) * 10.0, atol=1e-3
        )


def test_one_file(tmp_path, raw):
    path = raw / 'tango' / '01.bvh'
    (clip,) = BVHMotion(tmp_path / 'root', path, log=False)
    assert (clip.clip, clip.subject) == ('01', 'tango')


def test_options(tmp_path, raw):
    plain = BVHMotion(tmp_path / 'root', raw, log=False)
    dataset = BVHMotion(
        tmp_path / 'root',
        raw,
        joint_map={**DAZ_JOINTS, 'Head': 'leftEye', 'LFoot': 'lFoot_end'},
        scale=1.0,
        up='z',
        source_fps=60,
        subject='us',
        action='tango',
        log=False,
    )
    assert dataset.processed_file_names != plain.processed_file_names
    assert (dataset.subjects, dataset.actions) == (('us',), ('tango',))
    assert dataset[0].pos.size(1) == 21
    np.testing.assert_allclose(dataset[0].pos[10, 0], [4, 153, 8], atol=1e-3)
    np.testing.assert_allclose(dataset[0].pos[6, 0], [9, 3, 1], atol=1e-3)


def test_rest_pose_is_dropped(tmp_path, mocap):
    mocap.bvh(tmp_path / 'raw' / 'a' / '1.bvh', 49, rest=True)
    dataset = BVHMotion(tmp_path, log=False)
    assert (len(dataset), dataset.glitch_frames) == (1, 2)
    assert dataset[0].pos.size(1) == 10
    assert dataset[0].pos[[3, 6], :, 2].max() < 31  # no knee is bent


def test_errors(tmp_path, raw):
    with pytest.raises(RuntimeError, match="'raw'"):
        BVHMotion(tmp_path / 'none', log=False)
    with pytest.raises(ValueError, match=r"\['Nose'\] for 'Head'.*lForeArm"):
        BVHMotion(
            tmp_path / 'root',
            raw,
            joint_map={**DAZ_JOINTS, 'Head': 'Nose'},
            log=False,
        )
