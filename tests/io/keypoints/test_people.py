import numpy as np
import pytest

from pyg_hcsf.io.keypoints.people import (
    Person,
    make_tracks,
    to_points,
)


def person(frame, x, name=None, joints=4, score=1.0, y=0.0):
    rng = np.random.default_rng(0)
    xy = rng.uniform(0, 100, (joints, 2)) + [x, y]
    return Person(frame, name, np.hstack([xy, np.full((joints, 1), score)]))


def test_ids():
    people = [person(t, 500 * t, name) for t in range(3) for name in 'ba']
    tracks = make_tracks(people[::-1], 'a.json')
    assert sorted(t.name for t in tracks) == ['a', 'b']
    for track in tracks:
        np.testing.assert_array_equal(track.frames, [0, 1, 2])


def test_one_id_twice_in_a_frame():
    people = [person(0, 0, '1', score=0.4), person(0, 300, '1', score=0.5)]
    (track,) = make_tracks(people, 'a.json')
    assert track.xy.shape == (1, 4, 2)
    assert (track.score == 0.5).all()


def test_without_ids():
    # Two people pass each other; their order in the file changes.
    people = []
    for t in range(20):
        pair = [person(t, 30 * t), person(t, 1100 - 30 * t, y=120)]
        people += pair[:: (-1) ** t]
    tracks = make_tracks(people, 'a.json')
    assert len(tracks) == 2
    for track in tracks:
        assert len(track.frames) == 20
    step = np.abs(np.diff(tracks[0].xy[:, 0, 0]))
    np.testing.assert_allclose(step, 30)


@pytest.mark.parametrize('gap, tracks', [(10, 1), (11, 2)])
def test_who_is_away_for_long_has_left(gap, tracks):
    people = [person(5, 0), person(5 + gap, 0)]
    assert len(make_tracks(people, 'a.json')) == tracks


def test_who_is_far_away_is_another():
    size = np.linalg.norm(np.ptp(person(0, 0).points[:, :2], axis=0))
    for share, tracks in ((0.45, 1), (0.55, 2)):
        people = [person(0, 0), person(1, share * size)]
        assert len(make_tracks(people, 'a.json')) == tracks


def test_with_and_without_ids():
    people = [
        person(t, x, n) for t in (0, 1) for x, n in ((0, '1'), (900, None))
    ]
    tracks = make_tracks(people, 'a.json')
    assert [t.name for t in tracks] == ['1', 'unnamed 1']


@pytest.mark.parametrize(
    'people, reason',
    [
        ([], 'nobody is in it'),
        ([person(0, 0, score=0)], 'nobody is in it'),
        ([person(0, 0), person(1, 0, joints=5)], r'got \[4, 5\]'),
        ([person(3, x) for x in range(301)], 'frame 3.*up to 300 people'),
    ],
)
def test_wrong_people(people, reason):
    with pytest.raises(ValueError, match=rf"'a.json'.*{reason}"):
        make_tracks(people, 'a.json')


def test_points():
    points = to_points([[1, 2], [0, 0], [None, 3]], 'a', 'b')
    np.testing.assert_array_equal(
        points, [[1, 2, 1], [np.nan, np.nan, 0], [np.nan, np.nan, 0]]
    )
    points = to_points([0, 0, 0.5, 0, 0, 1, 3, 4, 0, 5, 6, 7], 'a', 'b')
    np.testing.assert_array_equal(points[:, 2], [0, 1, 0, 1])
    for bad in ('text', {'a': 1}, [[1], [1, 2]], [], [1, 2], [10**400] * 3):
        with pytest.raises(ValueError, match="'a', b"):
            to_points(bad, 'a', 'b')
