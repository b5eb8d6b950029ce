"""Live lifting with smoothing."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.interpolate import interp1d

from pyg_hcsf.lifting.smoothing.live import LAG
from tests.lifting.test_live_lifter import GARBAGE, KINDS, live_of, push_all


def shaken(track, size=2.0, seed=0):
    """Independent noise of a number of pixels."""
    noise = np.random.default_rng(seed).normal(size=track.xy.shape) * size
    return replace(track, xy=track.xy + noise)


def stack(poses, key='pose'):
    return np.stack([getattr(pose, key) for pose in poses])


def shaking(values):
    return np.linalg.norm(np.diff(values, 2, axis=0), axis=-1).mean()


@pytest.mark.parametrize('fps', [25.0, 60.0])
@pytest.mark.parametrize('kind', ['single', 'temporal'])
def test_standing_people_do_not_shake(keypoints, kind, fps):
    first = keypoints.tracks[0]
    still = replace(first, xy=np.repeat(first.xy[:1], 60, axis=0))
    for key in ('pose', 'root'):
        raw, smooth = (
            shaking(
                stack(
                    push_all(
                        live_of(kind, smooth=smooth, fps=fps), shaken(still)
                    ),
                    key,
                )[20:]
            )
            for smooth in (False, True)
        )
        assert smooth < 0.25 * raw


@pytest.mark.parametrize('fps', [25.0, 60.0])
def test_motion_is_late_by_the_stated_lag(keypoints, walk, fps):
    """The lag is that of the truth that poses are nearest to."""
    poses = push_all(
        live_of('single', smooth=True, fps=fps), shaken(keypoints.tracks[0])
    )
    pose, truth = stack(poses), walk.joints.double().numpy()
    truth = truth - truth[:, :1]
    frames = np.arange(60)
    lags = np.arange(-0.05, 0.2, 0.005)
    late = interp1d(frames, truth, axis=0, fill_value='extrapolate')
    off = [
        (pose - late(frames - lag * fps))[15:].std(axis=0).sum()
        for lag in lags
    ]
    assert lags[np.argmin(off)] <= 1.5 * LAG


def test_smooth_people_are_not_mixed(keypoints, weights):
    track = shaken(keypoints.tracks[0])
    other = replace(shaken(track, 5.0, 1), name='2', xy=track.xy[::-1] - 90)
    live, out = live_of(weights['causal'], smooth=True), []
    for one, two in zip(zip_frames(track), zip_frames(other), strict=True):
        out += live.push(*one, '1') + live.push(*two, '2')
    for name, alone in (('1', track), ('2', other)):
        expected = push_all(live_of(weights['causal'], smooth=True), alone)
        poses = [pose for pose in out if pose.track == name]
        np.testing.assert_array_equal(stack(poses), stack(expected))


def zip_frames(track):
    return zip(track.frames.tolist(), track.xy, track.score, strict=True)


@pytest.mark.parametrize('kind', KINDS)
def test_later_frames_do_not_change_smooth_poses(keypoints, weights, kind):
    track = shaken(keypoints.tracks[0])
    changed = replace(track, xy=track.xy.copy())
    changed.xy[40:] += 15.0
    before, after = (
        push_all(live_of(weights[kind], smooth=True), x)
        for x in (track, changed)
    )
    reach = 40 - live_of(weights[kind]).delay
    for key in ('pose', 'root'):
        a, b = stack(before, key), stack(after, key)
        np.testing.assert_array_equal(a[:reach], b[:reach])
        assert not np.array_equal(a[40:], b[40:])


@pytest.mark.parametrize('event', ['gap', 'jump', 'restart'])
@pytest.mark.parametrize('kind', KINDS)
def test_smoothing_starts_anew(keypoints, weights, kind, event):
    """After a gap, a jump or a restart, poses are those of a new person."""
    track = shaken(keypoints.tracks[0])
    live = live_of(weights[kind], smooth=True)
    frames = {
        'gap': track.frames + 100,
        'jump': track.frames + 60,
        'restart': track.frames + 5000,
    }[event]
    first = replace(track, xy=track.xy - 700.0 * (event == 'jump'))
    if event == 'restart':
        first, frames = replace(first, frames=frames), track.frames
    out = []
    for frame in zip_frames(first):
        out += live.push(*frame, '1')
    assert live.stats()['gap_or_jump'] == live.stats()['restart'] == 0
    second = replace(track, frames=frames)
    poses = (out + push_all(live, second))[60:]
    stats = live.stats()
    assert stats['gap_or_jump'] + stats['restart'] == 1
    expected = push_all(live_of(weights[kind], smooth=True), second)
    for key in ('frame', 'pose', 'root', 'uncertainty'):
        np.testing.assert_array_equal(stack(poses, key), stack(expected, key))


def test_frames_again_or_late_after_one_without_hips(keypoints, weights):
    """They are not behind a pose, but behind smooth keypoints."""
    track = keypoints.tracks[0]
    live = live_of(weights['single'], smooth=True)
    hidden = track.score[0] * ~np.isin(np.arange(17), [0, 1, 4])
    for first in (2000, 50):  # before and after there are poses
        for number, score in (
            (first, hidden),
            (first - 900 * (first > 900), hidden),
            (first - 1000 * (first > 900) + 6, hidden),
            (first + 6, hidden),
            (first + 6, track.score[0]),
        ):
            poses = live.push(number, track.xy[0], score)
            assert len(poses) == (score is not hidden)
            for pose in poses:
                assert np.isfinite([*pose.pose, pose.root]).all()
    assert live.stats()['incomplete'] == 8


def test_smoothing_takes_garbage_and_stays_small(keypoints, weights):
    track = keypoints.tracks[0]
    clean, live = (live_of(weights['causal'], smooth=True) for _ in range(2))
    rng = np.random.default_rng(0)
    for i in range(60):
        args = (i, track.xy[i], track.score[i])
        (expected,) = clean.push(*args)
        assert live.push(*GARBAGE[i % len(GARBAGE)]) == []
        (pose,) = live.push(*args)
        np.testing.assert_array_equal(pose.pose, expected.pose)
    for i in range(60, 400):  # points anywhere, in one point, or missing
        xy = rng.normal(size=(17, 2)) * rng.choice([0, 1, 1e3, 4e5]) + 500
        score = rng.random(17) * (rng.random(17) < rng.random())
        for pose in live.push(i, xy, score):
            for key in ('pose', 'root'):
                assert np.isfinite(getattr(pose, key)).all()
    sizes = [
        value.nbytes
        for part in vars(*[t.smoother for t in live._tracks.values()]).values()
        if hasattr(part, '__dict__')
        for value in vars(part).values()
        if isinstance(value, np.ndarray)
    ]
    assert sum(sizes) < 50_000
