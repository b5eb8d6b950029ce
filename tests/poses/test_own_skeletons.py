"""Poses on skeletons that are not in the package, in every format."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from pyg_hcsf import Skeleton, get_skeleton
from pyg_hcsf.datasets.mocap.bvh.reader import read_bvh
from pyg_hcsf.keypoints import Track
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.poses import (
    POSE_FORMATS,
    PoseSequence,
    read_poses,
    write_poses,
)
from pyg_hcsf.viewer import (
    learned_graph,
    read_graph,
    write_graph,
    write_page,
)
from pyg_hcsf.viewer.page import page_content
from tests.own_skeletons import (
    HAND,
    HAND_FILE,
    QUADRUPED,
    SKELETONS,
    moving,
)


def make(skeleton, frames=12, **options):
    pose = moving(skeleton, frames)
    xy = pose[..., :2] + 300
    frames = np.arange(frames)
    track = Track('1', frames, xy, np.ones(xy.shape[:2]))
    options = {'keypoints': track, 'layout': skeleton, 'fps': 25.0, **options}
    return PoseSequence('1', skeleton, frames, pose, **options)


def bones_of(skeleton):
    return (
        skeleton.name,
        skeleton.joints,
        skeleton.parents,
        skeleton.left,
        skeleton.right,
    )


@pytest.mark.parametrize('skeleton', SKELETONS.values(), ids=SKELETONS)
@pytest.mark.parametrize('format', POSE_FORMATS)
def test_every_format(tmp_path, skeleton, format):
    path = tmp_path / f'a.{format}'
    person = make(skeleton)
    (file,) = write_poses(path, [person])
    assert file.deviation < 1e-6
    if format in ('json', 'npz', 'csv'):
        (again,) = read_poses(path)  # knows the skeleton from the file
        assert bones_of(again.skeleton) == bones_of(skeleton)
        np.testing.assert_allclose(again.pose, person.pose, atol=1e-3)
        if format != 'csv':
            assert bones_of(again.layout) == bones_of(skeleton)
    elif format == 'bvh':
        bvh = read_bvh(path)
        assert set(skeleton.joints) <= set(bvh.joints)
    elif format == 'gltf':
        names = [n['name'] for n in json.loads(path.read_text())['nodes']]
        assert set(skeleton.joints) <= set(names)


@pytest.mark.parametrize('skeleton', SKELETONS.values(), ids=SKELETONS)
@pytest.mark.parametrize('format', ['bvh', 'glb'])
def test_rigid_bones(tmp_path, skeleton, format):
    (file,) = write_poses(
        tmp_path / f'a.{format}', [make(skeleton)], None, True
    )
    assert file.deviation < 1  # mm: the bones of the motion are rigid


@pytest.mark.parametrize('skeleton', SKELETONS.values(), ids=SKELETONS)
def test_page_and_truth(tmp_path, skeleton):
    person = make(skeleton)
    write_poses(tmp_path / 'a.npz', [person])
    truth = [replace(person, keypoints=None, layout=None)]
    # One is from a file, which has no graphs; the other has them.
    content = page_content({'ours': read_poses(tmp_path / 'a.npz')}, truth)
    assert len(content['skeletons']) == 1
    body = content['skeletons'][0]
    assert body['joints'] == skeleton.joints
    assert body['left'] == skeleton.left
    assert len(body['bones']) == skeleton.num_joints - 1
    size = np.linalg.norm(np.ptp(person.pose, axis=1), axis=1)
    assert 0.01 < content['unit'] < 0.4 and content['unit'] == pytest.approx(
        float(np.median(size)) / 1700
    )
    write_page(tmp_path / 'a.html', {'ours': [person]}, truth)
    text = (tmp_path / 'a.html').read_text()
    assert all(joint in text for joint in skeleton.joints)


def test_learned_graphs(tmp_path):
    model = PoseLifter(HAND, hidden_channels=4, layer_options={'dynamic': {}})
    write_graph(
        tmp_path / 'a.json', learned_graph(model, torch.rand(3, 21, 2))
    )
    graph = read_graph(tmp_path / 'a.json')
    assert graph.skeleton == HAND
    content = page_content({'ours': [make(HAND)]}, graph=graph)
    assert content['graph']['skeleton'] == 0
    with pytest.raises(ValueError, match="'quadruped'.*got 'hand21'"):
        page_content({'ours': [make(QUADRUPED)]}, graph=graph)


@pytest.mark.parametrize('skeleton', SKELETONS.values(), ids=SKELETONS)
def test_pictures(tmp_path, skeleton):
    image = pytest.importorskip('matplotlib.image')
    from pyg_hcsf.viewer.pictures import write_png

    write_png(tmp_path / 'a.png', {'ours': [make(skeleton)]})
    pixels = image.imread(tmp_path / 'a.png')[..., :3]
    drawn = (pixels < 0.6).any(-1)[:, pixels.shape[1] // 2 :]  # in 3D
    assert drawn.mean() > 0.005
    high = np.flatnonzero(drawn.any(1))
    assert np.ptp(high) > 0.2 * len(pixels)  # as large as the picture


def test_given_as_a_file_or_a_name():
    pose = moving(HAND, 3)
    person = PoseSequence('1', HAND_FILE, np.arange(3), pose)
    assert person.skeleton == HAND
    assert (
        PoseSequence('1', str(HAND_FILE), np.arange(3), pose).skeleton == HAND
    )
    with pytest.raises(ValueError, match="'skeleton' of person '1'.*'hand21'"):
        PoseSequence('1', 'hand21', np.arange(3), pose)


@pytest.mark.parametrize(
    'change,message',
    [
        ({'name': 'h36m17'}, "rename it .got 'h36m17'"),
        ({'name': 'a\nb'}, 'printable'),
        ({'joints': ('x' * 300, *HAND.joints[1:])}, 'at most 200'),
    ],
)
def test_names_are_checked(change, message):
    with pytest.raises(ValueError, match=message):
        make(replace(HAND, **change))


def test_names_that_formats_do_not_quote(tmp_path):
    names = ['=1+1', 'a b', 'a_b', 'c;d', 'e,"f"', '{g}']
    parents = (-1, 0, 1, 2, 3, 4)
    person = make(Skeleton('odd', tuple(names), parents, (), ()))
    for format in ('json', 'npz', 'csv'):
        write_poses(tmp_path / f'a.{format}', [person])
        assert read_poses(tmp_path / f'a.{format}')[0].skeleton.joints == (
            person.skeleton.joints
        )
    assert "'=1+1_x" in (tmp_path / 'a.csv').read_text()
    assert ',=1' not in (tmp_path / 'a.csv').read_text()
    write_poses(tmp_path / 'a.bvh', [person])
    assert len(read_bvh(tmp_path / 'a.bvh').joints) == 7  # and the end site


@pytest.mark.parametrize(
    'key,value,message',
    [
        ('joints', 3, 'no lists of names'),
        ('joints', [], 'no lists of names'),
        ('joints', ['Wrist'] * 21, 'repeat'),
        ('bones', [], 'one root'),
        ('bones', [['Wrist', 'Thumb1']] * 20, 'repeat'),
        ('bones', [[1, 2]], 'no lists of names'),
        ('bones', [['Elbow', 'Thumb1']], "'Elbow'"),
        ('pairs', [['Wrist']], "'pairs'"),
        ('pairs', [['Wrist', 'Wrist']], 'distinct'),
        ('skeleton', [1], "'name'"),
        ('joints', [f'j{i}' for i in range(1001)], '1000'),
    ],
)
def test_files_of_strangers(tmp_path, key, value, message):
    path = tmp_path / 'a.json'
    write_poses(path, [make(HAND)])
    content = json.loads(path.read_text())
    content['people'][0][key] = value
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=f"a.json'.*{message}"):
        read_poses(path)


def test_people_are_drawn_as_before():
    person = PoseSequence(
        '1',
        'h36m17',
        np.arange(2),
        moving(get_skeleton('h36m17'), 2, length=250.0),
    )
    assert page_content({'ours': [person]})['unit'] == 1
