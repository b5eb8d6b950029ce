import pytest
import torch

from experiments.lifting.evaluate import Lifted
from experiments.lifting.expected import calibrate, score_expected

SIZE = 2000.0


def lifted(expected, generator):
    """Predictions whose coordinates have normal errors of a mean distance."""
    error = torch.randn(*expected.shape, 3, generator=generator)
    error *= expected[..., None] / (8 / torch.pi) ** 0.5
    error[:, 0] = 0.0  # relative to the root
    size = torch.full((len(expected),), SIZE)
    spread = (expected / SIZE - 0.01) / 0.5
    return Lifted(error, torch.zeros_like(error), spread, size)


def test_expected_errors_that_are_right():
    generator = torch.Generator().manual_seed(0)
    expected = 30.0 + 90.0 * torch.rand(4000, 17, generator=generator)
    out = lifted(expected, generator)
    floor, slope = calibrate(out)
    assert floor == pytest.approx(0.01, abs=1e-3)
    assert slope == pytest.approx(0.5, rel=0.03)
    people = ['A'] * 3000 + ['B'] * 1000
    scores = score_expected(out, (0.01, 0.5), people)
    assert scores['ratio'] == pytest.approx(1.0, abs=0.01)
    assert scores['below_median'] == pytest.approx(50.0, abs=1.0)
    assert scores['below_90'] == pytest.approx(90.0, abs=1.0)
    assert 0.4 < scores['correlation'] < 0.8 and scores['gain'] > 0.02
    half = score_expected(out, (0.005, 0.25), people)
    assert half['ratio'] == pytest.approx(scores['ratio'] / 2)
    assert half['correlation'] == pytest.approx(scores['correlation'])
    assert half['below_90'] < 60 and half['gain'] < 0


def test_people_count_alike():
    """Three quarters of the windows are of somebody without errors."""
    generator = torch.Generator().manual_seed(0)
    expected = torch.full((400, 17), 50.0)
    out = lifted(expected, generator)
    out.pose[:300] = 0.0
    people = ['A'] * 300 + ['B'] * 100
    scores = score_expected(out, (0.0, 50.0 / SIZE / out.spread[0, 0]), people)
    assert scores['ratio'] == pytest.approx(2.0, rel=0.03)
    assert scores['correlation'] == 0.0
