import numpy as np
import pytest

from experiments.fitting.live_smoother import Errors, fit
from pyg_hcsf.lifting.smoothing.live import DEPTH, POSE


def test_fit_finds_the_parameters(capsys):
    best = np.array([[1.0, 0.01, 2.0], [0.5, 0.002, 0.4]])

    def cost(*tunings):
        logs = np.log([tuning[:3] for tuning in tunings])
        return float(np.square(logs - np.log(best)).sum())

    found = fit(cost, [POSE, DEPTH], 800)
    np.testing.assert_allclose([x[:3] for x in found], best, rtol=0.02)
    assert [x[3:] for x in found] == [POSE[3:], DEPTH[3:]]


def test_cost():
    raw, weights = Errors(50.0, 8.0), (0.1, 3.0)
    assert Errors(50.0, 0.5).cost(raw, weights) == 1
    assert Errors(55.0, 1.0).cost(raw, weights) == pytest.approx(1.4)
    assert Errors(45.0, np.e).cost(raw, weights) == pytest.approx(1.0)
    truth = np.random.default_rng(0).normal(size=(9, 4, 3))
    errors = Errors.of(3 * truth, truth)
    assert errors.acceleration == pytest.approx(3)
    size = np.linalg.norm(2 * truth, axis=-1).mean()
    assert errors.position == pytest.approx(size)
