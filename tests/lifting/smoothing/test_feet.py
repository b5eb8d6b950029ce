import numpy as np
import pytest

from pyg_hcsf.lifting.smoothing.feet import (
    ANKLES,
    FAR,
    LEGS,
    contact_features,
    drop_far_feet,
    find_standing,
    plant_feet,
)
from pyg_hcsf.lifting.smoothing.networks import load_smoother
from pyg_hcsf.lifting.smoothing.root_path import fit_root
from tests.lifting.smoothing.test_bones import lengths

FPS = 25.0


@pytest.fixture
def place(walk):
    return walk.joints.numpy().astype(float)


def steps(position, fps=FPS):
    return np.linalg.norm(np.diff(position[:, ANKLES], axis=0), axis=-1) * fps


def test_standing_feet_are_held_by_bending_knees(place):
    rng = np.random.default_rng(0)
    drift = rng.normal(0, 4, (len(place), 1, 3)).cumsum(axis=0)
    sliding = place + drift
    standing = np.zeros((len(place) - 1, 2))
    standing[20:35, 0] = 1  # the right foot
    feet = sliding.copy()
    # It stands in the truth, and slides with the drift.
    for joint in LEGS[0]:
        feet[20:36, joint] = feet[20, joint] + drift[20:36, 0] - drift[20, 0]
    out = plant_feet(feet, standing, FPS)
    assert steps(feet)[20:35, 0].mean() > 100
    assert steps(out)[20:35, 0].max() < 10
    np.testing.assert_allclose(
        lengths(out)[:, LEGS[0][1:]], lengths(feet)[:, LEGS[0][1:]], atol=1e-6
    )
    others = [j for j in range(17) if j not in LEGS[0][1:]]
    np.testing.assert_allclose(out[:, others], feet[:, others], atol=1e-6)
    # Long before and after, nothing moves.
    far = [*range(8), *range(50, len(place))]
    np.testing.assert_allclose(out[far], feet[far], atol=5)


def test_feet_that_do_not_stand_are_left_alone(place):
    out = plant_feet(place, np.zeros((len(place) - 1, 2)), FPS)
    np.testing.assert_allclose(out, place, atol=1e-6)


def test_a_leg_is_never_longer_than_it_is(place):
    standing = np.ones((len(place) - 1, 2))  # although the person walks on
    out = plant_feet(place, standing, FPS)
    np.testing.assert_allclose(lengths(out), lengths(place), atol=1e-6)
    assert np.isfinite(out).all()


def test_root_follows_standing_feet_rather_than_a_noisy_depth(place):
    root, pose = place[:, 0], place - place[:, :1]
    ray = root / np.linalg.norm(root, axis=-1, keepdims=True)
    waver = 80 * np.sin(np.arange(len(root)) / 4)
    wrong = root + waver[:, None] * ray
    speed = steps(place)
    standing = (speed < 60).astype(float)
    assert 0.2 < standing.mean() < 0.8
    fitted = fit_root(wrong, pose[:, ANKLES], standing, FPS)

    def slide(path):
        moved = steps(pose + path[:, None])
        return moved[speed < 60].mean()

    assert slide(wrong) > 200
    assert slide(fitted) < 40
    # Across the ray, the first estimate is kept.
    across = fitted - wrong
    across -= (across * ray).sum(axis=-1, keepdims=True) * ray
    assert np.abs(across).max() < 40

    def error(path):  # of the motion, as a constant offset cannot be known
        off = path - root
        return np.linalg.norm(off - off.mean(axis=0), axis=-1).mean()

    assert error(fitted) < 0.6 * error(wrong)


def test_root_without_standing_feet_stays(place):
    root, pose = place[:, 0], place - place[:, :1]
    nothing = np.zeros((len(root) - 1, 2))
    fitted = fit_root(root, pose[:, ANKLES], nothing, FPS)
    np.testing.assert_allclose(fitted, root, atol=1e-6)


def standing_in(walk, place, score):
    xy = walk.keypoints.numpy().astype(float)
    focal = np.array([2112.0, 2112.0])
    features = contact_features(xy, score, 'h36m17', place, focal, FPS)
    return find_standing(features, load_smoother().contact)


def test_feet_that_stand_are_found(walk, place):
    found = standing_in(walk, place, np.full((len(place), 17), 0.9))
    speed = steps(place)
    assert found[speed < 50].mean() > 0.8
    assert found[speed > 500].mean() < 0.1


def test_features_of_a_foot_that_begins_to_move(walk, place):
    xy = np.repeat(walk.keypoints[:1].numpy().astype(float), 60, axis=0)
    still = np.repeat(place[:1], 60, axis=0)
    xy[30:, ANKLES[0], 0] += 10 * np.arange(30)  # the right foot
    found = contact_features(
        xy, np.ones((60, 17)), 'h36m17', still, np.full(2, 2112.0), FPS
    )
    assert found.shape == (60, 2, 25)
    for lag, column in ((-6, 0), (0, 9), (6, 18)):  # 0.24 s at 25 Hz
        moves = found[:, 0, column] > 0
        assert moves.argmax() == 30 - lag
        assert not (found[:, 1, column] > 0).any()
        # The left foot is told what the other does.
        np.testing.assert_array_equal(found[:, 1, column + 2] > 0, moves)
    # The same motion at twice the frame rate is twice as fast.
    fast = contact_features(
        xy, np.ones((60, 17)), 'h36m17', still, np.full(2, 2112.0), 2 * FPS
    )
    speed, double = (300 * np.exp(x[45, 0, 9]) - 30 for x in (found, fast))
    assert double == pytest.approx(2 * speed, rel=1e-3)


def test_feet_that_are_not_seen_do_not_stand(walk, place):
    score = np.full((len(place), 17), 0.9)
    seen = standing_in(walk, place, score)
    score[20:40, ANKLES[0]] = 0
    found = standing_in(walk, place, score)
    assert seen[19:40, 0].any() and not found[19:40, 0].any()
    assert found[:, 1].any()


def test_feet_that_would_be_moved_far_do_not_stand(place):
    standing = np.zeros((len(place) - 1, 2))
    standing[20:40] = 1
    still = np.repeat(place[:1], len(place), axis=0)
    np.testing.assert_array_equal(
        drop_far_feet(still, standing, FPS), standing
    )
    # The image of a camera that turns moves by 0.5 m/s.
    moving = still + [500 / FPS, 0, 0] * np.arange(len(place))[:, None, None]
    kept = drop_far_feet(moving, standing, FPS)
    assert 0 < kept.sum() < standing.sum()
    moved = plant_feet(moving, kept, FPS) - moving
    assert np.linalg.norm(moved, axis=-1).max() < FAR


def test_straight_legs_bend_as_at_other_times(place):
    rng = np.random.default_rng(0)
    pose = np.repeat(place[:1], 60, axis=0)
    hip, knee, ankle = LEGS[0]
    pose[:, hip] = [0, 0, 4000]
    pose[:, knee] = [0, 400, 3900]  # bent towards the camera
    pose[:, ankle] = [0, 800, 4000]
    straight = slice(25, 35)
    length = np.hypot(400, 100)
    pose[straight, knee] = [0, length, 4000]
    pose[straight, knee] += rng.normal(0, 0.5, (10, 3))  # in any direction
    pose[straight, ankle] = [0, 2 * length, 4000]
    standing = np.zeros((59, 2))
    standing[:, 0] = 1
    out = plant_feet(pose, standing, FPS)
    assert np.ptp(out[:, ankle], axis=0).max() < 10
    ahead = 4000 - out[:, knee, 2]
    assert ahead.min() > 30
    assert np.abs(out[:, knee, 0]).max() < 20


def test_root_moves_along_its_ray_rather_than_across():
    root = np.repeat([[3000.0, 0.0, 3000.0]], 50, axis=0)
    standing = np.ones((49, 1))
    moved = []
    for way in ([1, 0, 1], [1, 0, -1]):
        drift = 3.0 * np.arange(50)[:, None] * np.array(way)
        fitted = fit_root(root, drift[:, None], standing, FPS)
        moved.append(np.linalg.norm(fitted - root, axis=-1).max())
    along, across = moved
    assert along > 1.3 * across
