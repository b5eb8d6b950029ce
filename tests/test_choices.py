import pytest

from pyg_hcsf.choices import check_choice


def test_known_value():
    check_choice('fuse', 'cat', ('cat', 'add'))


@pytest.mark.parametrize('value', ['max', None, ['cat'], 'x' * 1000])
def test_unknown_value(value):
    with pytest.raises(ValueError, match="'fuse' to be one of .*'add'") as e:
        check_choice('fuse', value, ('cat', 'add'))
    assert len(str(e.value)) < 200
