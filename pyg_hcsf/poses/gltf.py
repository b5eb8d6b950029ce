r"""Writes poses as an animation in glTF 2.0."""

import base64
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

import numpy as np
from scipy.spatial.transform import Rotation

from pyg_hcsf.poses.articulation import (
    Articulation,
    articulate,
    require_fps,
    to_y_up,
)
from pyg_hcsf.poses.sequence import PoseSequence
from pyg_hcsf.safe_io.atomic_write import atomic_write

MM_PER_UNIT = 1000.0  # the file is in metres
WIDTH = 0.03  # metres from the axis of a bone to its edges, at most
WIDTH_SHARE = 0.25  # of the median length of bones, at most
FLOAT, VERTICES = 5126, 34962  # as the specification numbers them
COLOURS = {  # linear RGB
    'middle': (0.35, 0.35, 0.38),
    'left': (0.02, 0.22, 0.65),
    'right': (0.75, 0.16, 0.02),
}


def write_gltf(
    path: Path,
    sequences: Sequence[PoseSequence],
    rigid: bool = False,
    binary: bool = True,
) -> float:
    r"""Writes the poses of people as one animated scene: y up, z towards the
    viewer, in metres. Each person is a hierarchy of nodes, each bone a stick.
    The animation begins with the first frame of anybody; people who appear
    later or leave earlier stand still meanwhile.

    Frames are key frames, between which players interpolate linearly. If
    :obj:`rigid`, bones are of constant length and joints only rotate;
    otherwise joints are also translated, and their positions are exact. The
    file is :obj:`.glb` if :obj:`binary`, otherwise :obj:`.gltf` with embedded
    data.

    Returns:
        The largest distance in millimetres of a joint from its given
        position, without rounding.
    """
    seconds = [s.frames / require_fps(s) for s in sequences]
    start = min(times[0] for times in seconds)
    scene = _Scene()
    scene.add_sticks()
    error = 0.0
    for sequence, times in zip(sequences, seconds, strict=True):
        position = to_y_up(sequence)
        motion = articulate(position, sequence.skeleton, rigid, pivots=True)
        scene.add_person(sequence, motion, times - start, rigid)
        error = max(error, float(motion.deviation(position).max()))
    with atomic_write(path) as part:
        part.write_bytes(scene.to_glb() if binary else scene.to_gltf())
    return error


class _Scene:
    r"""The JSON content and the binary buffer of a file."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.animation: dict[str, Any] = {'samplers': [], 'channels': []}
        self.content: dict[str, Any] = {
            'asset': {'version': '2.0', 'generator': 'pyg_hcsf'},
            'scene': 0,
            'scenes': [{'nodes': []}],
            'animations': [{'name': 'poses', **self.animation}],
        }

    def add(self, key: str, item: dict[str, Any]) -> int:
        items = self.content.setdefault(key, [])
        items.append(item)
        return len(items) - 1

    def add_numbers(
        self, values: np.ndarray, target: Optional[int] = None
    ) -> int:
        r"""Appends an array to the buffer and returns its accessor."""
        values = np.ascontiguousarray(values, '<f4')  # all 4-byte aligned
        view = {
            'buffer': 0,
            'byteOffset': len(self.data),
            'byteLength': values.nbytes,
        }
        if target is not None:
            view['target'] = target
        self.data += values.tobytes()
        rows = values.reshape(len(values), -1)
        accessor = {
            'bufferView': self.add('bufferViews', view),
            'componentType': FLOAT,
            'count': len(rows),
            'type': {1: 'SCALAR', 3: 'VEC3', 4: 'VEC4'}[rows.shape[1]],
            'min': rows.min(axis=0).tolist(),
            'max': rows.max(axis=0).tolist(),
        }
        return self.add('accessors', accessor)

    def add_sticks(self) -> None:
        r"""A pointed stick from the origin to :obj:`(0, 1, 0)` for each of
        :obj:`COLOURS`.
        """
        around = np.radians([0, 90, 180, 270])
        ring = np.stack(
            [np.sin(around), np.full(4, 0.15), np.cos(around)], axis=1
        )
        after = np.roll(ring, -1, axis=0)
        bottom, top = np.zeros((4, 3)), np.tile([0.0, 1.0, 0.0], (4, 1))
        faces = np.concatenate(
            [
                np.stack([ring, after, top], axis=1),
                np.stack([after, ring, bottom], axis=1),
            ]
        )  # [8, 3, 3], counter-clockwise from outside
        normals = np.cross(
            faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0]
        )
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        attributes = {
            'POSITION': self.add_numbers(faces.reshape(-1, 3), VERTICES),
            'NORMAL': self.add_numbers(normals.repeat(3, axis=0), VERTICES),
        }
        for name, colour in COLOURS.items():
            surface = {
                'baseColorFactor': [*colour, 1.0],
                'metallicFactor': 0.0,
                'roughnessFactor': 0.6,
            }
            material = self.add(
                'materials', {'name': name, 'pbrMetallicRoughness': surface}
            )
            primitive = {'attributes': attributes, 'material': material}
            self.add('meshes', {'name': name, 'primitives': [primitive]})

    def add_person(
        self,
        sequence: PoseSequence,
        motion: Articulation,
        seconds: np.ndarray,
        rigid: bool,
    ) -> None:
        skeleton = motion.skeleton
        times = self.add_numbers(seconds)
        translation = motion.translation / MM_PER_UNIT
        nodes: dict[int, int] = {}
        for joint in motion.order:
            parent = skeleton.parents[joint]
            rotation = _quaternions(motion.rotation[:, joint])
            node: dict[str, Any] = {
                'name': skeleton.joints[joint],
                'translation': translation[0, joint].tolist(),
                'rotation': rotation[0].tolist(),
            }
            nodes[joint] = self.add('nodes', node)
            if parent >= 0:
                parent_node = self.content['nodes'][nodes[parent]]
                parent_node.setdefault('children', []).append(nodes[joint])
                self._add_stick(motion, joint, parent_node)
            if parent < 0 or not rigid:
                moved = translation[:, joint]
                self._animate(nodes[joint], 'translation', times, moved)
            if joint in skeleton.parents:
                self._animate(nodes[joint], 'rotation', times, rotation)
        person = {
            'name': sequence.name,
            'children': [nodes[skeleton.root]],
            'extras': {
                'skeleton': sequence.skeleton.name,
                'axes': sequence.axes,
                'note': sequence.note,
            },
        }
        self.content['scenes'][0]['nodes'].append(self.add('nodes', person))

    def _add_stick(
        self, motion: Articulation, joint: int, parent_node: dict[str, Any]
    ) -> None:
        rest = motion.rest[joint] / MM_PER_UNIT
        if not (length := float(np.linalg.norm(rest))) > 0:
            return
        bones = np.linalg.norm(motion.rest, axis=1) / MM_PER_UNIT
        median = float(np.median(bones[bones > 0]))
        width = min(WIDTH, WIDTH_SHARE * median)
        left = joint in motion.skeleton.left
        right = joint in motion.skeleton.right
        colour = 'left' if left else 'right' if right else 'middle'
        x, y, z = rest / length
        # The shortest rotation from the y axis to the bone.
        turn = (
            np.array([z, 0, -x, 1 + y]) if y > -1 else np.array([1, 0, 0, 0])
        )
        stick = {
            'name': f'{motion.skeleton.joints[joint]} bone',
            'mesh': list(COLOURS).index(colour),
            'rotation': (turn / np.linalg.norm(turn)).tolist(),
            'scale': [width, length, width],
        }
        parent_node['children'].append(self.add('nodes', stick))

    def _animate(
        self, node: int, path: str, times: int, values: np.ndarray
    ) -> None:
        sampler = {'input': times, 'interpolation': 'LINEAR'}
        sampler['output'] = self.add_numbers(values)
        target = {'node': node, 'path': path}
        channel = {
            'sampler': len(self.animation['samplers']),
            'target': target,
        }
        self.animation['samplers'].append(sampler)
        self.animation['channels'].append(channel)

    def to_glb(self) -> bytes:
        buffers = [{'byteLength': len(self.data)}]
        text = json.dumps({**self.content, 'buffers': buffers}).encode()
        text += b' ' * (-len(text) % 4)  # chunks begin at multiples of 4
        size = 12 + 8 + len(text) + 8 + len(self.data)
        header = struct.pack('<4sII', b'glTF', 2, size)
        header += struct.pack('<I4s', len(text), b'JSON')
        return (
            header
            + text
            + struct.pack('<I4s', len(self.data), b'BIN\0')
            + self.data
        )

    def to_gltf(self) -> bytes:
        code = base64.b64encode(self.data).decode()
        buffer = {
            'byteLength': len(self.data),
            'uri': f'data:application/octet-stream;base64,{code}',
        }
        return json.dumps({**self.content, 'buffers': [buffer]}).encode()


def _quaternions(rotation: np.ndarray) -> np.ndarray:
    r"""Unit quaternions, scalar last, with signs that do not flip."""
    out = Rotation.from_matrix(rotation).as_quat()
    # q and -q are one rotation; players interpolate between the numbers.
    flips = np.where((out[1:] * out[:-1]).sum(axis=1) < 0, -1.0, 1.0)
    out[1:] *= flips.cumprod()[:, None]
    return out
