import numpy as np

from pyg_hcsf.datasets.synthetic.plan import (
    FPS,
    blending_weights,
    smooth_noise,
)


def test_noise_has_unit_variance_and_a_band():
    noise = smooth_noise(np.random.default_rng(0), 20_000, (4,), hertz=0.5)
    np.testing.assert_allclose(noise.std(axis=0), 1.0, atol=0.06)
    power = np.abs(np.fft.rfft(noise, axis=0)) ** 2
    hertz = np.fft.rfftfreq(len(noise), 1.0 / FPS)
    assert power[hertz > 2.0].sum() < 0.01 * power.sum()


def test_blending_weights_sum_to_one():
    time = np.arange(500) / FPS
    weights = blending_weights(
        np.random.default_rng(0), time, (0.5, 1.0), (0.2, 0.5)
    )
    assert weights.shape[1] > 8
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    assert weights.min() >= 0.0 and (weights.max(axis=0) > 0.9).sum() > 8
