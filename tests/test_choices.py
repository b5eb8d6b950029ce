import pytest

from pyg_hcsf.choices import check_choice, check_range, wrong


def test_known_value():
    check_choice('fuse', 'cat', ('cat', 'add'))


@pytest.mark.parametrize('value', ['max', None, ['cat'], 'x' * 1000])
def test_unknown_value(value):
    with pytest.raises(ValueError, match="'fuse' to be one of .*'add'") as e:
        check_choice('fuse', value, ('cat', 'add'))
    assert len(str(e.value)) < 200


def test_range():
    check_range('fps', 25.0, 1, 1000)
    for value in (0.5, 1001, float('nan')):
        with pytest.raises(
            ValueError, match="'fps' to be from 1 to 1000 .got"
        ):
            check_range('fps', value, 1, 1000)


def test_error_of_a_long_value():
    error = wrong('card', 'a text', ['x' * 10**6] * 100)
    assert "Expected 'card' to be a text (got ['xxx" in str(error)
    assert len(str(error)) < 200
