import pickle

import numpy as np
import pytest

from pyg_hcsf.datasets.human36m.cdf import read_cdf_pose
from pyg_hcsf.datasets.human36m.pickles import (
    read_lcn,
    read_lcn_detections,
    read_motionbert,
)
from pyg_hcsf.datasets.human36m.reader import (
    H36M16_OF_17,
    H36M17_OF_32,
    action_of,
    read_d3_archive,
    read_positions_2d,
    read_positions_3d,
)
from tests.datasets.human36m.human36m_files import (
    COCO,
    H36M16,
    H36M17_OF_MPII,
    MPII,
    d3_archive,
    data_2d,
    data_3d,
    lcn_detections,
    lcn_frames,
    motion,
    motionbert,
    npz,
    views,
    world,
)

ONE = motion(['S9'], [('Photo', ' 1')])
JOINTS = ONE['S9']['Photo 1']
BOTH = motion(['S1', 'S9'], [('Photo', ' 1')])


def test_action_names():
    assert action_of('Sitting') == 'Sitting'
    assert action_of('SittingDown 1') == 'SittingDown'
    assert action_of('TakingPhoto 2') == action_of('Photo') == 'Photo'
    assert action_of('WalkingDog') == action_of('WalkDog 1') == 'WalkDog'
    assert action_of('WalkingTogether') == action_of('WalkTogether 1')
    for name in ('', 'Sittin', 'SittingDownward', '_ALL', 'Walking 12'):
        with pytest.raises(ValueError, match='one of the actions'):
            action_of(name)


def test_positions_3d():
    out = read_positions_3d(data_3d(ONE), '3d.npz')
    expected = (JOINTS / 1000).astype('f4')[:, H36M17_OF_32]
    np.testing.assert_array_equal(out['S9']['Photo 1'], expected)
    again = {'S9': {'Photo 1': expected}}  # 17 joints already
    content = npz(positions_3d=np.array(again, dtype=object))
    out = read_positions_3d(content, '3d.npz')
    np.testing.assert_array_equal(out['S9']['Photo 1'], expected)


def test_positions_2d():
    out = read_positions_2d(data_2d(ONE, 'vp3d', extra=3), '2d.npz')
    assert len(out['S9']['Photo 1']) == 4
    for got, (_, _, x) in zip(
        out['S9']['Photo 1'], views('S9', JOINTS, 'vp3d'), strict=True
    ):
        assert got.shape == (len(JOINTS) + 3, 17, 2)
        np.testing.assert_array_equal(got[:-3], x.astype('f4'))
    content = data_2d(
        ONE, joints=list(H36M16_OF_17), keypoints_symmetry=H36M16
    )
    out = read_positions_2d(content, '2d.npz')
    assert out['S9']['Photo 1'][3].shape[1:] == (16, 2)


def test_coco():
    content = data_2d(ONE, keypoints_symmetry=COCO, layout_name='coco')
    got = read_positions_2d(content, '2d.npz')['S9']['Photo 1'][0]
    coco = read_positions_2d(data_2d(ONE), '2d.npz')['S9']['Photo 1'][0]
    np.testing.assert_array_equal(got[:, 3], coco[:, 16])  # right ankle
    np.testing.assert_array_equal(got[:, 13], coco[:, 9])  # left wrist
    np.testing.assert_array_equal(got[:, 9], coco[:, 0])  # nose
    hip = (coco[:, 11] + coco[:, 12]) / 2
    np.testing.assert_allclose(got[:, 0], hip, rtol=1e-6)


def test_stacked_hourglass_in_the_order_of_mpii():
    """VideoPose3D's, and SemGCN's, which are Human3.6M's without Neck."""
    ours = data_2d(
        ONE,
        joints=list(H36M16_OF_17),
        keypoints_symmetry=H36M16,
        num_joints=16,
    )
    # In the order of its lists, SemGCN pairs left and right ones.
    paired = [MPII[0], [2, 1, 0, 12, 11, 10]]
    for sides in (MPII, paired, tuple(map(np.array, MPII)), np.array(MPII)):
        theirs = data_2d(ONE, joints=H36M17_OF_MPII, keypoints_symmetry=sides)
        for a, b in zip(
            *(
                read_positions_2d(content, '2d.npz')['S9']['Photo 1']
                for content in (ours, theirs)
            ),
            strict=True,
        ):
            np.testing.assert_array_equal(a, b)
    named = data_2d(
        ONE, joints=H36M17_OF_MPII, keypoints_symmetry=None, layout_name='mpii'
    )
    assert read_positions_2d(named, '2d.npz').keys() == {'S9'}


LOOP: list = []
LOOP += [LOOP, LOOP]


@pytest.mark.parametrize(
    'meta, got',
    [
        ({'keypoints_symmetry': [[4], [1]]}, r"'keypoints_symmetry' \[\[4\]"),
        ({'keypoints_symmetry': MPII[::-1]}, r"'keypoints_symmetry' \[\[0, "),
        ({'keypoints_symmetry': None}, "'keypoints_symmetry' None"),
        ({'keypoints_symmetry': 3}, "'keypoints_symmetry' 3"),
        ({'layout_name': 'coco'}, "'layout_name' 'coco'"),
        ({'layout_name': [1]}, r"'layout_name' \[1\]"),
        ({'num_joints': 16}, "'num_joints' 16"),
        (
            {'keypoints_symmetry': None, 'layout_name': 'h36m'},
            "'num_joints' None",
        ),
    ],
)
def test_unknown_orders_are_refused(meta, got):
    with pytest.raises(ValueError, match=f"'metadata' of '2d.npz'.*{got}"):
        read_positions_2d(data_2d(ONE, **meta), '2d.npz')


def test_metadata_that_contains_itself_is_refused():
    with pytest.raises(ValueError, match="'2d.npz/metadata.npy'.*itself"):
        read_positions_2d(data_2d(ONE, keypoints_symmetry=LOOP), '2d.npz')


def test_numbers_of_joints_are_those_of_the_order():
    content = data_2d(ONE, joints=list(H36M16_OF_17))
    with pytest.raises(ValueError, match='frames of 17 joints.*16, 2'):
        read_positions_2d(content, '2d.npz')


META = {'layout_name': 'h36m', 'num_joints': 17}


def array(value):
    return np.array(value, dtype=object)


@pytest.mark.parametrize(
    'value, reason',
    [
        ({'S9': {'Photo 1': JOINTS}}, 'metres'),
        ({'S9': {'Photo 1': np.ones((5, 18, 3))}}, r'\[5, 18, 3\]'),
        ({'S9': {'Photo 1': np.ones((0, 32, 3))}}, r'\[0, 32, 3\]'),
        ({'S9': {'Photo 1': np.ones((5, 32, 3), int)}}, 'int64'),
        ({'S9': {'Photo 1': np.full((5, 32, 3), np.nan)}}, 'NaN'),
        ({'S9': {'Photo 1': [1]}}, '1 in a list'),
        ({'S9': {'Juggling': np.ones((5, 32, 3))}}, "'Juggling'"),
        ({'S9': [1]}, 'subjects and their takes'),
        ({}, 'subjects and their takes'),
        ([1], 'subjects and their takes|positions_3d'),
    ],
)
def test_refuses_positions_3d(value, reason):
    content = npz(positions_3d=array(value))
    with pytest.raises(ValueError, match=rf'(?s)({reason}).*3d\.npz|3d\.npz'):
        read_positions_3d(content, '3d.npz')


def test_passes_over_detections_without_positions():
    views = [np.ones((5, 17, 2), 'f4')] * 4
    found = {'S9': {'Photo 1': views, '_ALL': views}, 'S4': {'Photo': [1]}}
    content = npz(positions_2d=array(found), metadata=array(META))
    out = read_positions_2d(content, '2d.npz')
    assert list(out) == ['S9'] and 'Photo 1' in out['S9']


def test_refuses_positions_2d():
    three = {'S9': {'Photo 1': [np.ones((5, 17, 2))] * 3}}
    with pytest.raises(ValueError, match='4 cameras.*2d.npz.*3 in a list'):
        read_positions_2d(
            npz(positions_2d=array(three), metadata=array(META)), '2d.npz'
        )
    with pytest.raises(ValueError, match=r"'positions_2d' in '2d.npz'"):
        read_positions_2d(data_3d(ONE), '2d.npz')


def test_archive():
    ((subject, take, content),) = read_d3_archive(
        d3_archive('S9', ONE['S9']), 'S9.tgz'
    )
    assert (subject, take) == ('S9', 'TakingPhoto 1')
    pose = read_cdf_pose(content, take)
    np.testing.assert_array_equal(pose.reshape(-1, 32, 3), JOINTS)


@pytest.mark.parametrize(
    'content, reason',
    [
        (b'', 'tgz'),
        (d3_archive('S9', ONE['S9'])[:1000], 'ended before'),
        (d3_archive('S9', {}), 'none'),
        (
            d3_archive('S9', {'Photo': np.zeros((5000, 32, 3), 'f4')}),
            '8 times',
        ),
    ],
    ids=['empty', 'cut', 'none', 'inflated'],
)
def test_refuses_archives(content, reason):
    with pytest.raises(ValueError, match=rf"'S9\.tgz'.*{reason}"):
        list(read_d3_archive(content, 'S9.tgz'))


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
        (frames(joint_3d_camera=np.full((17, 3), np.inf)), 'sane positions'),
        (frames(joint_3d_camera=-np.ones((17, 3))), 'depths above 1'),
        (frames(videoid=0, camera_param=0, cameraid=3), 'intrinsics'),
    ],
)
def test_refuses_lcn(value, reason):
    with pytest.raises(ValueError, match=rf"{reason}.*'a\.pkl'"):
        list(read_lcn(pickle.dumps(value), 'a.pkl'))


def bert(side='test', **changes):
    value = motionbert(BOTH)
    value[side] = {**value[side], **changes}
    return value


@pytest.mark.parametrize(
    'value, reason',
    [
        ([], "the parts 'train' and 'test'"),
        (bert(joint3d_image=np.ones((3, 16, 3))), 'frames of 17 joints'),
        (bert(joint3d_image=np.full((3, 17, 3), np.nan)), 'sane numbers'),
        (bert(joint_2d=np.ones((3, 17, 2))), 'as many frames'),
        (bert(source=['s_09_act_02_subact_01']), "one 'source' for each"),
        (bert(source=['walk'] * 48), r's_SS_act_AA.*|as many'),
        (bert(**{'2.5d_factor': [0.0]}), 'sane'),
    ],
)
def test_refuses_motionbert(value, reason):
    with pytest.raises(ValueError, match=rf"({reason}).*'a\.pkl'"):
        list(read_motionbert(pickle.dumps(value), 'a.pkl', 'test'))


SHORT = {'S9': {'Photo 1': world('S9', 'Photo', 3)}}
SHORT_BOTH = {**SHORT, 'S1': SHORT['S9']}


@pytest.mark.parametrize(
    'read, content, name',
    [
        (read_positions_3d, data_3d(SHORT), '3d.npz'),
        (read_positions_2d, data_2d(SHORT), '2d.npz'),
        (
            lambda c, n: {
                'S': {
                    t: read_cdf_pose(v, n) for _, t, v in read_d3_archive(c, n)
                }
            },
            d3_archive('S9', SHORT['S9']),
            'S9.tgz',
        ),
    ],
)
def test_damaged_archives(fuzz, read, content, name):
    def check(subjects):
        for takes in subjects.values():
            for value in takes.values():
                for part in value if isinstance(value, list) else [value]:
                    assert np.isfinite(part).all()

    fuzz(lambda bad: read(bad, name), content, check, f"'{name}")


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
