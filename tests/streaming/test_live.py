import math

import numpy as np
import pytest

from pyg_hcsf.streaming import JsonLines, LatencyHistogram, LiveModel
from pyg_hcsf.streaming.live import order_event, parse_frame


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


@pytest.mark.parametrize('frame', [0, 7, 7.0, np.int64(7), 2**53])
def test_frame_numbers(frame):
    assert parse_frame(frame) == frame


@pytest.mark.parametrize(
    'frame', [None, '7', True, 7.5, -1, math.nan, math.inf, 2**53 + 1, [7]]
)
def test_other_values_are_no_frame_numbers(frame):
    assert parse_frame(frame) is None


@pytest.mark.parametrize(
    'number, event',
    [
        (1001, None),
        (1000, 'duplicate'),
        (999, 'late'),
        (750, 'late'),
        (749, 'restart'),  # more than 10 s before
    ],
)
def test_order_of_frames(number, event):
    assert order_event(number, last=1000, fps=25.0) == event


def test_events_are_counted():
    class Model(LiveModel):
        events = ('late', 'garbage')

        def parse_line(self, data):
            return (data['frame'],)

        def answer_line(self, frame):
            self.count('late')
            return [{'frame': frame}]

    lines = JsonLines(Model())
    assert lines.feed(b'{"frame": 1}\nx\n{"frame": 2}\n') == (
        b'{"frame": 1}\n{"frame": 2}\n'
    )
    stats = lines.live.stats()
    assert (stats['late'], stats['garbage']) == (2, 1)
    assert math.isnan(stats['p50_ms']) and stats['longest_ms'] == 0
    assert b'"p50_ms": null' in lines.end()
