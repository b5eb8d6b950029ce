import pytest

from pyg_hcsf.keypoints.messages import (
    listed,
    reading,
    unexpected,
    warn_unread,
)


def test_errors_name_file_place_value_and_remedy():
    with reading('a.json'):
        error = unexpected('an id', [1], 'entry 3', 'read it again')
    text = "'a.json', entry 3: expected an id (got [1]): read it again"
    assert str(error) == text


def test_lists_are_cut():
    assert listed(['a', 'b'], most=2) == "'a', 'b'"
    assert listed(range(9), most=2) == '0, 1 and 7 more'
    keys = [f'key{i}' for i in range(9)]
    with pytest.warns(UserWarning, match="not read: 'key0'.*and 1 more"):
        warn_unread('keys', keys)
