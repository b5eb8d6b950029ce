import math

import pytest
import torch

from pyg_hcsf.choices import (
    check_choice,
    check_finite,
    check_range,
    did_you_mean,
    wrong,
)


def test_known_value():
    check_choice('fuse', 'cat', ('cat', 'add'))
    check_choice('fuse', 'cat', {'cat': torch.cat, 'add': torch.add})


@pytest.mark.parametrize('value', ['max', None, ['cat'], 'x' * 1000])
@pytest.mark.parametrize('kind', [tuple, set, dict.fromkeys])
def test_unknown_value(value, kind):
    with pytest.raises(ValueError, match="'fuse' to be one of .*'add'") as e:
        check_choice('fuse', value, kind(('cat', 'add')), 'ask somebody')
    assert len(str(e.value)) < 220
    assert str(e.value).endswith('; ask somebody')


@pytest.mark.parametrize(
    'value, high, wanted',
    [
        (0, math.inf, r'>= 1 \(got 0\)'),
        (math.nan, math.inf, r'>= 1 \(got nan\)'),
        (4, 3, r'from 1 to 3 \(got 4\)'),
    ],
)
def test_range(value, high, wanted):
    check_range('k', 1, 1, high)
    check_range('k', 3, 1, high)
    with pytest.raises(ValueError, match=f"Expected 'k' to be {wanted}"):
        check_range('k', value, 1, high)


@pytest.mark.parametrize('value', [math.nan, math.inf, -math.inf])
def test_finite(value):
    x = torch.zeros(3, 4)
    check_finite('pose', x)
    x[1, 2] = x[2, 0] = value
    with pytest.raises(ValueError, match=r'x to .*2 of 12 values.* \[1, 2\]'):
        check_finite('x', x)
    with pytest.raises(ValueError, match=r'2 of 3 joints.*\[0, 1\].; fix it'):
        check_finite('x', x[None], 'fix it')


def test_error_of_a_long_value():
    error = wrong('card', 'a text', ['x' * 10**6] * 100)
    assert "Expected 'card' to be a text (got ['xxx" in str(error)
    assert len(str(error)) < 200


def test_the_nearest_value_is_named():
    with pytest.raises(ValueError, match=r"\(got 'hscf'\): did you mean 'hc"):
        check_choice('layer', 'hscf', ('hcsf', 'lcn'))
    assert did_you_mean('LCN', ['hcsf', 'lcn']) == ": did you mean 'lcn'?"
    assert did_you_mean('x', ['hcsf', 'lcn']) == ''
    assert did_you_mean(3, ['hcsf', 3]) == ''
