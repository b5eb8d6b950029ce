from dataclasses import replace

import numpy as np
import pytest

from pyg_hcsf.keypoints import Track
from pyg_hcsf.lifting import Lifter, LiveLifter
from pyg_hcsf.skeleton import get_skeleton

SIZE = (1920, 1080)
KINDS = ['single', 'causal', 'central']


def live_of(weights, max_tracks=16, smooth=False, **options):
    lifter = Lifter(weights, image_size=SIZE, smooth=smooth, **options)
    return LiveLifter(lifter, 'h36m17', max_tracks)


def push_all(live, track):
    out = []
    for frame, xy, score in zip(
        track.frames, track.xy, track.score, strict=True
    ):
        out += live.push(int(frame), xy, score, track.name)
    return out + live.flush()


def check_equal(poses, person):
    assert [pose.frame for pose in poses] == person.frames.tolist()
    for key in ('pose', 'root', 'uncertainty'):
        offline = getattr(person, key) / 1000  # metres
        live = np.stack([getattr(pose, key) for pose in poses]) / 1000
        np.testing.assert_allclose(live, offline, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('fps', [10.0, 25.0, 60.0])
@pytest.mark.parametrize('kind', KINDS)
def test_equal_to_offline(keypoints, weights, kind, fps):
    live = live_of(weights[kind], fps=fps)
    poses = push_all(live, keypoints.tracks[0])
    (person,) = Lifter(weights[kind], smooth=False).lift(
        replace(keypoints, fps=fps)
    )
    assert len(poses) == 60
    check_equal(poses, person)
    assert live.stats()['lifted'] == 60


@pytest.mark.parametrize('kind', KINDS)
def test_equal_to_offline_with_faults(keypoints, weights, kind):
    rng = np.random.default_rng(3)
    track = keypoints.tracks[0]
    xy, score = track.xy.copy(), track.score.copy()
    score[rng.random(score.shape) < 0.1] = 0.0
    xy[12, 3:] = np.nan
    xy[40:] += 700  # another person
    frames = track.frames.copy()
    frames[30:] += 11  # one more than is waited for
    keep = rng.random(60) > 0.2
    keep[[39, 40]] = True
    track = Track('7', frames[keep], xy[keep], score[keep])
    live = live_of(weights[kind])
    poses = push_all(live, track)
    (person,) = Lifter(weights[kind], smooth=False).lift(
        replace(keypoints, tracks=(track,))
    )
    check_equal(poses, person)
    stats = live.stats()
    assert stats['gap_or_jump'] == 2
    assert stats['lifted'] == len(person.frames)
    assert stats['incomplete'] == keep.sum() - len(person.frames)


@pytest.mark.parametrize('kind', KINDS)
def test_side_swaps_are_fixed(keypoints, weights, kind):
    track = keypoints.tracks[0]
    swap = list(get_skeleton('h36m17').mirrored)
    xy, score = track.xy.copy(), track.score.copy()
    xy[20:33], score[20:33] = xy[20:33, swap], score[20:33, swap]
    wrong = Track('1', track.frames, xy, score)
    lifter = Lifter(weights[kind], image_size=SIZE, smooth=False)
    live = LiveLifter(lifter, 'h36m17', fix_side_swaps=True)
    (person,) = lifter.lift(keypoints)
    check_equal(push_all(live, wrong), person)


def test_delay(keypoints, weights):
    track = keypoints.tracks[0]
    for kind, fps, delay in (
        ('causal', 25.0, 0),
        ('central', 25.0, 4),
        ('central', 50.0, 8),
    ):
        live = live_of(weights[kind], fps=fps)
        assert live.delay == live.stats()['delay'] == delay
        for i in range(20):
            out = live.push(i, track.xy[i], track.score[i])
            due = [i - delay] if i >= delay else []
            assert [pose.frame for pose in out] == due


def test_people_are_not_mixed(keypoints, weights):
    track = keypoints.tracks[0]
    other = Track('2', track.frames, track.xy[::-1] - 90.0, track.score)
    live = live_of(weights['central'])
    out = []
    for i, frame in enumerate(track.frames):
        out += live.push(int(frame), track.xy[i], track.score[i], '1')
        out += live.push(int(frame), other.xy[i], other.score[i], '2')
    out += live.flush()
    both = replace(keypoints, tracks=(track, other))
    for person in Lifter(weights['central'], smooth=False).lift(both):
        check_equal([p for p in out if p.track == person.name], person)


GOOD = np.linspace(200, 900, 34).reshape(17, 2)
GARBAGE = [
    (1, None, None, '0'),
    (1, 'abc', None, '0'),
    (1, GOOD[:5], None, '0'),
    (1, GOOD.tolist()[:-1] + [['a', 'b']], None, '0'),
    (1, GOOD.tolist()[:-1] + [[1]], None, '0'),
    (1, GOOD * 1e9, None, '0'),
    (1, GOOD, np.ones(3), '0'),
    (1, GOOD, {}, '0'),
    (1, {'x': 1}, None, '0'),
    (1.5, GOOD, None, '0'),
    ('1', GOOD, None, '0'),
    (True, GOOD, None, '0'),
    (None, GOOD, None, '0'),
    (float('nan'), GOOD, None, '0'),
    (float('inf'), GOOD, None, '0'),
    (-1, GOOD, None, '0'),
    (10**30, GOOD, None, '0'),
    (1, [[10**400, 1]] * 17, None, '0'),
    (1, GOOD, None, ''),
    (1, GOOD, None, 'x' * 1000),
]


@pytest.mark.parametrize('garbage', GARBAGE)
def test_garbage_is_counted_and_changes_nothing(keypoints, weights, garbage):
    track = keypoints.tracks[0]
    clean, live = live_of(weights['causal']), live_of(weights['causal'])
    for i in range(3):
        args = (i, track.xy[i], track.score[i])
        (expected,) = clean.push(*args)
        assert live.push(*garbage) == []
        (pose,) = live.push(*args)
        assert np.array_equal(pose.pose, expected.pose)
    assert live.stats()['garbage'] == 3
    assert live.stats()['tracks'] == 1


def test_scores_out_of_range(weights):
    live = live_of(weights['single'])
    score = np.full(17, 7.0)
    score[10:] = np.nan
    score[9] = -1
    (pose,) = live.push(0, GOOD, score)
    (same,) = live.push(1, GOOD, np.repeat([1.0, 0.0], [9, 8]))
    assert np.array_equal(pose.pose, same.pose)


def test_late_and_duplicate_frames(keypoints, weights):
    track = keypoints.tracks[0]
    live = live_of(weights['causal'])
    order = [0, 1, 1, 3, 2, 0, 4]
    out = []
    for i in order:
        out += live.push(i, track.xy[i], track.score[i])
    assert [pose.frame for pose in out] == [0, 1, 3, 4]
    stats = live.stats()
    assert (stats['duplicate'], stats['late']) == (1, 2)


def test_another_video_starts_anew(keypoints, weights):
    track = keypoints.tracks[0]
    live, clean = live_of(weights['central']), live_of(weights['central'])
    before = []
    for i in range(6):
        before += live.push(1000 + i, track.xy[i], track.score[i])
    poses = []
    for i in range(60):
        out = live.push(i, track.xy[i], track.score[i])
        if i == 0:  # with the pending poses
            assert [pose.frame for pose in before + out] == list(
                range(1000, 1006)
            )
            out = []
        poses += out
    expected = push_all(clean, replace(track, frames=np.arange(60)))
    poses += live.flush()
    assert live.stats()['restart'] == 1
    for pose, other in zip(poses, expected, strict=True):
        assert np.array_equal(pose.pose, other.pose)


def test_frames_that_are_10_s_early_restart(weights):
    """10 s at 25 Hz are 250 frames: so far back a frame is late."""
    for back, event, other in (
        (250, 'late', 'restart'),
        (251, 'restart', 'late'),
    ):
        live = live_of(weights['single'], fps=25.0)
        assert live.push(1000, GOOD)
        assert len(live.push(1000 - back, GOOD)) == (event == 'restart')
        stats = live.stats()
        assert (stats[event], stats[other]) == (1, 0)


def test_idle_people_are_evicted(weights):
    live = live_of(weights['single'], max_tracks=2)
    for name in 'abc':
        live.push(0, GOOD, track=name)
    assert live.stats()['crowded'] == 1
    assert live.stats()['tracks'] == 2
    frame = 0
    while not live.push(frame, GOOD, track='c'):
        frame += 1
        live.push(frame, GOOD, track='a')
    assert frame == 50  # 2 s
    assert live.stats()['evicted'] == 1
    assert live.push(frame + 1, GOOD, track='a')
    assert not live.push(frame + 1, GOOD, track='b')


def test_memory_is_bounded(keypoints, weights):
    track = keypoints.tracks[0]
    live = live_of(weights['causal'], fps=50)
    for i in range(60):
        live.push(i, track.xy[i], track.score[i])
    (state,) = live._tracks.values()
    assert len(state.frames) == 8 * 2 + 3
    assert not state.pending


def test_camera_must_be_known(weights):
    with pytest.raises(ValueError, match="'image_size'"):
        LiveLifter(Lifter(weights['single']))
    LiveLifter(Lifter(weights['single'], focal=900.0, center=(10.0, 20.0)))
    with pytest.raises(ValueError, match="'max_tracks'"):
        live_of(weights['single'], max_tracks=0)
