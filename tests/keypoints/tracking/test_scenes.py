import numpy as np
import pytest

from pyg_hcsf.keypoints.tracking import make_tracks
from tests.keypoints.tracking.walkers import STANDING, Scene

SEEDS = range(3)
pytestmark = pytest.mark.parametrize('seed', SEEDS)


def line(start, speed, frames):
    return start + speed * np.arange(frames)


def test_two_cross_and_the_one_behind_is_hidden(seed):
    scene = Scene(seed)
    scene.walk(0, line(300, 6, 100))
    away = range(43, 57)
    scene.walk(1, line(900, -6, 100), y=585, away=away, turned=-1)
    tracks = make_tracks(scene.shuffled(), scene.fps)
    assert sorted(len(t.frames) for t in tracks) == [86, 100]
    assert scene.right(tracks) == 1


def test_two_meet_and_turn_around(seed):
    # They stand for a second, 50 pixels apart, at a height of 300.
    scene = Scene(seed)
    path = np.concatenate(
        [line(325, 5, 50), np.full(25, 575.0), line(575, -5, 50)]
    )
    scene.walk(0, path)
    scene.walk(1, 1200 - path, turned=-1)
    tracks = make_tracks(scene.shuffled(), scene.fps)
    assert [len(t.frames) for t in tracks] == [125, 125]
    assert scene.right(tracks) == 1


@pytest.mark.parametrize('fps', [25, 30, 60])
@pytest.mark.parametrize('seconds, number', [(0.8, 1), (1.2, 2)])
def test_who_is_hidden_while_walking(seed, fps, seconds, number):
    scene = Scene(seed, fps)
    start = 2 * fps
    away = range(start, start + round(seconds * fps))
    scene.walk(0, line(100, 150 / fps, 5 * fps), away=away)
    tracks = make_tracks(scene.shuffled(), fps)
    assert len(tracks) == number


def test_twelve_people_cross(seed):
    # Six from each side, behind each other, the back ones often hidden.
    scene = Scene(seed)
    rng = np.random.default_rng(seed)
    for person in range(12):
        way = 1 if person % 2 else -1
        x = 640 + way * line(-500 - 30 * person, rng.uniform(5, 8), 200)
        start = int(rng.integers(60, 120))
        away = range(start, start + int(rng.integers(3, 20)))
        away = {*away, *np.flatnonzero(rng.random(200) < 0.03).tolist()}
        height = rng.uniform(220, 330)
        scene.walk(person, x, 560 + 12 * person, height, away, way)
    tracks = make_tracks(scene.shuffled(), scene.fps)
    assert len(tracks) == 12
    assert scene.right(tracks) >= 0.99


def test_twelve_people_on_every_second_frame(seed):
    scene = Scene(seed)
    for person in range(12):
        way = 1 if person % 2 else -1
        x = 640 + way * line(-500 - 30 * person, 5 + person / 4, 200)
        scene.walk(person, x, 560 + 12 * person, 200 + 10 * person, (), way)
    found = [d for d in scene.shuffled() if d.frame % 2 == 0]
    scene.found = found
    tracks = make_tracks(found, scene.fps)
    assert len(tracks) == 12
    assert scene.right(tracks) >= 0.99


def test_ghosts_and_doubles_are_left_out(seed):
    scene = Scene(seed)
    scene.walk(0, line(300, 3, 200))
    scene.walk(1, line(1000, -2, 200), y=700)
    real = len(scene.found)
    rng = np.random.default_rng(seed)
    for frame in rng.choice(200, 6, replace=False):  # half skeletons
        shape = rng.normal(size=(17, 2)) * 90 + rng.uniform(100, 900, 2)
        score = 0.3 * (np.arange(17) < 11)
        scene.add('ghost', int(frame), shape, score)
    for frame in range(60, 66):  # somebody's reflection
        scene.add('ghost', frame, STANDING * 150 + [200, 300], 0.3)
    for frame in (20, 21, 150):
        at = STANDING * 300 + [300 + 3 * frame + 5, 600]
        scene.add('double', frame, at, 0.5 * (np.arange(17) < 11))
    with pytest.warns(UserWarning, match='left out') as said:
        tracks = make_tracks(scene.shuffled(), scene.fps)
    texts = [str(w.message) for w in said]
    assert any('twice: in frames 20, 21, 150' in t for t in texts)
    assert any('12 of 415 detections that are probably' in t for t in texts)
    assert [len(t.frames) for t in tracks] == [200, 200]
    assert scene.right(tracks) * len(scene.found) == real


def test_a_brief_visitor_stays(seed):
    scene = Scene(seed)
    scene.walk(0, line(300, 0.5, 1000))
    for frame in range(500, 505):
        scene.add('visitor', frame, STANDING * 250 + [1200 - frame, 650])
    tracks = make_tracks(scene.shuffled(), scene.fps)
    assert sorted(len(t.frames) for t in tracks) == [5, 1000]


@pytest.mark.parametrize('frames', [1, 2])
def test_few_frames_keep_everybody(seed, frames):
    scene = Scene(seed)
    scene.walk(0, line(300, 3, frames))
    scene.walk(1, line(304, 3, frames))  # at the same place
    scene.walk(2, line(900, 3, frames), height=60)
    found = scene.shuffled()
    assert len(make_tracks(found, scene.fps)) == 3
