from pathlib import Path

import pytest

from pyg_hcsf import (
    as_skeleton,
    available_skeletons,
    get_skeleton,
    load_skeleton,
    save_skeleton,
)

MANY = ', '.join(f'joint{i}: hip' for i in range(1000))


@pytest.mark.parametrize(
    'text,message',
    [
        ('- name\n- joints', "the keys 'name' and 'joints' in .*bad.yaml"),
        ('', "the keys 'name' and 'joints' in .*bad.yaml"),
        ('joints: [a, b]', r"'joints' in .*bad.yaml.*got \['a', 'b'\]"),
        ('joints: {a: [a]}', r"joints \['a'\] in .*bad.yaml .got \['a'\]"),
        ('name: [s]', r"'name' in .*bad.yaml .*got \['s'\]"),
        ('graph: [x]', r"'graph' in .*bad.yaml .*got \['x'\]"),
        ('graph: x', "'graph' .*got 'x'.*bad.yaml"),
        ('graphs: [1]', r"'graphs' in .*bad.yaml .*got \[1\]"),
        ('graphs: {x: 1}', "'graphs: x' in .*bad.yaml .*got 1"),
        ('graphs: {x: {new: []}}', "'graphs: x' in .*bad.yaml .*'new'"),
        ('graphs: {x: {add: [[a]]}}', r"'add' in .*bad.yaml .*\[\['a'\]\]"),
        ('graphs: {x: {remove: 1}}', "'remove' in .*bad.yaml .*got 1"),
        ('graphs: {x: {add: [[a, a]]}}', "graph 'x' .*bad.yaml"),
        (
            'graphs: {tree: {add: []}}',
            "'graphs' in .*bad.yaml .*beside 'tree'",
        ),
        ('graphs: {x: {remove: [[b, b]]}}', "'remove' in .*bad.yaml .*bones"),
        ('pairs: [[a]]', r"'pairs' in .*bad.yaml .*got \[\['a'\]\]"),
        ('pairs: [ab]', r"'pairs' in .*bad.yaml .*got \['ab'\]"),
        ('pairs: 1', "'pairs' in .*bad.yaml .*got 1"),
        ('1: 2\nbones: 3', r"keys .*bad.yaml .*got \['1', 'bones'\]"),
    ],
)
def test_malformed_skeleton_file(tmp_path, text, message):
    path = tmp_path / 'bad.yaml'
    if text and not text.startswith('-'):
        good = {'name': 'name: s', 'joints': 'joints: {a: null, b: a}'}
        good.pop(text.split(':')[0], None)
        text = '\n'.join([*good.values(), text])
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_skeleton(path)


def test_custom_skeleton(tmp_path):
    path = tmp_path / 'rig.yaml'
    path.write_text("""
name: rig
joints: {hip: null, lleg: hip, rleg: hip}
pairs: [[lleg, rleg]]
graph: ring
graphs: {ring: {add: [[lleg, rleg]]}, cut: {remove: [[hip, lleg]]}}
""")
    skeleton = load_skeleton(path)
    assert skeleton.mirrored == (0, 2, 1)
    assert skeleton.edge_index.tolist() == [
        [1, 2, 0, 2, 0, 1],
        [0, 0, 1, 1, 2, 2],
    ]
    assert len(skeleton.graphs['cut']) == 1


@pytest.mark.parametrize(
    'text,message',
    [
        ('joints: {hip: null, leg: hop}', "rig.yaml .got 'hop'"),
        ('bones: 3\njoints: {hip: null}', r"got \['bones'\]"),
        (f'joints: {{hip: null, {MANY}}}', 'up to 1000'),
    ],
)
def test_bad_joints(tmp_path, text, message):
    path = tmp_path / 'rig.yaml'
    path.write_text(f'name: rig\n{text}')
    with pytest.raises(ValueError, match=message):
        load_skeleton(path)


def test_missing_file(tmp_path):
    with pytest.raises(ValueError, match='Could not read .*nowhere'):
        load_skeleton(tmp_path / 'nowhere.yaml')


OWN = Path(__file__).parents[1] / 'examples' / 'hand21.yaml'


@pytest.mark.parametrize('name', [*available_skeletons(), OWN])
def test_written_and_read_again(tmp_path, name):
    skeleton = as_skeleton(name)
    for graph in skeleton.graphs:
        save_skeleton(skeleton.with_graph(graph), tmp_path / 'rig.yaml')
        assert as_skeleton(tmp_path / 'rig.yaml') == skeleton.with_graph(graph)


def test_as_skeleton():
    assert as_skeleton('ntu25') is get_skeleton('ntu25')
    assert as_skeleton(get_skeleton('ntu25')) is get_skeleton('ntu25')
    assert as_skeleton(OWN).num_joints == 21
    for wrong in ('horse', 3, None, Path('horse.yaml')):
        with pytest.raises(ValueError, match='one of .*YAML file .got'):
            as_skeleton(wrong)


def test_numbered_joints_and_no_bones(tmp_path):
    path = tmp_path / 'rig.yaml'
    path.write_text('name: rig\njoints: {1: null, 2: 1}\npairs: []\n')
    skeleton = load_skeleton(path)
    assert skeleton.joints == ('1', '2') and skeleton.parents == (-1, 0)
    path.write_text('name: dot\njoints: {a: null}\n')
    assert load_skeleton(path).edge_index.shape == (2, 0)


def test_pairs_keep_their_order(tmp_path):
    path = tmp_path / 'rig.yaml'
    path.write_text(
        'name: rig\njoints: {a: null, b: a, c: a, d: b, e: c}\n'
        'pairs: [[d, e], [b, c]]\n'
    )
    assert load_skeleton(path).mirrored == (0, 2, 1, 4, 3)
