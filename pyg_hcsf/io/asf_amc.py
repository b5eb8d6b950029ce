from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial.transform import Rotation

from pyg_hcsf.io.mocap import (
    JointMap,
    Source,
    fail,
    numbers,
    read_lines,
    z_up,
)
from pyg_hcsf.io.shown import shown

MM_PER_INCH = 25.4
SHORTEST = 1e-6  # the unit of length that makes sense
ANGLES = {'deg': np.pi / 180, 'rad': 1.0}
ROOT = 'root'
CHANNELS = ('tx', 'ty', 'tz', 'rx', 'ry', 'rz')

# Human3.6M's 17 joints, in order, as the ends of Acclaim bones. Spine, thorax,
# neck and head are not the same anatomical points as Human3.6M's.
ASF_JOINTS: JointMap = {
    'Hip': ('lhipjoint', 'rhipjoint'),
    'RHip': 'rhipjoint',
    'RKnee': 'rfemur',
    'RFoot': 'rtibia',
    'LHip': 'lhipjoint',
    'LKnee': 'lfemur',
    'LFoot': 'ltibia',
    'Spine': 'upperback',
    'Thorax': 'thorax',
    'Neck': 'upperneck',
    'Head': 'head',
    'LShoulder': 'lclavicle',
    'LElbow': 'lhumerus',
    'LWrist': 'lradius',
    'RShoulder': 'rclavicle',
    'RElbow': 'rhumerus',
    'RWrist': 'rradius',
}


@dataclass(frozen=True)
class Bone:
    r"""One bone of an Acclaim skeleton; the joint named after it is its end.

    Args:
        name (str): The name; :obj:`'root'` is a bone of length zero.
        parent (int): The bone it hangs on, :obj:`-1` for the root.
        offset (tuple[float, ...]): From its parent's end to its own at rest,
            in millimetres, y up.
        axis (tuple[float, ...]): The Euler angles of its local frame, in
            radians.
        order (str): The order in which both these and the angles of a motion
            are applied, about fixed axes, such as :obj:`'xyz'`.
        channels (tuple[str, ...]): What a motion holds for it, out of
            :obj:`'tx'`, :obj:`'ty'`, :obj:`'tz'`, :obj:`'rx'`, :obj:`'ry'`,
            :obj:`'rz'`.
    """

    name: str
    parent: int
    offset: tuple[float, ...]
    axis: tuple[float, ...]
    order: str
    channels: tuple[str, ...]


@dataclass(frozen=True)
class ASF:
    r"""An Acclaim skeleton, see :func:`read_asf`.

    Args:
        bones (tuple[Bone, ...]): The bones, parents first; the first one is
            the root.
        unit (float): Millimetres per unit of length of the motions.
        degrees (bool): Whether motions are in degrees unless they say.
    """

    bones: tuple[Bone, ...]
    unit: float
    degrees: bool

    @property
    def joints(self) -> tuple[str, ...]:
        r"""The names of the joints, which are the ends of the bones."""
        return tuple(bone.name for bone in self.bones)

    @property
    def num_channels(self) -> int:
        return sum(len(bone.channels) for bone in self.bones)

    @cached_property
    def columns(self) -> dict[str, slice]:
        r"""Where the channels of each moving bone lie in a motion."""
        out, start = {}, 0
        for bone in self.bones:
            stop = start + len(bone.channels)
            if stop > start:
                out[bone.name] = slice(start, stop)
            start = stop
        return out

    def joint_positions(self, motion: np.ndarray) -> np.ndarray:
        r"""Forward kinematics of a whole clip at once.

        With :math:`C` the rotation of a bone's local frame and :math:`R_t`
        that of its motion, the bone turns by :math:`G_t = G_t^{(parent)} C R_t
        C^{-1}` and ends at :math:`p_t = p_t^{(parent)} + G_t \, o`.

        Args:
            motion (numpy.ndarray): What :func:`read_amc` returns, of shape
                :obj:`[T, num_channels]`.

        Returns:
            The joints in millimetres, z up, of shape :obj:`[T, J, 3]`.
        """
        if motion.ndim != 2 or motion.shape[1] != self.num_channels:
            raise ValueError(
                f"Expected 'motion' of shape [T, {self.num_channels}] (got "
                f'{list(motion.shape)})'
            )
        position = np.zeros((len(motion), len(self.bones), 3))
        turned: list[np.ndarray] = []  # [T, 3, 3] for each bone
        for i, bone in enumerate(self.bones):
            values = motion[:, self.columns.get(bone.name, slice(0, 0))]
            angles, shift = np.zeros((2, len(motion), 3))
            for j, channel in enumerate(bone.channels):
                if channel[0] == 'r':
                    angles[:, bone.order.index(channel[1])] = values[:, j]
                else:
                    shift[:, 'xyz'.index(channel[1])] = values[:, j]
            frame = Rotation.from_euler(bone.order, bone.axis).as_matrix()
            local = Rotation.from_euler(bone.order, angles).as_matrix()
            turn = frame @ local @ frame.T
            if bone.parent < 0:
                turned.append(turn)
                position[:, i] = np.asarray(bone.offset) + shift
            else:
                turned.append(turned[bone.parent] @ turn)
                step = np.asarray(bone.offset) + shift
                step = np.einsum('tij,tj->ti', turned[i], step)
                position[:, i] = position[:, bone.parent] + step
        return z_up(position)


def read_asf(source: Source) -> ASF:
    r"""Reads an Acclaim skeleton.

    A length :math:`l` in a file with :obj:`:units length u` is :math:`l / u`
    inches, see http://research.cs.wisc.edu/graphics/Courses/cs-838-1999/Jeff/
    ASF-AMC.html.

    Args:
        source (str or pathlib.Path): The :obj:`.asf` file, possibly within a
            zip archive as :class:`zipfile.Path`.

    Raises:
        ValueError: If it is missing, unreadable or malformed, with the file
            and the line.

    Example:
        >>> read_asf('01.asf').joints[:3]
        ('root', 'lhipjoint', 'lfemur')
    """
    sections: dict[str, list[tuple[int, list[str]]]] = {}
    current: list[tuple[int, list[str]]] | None = None
    for line, text in enumerate(read_lines(source), 1):
        words = text.split('#')[0].split()
        if words and words[0].startswith(':'):
            current = sections.setdefault(words[0][1:].lower(), [])
        elif words and current is not None:
            current.append((line, words))
    for name in ('units', 'root', 'bonedata', 'hierarchy'):
        if name not in sections:
            fail(source, None, f"the section ':{name}' is missing")

    unit, radians = MM_PER_INCH, 1.0
    for line, words in sections['units']:
        key, values = words[0].lower(), ' '.join(words[1:]).lower()
        if key == 'length':
            (length,) = numbers([values], source, line)
            if length < SHORTEST:
                fail(
                    source,
                    line,
                    f'expected a length of at least {SHORTEST} (got {length})',
                )
            unit = MM_PER_INCH / length
        elif key == 'angle':
            if values not in ANGLES:
                fail(
                    source,
                    line,
                    f"expected 'angle' to be one of {list(ANGLES)} (got "
                    f'{shown(values)})',
                )
            radians = ANGLES[values]

    blocks = _bone_blocks(source, sections['bonedata'])
    root = {}
    for line, words in sections['root']:
        if len(words) < 2:
            fail(source, line, f"expected a value after '{words[0]}'")
        root[words[0].lower()] = (line, words[1:])
    root['name'] = (0, [ROOT])
    root['dof'] = root.pop('order', (0, list(CHANNELS)))
    order = root.get('axis', (0, ['XYZ']))[1]
    line, orientation = root.get('orientation', (0, ['0'] * 3))
    root['axis'] = (line, orientation + order)
    root['direction'] = root.get('position', (0, ['0'] * 3))
    root['length'] = (0, ['1'])
    blocks = [root, *blocks]

    names = [block['name'][1][0] for block in blocks]
    parents = _parents(source, sections['hierarchy'], names)
    ordered: list[str] = [ROOT]
    for name in ordered:  # grows: every bone after its parent
        ordered += [n for n in names if parents.get(n) == name]
    if len(ordered) < len(names):
        lost = sorted(set(names) - set(ordered))
        fail(
            source,
            None,
            f'the bones {lost} do not hang on the root: the hierarchy leaves '
            'them out or holds a cycle',
        )
    block_of = dict(zip(names, blocks, strict=True))
    bones = tuple(
        _bone(
            source,
            block_of[name],
            -1 if name == ROOT else ordered.index(parents[name]),
            unit,
            radians,
        )
        for name in ordered
    )
    return ASF(bones, unit, radians != 1.0)


Block = dict[str, tuple[int, list[str]]]


def _bone_blocks(
    source: Source, lines: list[tuple[int, list[str]]]
) -> list[Block]:
    blocks: list[Block] = []
    block: Block | None = None
    for line, words in lines:
        if words[0] == 'begin':
            block = {'begin': (line, [])}
        elif words[0] == 'end' and block is not None:
            for key in ('name', 'direction', 'length', 'axis'):
                at, values = block.get(key, (line, []))
                if not values:
                    fail(source, at, f"the bone has no '{key}'")
            blocks.append(block)
            block = None
        elif block is None:
            fail(
                source,
                line,
                f"expected 'begin' (got {shown(' '.join(words))})",
            )
        elif not words[0].startswith('('):  # further lines of 'limits'
            block[words[0].lower()] = (line, words[1:])
    if block is not None:
        fail(source, block['begin'][0], "the bone has no 'end'")
    if not blocks:
        fail(source, None, "the section ':bonedata' holds no bone")
    return blocks


def _bone(
    source: Source, block: Block, parent: int, unit: float, radians: float
) -> Bone:
    def vector(key: str, count: int) -> np.ndarray:
        line, words = block[key]
        if len(words) < count:
            fail(source, line, f"expected {count} numbers after '{key}'")
        return np.array(numbers(words[:count], source, line))

    line, words = block['axis']
    order = ''.join(words[3:]).lower()
    if sorted(order) != ['x', 'y', 'z']:
        fail(
            source,
            line,
            f'expected an axis order such as XYZ (got {shown(order)})',
        )
    line, words = block.get('dof', (0, []))
    channels = tuple(word.lower() for word in words)
    if not set(channels) <= set(CHANNELS) or len(set(channels)) < len(words):
        fail(source, line, f'expected distinct channels of {CHANNELS}')
    return Bone(
        name=block['name'][1][0],
        parent=parent,
        offset=tuple(vector('direction', 3) * vector('length', 1) * unit),
        axis=tuple(vector('axis', 3) * radians),
        order=order,
        channels=channels,
    )


def _parents(
    source: Source, lines: list[tuple[int, list[str]]], names: list[str]
) -> dict[str, str]:
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        fail(source, None, f'the bones {twice} are defined twice')
    parents: dict[str, str] = {}
    for line, words in lines:
        if words[0] in ('begin', 'end'):
            continue
        for word in words:
            if word not in names:
                fail(source, line, f"unknown bone '{word}' in the hierarchy")
        for child in words[1:]:
            if child == ROOT or child in parents:
                fail(source, line, f"the bone '{child}' has two parents")
            parents[child] = words[0]
    return parents


def read_amc(source: Source, asf: ASF) -> np.ndarray:
    r"""Reads an Acclaim motion.

    Args:
        source (str or pathlib.Path): The :obj:`.amc` file, possibly within a
            zip archive as :class:`zipfile.Path`.
        asf (ASF): The skeleton it was made for.

    Returns:
        Angles in radians and translations in millimetres, of shape
        :obj:`[T, asf.num_channels]`.

    Raises:
        ValueError: If it is missing, unreadable, malformed or was made for
            another skeleton, with the file and the line.

    Example:
        >>> motion = read_amc('01_01.amc', read_asf('01.asf'))
    """
    degrees = asf.degrees
    columns = asf.columns
    frames: list[list[float | None]] = []
    frame: list[float | None] = []
    line = start = 0

    def finish() -> None:
        if None in frame:
            lost = [n for n, at in columns.items() if None in frame[at]]
            fail(
                source,
                line,
                f'frame {len(frames)} (from line {start}) ends without the '
                f'bones {lost}: is the file truncated?',
            )

    for number, text in enumerate(read_lines(source), 1):
        words = text.split()
        if not words or words[0].startswith('#'):
            continue
        name = words[0]
        if name.startswith(':'):
            if name.upper() in (':DEGREES', ':RADIANS'):
                degrees = name.upper() == ':DEGREES'
        elif len(words) == 1 and name.isdecimal():
            finish()
            frame = [None] * asf.num_channels
            frames.append(frame)
            start = number
        elif name not in columns:
            known = name in asf.joints
            what = 'a bone without channels' if known else 'an unknown bone'
            fail(source, number, f"'{name}' is {what} in this skeleton")
        elif not frames:
            fail(
                source, number, 'expected a frame number before the first bone'
            )
        else:
            at = columns[name]
            if len(words) - 1 != at.stop - at.start:
                fail(
                    source,
                    number,
                    f"expected {at.stop - at.start} values for '{name}' (got "
                    f'{len(words) - 1})',
                )
            if frame[at.start] is not None:
                fail(source, number, f"'{name}' appears twice in a frame")
            frame[at] = numbers(words[1:], source, number)
        line = number
    finish()
    if not frames:
        fail(source, None, 'the clip has no frame')
    motion = np.array(frames, dtype=np.float64)
    angular = np.array([c[0] == 'r' for b in asf.bones for c in b.channels])
    motion[:, angular] *= np.pi / 180 if degrees else 1.0
    motion[:, ~angular] *= asf.unit
    return motion
