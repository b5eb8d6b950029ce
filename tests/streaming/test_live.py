import numpy as np

from pyg_hcsf.streaming import LatencyHistogram


def test_latency():
    latency = LatencyHistogram()
    assert np.isnan(latency.quantile(0.5))
    times = np.random.default_rng(0).lognormal(-6, 1, 2000)
    for seconds in times:
        latency.add(seconds)
    for share in (0.01, 0.5, 0.99):
        exact = np.quantile(times, share, method='inverted_cdf')
        assert exact <= latency.quantile(share) <= 1.02 * exact
    assert latency.quantile(1.0) == latency.longest == times.max()
    latency.add(1e3)
    latency.add(0.0)
    assert latency.count == 2002
