import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from pyg_hcsf.datasets.checks.verify import Expectation, verify
from pyg_hcsf.skeleton import get_skeleton

SKELETON = get_skeleton('h36m17')
EXPECTED = Expectation('y', unit=1.0, spread=0.05, symmetry=0.1)
# Someone who looks along -y with z up: the right side is at -x.
STANDING = {
    'Hip': (0, 0, 0), 'Spine': (0, 0, 250), 'Thorax': (0, 0, 500),
    'Neck': (0, -60, 600), 'Head': (0, 0, 700),
    'RHip': (-130, 0, 0), 'LHip': (130, 0, 0),
    'RKnee': (-130, -250, -370), 'LKnee': (130, -250, -370),
    'RFoot': (-130, 0, -740), 'LFoot': (130, 0, -740),
    'RShoulder': (-150, 0, 480), 'LShoulder': (150, 0, 480),
    'RElbow': (-150, 0, 200), 'LElbow': (150, 0, 200),
    'RWrist': (-150, -200, 100), 'LWrist': (150, -200, 100),
}  # fmt: skip


def pose():
    return np.array([STANDING[name] for name in SKELETON.joints], float)


def clip(joints=None, num_frames=10, subject='S1', name='a'):
    """A clip of someone who turns about the vertical."""
    joints = pose() if joints is None else joints
    angle = np.linspace(0, 2, num_frames)
    c, s, one = np.cos(angle), np.sin(angle), np.ones(num_frames)
    turn = np.array([[c, -s, 0 * c], [s, c, 0 * c], [0 * c, 0 * c, one]])
    y = np.einsum('ijt,nj->nti', turn, joints) + [0, 0, 4000]
    return Data(y=torch.from_numpy(y).float(), subject=subject, clip=name)


def outcome(clips, expected=EXPECTED, skeleton=SKELETON):
    return {c.what: c.passed for c in verify(clips, skeleton, expected)}


def test_good_clips():
    checks = verify([clip(), clip(name='b')], SKELETON, EXPECTED)
    assert [(c.what, c.passed) for c in checks] == [
        ('clips', None),
        ('frames', None),
        ('numbers', True),
        ('frames without anybody', None),
        ('spread of limbs', True),
        ('left against right', True),
        ('unit', True),
        ('left and right', True),
    ]
    assert checks[6].found == 'limbs of 280 to 447 mm'
    assert checks[7].found == '100.0% of 40 bent knees point forward'


@pytest.mark.parametrize('clips, frames', [(2, 20), (3, 20), (2, 21)])
def test_counts(clips, frames):
    expected = EXPECTED._replace(clips=clips, frames=frames)
    found = outcome([clip(), clip()], expected)
    assert (found['clips'], found['frames']) == (clips == 2, frames == 20)
    checks = verify([clip(), clip()], SKELETON, expected)
    assert checks[1].found == f'20 of {frames}'


def test_subjects_and_actions():
    expected = EXPECTED._replace(subjects=('S1', 'S2'), actions=('', 'walk'))
    lines = {c.what: c for c in verify([clip()], SKELETON, expected)}
    assert lines['subjects'][1:] == ('nothing of S2', False)
    assert lines['actions'].found == 'nothing of walk'
    expected = EXPECTED._replace(subjects=('S1',))
    lines = {c.what: c for c in verify([clip()], SKELETON, expected)}
    assert lines['subjects'][1:] == ('all 1', True)
    assert 'actions' not in lines


def test_swapped_sides_and_axes():
    joints = pose()[list(SKELETON.mirrored)]
    assert outcome([clip(joints)])['left and right'] is False
    assert outcome([clip(pose() * [1, 1, -1])])['left and right'] is False
    assert outcome([clip(pose() * [1, -1, -1])])['left and right'] is True


@pytest.mark.parametrize('scale, passed', [(1, True), (1e-3, False)])
def test_units(scale, passed):
    metres = clip()
    metres.y *= scale
    assert outcome([metres])['unit'] is passed
    metres.y /= 1000
    assert outcome([metres], EXPECTED._replace(unit=1000.0))['unit'] is passed


def test_scrambled_joints():
    noise = clip(num_frames=2000)
    noise.y = 300 * torch.randn_like(noise.y)
    assert outcome([noise])['left and right'] is False


def test_order_of_joints():
    order = np.random.default_rng(0).permutation(17)
    found = outcome([clip(pose()[order])])
    assert found['left against right'] is False


def test_bone_lengths_within_a_subject():
    small = pose() * 0.8
    two = [clip(), clip(small, subject='S2')]
    assert outcome(two)['spread of limbs'] is True
    one = [clip(), clip(small)]
    assert outcome(one)['spread of limbs'] is False
    lines = verify(one, SKELETON, EXPECTED)
    assert lines[4].found == 'at most 11.1% (subject S1), limit 5%'


def test_one_side_that_is_longer():
    joints = pose()
    joints[SKELETON.joints.index('LElbow')] += [0, 0, -60]
    assert outcome([clip(joints)])['left against right'] is False


def test_numbers_that_are_not_finite():
    bad = [clip(name=f'clip{i:02}') for i in range(13)]
    for one in bad[1:]:
        one.y[3, 2, 1] = np.nan
    lines = {c.what: c for c in verify(bad, SKELETON, EXPECTED)}
    assert lines['numbers'].passed is False
    assert lines['numbers'].found.startswith('not finite in clip01, clip02,')
    assert 'clip12' not in lines['numbers'].found
    assert lines['left and right'].found.startswith('100.0% of 20 bent')
    assert outcome(bad[1:])['numbers'] is False


def test_frames_without_anybody_and_several_bodies():
    empty = clip()
    empty.y[:, 4:6] = 0
    lines = {c.what: c for c in verify([empty], SKELETON, EXPECTED)}
    assert lines['frames without anybody'].found == '2'
    assert lines['spread of limbs'].passed is True
    two = clip()
    two.y = torch.stack([two.y, 0.7 * two.y], dim=2)
    assert 'spread of limbs' not in outcome([two])
    two.y[:, :, 1] = 0
    assert outcome([two])['spread of limbs'] is True
    assert outcome([two])['left and right'] is True


def test_no_clips_and_no_size():
    assert outcome([]) == {'clips': None, 'frames': None}
    found = outcome([], EXPECTED._replace(clips=1))
    assert found['clips'] is False
    found = outcome([clip()], EXPECTED._replace(unit=0.0, frames=10))
    assert found == {'clips': None, 'frames': True}


@pytest.mark.parametrize(
    'name', ['h36m16', 'kinect20', 'mpi_inf_3dhp17', 'ntu25', 'ntu25_pyskl']
)
def test_every_skeleton_has_the_joints(name):
    skeleton = get_skeleton(name)
    joints = np.random.default_rng(0).normal(size=(skeleton.num_joints, 3))
    found = outcome([clip(joints)], skeleton=skeleton)
    assert found['unit'] is False and len(found) >= 7
