import time

import pytest

from pyg_hcsf import load_skeleton
from pyg_hcsf.safe_io.yaml_file import load_yaml

# Ten lists of ten lists of ... of ten texts.
LEVELS = ['- &a0 [x,x,x,x,x,x,x,x,x,x]'] + [
    f'- &a{i + 1} [{",".join([f"*a{i}"] * 10)}]' for i in range(7)
]


def test_load_yaml(tmp_path):
    path = tmp_path / 'a.yaml'
    path.write_text('a: &near {hops: [1, 2]}\nb: {<<: *near, c: *near}\n')
    near = {'hops': [1, 2]}
    assert load_yaml(path, 'table') == {'a': near, 'b': {**near, 'c': near}}


@pytest.mark.parametrize(
    'text, why',
    [
        ('\n'.join(LEVELS), 'more than 16,384 values'),
        ('&a [*a]', 'contains itself'),
        ('a: &a {<<: *a}', 'contains itself'),
        ('- &a ' + 'x' * 60_000 + '\n' + '- *a\n' * 400, 'more than'),
        ('a: ' + 'x' * 2**16, '65,536 bytes'),
        ('[' * 2**15, 'recursion'),
        ('a: ' + '1' * 10_000, 'integer string'),
        ('a: *' + 'x' * 60_000, 'undefined alias'),
        ('a: !!python/name:os.system', 'could not determine'),
        ('? [a, b]\n: 1', 'unhashable'),
        ('a: {b: 1, c: 2, b: 3}', "the key 'b' twice"),
        ('a: \0', 'special characters'),
    ],
)
def test_refuses_large_and_damaged_files(tmp_path, text, why):
    path = tmp_path / 'a.yaml'
    path.write_text(text)
    start = time.process_time()
    with pytest.raises(
        ValueError, match=rf"(?s)table '.*a\.yaml'.*{why}"
    ) as e:
        load_yaml(path, 'table')
    assert len(str(e.value)) < 1000
    assert time.process_time() - start < 2


def test_skeleton_errors_are_bounded(tmp_path):
    path = tmp_path / 'rig.yaml'
    for text in (
        'name: n\njoints: {h: null}\nsource:\n  '
        + '\n  '.join(LEVELS[:4])
        + '\npairs: *a3\n',
        'name: n\njoints: {h: null}\npairs: [[' + 'x' * 50_000 + ', h]]\n',
        'name: n\njoints: {'
        + ', '.join(f'a{i}: a0' for i in range(2000))
        + '}',
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=r'rig\.yaml') as e:
            load_skeleton(path)
        assert len(str(e.value)) < 1000
