import pytest

from pyg_hcsf.choices import check_choice, did_you_mean


def test_known_value():
    check_choice('fuse', 'cat', ('cat', 'add'))


@pytest.mark.parametrize('value', ['max', None, ['cat'], 'x' * 1000])
def test_unknown_value(value):
    with pytest.raises(ValueError, match="'fuse' to be one of .*'add'") as e:
        check_choice('fuse', value, ('cat', 'add'))
    assert len(str(e.value)) < 200


def test_the_nearest_value_is_named():
    with pytest.raises(ValueError, match=r"\(got 'hscf'\): did you mean 'hc"):
        check_choice('layer', 'hscf', ('hcsf', 'lcn'))
    assert did_you_mean('LCN', ['hcsf', 'lcn']) == ": did you mean 'lcn'?"
    assert did_you_mean('x', ['hcsf', 'lcn']) == ''
    assert did_you_mean(3, ['hcsf', 3]) == ''
