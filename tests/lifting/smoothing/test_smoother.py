from dataclasses import replace

import numpy as np
import pytest
import torch

from pyg_hcsf.geometry.root_ray import SIZE_PER_HEIGHT, body_size
from pyg_hcsf.keypoints import Keypoints, Track
from pyg_hcsf.lifting import Lifter
from pyg_hcsf.lifting.smoothing.feet import FAR
from pyg_hcsf.lifting.smoothing.networks import (
    BLOCK,
    OVERLAP,
    load_smoother,
)
from pyg_hcsf.lifting.smoothing.smoother import fill_frames
from pyg_hcsf.metrics import (
    acceleration,
    bone_spread,
    foot_sliding,
    mpjpe,
)
from pyg_hcsf.skeleton import H36M17
from tests.lifting.conftest import SIZE

FEET = [H36M17.joints.index(name) for name in ('RFoot', 'LFoot')]


def detected(walk, noise, seed=0, frames=None):
    """The walk as a detector with errors of some pixels finds it."""
    rng = np.random.default_rng(seed)
    xy = walk.keypoints.numpy().astype(float)
    xy = xy + noise * rng.standard_normal(xy.shape)
    score = np.full(xy.shape[:2], 0.9)
    numbers = np.arange(len(xy))
    track = Track('1', numbers, xy, score)
    if frames is not None:
        track = track.select(frames)
    return Keypoints('h36m17', (track,), 'test', SIZE, 25.0)


def lift(keypoints, **options):
    (person,) = Lifter('single', focal=2112.0, **options).lift(keypoints)
    return person


def tensors(person):
    return torch.from_numpy(person.pose), torch.from_numpy(person.position)


@pytest.mark.parametrize('noise', [0.0, 3.0])
def test_motion_is_smooth_and_stands(walk, noise):
    keypoints = detected(walk, noise)
    truth = walk.joints.double()
    exact = truth - truth[:, :1]
    raw, far = tensors(lift(keypoints, smooth=False))
    pose, position = tensors(lift(keypoints))
    before, after = (mpjpe(x, truth) for x in (far, position))
    assert after < 0.97 * before  # standing feet tell the distance
    ratio = float(acceleration(pose) / acceleration(exact))
    assert 0.7 < ratio < 1.3
    if noise:
        assert acceleration(raw) > 3 * acceleration(exact)
        assert mpjpe(pose, exact) < mpjpe(raw, exact)
    assert mpjpe(pose, exact) < 1.02 * mpjpe(raw, exact)
    assert bone_spread(pose, H36M17.parents) < 1e-6
    assert foot_sliding(position[:, FEET], truth[:, FEET], 25.0) < 30
    root = position[:, 0]
    assert acceleration(root) < 2.5 * acceleration(truth[:, 0])


def test_fast_motion_is_not_flattened(walk):
    """The same frames, played twice as fast, keep their acceleration."""
    keypoints = detected(walk, 1.0)
    track = keypoints.tracks[0].select(slice(None, None, 2))
    frames = np.arange(len(track.frames))
    fast = replace(keypoints, tracks=(replace(track, frames=frames),))
    pose, _ = tensors(lift(fast))
    exact = (walk.joints - walk.joints[:, :1]).double()[::2]
    assert 0.65 < float(acceleration(pose) / acceleration(exact)) < 1.25


def test_short_gaps_are_interpolated_and_long_ones_are_not(walk):
    frames = [*range(12), *range(18, 30), *range(45, 60)]
    person = lift(detected(walk, 1.0, frames=frames))
    assert person.frames.tolist() == [*range(30), *range(45, 60)]
    assert np.isnan(person.keypoints.xy[12:18]).all()
    exact = (walk.joints - walk.joints[:, :1]).double().numpy()
    error = np.linalg.norm(person.pose - exact[person.frames], axis=-1)
    assert error[12:18].mean() < 1.5 * error[:12].mean()


def test_every_second_frame_of_a_video(walk):
    person = lift(detected(walk, 1.0, frames=slice(None, None, 2)))
    assert person.frames.tolist() == list(range(0, 60, 2))


def test_every_second_frame_is_half_of_the_frame_rate(walk):
    frames = slice(None, None, 2)
    fast = replace(detected(walk, 1.0, frames=frames), fps=50.0)
    track = replace(fast.tracks[0], frames=np.arange(30))
    slow = replace(fast, tracks=(track,), fps=25.0)
    a, b = lift(fast), lift(slow)
    np.testing.assert_allclose(a.pose, b.pose, atol=1e-6)
    np.testing.assert_allclose(a.root, b.root, atol=1e-6)


def test_single_frames_are_lifted(walk):
    for frames in ([7], [7, 8], [3, 30, 50]):
        person = lift(detected(walk, 0.0, frames=frames))
        assert person.frames.tolist() == frames
        assert np.isfinite(person.pose).all()


def test_joints_that_are_never_seen(walk):
    keypoints = detected(walk, 1.0)
    track = keypoints.tracks[0]
    for joint in (15, 16, 3):  # an arm and a foot
        track.xy[:, joint], track.score[:, joint] = np.nan, 0.0
    person = lift(keypoints)
    assert np.isfinite(person.pose).all() and np.isfinite(person.root).all()


@pytest.mark.parametrize('fps', [1.0, 2.0, 4.0, 5.0, 120.0, 1000.0])
def test_any_frame_rate(walk, fps):
    keypoints = replace(detected(walk, 1.0), fps=fps)
    track = keypoints.tracks[0]
    track.xy[:, 16], track.score[:, 16] = np.nan, 0.0
    person = lift(keypoints)
    assert np.isfinite(person.pose).all() and np.isfinite(person.root).all()
    assert bone_spread(torch.from_numpy(person.pose), H36M17.parents) < 1e-6


def test_slow_videos_are_lifted_frame_by_frame(walk):
    """The same person in frames of a second apart takes a step in each."""
    keypoints = replace(detected(walk, 1.0), fps=1.0)
    raw, smooth = (lift(keypoints, smooth=on) for on in (False, True))
    np.testing.assert_allclose(smooth.pose, raw.pose, atol=150)
    np.testing.assert_allclose(
        np.diff(smooth.root, axis=0), np.diff(raw.root, axis=0), atol=150
    )


@pytest.mark.parametrize('joints', [[2, 3, 5, 6], [3, 6], [3]])
def test_people_whose_legs_are_not_seen(walk, joints):
    keypoints = detected(walk, 1.0)
    track = keypoints.tracks[0]
    for joint in joints:
        track.xy[:, joint], track.score[:, joint] = np.nan, 0.0
    raw, smooth = (lift(keypoints, smooth=on) for on in (False, True))
    root = walk.joints[:, 0].double().numpy()
    before, after = (
        np.linalg.norm(person.root - root, axis=-1).mean()
        for person in (raw, smooth)
    )
    assert after < 1.15 * before


def test_frames_that_are_mostly_missing(walk):
    rng = np.random.default_rng(1)
    frames = np.flatnonzero(rng.random(60) < 0.3)
    keypoints = detected(walk, 1.5, frames=frames)
    raw, smooth = (lift(keypoints, smooth=on) for on in (False, True))
    exact = (walk.joints - walk.joints[:, :1]).double()[frames]
    rows = np.searchsorted(smooth.frames, frames)
    before, after = (
        mpjpe(torch.from_numpy(pose), exact)
        for pose in (raw.pose, smooth.pose[rows])
    )
    assert after < 1.05 * before


def test_a_turning_camera_does_not_bend_legs(walk):
    """A person who stands, while the image moves by 5 pixels a frame."""
    keypoints = detected(walk, 1.0)
    track = keypoints.tracks[0]
    track.xy[:] += walk.keypoints[:1].numpy() - walk.keypoints.numpy()
    track.xy[:] += [5, 0] * np.arange(60)[:, None, None]
    raw, smooth = (lift(keypoints, smooth=on) for on in (False, True))
    moved = np.linalg.norm(smooth.pose - raw.pose, axis=-1)
    assert moved.max() < 1.2 * FAR
    assert moved.mean() < 25


def test_people_have_their_height(walk):
    keypoints = detected(walk, 3.0)
    track = keypoints.tracks[0]
    for joint in (2, 3, 5, 6):
        track.xy[30:, joint], track.score[30:, joint] = np.nan, 0.0
    for height in (1500.0, 1900.0):
        pose, _ = tensors(lift(keypoints, height=height))
        size = body_size(pose) / SIZE_PER_HEIGHT
        np.testing.assert_allclose(size.numpy(), height, atol=0.1)


def test_keypoints_of_low_confidence_are_missing(walk):
    """As frame by frame: whatever their places are."""
    keypoints = detected(walk, 1.0)
    rng = np.random.default_rng(0)
    track = keypoints.tracks[0]
    low = rng.random(track.score.shape) < 0.15
    track.score[low] = 0.05
    track.xy[low] += rng.normal(0, 300, (low.sum(), 2))
    person = lift(keypoints)
    track.xy[low] = np.nan
    track.score[low] = 0.0
    np.testing.assert_allclose(person.pose, lift(keypoints).pose, atol=1e-6)
    track.score[low] = 0.9  # no place, whatever the confidence
    np.testing.assert_allclose(person.pose, lift(keypoints).pose, atol=1e-6)


def test_keypoints_that_smooth_to_a_point(walk):
    """A person whose joints jump back and forth, beside another."""
    keypoints = detected(walk, 1.0)
    xy = np.full((60, 17, 2), 900.0)
    sign = np.where(np.arange(60) % 2, 1, -1)[:, None]
    xy[:, 10] += 20 * sign
    xy[:, 8] -= 10 * sign
    track = Track('2', np.arange(60), xy, np.full((60, 17), 0.9))
    two = replace(keypoints, tracks=(*keypoints.tracks, track))
    people = Lifter('single', focal=2112.0).lift(two)
    assert [len(person.frames) for person in people] == [60, 60]
    assert all(np.isfinite(person.root).all() for person in people)


def test_the_note_says_what_was_done(walk):
    keypoints = detected(walk, 1.0)
    note = lift(keypoints).note
    assert 'Motion is smoothed' in note and 'bones vary by 0.0 mm' in note
    assert 'feet that stand' in note
    note = lift(keypoints, smooth=False).note
    assert 'smoothed' not in note and 'bones vary by' in note


def test_fill_frames():
    track = Track(
        '1', np.array([4, 6, 12]), np.ones((3, 2, 2)), np.ones((3, 2))
    )
    filled = fill_frames(track)
    assert filled.frames.tolist() == [4, 6, 8, 10, 12]
    assert filled.score[:, 0].tolist() == [1, 1, 0, 0, 1]
    assert np.isnan(filled.xy[2:4]).all()


def test_few_frames_of_a_fast_video_are_lifted_alone(walk):
    """Hundreds of frames between two known ones are not made up."""
    frames = np.cumsum(np.random.default_rng(0).integers(200, 400, 60))
    keypoints = detected(walk, 1.0)
    track = replace(keypoints.tracks[0], frames=frames)
    fast = replace(keypoints, tracks=(track,), fps=1000.0)
    person = lift(fast)
    assert np.array_equal(person.frames, frames)
    raw = lift(fast, smooth=False)
    np.testing.assert_allclose(person.pose, raw.pose, atol=150)


def test_long_motion_is_smoothed_in_blocks():
    rng = np.random.default_rng(0)
    frames = 2 * BLOCK
    motion = rng.standard_normal((frames, 1, 2)).cumsum(axis=0)
    noisy = motion + rng.standard_normal(motion.shape)
    weight = np.ones((frames, 1))
    gains = load_smoother().pose
    whole = gains._smooth(noisy, weight, 25.0)
    blocks = gains.smooth(noisy, weight, 25.0)
    middle = slice(OVERLAP, BLOCK - 2 * OVERLAP)
    off = np.abs(blocks - whole)
    assert off[middle].max() < 0.5
    assert np.abs(blocks - noisy).mean() < 1.5  # no seam loses a frame
    assert off.mean() < 0.1
    seam = slice(BLOCK - OVERLAP - 5, BLOCK + 5)
    shake = np.abs(np.diff(blocks, 2, axis=0))
    assert shake[seam].max() <= np.quantile(shake, 0.9999)
    assert off[seam].max() < 0.5
