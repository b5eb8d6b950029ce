import pickle

import numpy as np
import pytest

from pyg_hcsf.datasets.human36m.lcn_motionbert_pickle import (
    read_lcn,
    read_lcn_detections,
    read_motionbert,
)
from tests.datasets.human36m.human36m_files import (
    lcn_detections,
    lcn_frames,
    motion,
    motionbert,
    views,
    world,
)

ONE = motion(['S9'], [('Photo', ' 1')])
JOINTS = ONE['S9']['Photo 1']
BOTH = motion(['S1', 'S9'], [('Photo', ' 1')])


def test_lcn():
    takes = list(read_lcn(pickle.dumps(lcn_frames(BOTH), 2), 'a.pkl'))
    assert [take.subject for take in takes] == ['S1'] * 4 + ['S9'] * 4
    for take, (camera, y, _) in zip(
        takes[4:], views('S9', JOINTS), strict=True
    ):
        assert take.name == 's_09_act_12_subact_01'
        assert take.action == 'Photo' and take.keypoints is None
        assert take.camera.focal == camera.focal
        assert take.camera.tangential == camera.tangential
        np.testing.assert_array_equal(take.joints, y.astype('f4'))
    found = read_lcn_detections(pickle.dumps(lcn_detections(BOTH)), 'a.pkl')
    (_, _, x), *_ = views('S9', JOINTS)
    np.testing.assert_array_equal(
        found['test'][: len(x)], (x + 1).astype('f4')
    )


def test_motionbert():
    content = pickle.dumps(motionbert(BOTH))
    takes = list(read_motionbert(content, 'a.pkl', 'test'))
    for take, (camera, y, x) in zip(takes, views('S9', JOINTS), strict=True):
        assert take.name == 's_09_act_12_subact_01'
        assert take.camera.name == camera.name
        # Pixels of float32 at a depth of 5 m:
        np.testing.assert_allclose(take.joints, y, atol=2e-3)
        np.testing.assert_array_equal(take.keypoints, (x + 1).astype('f4'))
    takes = list(read_motionbert(content, 'a.pkl', 'train'))
    pose = BOTH['S1']['Photo 1']
    for take, (camera, _, x) in zip(takes, views('S1', pose), strict=True):
        # Of unknown size, yet of the same pixels:
        joints = take.joints.astype(float)
        pixels = joints[..., :2] / joints[..., 2:] * camera.focal
        np.testing.assert_allclose(pixels + camera.center, x, atol=1e-3)


def frames(**changes):
    records = lcn_frames(ONE)
    records[20] = {**records[20], **changes}
    return records


@pytest.mark.parametrize(
    'value, reason',
    [
        ([], 'list of frames'),
        ({'train': 1}, 'list of frames'),
        ([1], 'frame 0'),
        (frames(cameraid=4), 'camera from 0 to 3 in frame 20'),
        (frames(action=1), 'actions from 2 to 16'),
        (frames(subject='9'), "'subject' in frame 20"),
        (frames(joint_3d_camera=np.ones((16, 3))), '17 joints from frame'),
        (
            frames(joint_3d_camera=np.full((17, 3), np.inf)),
            'no positions in front',
        ),
        (frames(joint_3d_camera=-np.ones((17, 3))), 'no positions in front'),
        (frames(videoid=0, camera_param=0, cameraid=3), 'intrinsics'),
    ],
)
def test_refuses_lcn(value, reason):
    with pytest.raises(ValueError, match=rf"'a\.pkl'.*{reason}"):
        list(read_lcn(pickle.dumps(value), 'a.pkl'))


def bert(side='test', **changes):
    value = motionbert(BOTH)
    value[side] = {**value[side], **changes}
    return value


@pytest.mark.parametrize(
    'value, reason',
    [
        ([], "a split 'test'"),
        (bert(joint3d_image=np.ones((3, 16, 3))), 'frames of 17 joints'),
        (bert(joint3d_image=np.full((3, 17, 3), np.nan)), 'infinite or huge'),
        (bert(joint_2d=np.ones((3, 17, 2))), "F frames in 'joint_2d'"),
        (bert(source=['s_09_act_02_subact_01']), "a text 'source' for each"),
        (bert(source=['walk'] * 48), "a source such as 's_09"),
        (bert(**{'2.5d_factor': [0.0]}), 'credible'),
    ],
)
def test_refuses_motionbert(value, reason):
    with pytest.raises(ValueError, match=rf"'a\.pkl'.*({reason})"):
        list(read_motionbert(pickle.dumps(value), 'a.pkl', 'test'))


SHORT = {'S9': {'Photo 1': world('S9', 'Photo', 3)}}
SHORT_BOTH = {**SHORT, 'S1': SHORT['S9']}


@pytest.mark.parametrize(
    'read, content',
    [
        (read_lcn, pickle.dumps(lcn_frames(SHORT)[:4], 2)),
        (read_lcn, pickle.dumps(lcn_frames(SHORT)[:4], 4)),
        (
            lambda c, n: read_motionbert(c, n, 'test'),
            pickle.dumps(motionbert(SHORT_BOTH)),
        ),
    ],
)
def test_damaged_pickles(fuzz, read, content):
    def check(takes):
        for take in takes:
            assert np.isfinite(take.joints).all()
            assert (take.joints[..., 2] > 0).all()

    fuzz(lambda bad: list(read(bad, 'a.pkl')), content, check, "'a.pkl'")


def test_damaged_detections(fuzz):
    content = pickle.dumps(lcn_detections(SHORT_BOTH))

    def check(sides):
        assert all(np.isfinite(value).all() for value in sides.values())

    fuzz(
        lambda bad: read_lcn_detections(bad, 'a.pkl'), content, check, 'a.pkl'
    )
