import numpy as np
import pytest

from pyg_hcsf.lifting.smoothing.bands import (
    CUTOFFS,
    MISSING,
    NUM_FEATURES,
    describe_bands,
    difference_penalty,
    penalty_of,
    smooth_whittaker,
    split_bands,
)


def dense(banded):
    """The symmetric matrix of an upper banded form."""
    order, size = len(banded) - 1, banded.shape[1]
    out = np.zeros((size, size))
    for k in range(order + 1):
        values = banded[order - k, k:]
        out[np.arange(size - k), np.arange(k, size)] = values
        out[np.arange(k, size), np.arange(size - k)] = values
    return out


@pytest.mark.parametrize('order', [1, 2, 3])
def test_difference_penalty(order):
    rng = np.random.default_rng(0)
    weight = rng.uniform(0, 2, 9 - order)
    d = np.diff(np.eye(9), order, axis=0)
    expected = d.T @ np.diag(weight) @ d
    found = dense(difference_penalty(weight, order))
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize('fps', [5.0, 25.0, 60.0, 1000.0])
@pytest.mark.parametrize('frames', [1, 2, 3, 40])
def test_bands_add_up(fps, frames):
    rng = np.random.default_rng(0)
    motion = rng.standard_normal((frames, 2, 3))
    split = split_bands(motion, np.ones((frames, 2)), fps)
    total = split.slow + split.bands.sum(axis=0)
    np.testing.assert_allclose(total, motion, atol=1e-9)
    features = describe_bands(split)
    assert features.shape == (frames, 2, NUM_FEATURES)
    assert np.isfinite(features).all()


@pytest.mark.parametrize('hz', [0.2, 3.3, 6.7])
def test_a_wave_is_in_the_bands_around_its_frequency(hz):
    t = np.arange(500) / 25
    wave = np.sin(2 * np.pi * hz * t)[:, None, None]
    split = split_bands(wave, np.ones((500, 1)), 25.0)
    power = np.square(split.bands[:, 100:-100]).mean(axis=(1, 2, 3))
    power = np.append(power, np.square(split.slow[100:-100]).mean())
    edges = np.array(CUTOFFS)
    expected = int((edges > hz).sum())  # the band whose lower edge is below
    assert abs(int(power.argmax()) - expected) <= 1
    assert power.max() > 0.3 * power.sum()


def test_parabolas_are_slow_and_fill_gaps():
    t = np.arange(60.0)
    motion = np.stack([t**2, 5 - t], axis=-1)[:, None]
    weight = np.ones((60, 1))
    weight[20:30] = MISSING
    broken = np.where(weight[..., None] > MISSING, motion, 1e4)
    split = split_bands(broken, weight, 30.0)
    # The weight of missing frames is small, but not zero.
    np.testing.assert_allclose(split.slow, motion, atol=1)
    assert np.abs(split.bands[:, 20:30]).max() < 1


def test_features_do_not_depend_on_the_unit():
    rng = np.random.default_rng(0)
    motion = rng.standard_normal((80, 4, 2)).cumsum(axis=0)
    weight = np.ones((80, 4))
    mm, metres = (
        describe_bands(split_bands(s * motion, weight, 25.0))
        for s in (1000.0, 1.0)
    )
    np.testing.assert_allclose(mm, metres, atol=1e-4)


def test_joints_of_other_weights_are_smoothed_alike():
    rng = np.random.default_rng(0)
    motion = rng.standard_normal((50, 2, 3))
    weight = np.ones((50, 2))
    together = split_bands(motion, weight, 25.0)
    weight[10, 1] = 0.5
    apart = split_bands(motion, weight, 25.0)
    np.testing.assert_allclose(
        apart.bands[:, :, 0], together.bands[:, :, 0], atol=1e-9
    )
    assert np.abs(apart.bands[:, :, 1] - together.bands[:, :, 1]).max() > 1e-3


def test_cut_offs_above_half_of_the_frame_rate():
    assert penalty_of(2.0, 4.0, 3) == pytest.approx(2.0**-6)
    assert penalty_of(4.0, 4.0, 3) == pytest.approx(2.0**-6)  # not infinite
    assert penalty_of(4.0, 5.0, 3) == pytest.approx(2.0**-6)  # no alias


@pytest.mark.parametrize('fps', [25.0, 120.0, 240.0, 1000.0])
def test_long_gaps_at_any_frame_rate(fps):
    rng = np.random.default_rng(0)
    motion = 500 + rng.standard_normal((3000, 2, 2)).cumsum(axis=0)
    weight = np.ones((3000, 2))
    weight[1000:2000, 0] = MISSING
    whole = smooth_whittaker(motion, np.ones((3000, 2)), 240 / fps, fps)
    weight[:, 1] = MISSING  # a joint that is never seen
    split = split_bands(motion, weight, fps)
    assert np.isfinite(split.bands).all() and np.isfinite(split.slow).all()
    smooth = smooth_whittaker(motion, weight, 240 / fps, fps)
    np.testing.assert_allclose(smooth[:600, 0], whole[:600, 0], atol=0.5)


def test_features_of_a_motion_that_is_mostly_missing():
    rng = np.random.default_rng(0)
    motion = rng.standard_normal((400, 4, 2))
    weight = np.ones((400, 4))
    full = describe_bands(split_bands(motion, weight, 25.0))
    weight[rng.random(400) < 0.6] = MISSING
    sparse = describe_bands(split_bands(motion, weight, 25.0))
    # Not those of a motion without noise, which are 5 and more.
    assert np.abs(sparse - full)[..., :-1].mean() < 1


def test_features_of_a_motion_that_jumps_once():
    motion = np.zeros((300, 1, 2))
    motion[250] = 1e6
    features = describe_bands(split_bands(motion, np.ones((300, 1)), 25.0))
    assert np.isfinite(features).all()


def wave(hz, fps, seconds=20):
    t = np.arange(seconds * fps) / fps
    return 10 * np.sin(2 * np.pi * hz * t)[:, None, None]


@pytest.mark.parametrize('fps', [25.0, 200.0])
def test_features_are_means_over_periods(fps):
    """So those of a wave of constant size are constant."""
    rng = np.random.default_rng(0)
    motion = wave(1.2, fps) + 0.01 * rng.standard_normal((int(20 * fps), 1, 1))
    split = split_bands(motion, np.ones(motion.shape[:2]), fps)
    band = CUTOFFS.index(1.0)
    near = describe_bands(split)[int(5 * fps) : -int(5 * fps), 0, 4 * band]
    assert near.std() < 0.03 and near.mean() > 1


def test_features_of_joints_and_of_the_frame_rate():
    rng = np.random.default_rng(0)
    motion = np.concatenate([wave(1.2, 50.0), wave(1.2, 50.0) / 100], axis=1)
    motion += 0.01 * rng.standard_normal(motion.shape)
    features = describe_bands(split_bands(motion, np.ones((1000, 2)), 50.0))
    usual = features[..., 4 * CUTOFFS.index(1.0) + 3]
    assert (usual == usual[:1]).all()
    np.testing.assert_allclose(
        usual[0, 0] - usual[0, 1], np.log(1e4) / 5, atol=0.1
    )
    np.testing.assert_allclose(features[..., -1], np.log(2) / 5, atol=1e-6)
