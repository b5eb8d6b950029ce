from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from pyg_hcsf.geometry import Camera
from pyg_hcsf.geometry.root_ray import (
    SIZE_PER_HEIGHT,
    encode_pose,
    look_at_root,
    window_input,
)
from pyg_hcsf.keypoints import Keypoints, Track, to_layout
from pyg_hcsf.lifting import Lifter, LiveLifter, load_lifter
from pyg_hcsf.lifting.assumed_camera import assume_camera, guess_image_size
from pyg_hcsf.lifting.lifter_ensemble import LifterEnsemble
from tests.lifting.conftest import SIZE, make_weights
from tests.scale import deviation

Frames = partial(Lifter, smooth=False)  # lifts frame by frame


class Oracle:
    """A network with perfect predictions and a disagreement of 0.01."""

    def __init__(self, info, y):
        self.info, self.y, self.given = info, y, []

    def __call__(self, x):
        self.given.append(x)
        here = len(torch.cat(self.given)) - len(x)
        y = self.y[here : here + len(x)]
        return y, torch.full(y.shape[:2], 0.01)


@pytest.fixture
def oracle(walk, weights):
    """A lifter with a perfect network."""
    focal, center = torch.tensor([2112.0]), torch.tensor([960.0, 540.0])
    seen = look_at_root(
        walk.keypoints, torch.ones_like(walk.keypoints[..., 0]), focal, center
    )
    y, size = encode_pose(walk.joints, seen.rotation)
    height = float(size[0]) / SIZE_PER_HEIGHT
    lifter = Frames(weights['single'], height, focal=2112.0, batch_size=16)
    info = replace(lifter.network('h36m17').info, calibration=(0.02, 3.0))
    network = Oracle(info, y)
    lifter.network = lambda layout, video: network
    return lifter, network


def test_perfect_network_gives_the_truth(oracle, keypoints, walk):
    lifter, network = oracle
    (person,) = lifter.lift(keypoints)
    truth = walk.joints.numpy()
    np.testing.assert_allclose(person.pose, truth - truth[:, :1], atol=1e-2)
    np.testing.assert_allclose(person.root, truth[:, 0], atol=1)
    size = SIZE_PER_HEIGHT * lifter.height
    np.testing.assert_allclose(person.uncertainty, 0.05 * size, rtol=1e-6)
    assert len(network.given) > 1  # batches
    assert person.frames.tolist() == list(range(10, 70))
    assert person.fps == 25 and person.image_size == SIZE
    assert person.axes == 'camera' and person.layout.name == 'h36m17'
    assert np.array_equal(person.keypoints.xy, keypoints.tracks[0].xy)
    assert person.note.startswith(f'Height taken as {lifter.height:g} mm.')
    assert 'Focal' not in person.note and 'calibrated' not in person.note


def test_world(oracle, keypoints, walk):
    lifter, _ = oracle
    (person,) = lifter.lift(keypoints, axes='world')
    assert person.axes == 'world'
    assert '57 standing bodies' in person.note
    place = person.pose + person.root[:, None]
    ankles = place[:, [3, 6], 2]
    assert np.abs(ankles.min(axis=1)).max() < 80
    assert place[:, 10, 2].min() > 1300  # heads
    turn = np.linalg.lstsq(
        walk.joints.numpy().reshape(-1, 3) - walk.joints[0, 0].numpy(),
        place.reshape(-1, 3) - place[0, 0],
        rcond=None,
    )[0]
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-3)
    assert np.linalg.det(turn) > 0


def test_network_sees_image_and_mirror_image(weights):
    network = LifterEnsemble([weights['single']])
    x = torch.rand(3, 1, 17, 3)
    model, _ = load_lifter(weights['single'])
    mirror = network.mirror
    straight, mirrored = model(x[:, 0]), mirror(model(mirror(x[:, 0])))
    y, spread = network(x)
    torch.testing.assert_close(y, (straight + mirrored) / 2)
    torch.testing.assert_close(spread, (straight - mirrored).norm(dim=-1))
    again, _ = network(mirror(x))
    torch.testing.assert_close(mirror(again), y)
    assert torch.equal(mirror(mirror(x)), x)
    side = torch.zeros(17, 3)
    side[4] = torch.tensor([1.0, 2.0, 3.0])  # the left hip
    assert mirror(side)[1].tolist() == [-1.0, 2.0, 3.0]


def test_several_networks(tmp_path, weights):
    other = make_weights(tmp_path / 'other.safetensors', seed=1)
    names = [weights['single'], other]
    x = torch.rand(3, 1, 17, 3)
    each = [LifterEnsemble([name])(x)[0] for name in names]
    y, spread = LifterEnsemble(names)(x)
    torch.testing.assert_close(y, sum(each) / 2)
    assert (spread > (each[0] - each[1]).norm(dim=-1) * 0.99).all()
    with pytest.raises(ValueError, match="to have one 'frames'"):
        LifterEnsemble([weights['single'], weights['causal']])
    with pytest.raises(ValueError, match='at least one'):
        LifterEnsemble([])


@pytest.mark.parametrize('kind', ['single', 'causal', 'central'])
def test_lifts_what_the_network_says(keypoints, weights, kind):
    (person,) = Frames(weights[kind], batch_size=70).lift(keypoints)
    network = LifterEnsemble([weights[kind]])
    camera = assume_camera(SIZE)
    track = keypoints.tracks[0]
    seen = look_at_root(
        torch.from_numpy(track.xy),
        torch.from_numpy(track.score),
        camera.focal,
        camera.center,
    )
    frame = 30
    window = {
        'single': slice(30, 31),
        'causal': slice(22, 31),
        'central': slice(26, 35),
    }[kind]
    x = window_input(seen.plane[None, window], seen.score[None, window])
    y = network(x)[0][0].double()
    pose = (y - y[0]) @ seen.rotation[frame] * SIZE_PER_HEIGHT * 1700
    assert deviation(person.pose[frame], pose.numpy()) < 1e-5
    assert ('9 frames at once' in person.note) == (kind != 'single')


def test_a_lens_is_undone(keypoints, weights):
    center, distortion = (930.0, 560.0), (-0.28, 0.07, 7e-4, -5e-4)
    lens = Camera(
        'lens',
        width=1920,
        height=1080,
        focal=(2112.0, 2090.0),
        center=center,
        radial=(*distortion[:2], 0.0),
        tangential=distortion[2:],
    )
    track = keypoints.tracks[0]
    uv = torch.from_numpy(track.xy)
    ray = lens.back_project(uv, torch.ones_like(uv[..., 0]))
    bent = lens.project(ray, 'opencv').numpy()
    assert np.abs(bent - track.xy).max() > 3
    bent.flags.writeable = False
    bent = replace(keypoints, tracks=(replace(track, xy=bent),))
    known = dict(focal=lens.focal, center=center)
    (straight,) = Frames(weights['single'], **known).lift(keypoints)
    for numbers in (distortion, [*distortion, 0.0]):
        lifter = Frames(weights['single'], **known, distortion=numbers)
        (found,) = lifter.lift(bent)
        np.testing.assert_allclose(found.pose, straight.pose, atol=0.01)
    assert np.array_equal(found.keypoints.xy, bent.tracks[0].xy)
    live = LiveLifter(lifter, 'h36m17')
    (pose,) = live.push(3, bent.tracks[0].xy[3], track.score[3])
    np.testing.assert_allclose(pose.pose, straight.pose[3], atol=0.01)
    (ignored,) = Frames(weights['single'], **known).lift(bent)
    assert np.abs(ignored.pose - straight.pose).max() > 1


def test_frames_that_cannot_be_lifted_are_left_out(keypoints, weights):
    track = keypoints.tracks[0]
    xy, score = track.xy.copy(), track.score.copy()
    score[3, [0, 1, 4]] = 0.05  # no hips
    xy[4] = np.nan
    score[5, 5:] = 0  # five joints
    xy[6] = xy[6, 0]  # a point
    damaged = Track('1', track.frames, xy, score)
    empty = Track('2', track.frames, xy * np.nan, score)
    people = replace(keypoints, tracks=(empty, damaged))
    lifter = Frames(weights['causal'])
    (person,) = lifter.lift(people)
    gone = [13, 14, 15, 16]
    assert person.name == '1'
    assert sorted({*track.frames} - {*person.frames}) == gone
    # As if these frames were not there:
    keep = ~np.isin(track.frames, gone)
    rest = Track('1', *(a[keep] for a in (track.frames, xy, score)))
    (other,) = lifter.lift(replace(keypoints, tracks=(rest,)))
    assert np.array_equal(person.pose, other.pose)
    assert np.isfinite(person.root).all()


def test_scores_below_a_tenth_are_missing(keypoints, weights):
    lifter = Frames(weights['single'])
    track = keypoints.tracks[0]
    poses = []
    for value, score in ((0.0, 0.09), (0.0, 0.0), (500.0, 0.09), (0.0, 0.2)):
        xy, confidence = track.xy.copy(), track.score.copy()
        xy[:, 13] += value
        confidence[:, 13] = score
        changed = Track('1', track.frames, xy, confidence)
        (person,) = lifter.lift(replace(keypoints, tracks=(changed,)))
        poses.append(person.pose)
    assert np.array_equal(poses[0], poses[1])
    assert np.array_equal(poses[0], poses[2])
    assert not np.array_equal(poses[0], poses[3])


@pytest.mark.filterwarnings('ignore:These keypoints look wrong')
def test_wild_keypoints_give_finite_poses(weights):
    rng = np.random.default_rng(0)
    for scale in (1e-3, 1.0, 1e3, 1e6):
        xy = rng.normal(size=(50, 17, 2)) * scale
        score = rng.random((50, 17))
        track = Track('1', np.sort(rng.choice(500, 50, False)), xy, score)
        keypoints = Keypoints('h36m17', (track,), 'x', SIZE)
        for kind in weights:
            for axes in ('camera', 'world'):
                for person in Frames(weights[kind]).lift(keypoints, axes):
                    assert np.isfinite(person.root).all()


def test_what_is_assumed(keypoints, weights):
    unknown = replace(keypoints, image_size=None, fps=None)
    (person,) = Frames(weights['causal']).lift(unknown)
    for words in (
        'Height taken as 1700 mm.',
        'Image taken as 1920 x 1080 pixels.',
        'Focal length taken as 2112 px',
        'Frame rate taken as 25 Hz.',
        '9 frames at once, 1 apart, 0 ahead.',
        'not calibrated',
    ):
        assert words in person.note
    (same,) = Frames(weights['causal']).lift(keypoints)
    assert np.array_equal(person.pose, same.pose)
    known = Frames(weights['causal'], focal=900, center=(1, 2), fps=50)
    (person,) = known.lift(unknown)
    assert 'Image' not in person.note and 'Focal' not in person.note
    assert '2 apart' in person.note and person.fps == 50
    tall = Frames(weights['causal'], height=1870.0).lift(keypoints)[0]
    np.testing.assert_allclose(tall.pose, 1.1 * same.pose)
    np.testing.assert_allclose(tall.root, 1.1 * same.root)
    np.testing.assert_allclose(tall.uncertainty, 1.1 * same.uncertainty)


def test_image_size_is_the_smallest_that_is_common():
    def size(*corner):
        xy = np.array(1000 * [[[10.0, 10.0], corner]])
        xy[0] = 9000.0  # one outlier
        track = Track('1', np.arange(1000), xy, np.ones((1000, 2)))
        return guess_image_size(Keypoints('x', (track,), 'x'))

    assert size(639, 400) == (640, 480)
    assert size(1200, 100) == (1280, 720)
    assert size(700, 1200) == (720, 1280)
    assert size(5000, 100) == (5000, 100)


def test_other_layouts(keypoints, weights):
    coco = to_layout(keypoints, 'coco17')
    (person,) = Frames(weights['single']).lift(coco)
    assert person.skeleton.name == 'h36m17'
    assert person.layout.name == 'coco17'


@pytest.mark.parametrize(
    'options, words',
    [
        ({'height': 1.7}, "'height'.*millimetres"),
        ({'height': float('nan')}, "'height'"),
        ({'fps': 0}, "'fps'"),
        ({'batch_size': 0}, "'batch_size'"),
        ({'weights': 'none such'}, "'weights' to be one of"),
        ({'weights': 'tempral'}, "did you mean 'temporal'"),
    ],
)
def test_options_are_checked(weights, options, words):
    with pytest.raises(ValueError, match=words):
        Lifter(**{'weights': weights['single'], **options})


def test_cameras_are_checked(keypoints, weights):
    with pytest.raises(ValueError, match="'axes'"):
        Frames(weights['single']).lift(keypoints, axes='up')
    with pytest.raises(ValueError, match="'focal'"):
        Frames(weights['single'], focal=-1.0).lift(keypoints)
    with pytest.raises(ValueError, match="'image_size'"):
        assume_camera((0, 100))
    with pytest.raises(ValueError, match="'center'"):
        assume_camera(SIZE, 900, (np.nan, 0))
    with pytest.raises(ValueError, match='unless'):
        assume_camera(None, 900)
    with pytest.raises(ValueError, match='one or two positive'):
        assume_camera(SIZE, (900, 0))
    with pytest.raises(ValueError, match="'distortion' to be the 4 or 5"):
        assume_camera(SIZE, 900, distortion=[0.1, 0.2])
    with pytest.raises(ValueError, match="'focal' with 'distortion'"):
        assume_camera(SIZE, distortion=[0.1, 0.2, 0.0, 0.0])
