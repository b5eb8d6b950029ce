from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

UTD_MHAD_FILE = re.compile(r'a(\d+)_s(\d+)_t(\d+)_skeleton\.mat')
UTD_MHAD_FPS = 30.0
FILE_LIMIT = 2**20  # bytes; the largest real file has 29 kB
INFLATED_LIMIT = 2**23  # bytes of a compressed variable

# MATLAB's format 5: data types of elements, and classes of arrays.
TYPES = {
    **{1: 'i1', 2: 'u1', 3: 'i2', 4: 'u2', 5: 'i4', 6: 'u4'},
    **{7: 'f4', 9: 'f8', 12: 'i8', 13: 'u8'},
}
MATRIX, COMPRESSED = 14, 15
DOUBLE, SINGLE = 6, 7

# The order of Chen et al., "UTD-MHAD: A Multimodal Dataset for Human Action
# Recognition Utilizing a Depth Camera and a Wearable Inertial Sensor",
# ICIP 2015: action a1 is label 0.
UTD_MHAD_ACTIONS = (
    *('swipe left', 'swipe right', 'wave', 'clap', 'throw', 'cross arms'),
    *('basketball shoot', 'draw x', 'draw circle (clockwise)'),
    *('draw circle (counter clockwise)', 'draw triangle', 'bowling'),
    *('boxing', 'baseball swing', 'tennis swing', 'arm curl', 'tennis serve'),
    *('push', 'knock', 'catch', 'pick up and throw', 'jog', 'walk'),
    *('sit to stand', 'stand to sit', 'lunge', 'squat'),
)
UTD_MHAD_SUBJECTS = tuple(range(1, 9))


class UTDMHADClip(NamedTuple):
    r"""A clip of UTD-MHAD.

    Args:
        joints (numpy.ndarray): The 20 joints of Kinect v1 in metres, x to
            the sensor's left, y up, z away from it: :obj:`[T, 20, 3]`.
        label (int): The action, from 0.
        subject (int): Who moves, from 1.
        take (int): Which repetition, from 1.
    """

    joints: np.ndarray
    label: int
    subject: int
    take: int


def read_utd_mhad(content: bytes, name: str, where: str = '') -> UTDMHADClip:
    r"""Reads one :obj:`a<action>_s<subject>_t<take>_skeleton.mat`.

    Args:
        content (bytes): What the file holds: MATLAB's format 5 with
            :obj:`d_skel` of shape :obj:`[20, 3, T]` in metres.
        name (str): The name of the file, without folders.
        where (str, optional): What errors call the file. (default:
            :obj:`name`)

    Raises:
        ValueError: If the name is not of that form, action or subject are out
            of range, or the content is damaged, empty or not finite.

    Example:
        >>> name = 'a1_s1_t1_skeleton.mat'
        >>> clip = read_utd_mhad(Path(name).read_bytes(), name)
    """
    where = where or name
    match = UTD_MHAD_FILE.fullmatch(name)
    if match is None:
        raise ValueError(
            f"Expected the name '{where}' to be of the form "
            'a<action>_s<subject>_t<take>_skeleton.mat'
        )
    action, subject, take = map(int, match.groups())
    if not 1 <= action <= len(UTD_MHAD_ACTIONS):
        raise ValueError(
            f'Expected an action from a1 to a{len(UTD_MHAD_ACTIONS)} in the '
            f"name of '{where}' (got a{action})"
        )
    if subject not in UTD_MHAD_SUBJECTS:
        raise ValueError(
            f"Expected a subject from s1 to s8 in the name of '{where}' (got "
            f's{subject})'
        )
    try:
        joints = _read_skeleton(content)
    except (ValueError, zlib.error) as e:
        raise ValueError(
            f"'{where}' is not a skeleton of UTD-MHAD, a MATLAB 5 file with "
            f"finite 'd_skel' of shape [20, 3, T] ({e}): get it again or "
            'remove it'
        ) from e
    return UTDMHADClip(joints.transpose(2, 0, 1), action - 1, subject, take)


def _read_skeleton(content: bytes) -> np.ndarray:
    # Not scipy's loadmat: damaged files make it read outside of its memory.
    order = {b'IM': '<', b'MI': '>'}.get(content[126:128])
    if order is None:
        raise ValueError(f'no header in its {len(content)} bytes')
    names = []
    for kind, body in _elements(content[128:], order):
        if kind == COMPRESSED:
            inflate = zlib.decompressobj()
            inflated = inflate.decompress(body, INFLATED_LIMIT)
            if not inflate.eof:
                raise ValueError(
                    'a compressed variable is cut off or has more than '
                    f'{INFLATED_LIMIT} bytes'
                )
            kind, body = next(_elements(inflated, order), (0, b''))
        if kind == MATRIX:
            parts = list(_elements(body, order))
            name = bytes(parts[2][1]) if len(parts) > 2 else b''
            if name == b'd_skel':
                return _read_joints(parts, order)
            names.append(name.decode('ascii', 'replace'))
    raise ValueError(f"no 'd_skel' among {names}")


def _read_joints(parts: list[tuple[int, bytes]], order: str) -> np.ndarray:
    flags, sizes = (_numbers(*part, order) for part in parts[:2])
    array_class = int(flags[0]) & 0xFF if len(flags) else 0
    if len(parts) != 4 or array_class not in (DOUBLE, SINGLE):
        raise ValueError("'d_skel' is not an array of real numbers")
    # MATLAB drops the last dimension of a clip of one frame.
    shape = [int(size) for size in sizes] + [1] * (len(sizes) == 2)
    if len(shape) != 3 or shape[:2] != [20, 3] or shape[2] < 1:
        raise ValueError(f"'d_skel' has shape {shape}")
    values = _numbers(*parts[3], order).astype(np.float64)
    if len(values) != math.prod(shape):
        raise ValueError(
            f"'d_skel' of shape {shape} holds {len(values)} numbers"
        )
    if not np.isfinite(values).all():
        raise ValueError("'d_skel' is not finite")
    return values.reshape(shape, order='F')


def _numbers(kind: int, body: bytes, order: str) -> np.ndarray:
    if kind not in TYPES:
        raise ValueError(f'numbers of the unknown type {kind}')
    return np.frombuffer(body, np.dtype(order + TYPES[kind]))


def _elements(content: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    start = 0
    while start < len(content):
        tag = np.frombuffer(content[start : start + 8], order + 'u4')
        if len(tag) != 2:
            raise ValueError(f'it ends in a tag, {len(content)} bytes in')
        kind, size = int(tag[0]), int(tag[1])
        start += 8
        if kind >> 16:  # up to four bytes fit into the tag
            kind, size, start = kind & 0xFFFF, kind >> 16, start - 4
            stop = start + 4
        else:
            stop = start + size + (0 if kind == COMPRESSED else -size % 8)
        if start + size > min(stop, len(content)):
            raise ValueError(
                f'an element of {size} bytes does not fit into it'
            )
        yield kind, content[start : start + size]
        start = stop
