import ast
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from pyg_hcsf.safe_io.shown import cause, explained, shortened, shown


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


HOME = Path(__file__).parents[2]
READERS = (
    'data',
    'datasets',
    'keypoints',
    'lifting',
    'poses',
    'recognition',
    'safe_io',
    'streaming',
    'viewer',
)
CODE = sorted(
    path
    for folder in (*(f'pyg_hcsf/{name}' for name in READERS), 'experiments')
    for path in (HOME / folder).rglob('*.py')
    if path.parent.name != 'synthetic'  # which imports nothing of ours
)


@pytest.mark.parametrize('path', CODE, ids=lambda path: path.name)
def test_errors_quote_values_by_shown(path):
    """No ``!r``, and no exception but by ``cause``, in any text."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    for handler in ast.walk(tree):
        if isinstance(handler, ast.ExceptHandler) and handler.name:
            for node in ast.walk(handler):
                if isinstance(node, ast.FormattedValue) and (
                    node.format_spec is None  # with one, it has a length
                ):
                    exits = 'sys.exit' in ast.unparse(handler)
                    value = ast.unparse(node.value)
                    assert value != handler.name or exits, node.lineno
    for node in ast.walk(tree):
        if isinstance(node, ast.FormattedValue):
            assert node.conversion != ord('r'), (path, node.lineno)


def test_explained_errors_name_file_cause_and_remedy():
    with (
        pytest.raises(ValueError, match=r"^'a\.npz' is bad \(no x\): get it "),
        explained("'a.npz' is bad"),
    ):
        raise TypeError('no x')
    with pytest.raises(OSError), explained("'a.npz' is bad"):
        raise OSError


def test_causes_are_bounded():
    assert cause(ValueError('why')) == 'why'
    assert cause(KeyError()) == 'KeyError'
    long = cause(ValueError('what' + 'x' * 10**6 + 'remedy'))
    assert len(long) <= 600
    assert long.startswith('what') and long.endswith('remedy')
    assert shortened('x' * 1000) == 'x' * 1000
    assert len(shortened('x' * 1001)) <= 1000


def test_causes_of_the_system_do_not_repeat_the_path():
    with pytest.raises(OSError) as e:
        Path('/no/such/file').read_bytes()
    assert cause(e.value) == 'No such file or directory'
    assert cause(OSError('of a library')) == 'of a library'
