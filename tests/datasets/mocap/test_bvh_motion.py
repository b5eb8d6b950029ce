import numpy as np
import pytest

from pyg_hcsf.datasets.mocap.bvh.reader import DAZ_JOINTS
from pyg_hcsf.datasets.mocap.bvh_motion import BVHMotion
from tests.datasets.mocap.bvh_files import RIGS, UNKNOWN, write_person


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
    with pytest.warns(UserWarning) as said:
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
    texts = [str(warning.message) for warning in said]
    assert len(texts) == 4  # two of each file
    assert 'tango/01.bvh: with scale=1 the person is 1' in texts[0]
    assert 'does not stand along z' in texts[1]
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


def test_a_folder_of_many_rigs(tmp_path):
    raw = tmp_path / 'given'
    for name, names in RIGS.items():
        write_person(raw / f'{name}.bvh', names)
    write_person(raw / 'unknown.bvh', UNKNOWN, 1000.0, up='z')
    (raw / 'empty.bvh').touch()
    (raw / 'dog.bvh').write_text(
        'ROOT dog { OFFSET 0 0 0 CHANNELS 1 Xrotation } MOTION Frames: 1 '
        'Frame Time: 0.01\n0\n'
    )
    write_person(raw / 'slow.bvh', RIGS['daz'], fps=20)
    write_person(raw / 'daz.BVH', RIGS['daz'])
    with pytest.warns(UserWarning) as said:
        dataset = BVHMotion(tmp_path / 'root', raw, log=False)
    texts = [str(warning.message) for warning in said]
    assert any('unknown.bvh: the rig is not known' in text for text in texts)
    assert any('unknown.bvh: the person stands along z' in t for t in texts)
    (skipped,) = [text for text in texts if 'skipped' in text]
    assert skipped.count('skipped: ') == 3
    assert 'empty.bvh: the file is empty' in skipped
    assert 'dog.bvh: the joints of a person were not found' in skipped
    assert 'slow.bvh: expected at least 25 frames per second (got 20)' in (
        skipped
    )
    clips = {clip.clip: clip.pos for clip in dataset}
    assert set(clips) == {*RIGS, 'unknown', 'daz.bvh'}
    limbs = [1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16]
    for name, pos in clips.items():
        np.testing.assert_allclose(
            pos[limbs], clips['xsens'][limbs], atol=0.05, err_msg=name
        )


def test_nothing_that_can_be_read(tmp_path):
    for name in 'ab':
        (tmp_path / 'raw' / f'{name}.bvh').parent.mkdir(exist_ok=True)
        (tmp_path / 'raw' / f'{name}.bvh').write_text('HIERARCHY')
    with pytest.raises(ValueError, match=r'(?s)a.bvh, line 1.*b.bvh, line 1'):
        BVHMotion(tmp_path, log=False)


def test_many_that_cannot_be_read(tmp_path):
    for i in range(30):
        path = tmp_path / 'raw' / f'{i:02}.bvh'
        path.parent.mkdir(exist_ok=True)
        path.write_text('HIERARCHY')
    with pytest.raises(ValueError, match='19.bvh.*\nand 10 more files'):
        BVHMotion(tmp_path, log=False)
