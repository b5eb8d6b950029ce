import numpy as np
import pytest

from pyg_hcsf.lifting.smoothing import LiveSmoother
from pyg_hcsf.lifting.smoothing.live import (
    DEPTH,
    DIRECTION,
    KEYPOINT,
    LAG,
    POSE,
    CausalFilter,
)
from pyg_hcsf.lifting.smoothing.live_bones import LiveBones
from pyg_hcsf.skeleton import H36M17
from pyg_hcsf.streaming.live import LAST_FRAME

TUNINGS = [KEYPOINT, POSE, DIRECTION, DEPTH]
FPS = [12.5, 25.0, 60.0, 120.0]


def run(tuning, motion, fps=25.0, start=0):
    filter = CausalFilter(tuning, *motion.shape[1:], fps)
    return np.stack([filter(x, i) for i, x in enumerate(motion, start)])


def bones_of(pose):
    parents = np.maximum(H36M17.parents, 0)
    return np.linalg.norm(pose - pose[parents], axis=-1)


@pytest.fixture
def pose():
    """A person who stands, with bones of 0.2 m and different directions."""
    rng = np.random.default_rng(0)
    step = rng.normal(size=(17, 3))
    step *= 200 / np.linalg.norm(step, axis=-1, keepdims=True)
    out = np.zeros((17, 3))
    for joint, parent in enumerate(H36M17.parents):
        if parent >= 0:
            out[joint] = out[parent] + step[joint]
    return out


@pytest.mark.parametrize('fps', FPS)
@pytest.mark.parametrize(
    'tuning, size, acceleration',
    [
        (KEYPOINT, 0.85, 0.65),
        (POSE, 0.55, 0.3),
        (DIRECTION, 0.45, 0.2),
        (DEPTH, 0.45, 0.2),
    ],
)
def test_noise_at_rest_is_removed(tuning, size, acceleration, fps):
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(round(8 * fps), 17, 2))
    smooth = run(tuning, noise, fps)[len(noise) // 2 :]
    share = 25.0 / max(fps, 25.0)  # higher rates can remove more
    assert smooth.std() < size * share**0.3
    before, after = (np.diff(x, 2, axis=0).std() for x in (noise, smooth))
    assert after < acceleration * share * before


@pytest.mark.parametrize('fps', FPS)
@pytest.mark.parametrize('tuning', [KEYPOINT, POSE])
def test_clean_motion_is_hardly_late(tuning, fps):
    """A hand that swings at 1 Hz, with an error of 0.5 % of its range."""
    rng = np.random.default_rng(1)
    time = np.arange(round(6 * fps)) / fps
    clean = 100 * np.sin(2 * np.pi * time)[:, None, None]
    smooth = run(tuning, clean + rng.normal(size=(len(time), 1, 2)), fps)
    lags = np.linspace(0, 0.2, 201)
    late = [100 * np.sin(2 * np.pi * (time - x))[:, None, None] for x in lags]
    half = len(time) // 2
    off = [np.abs((smooth - x)[half:]).mean() for x in late]
    assert lags[np.argmin(off)] <= LAG


@pytest.mark.parametrize('tuning', TUNINGS)
def test_later_values_do_not_change_earlier_ones(tuning):
    motion = np.random.default_rng(2).normal(size=(40, 5, 3)).cumsum(axis=0)
    changed = motion.copy()
    changed[25:] += 50
    before, after = run(tuning, motion), run(tuning, changed)
    np.testing.assert_array_equal(before[:25], after[:25])
    assert (before[25:] != after[25:]).any()


@pytest.mark.parametrize('tuning', TUNINGS)
def test_units_and_origin_do_not_matter(tuning):
    motion = np.random.default_rng(3).normal(size=(60, 5, 2)).cumsum(axis=0)
    smooth = run(tuning, 100 * motion)
    other = run(tuning, 3000 * motion - 7, start=LAST_FRAME - 60)
    np.testing.assert_allclose(other, 30 * smooth - 7, rtol=1e-4, atol=1.0)


def test_first_value_is_kept_and_missing_ones_stay_missing():
    motion = np.random.default_rng(4).normal(size=(60, 3, 2))
    motion[10:18, 0] = np.nan  # 0.36 s until it is seen again
    motion[10:20, 1] = np.nan  # 0.44 s
    smooth = run(POSE, motion)
    np.testing.assert_array_equal(smooth[0], motion[0])
    np.testing.assert_array_equal(np.isnan(smooth), np.isnan(motion))
    assert np.abs(smooth[18, 0] - motion[18, 0]).max() > 0.1
    np.testing.assert_array_equal(smooth[20, 1], motion[20, 1])
    alone = run(POSE, motion[:, 2:])
    assert np.abs(alone).std() < motion[:, 2].std()


@pytest.mark.parametrize('frame', [19, 3, 0])
def test_frames_that_are_not_later_start_anew(frame):
    motion = np.random.default_rng(8).normal(size=(21, 3, 2))
    filter = CausalFilter(POSE, 3, 2, 25.0)
    for number, x in enumerate(motion[:20]):
        filter(x, number)
    np.testing.assert_array_equal(filter(motion[20], frame), motion[20])
    assert np.isfinite(filter(motion[0], frame + 1)).all()


def test_an_outlier_is_soon_forgotten():
    rng = np.random.default_rng(5)
    motion = rng.normal(size=(100, 17, 2))
    clean = run(KEYPOINT, motion)
    motion[60, 4] += 50
    off = np.linalg.norm(run(KEYPOINT, motion) - clean, axis=-1)[:, 4]
    assert off[60] > 1
    assert off[65:].max() < 3


def test_frames_that_are_repeated_have_no_noise():
    """The floor of the noise: no division by zero, no delay."""
    motion = np.zeros((50, 17, 2))
    motion[25:] = 100.0
    smooth = run(KEYPOINT, motion)
    assert not smooth[:25].any()
    np.testing.assert_allclose(smooth[27:], 100.0, atol=1.0)


def test_bones_become_constant_and_symmetric(pose):
    rng = np.random.default_rng(6)
    bones = LiveBones(H36M17)
    out = [
        bones(x - x[:1]) for x in pose + rng.normal(size=(300, 17, 3)) * 10.0
    ]
    length = np.stack([bones_of(x) for x in out])
    np.testing.assert_allclose(length, length[:, list(H36M17.mirrored)])
    assert length[200:].std(axis=0).max() < 1
    assert np.abs(np.diff(length, axis=0))[10:].max() < 3
    # Noise across a bone makes it longer, by about 10 * 10 / 200 mm.
    np.testing.assert_allclose(length[-1, 1:], 200, atol=3)
    off = np.linalg.norm(out - pose, axis=-1)[200:, 1:]
    assert off.mean() < 25  # without bones: 22, as the root is moved to zero


def test_right_bones_stay(pose):
    bones = LiveBones(H36M17)
    for _ in range(3):
        np.testing.assert_allclose(bones(pose), pose, atol=1e-6)
    assert not LiveBones(H36M17)(np.zeros((17, 3))).any()


def test_smoother_forgets(pose):
    smoother = LiveSmoother(17, 25.0)
    root = np.array([100.0, 200.0, 4000.0])
    noise = np.random.default_rng(7).normal(size=(10, 17, 3)) * 20
    for frame, shaken in enumerate(pose + noise):
        smoother.smooth_keypoints(frame, shaken[:, :2], np.ones(17))
        smoother.smooth_pose(frame, shaken, root)
    late, _ = smoother.smooth_pose(10, -pose, 2 * root)
    assert np.abs(late + pose).max() > 50
    smoother.clear()
    new, place = smoother.smooth_pose(11, -pose, 2 * root)
    np.testing.assert_allclose(new, -pose, atol=1e-6)
    np.testing.assert_allclose(place, 2 * root)
    score = np.ones(17)
    score[3] = 0
    xy = smoother.smooth_keypoints(11, pose[:, :2], score)
    assert np.isnan(xy[3]).all()
    np.testing.assert_array_equal(xy[4], pose[4, :2])
