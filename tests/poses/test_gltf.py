import base64
import json
import struct

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pyg_hcsf.poses import PoseSequence, write_poses
from pyg_hcsf.skeleton import get_skeleton

H36M17 = get_skeleton('h36m17')
WIDTHS = {'SCALAR': 1, 'VEC3': 3, 'VEC4': 4}


class Scene:
    """A file, read by what the specification says."""

    def __init__(self, path):
        raw = path.read_bytes()
        if path.suffix == '.glb':
            magic, version, size = struct.unpack_from('<4sII', raw)
            assert (magic, version, size) == (b'glTF', 2, len(raw))
            length, kind = struct.unpack_from('<I4s', raw, 12)
            assert kind == b'JSON' and length % 4 == 0
            self.content = json.loads(raw[20 : 20 + length])
            size, kind = struct.unpack_from('<I4s', raw, 20 + length)
            assert kind == b'BIN\0' and size % 4 == 0
            data = raw[28 + length :]
        else:
            self.content = json.loads(raw)
            start = 'data:application/octet-stream;base64,'
            uri = self.content['buffers'][0]['uri']
            assert uri.startswith(start)
            data = base64.b64decode(uri.removeprefix(start))
        assert self.content['asset']['version'] == '2.0'
        assert [b['byteLength'] for b in self.content['buffers']] == [
            len(data)
        ]
        self.arrays = [self.read(data, a) for a in self.content['accessors']]
        self.nodes = self.content['nodes']
        self.parents = {
            child: i
            for i, node in enumerate(self.nodes)
            for child in node.get('children', [])
        }
        (self.animation,) = self.content['animations']

    def read(self, data, accessor):
        view = self.content['bufferViews'][accessor['bufferView']]
        assert view['byteOffset'] % 4 == 0
        assert view['byteOffset'] + view['byteLength'] <= len(data)
        width = WIDTHS[accessor['type']]
        assert accessor['componentType'] == 5126
        assert view['byteLength'] == 4 * width * accessor['count']
        array = np.frombuffer(
            data, '<f4', width * accessor['count'], view['byteOffset']
        ).reshape(-1, width)
        np.testing.assert_array_equal(array.min(axis=0), accessor['min'])
        np.testing.assert_array_equal(array.max(axis=0), accessor['max'])
        return array.astype(np.float64)

    def find(self, person, joint):
        (root,) = (
            i
            for i in self.content['scenes'][self.content['scene']]['nodes']
            if self.nodes[i]['name'] == person
        )
        found = []
        for i, node in enumerate(self.nodes):
            top = i
            while top in self.parents:
                top = self.parents[top]
            if node['name'] == joint and top == root:
                found.append(i)
        (node,) = found
        return node

    def matrices(self, node):
        """The node in the scene at its own key frames, [T, 4, 4]."""
        values = {
            path: np.array([self.nodes[node].get(path, default)], float)
            for path, default in (
                ('translation', [0, 0, 0]),
                ('rotation', [0, 0, 0, 1]),
                ('scale', [1, 1, 1]),
            )
        }
        for channel in self.animation['channels']:
            if channel['target']['node'] == node:
                sampler = self.animation['samplers'][channel['sampler']]
                assert sampler['interpolation'] == 'LINEAR'
                path = channel['target']['path']
                output = self.arrays[sampler['output']]
                assert len(output) == len(self.arrays[sampler['input']])
                # The node itself stands as in the first frame.
                np.testing.assert_allclose(
                    values[path][0], output[0], atol=1e-6
                )
                values[path] = output
        length = max(map(len, values.values()))
        out = np.tile(np.eye(4), (length, 1, 1))
        norm = np.linalg.norm(values['rotation'], axis=1)
        np.testing.assert_allclose(norm, 1, atol=1e-6)
        turn = Rotation.from_quat(values['rotation']).as_matrix()
        out[:, :3, :3] = turn * values['scale'][:, None]
        out[:, :3, 3] = values['translation']
        if node in self.parents:
            out = self.matrices(self.parents[node]) @ out
        return out

    def joints(self, person, names=H36M17.joints):
        nodes = [self.find(person, name) for name in names]
        places = [self.matrices(node)[:, :3, 3] for node in nodes]
        return np.stack(np.broadcast_arrays(*places), axis=1)

    def seconds(self, person):
        node = self.find(person, 'Hip')
        (times,) = {
            self.animation['samplers'][channel['sampler']]['input']
            for channel in self.animation['channels']
            if channel['target']['node'] == node
        }
        return self.arrays[times][:, 0]


def y_up(sequence):
    if sequence.axes == 'world':
        return sequence.position[..., [0, 2, 1]] * [1, 1, -1]
    return sequence.position * [1, -1, -1]


@pytest.mark.parametrize('suffix', ['glb', 'gltf'])
@pytest.mark.parametrize('axes', ['camera', 'world'])
def test_joints_are_where_they_were(tmp_path, lifted, suffix, axes):
    people = [
        lifted('ä', axes=axes),
        lifted('b', clip=5, axes=axes, frames=[35, 36, 60], fps=50.0),
    ]
    (file,) = write_poses(tmp_path / f'a.{suffix}', people)
    assert file[:2] == (tmp_path / f'a.{suffix}', ('ä', 'b'))
    assert file.deviation < 1e-6
    scene = Scene(file.path)
    for person in people:
        joints = scene.joints(person.name) * 1000
        error = np.linalg.norm(joints - y_up(person), axis=2)
        assert error.max() < 0.01  # the aim is 1 mm
    np.testing.assert_allclose(
        scene.seconds('ä'), np.arange(40) / 25, atol=1e-6
    )
    np.testing.assert_allclose(scene.seconds('b'), [0.7, 0.72, 1.2], atol=1e-6)


def test_animation_starts_at_zero(tmp_path, lifted):
    people = [lifted(frames=[100, 101]), lifted('b', frames=[102, 103])]
    write_poses(tmp_path / 'a.glb', people)
    scene = Scene(tmp_path / 'a.glb')
    np.testing.assert_allclose(scene.seconds('anna'), [0, 0.04], atol=1e-6)
    np.testing.assert_allclose(scene.seconds('b'), [0.08, 0.12], atol=1e-6)


def test_rigid_bones_and_sticks(tmp_path, lifted):
    sequence = lifted(clip=3)
    (file,) = write_poses(tmp_path / 'a.glb', [sequence], rigid=True)
    scene = Scene(file.path)
    joints = scene.joints('anna')
    error = np.linalg.norm(joints * 1000 - y_up(sequence), axis=2)
    assert error.max() == pytest.approx(file.deviation, abs=0.01)
    moved = {
        channel['target']['node']
        for channel in scene.animation['channels']
        if channel['target']['path'] == 'translation'
    }
    assert moved == {scene.find('anna', 'Hip')}
    colours = [mesh['name'] for mesh in scene.content['meshes']]
    for child, parent in H36M17.bones:
        name = H36M17.joints[child]
        stick = scene.find('anna', f'{name} bone')
        matrix = scene.matrices(stick)
        np.testing.assert_allclose(
            matrix[:, :3, 3], joints[:, parent], atol=1e-5
        )
        top = (matrix @ [0, 1, 0, 1])[:, :3]
        np.testing.assert_allclose(top, joints[:, child], atol=1e-5)
        colour = colours[scene.nodes[stick]['mesh']]
        assert colour == {'L': 'left', 'R': 'right'}.get(name[0], 'middle')


def test_rotations_are_continuous(tmp_path, clips, lifted):
    for clip in range(len(clips)):
        write_poses(tmp_path / 'a.glb', [lifted(clip=clip, noise=0)])
        scene = Scene(tmp_path / 'a.glb')
        for channel in scene.animation['channels']:
            if channel['target']['path'] == 'rotation':
                sampler = scene.animation['samplers'][channel['sampler']]
                values = scene.arrays[sampler['output']]
                # Half the angle of the rotation in between
                assert ((values[1:] * values[:-1]).sum(axis=1) > 0.9).all()


def test_stick_is_closed_and_faces_outwards(tmp_path, lifted):
    write_poses(tmp_path / 'a.glb', [lifted()])
    scene = Scene(tmp_path / 'a.glb')
    for mesh in scene.content['meshes']:
        (primitive,) = mesh['primitives']
        points = scene.arrays[primitive['attributes']['POSITION']]
        normals = scene.arrays[primitive['attributes']['NORMAL']]
        faces = points.reshape(-1, 3, 3)
        cross = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
        assert ((faces[:, 0] * cross).sum(axis=1) >= -1e-9).all()
        np.testing.assert_allclose(cross.sum(axis=0), 0, atol=1e-6)
        unit = cross / np.linalg.norm(cross, axis=1, keepdims=True)
        np.testing.assert_allclose(normals[::3], unit, atol=1e-6)


@pytest.mark.parametrize('rigid', [False, True])
def test_degenerate_poses(tmp_path, rigid):
    line = np.linspace(0, 1, 17)[:, None] * [0, 0, 1700.0]
    for pose in ([line], [line, -line], [0 * line], [0 * line, line]):
        sequence = PoseSequence(
            'a', 'h36m17', np.arange(len(pose)), np.stack(pose), fps=30
        )
        (file,) = write_poses(tmp_path / 'a.glb', [sequence], rigid=rigid)
        joints = Scene(file.path).joints('a') * 1000
        error = np.linalg.norm(joints - y_up(sequence), axis=2).max()
        assert error == pytest.approx(file.deviation, abs=0.01)
        assert rigid or error < 0.01


def test_fps_must_be_known(tmp_path, lifted):
    with pytest.raises(ValueError, match="'fps' of person 'anna'"):
        write_poses(tmp_path / 'a.glb', [lifted(fps=None)])
    assert not list(tmp_path.iterdir())
