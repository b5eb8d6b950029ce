import time
from pathlib import Path

import numpy as np
import pytest
import torch

from pyg_hcsf.io.shown import shown


@pytest.mark.parametrize(
    'value',
    ['text', 3, 2.5, None, True, b'bytes', [1, 'a'], (1, 2), {'a': 1}, {3}],
)
def test_short_values_read_as_repr(value):
    assert shown(value) == repr(value)


def test_lists_that_share_lists_are_cut():
    value: list = ['x' * 1000]
    for _ in range(40):  # as text, 10 ** 40 times as long
        value = [value] * 10
    start = time.process_time()
    assert len(shown(value)) <= 120
    assert time.process_time() - start < 1


def test_a_list_that_contains_itself_is_cut():
    value: list = []
    value.append(value)
    assert len(shown(value)) <= 120


def test_objects_in_arrays_are_not_read():
    value: list = ['x']
    for _ in range(40):
        value = [value] * 10
    array = np.empty(2, object)
    array[:] = [value, value]
    assert shown(array) == '<ndarray [2] of object>'
    assert shown(torch.zeros(2, 3)) == '<Tensor [2, 3] of torch.float32>'
    assert shown(np.float32(2.5)) == '2.5'


def test_long_numbers_texts_and_bytes_are_cut():
    assert shown(10**10000) == '<int of 33220 bits>'
    assert len(shown('x' * 10**6)) <= 120
    assert len(shown(b'\0' * 10**6)) <= 120
    assert len(shown({'k' * 500: 'v' * 500}, 40)) == 40
    assert shown(Path('a/b')) == "'a/b'"
    assert shown(object()) == '<object>'
