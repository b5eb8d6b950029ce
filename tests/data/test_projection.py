import re
import warnings

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from pyg_hcsf.data.projection import Projections, warn_if_unlike
from pyg_hcsf.datasets.checks.verify import Expectation, verify
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry.h36m_cameras import human36m_cameras
from pyg_hcsf.skeleton import get_skeleton

SKELETON = get_skeleton('h36m17')
NAMES = SKELETON.joints
ACTIONS = ('Walking', 'SittingDown', 'Photo')
WORLD = {
    action: motion_clip('S1', action, 1, 60).pos.double().transpose(0, 1)
    for action in ACTIONS
}


def clips(change=lambda x: x, noise=0.0, actions=ACTIONS, lens=None, start=0):
    """Clips by two cameras, with the errors of a detector: noise, points
    that it takes for others, and zeros for those that it does not find.
    """
    random = np.random.default_rng(0)
    for action in actions:
        world = WORLD[action][start:]
        world = world - world[:1, :1] * torch.tensor([1, 1, 0])
        for camera in human36m_cameras('S1')[1:3]:
            y = camera.world_to_camera(world)
            x = change(camera.project(y, lens)).numpy()
            x = x + noise * random.normal(size=x.shape)
            if noise:
                x[random.random(x.shape[:2]) < 0.05] += 80
                x[random.random(x.shape[:2]) < 0.03] = 0
            yield Data(
                x=torch.from_numpy(x).transpose(0, 1).float(),
                y=y.transpose(0, 1).float(),
                subject='S1',
                camera=camera.name,
                focal=torch.tensor([camera.focal], dtype=torch.float64),
                center=torch.tensor([camera.center], dtype=torch.float64),
                image_size=torch.tensor([camera.image_size]).double(),
                radial=torch.tensor([camera.radial], dtype=torch.float64),
                tangential=torch.tensor([camera.tangential]).double(),
            )


def problem(given, **options):
    projections = Projections(SKELETON, **options)
    for clip in given:
        projections.add(clip)
    return projections.compare().problem


SIDES = [
    (NAMES[i], NAMES[j]) for i, j in enumerate(SKELETON.mirrored) if i < j
]


def exchanged(*pairs):
    order = list(range(17))
    for a, b in pairs:
        i, j = NAMES.index(a), NAMES.index(b)
        order[i], order[j] = order[j], order[i]
    return lambda x: x[:, order]


@pytest.mark.parametrize('noise', [0.0, 5.0, 10.0, 15.0, 20.0])
@pytest.mark.parametrize('lens', [None, 'vp3d', 'm17'])
@pytest.mark.parametrize('action', ACTIONS)
def test_detectors_are_not_doubted(noise, lens, action):
    assert problem(clips(noise=noise, lens=lens, actions=[action])) == ''
    few = clips(noise=noise, lens=lens, actions=[action], start=57)
    assert problem(few) == ''


def test_detectors_with_points_of_their_own_are_not_doubted():
    def change(x):
        x = x + torch.tensor([2.0, -3.0])
        x[:, 10] = (x[:, 9] + x[:, 10]) / 2  # as between the eyes
        return x

    assert problem(clips(change, noise=6.0)) == ''


@pytest.mark.parametrize('noise', [0.0, 5.0, 10.0])
@pytest.mark.parametrize(
    'pairs',
    [
        [('LHip', 'RHip')],
        [('LKnee', 'RKnee'), ('LFoot', 'RFoot')],
        [('LShoulder', 'RShoulder'), ('LWrist', 'RWrist')],
        [('Spine', 'Thorax')],
        [('LElbow', 'LWrist')],
        SIDES,
    ],
)
def test_exchanged_joints_are_named(noise, pairs):
    text = problem(clips(exchanged(*pairs), noise))
    assert 'joints are in another order: ' in text
    assert 'subject S1, camera 55011271' in text and 'and 1 more' in text
    for a, b in pairs:
        assert f'{a} is at {b}' in text and f'{b} is at {a}' in text
    named = set(re.findall(r'(\w+) is at', text))
    assert named == {name for pair in pairs for name in pair}


def test_joints_in_the_order_of_mpii():
    order = [3, 2, 1, 4, 5, 6, 0, 7, 8, 10, 16, 15, 14, 11, 12, 13, 9]
    text = problem(clips(lambda x: x[:, order], noise=5.0))
    assert 'Hip is at RFoot' in text and 'RFoot is at LHip' in text


@pytest.mark.parametrize('noise', [0.0, 5.0, 15.0])
@pytest.mark.parametrize(
    'change, text',
    [
        (
            lambda x: x + torch.tensor([12.0, 0.0]),
            r'by \(1\d\.\d, .* [01]\.[09]\d\d times',
        ),
        (lambda x: x - torch.tensor([0.0, 25.0]), r', -2\d\.\d\) px'),
        (lambda x: 0.5 * x, r' 0\.(49|50)\d times as large'),
        (lambda x: 500 + 1.15 * (x - 500), r'1\.1\d\d times as large'),
        (lambda x: x / 500 - 1, r'0\.00\d times as large'),
    ],
)
def test_shifts_and_scales(change, text, noise):
    found = problem(clips(change, noise))
    assert found.startswith('all keypoints are shifted or scaled: ')
    assert re.search(text, found) and 'camera 55011271' in found


def test_small_shifts_show_where_there_is_no_noise():
    """As those of the camera of another sequence of MPI-INF-3DHP."""

    def shift(x):
        return 1.0025 * (x - 500) + 500 + torch.tensor([-2.1, -4.4])

    assert 'shifted or scaled: ' in problem(clips(shift))
    assert problem(clips(shift, noise=5.0)) == ''
    assert problem(clips(lambda x: x + 1)) == ''


def test_keypoints_of_other_points():
    """As those of MPII's thorax in the place of Human3.6M's spine."""

    def change(x):
        x[:, 7] = x[:, 8]
        return x

    text = problem(clips(change, noise=5.0))
    assert text.startswith('keypoints of other points: Spine by ')
    assert 'nearer to Thorax' in text and 'Thorax by' not in text


def test_mirrored_images():
    def change(x):
        return torch.tensor([1000.0, 0]) + x * torch.tensor([-1.0, 1.0])

    assert problem(clips(change)) and problem(clips(change, noise=10.0))


def test_some_wrong_takes_do_not_matter():
    good = list(clips(noise=5.0)) * 3
    bad = list(clips(lambda x: x + 60, noise=5.0, actions=['Walking']))
    assert problem(good + bad) == ''
    assert problem(bad) != ''


def test_joints_that_are_known_to_differ():
    def change(x):
        x[:, [2, 5]] += 70
        return x

    assert 'RKnee by' in problem(clips(change))
    unlike = {'S1': ('Knee', 'Ankle')}
    assert problem(clips(change), unlike=unlike) == ''
    assert problem(clips(change), unlike={'S2': ('Knee',)}) != ''


def test_what_cannot_be_compared():
    assert problem([]) == ''
    no_camera = Data(x=torch.ones(17, 4, 2), y=torch.ones(17, 4, 3))
    assert problem([no_camera]) == ''
    nothing = list(clips(lambda x: 0 * x))
    assert problem(nothing) == ''
    masked = list(clips())
    for clip in masked:
        clip.x[:, 5:] = 7
        clip.valid = torch.arange(60)[None] < 5
    assert problem(masked) == ''


def test_in_reports():
    expected = Expectation('y', unit=1.0, spread=0.2, symmetry=0.2)
    lines = {c.what: c for c in verify(clips(), SKELETON, expected)}
    assert lines['2D against 3D'].passed is True
    assert lines['2D against 3D'].found.startswith('median 0.0 px apart, 0.')
    swapped = exchanged(('LKnee', 'RKnee'))
    lines = {c.what: c for c in verify(clips(swapped), SKELETON, expected)}
    assert lines['2D against 3D'].passed is False
    assert 'LKnee is at RKnee' in lines['2D against 3D'].found
    bare = [Data(y=clip.y, subject='S1') for clip in clips()]
    what = [check.what for check in verify(bare, SKELETON, expected)]
    assert '2D against 3D' not in what


def test_warns_after_the_last_clip():
    given = list(clips(exchanged(('LKnee', 'RKnee'))))
    passed = warn_if_unlike(given, Projections(SKELETON), 'a/b.npz')
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert [next(passed) for _ in given] == given
    with pytest.warns(UserWarning, match=r"(?s)'a/b.npz' are not.*LKnee is"):
        assert list(passed) == []
