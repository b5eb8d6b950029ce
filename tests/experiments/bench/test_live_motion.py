from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from experiments.bench.live_motion import kalman, one_euro
from experiments.lifting.motion_scores import find_lag

FILTERS = [
    partial(one_euro, cutoff=1.0, beta=0.002, speed_cutoff=1.0),
    partial(kalman, order=2, change=500.0, memory=1.0),
    partial(kalman, order=3, change=3000.0, memory=1.0),
]


@pytest.mark.parametrize('fps', [25.0, 60.0])
@pytest.mark.parametrize('filter', FILTERS)
def test_filters(filter, fps):
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(200, 3, 2)) * 20
    noise[50:60, 1] = np.nan
    smooth = filter(noise + 500, fps) - 500
    np.testing.assert_array_equal(np.isnan(smooth), np.isnan(noise))
    assert np.nanstd(smooth[100:]) < 0.7 * 20
    changed = noise.copy()
    changed[150:] = 900
    later = filter(changed + 500, fps) - 500
    np.testing.assert_array_equal(later[:150], smooth[:150])
    assert np.abs(later[-1] - 900).max() < 400  # some overshoot


def test_kalman_of_constant_velocity_follows_it():
    line = np.arange(300.0)[:, None, None] * [[10.0, -5.0]]
    np.testing.assert_allclose(FILTERS[1](line, 25.0)[-1], line[-1], atol=1)
    assert np.abs(FILTERS[0](line, 25.0)[-1] - line[-1]).max() > 5


@pytest.mark.parametrize('frames', [0, 1, 3])
def test_lag(frames):
    time = np.arange(100) / 25
    truth = 100 * np.sin(time[:, None, None] * [[3.0], [4.0]] + [0, 1, 2])
    late = np.roll(truth, frames, axis=0) + 40.0  # a constant error
    scene = SimpleNamespace(fps=25.0, pose=truth)
    person = SimpleNamespace(frames=np.arange(100), pose=late)
    assert find_lag(person, scene) == pytest.approx(frames / 25, abs=0.003)
