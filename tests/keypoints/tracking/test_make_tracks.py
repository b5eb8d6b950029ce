import time

import numpy as np
import pytest

from pyg_hcsf.keypoints.detections import Detection
from pyg_hcsf.keypoints.messages import reading
from pyg_hcsf.keypoints.tracking import (
    DetectionArray,
    joining,
    make_tracks,
    steps,
)


def person(frame, x, name=None, joints=4, score=1.0, y=0.0):
    rng = np.random.default_rng(0)
    xy = rng.uniform(0, 100, (joints, 2)) + [x, y]
    return Detection(frame, name, np.hstack([xy, np.full((joints, 1), score)]))


def test_ids():
    people = [person(t, 500 * t, name) for t in range(3) for name in 'ba']
    tracks = make_tracks(people[::-1])
    assert sorted(t.name for t in tracks) == ['a', 'b']
    for track in tracks:
        np.testing.assert_array_equal(track.frames, [0, 1, 2])


def test_one_id_of_two_people():
    people = [
        person(t, x + 3 * t, '1', score=score)
        for t in range(20)
        for x, score in ((0, 0.4), (300, 0.5 - 0.2 * (t % 2)))
    ]
    match = "'a.json': its ids.*the same id"
    with reading('a.json'), pytest.warns(UserWarning, match=match):
        tracks = make_tracks(people)
    assert len(tracks) == 2
    for track in tracks:
        np.testing.assert_array_equal(track.frames, np.arange(20))
        np.testing.assert_allclose(np.diff(track.xy[:, 0, 0]), 3)


def test_one_person_found_twice():
    people = [
        person(t, x, '1', score=score)
        for t in range(5)
        for x, score in ((0, 0.4), (2, 0.5))
    ]
    (track,) = make_tracks(people)
    assert (track.xy[:, 0, 0] == track.xy[0, 0, 0]).all()
    assert (track.score == 0.5).all()


def test_one_id_twice_in_one_frame_of_many():
    # A tracker's slip: the other detection is that of the person at its place.
    people = [person(t, 3 * t, '1') for t in range(40)]
    people += [person(t, 300, '2') for t in range(40) if t != 20]
    people.insert(0, person(20, 300, '1', score=0.9))
    tracks = make_tracks(people)
    first, second = sorted(tracks, key=lambda t: t.name)
    assert (first.name, len(first.frames)) == ('1', 40)
    np.testing.assert_allclose(np.diff(first.xy[:, 0, 0]), 3)
    assert (second.name, len(second.frames)) == ('2', 40)
    np.testing.assert_allclose(np.diff(second.xy[:, 0, 0]), 0)


def test_new_ids_in_every_frame():
    people = [
        person(t, x + 3 * t, str(2 * t + n))
        for t in range(60)
        for n, x in enumerate((0, 400))
    ]
    with pytest.warns(UserWarning, match='120 ids are of 2 people'):
        tracks = make_tracks(people)
    assert [len(t.frames) for t in tracks] == [60, 60]


def test_ids_that_are_places_in_a_list():
    # The most certain person is 0, the next is 1, in each frame anew.
    rng = np.random.default_rng(0)
    people = []
    for t in range(60):
        places = rng.permutation(3)
        people += [
            person(t, 400 * p + t, str(n)) for n, p in enumerate(places)
        ]
    with pytest.warns(UserWarning, match='jump between people'):
        tracks = make_tracks(people)
    assert [len(t.frames) for t in tracks] == [60, 60, 60]
    for track in tracks:
        np.testing.assert_allclose(np.diff(track.xy[:, 0, 0]), 1)


def test_ids_of_a_tracker_are_kept():
    # Who leaves comes back with another id; a fast person is one.
    people = [person(t, 200 * t, 'fast') for t in range(40)]
    people += [person(t, 0, f'{t // 12}', y=900) for t in range(40)]
    tracks = make_tracks(people)
    assert sorted(t.name for t in tracks) == ['0', '1', '2', '3', 'fast']
    assert max(len(t.frames) for t in tracks) == 40


@pytest.mark.parametrize('stride', [1, 2, 30])
def test_frames_of_a_stride(stride):
    # Absent for 8 of the frames that the file has.
    people = [person(stride * t, 2 * t) for t in range(60) if not 20 <= t < 28]
    people += [person(stride * t, 500) for t in range(60)]
    tracks = make_tracks(people)
    assert [len(t.frames) for t in tracks] == [52, 60]
    assert tracks[0].frames[-1] == 59 * stride


@pytest.mark.parametrize('fps', [0.01, 1, 25, 10_000])
def test_frame_rates_that_do_not_fit(fps):
    # Every 30th frame, at any rate; two people who move.
    people = [person(30 * t, 5 * t + x) for t in range(60) for x in (0, 500)]
    tracks = make_tracks(people, fps)
    assert [len(t.frames) for t in tracks] == [60, 60]
    for track in tracks:
        np.testing.assert_allclose(np.diff(track.xy[:, 0, 0]), 5)


def test_frame_numbers_without_bounds():
    people = [person(t * 2**47, x) for t in range(40) for x in (0, 500)]
    assert [len(t.frames) for t in make_tracks(people)] == [40, 40]


def test_many_joints_of_which_the_first_are_missing():
    people = [person(t, 3 * t, joints=200) for t in range(40)]
    for one in people:
        one.joints[:150] = np.nan, np.nan, 0
    (track,) = make_tracks(people)
    assert len(track.frames) == 40


def test_a_ghost_of_one_frame_is_left_out():
    people = [person(t, 0) for t in range(40) if t != 17]
    people.append(person(17, 600))
    with pytest.warns(UserWarning, match='left out 1 of 40.*in frames 17'):
        (track,) = make_tracks(people)
    assert len(track.frames) == 39 and 17 not in track.frames


def test_crowds_take_linear_time(monkeypatch):
    # 300 people in every frame; as many comparisons as frames.
    compared = 0
    distance = steps.mean_distance

    def count(gap, *args):
        nonlocal compared
        compared += len(gap)
        return distance(gap, *args)

    monkeypatch.setattr(steps, 'mean_distance', count)

    def work(frames, apart):
        nonlocal compared
        compared = 0
        people = [
            person(t, 37 * apart * x, joints=2, y=53 * apart * x)
            for t in range(frames)
            for x in range(300)
        ]
        found = DetectionArray(people)
        tracks = steps.follow(found, np.arange(len(people)))
        assert not apart or len(tracks) == 300
        return compared

    for apart in (0, 1):  # all at one place, or side by side
        assert work(8, apart) < 1.2 * 7 / 3 * work(4, apart)
        assert work(4, apart) < 2 * 3 * 600 * 16


def test_without_ids():
    # Two people pass each other; their order in the file changes.
    people = []
    for t in range(20):
        pair = [person(t, 30 * t), person(t, 1100 - 30 * t, y=120)]
        people += pair[:: (-1) ** t]
    tracks = make_tracks(people)
    assert len(tracks) == 2
    for track in tracks:
        assert len(track.frames) == 20
    step = np.abs(np.diff(tracks[0].xy[:, 0, 0]))
    np.testing.assert_allclose(step, 30)


@pytest.mark.parametrize('gap, tracks', [(25, 1), (26, 2)])
def test_who_is_away_for_long_has_left(gap, tracks):
    people = [person(5, 0), person(5 + gap, 0)]
    assert len(make_tracks(people)) == tracks


def test_who_is_far_away_is_another():
    size = np.linalg.norm(np.ptp(person(0, 0).joints[:, :2], axis=0))
    for share, tracks in ((0.35, 1), (0.5, 2)):
        people = [person(0, 0), person(1, share * size)]
        assert len(make_tracks(people)) == tracks


def test_with_and_without_ids():
    people = [
        person(t, x, n) for t in (0, 1) for x, n in ((0, '1'), (900, None))
    ]
    tracks = make_tracks(people)
    assert [t.name for t in tracks] == ['1', 'unnamed 1']


@pytest.mark.parametrize(
    'people, reason',
    [
        ([], 'there is nobody in it'),
        ([person(0, 0, score=0)], 'there is nobody in it'),
        ([person(0, 0), person(1, 0, joints=5)], r'got \[4, 5\]'),
        ([person(3, x) for x in range(301)], 'frame 3.*up to 300 people'),
    ],
)
def test_wrong_people(people, reason):
    match = rf"'a.json'.*{reason}"
    with reading('a.json'), pytest.raises(ValueError, match=match):
        make_tracks(people)


def test_many_fragments_are_joined_in_linear_time(monkeypatch):
    # Each fragment may be followed by one of the next two.
    rng = np.random.default_rng(0)
    number = 60_000
    i = np.repeat(np.arange(number - 2), 2)
    j = i + np.tile([1, 2], number - 2)
    cost = rng.uniform(0, 5, len(i))
    start = time.process_time()
    many = joining._assign(i, j, cost, number)
    assert time.process_time() - start < 10
    assert len(np.unique(many[many >= 0])) == (many >= 0).sum()
    few = i < 2000
    monkeypatch.setattr(joining, 'MATCHED', 10**9)
    best = joining._assign(i[few], j[few], cost[few], number)
    np.testing.assert_array_equal(many[:1900], best[:1900])


@pytest.mark.parametrize('gap', [0, 4])
def test_ids_in_some_frames_only(gap):
    # As of trackers in the first frames, or while they have lost somebody.
    def name(t, x):
        lost = t < 3 or (x and 20 <= t < 20 + gap)
        return None if lost else f'{x}'

    people = [
        person(t, x + 3 * t, name(t, x)) for t in range(40) for x in (0, 300)
    ]
    tracks = make_tracks(people, fps=25)
    assert [t.name for t in tracks] == ['0', '300']
    for x, track in zip((0, 300), tracks, strict=True):
        np.testing.assert_array_equal(track.frames, np.arange(40))
        xy = np.stack([person(t, x + 3 * t).joints[:, :2] for t in range(40)])
        np.testing.assert_allclose(track.xy, xy)


def test_two_ids_are_not_joined_by_frames_without():
    names = ['a'] * 10 + [None] * 3 + ['b'] * 10
    people = [person(t, 3 * t, name) for t, name in enumerate(names)]
    a, b, other = make_tracks(people, fps=25)
    assert (a.name, b.name) == ('a', 'b')
    np.testing.assert_array_equal(other.frames, [10, 11, 12])
