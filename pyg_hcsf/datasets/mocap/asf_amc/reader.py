from __future__ import annotations

import warnings
from array import array
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from pyg_hcsf.datasets.mocap.asf_amc.asf_text import (
    MAX_AXIS,
    MAX_TURN,
    MM_PER_INCH,
    RADIAN,
    ROOT,
    Block,
    check_turn,
    read_bone_blocks,
    read_parents,
    read_sections,
    read_units,
)
from pyg_hcsf.datasets.mocap.body import HEIGHTS, body_height, unit_of
from pyg_hcsf.datasets.mocap.text import (
    JointMap,
    MotionFile,
    by_chunks,
    check_size,
    fail,
    numbers,
    read_lines,
    to_h36m17,
    z_up,
)
from pyg_hcsf.safe_io.shown import shown

MAX_DIGITS = 8  # of a frame number
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
        return by_chunks(
            lambda part: z_up(self._forward(part)), motion, len(self.bones)
        )

    def _forward(self, motion: np.ndarray) -> np.ndarray:
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
        return position


def read_asf(source: MotionFile, amc: MotionFile | None = None) -> ASF:
    r"""Reads an Acclaim skeleton.

    A length :math:`l` in a file with :obj:`:units length u` is :math:`l / u`
    inches, see http://research.cs.wisc.edu/graphics/Courses/cs-838-1999/Jeff/
    ASF-AMC.html.

    Args:
        source (str or pathlib.Path): The :obj:`.asf` file, possibly within a
            zip archive as :class:`zipfile.Path`.
        amc (str or pathlib.Path, optional): A motion of this skeleton. It
            tells the unit of angles, :obj:`:DEGREES` or :obj:`:RADIANS`,
            where :obj:`:units` does not. (default: :obj:`None`)

    Raises:
        ValueError: If it is missing, unreadable or malformed, with the file
            and the line, or the unit of its angles is not known. A person of
            a height that nobody has is read with a warning.

    Example:
        >>> read_asf('01.asf').joints[:3]
        ('root', 'lhipjoint', 'lfemur')
    """
    sections = read_sections(source)
    unit, degrees = read_units(source, sections['units'])
    if degrees is None and amc is not None:
        degrees = amc_degrees(amc)
    if degrees is None:
        fail(
            source,
            None,
            "the section ':units' has no 'angle', and no motion says "
            "':DEGREES' or ':RADIANS': write 'angle deg' below ':units'",
        )
    blocks = read_bone_blocks(source, sections['bonedata'])
    root = {}
    for line, words in sections['root']:
        if len(words) < 2:
            fail(source, line, f'expected a value after {shown(words[0])}')
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
    parents = read_parents(source, sections['hierarchy'], names)
    children: dict[str, list[str]] = {}
    for name in names[1:]:
        children.setdefault(parents.get(name, ''), []).append(name)
    ordered: list[str] = [ROOT]
    for name in ordered:  # grows: every bone after its parent
        ordered += children.get(name, [])
    if len(ordered) < len(names):
        lost = sorted(set(names) - set(ordered))
        fail(
            source,
            None,
            f'the bones {shown(lost)} do not hang on the root: the hierarchy '
            'leaves them out or holds a cycle',
        )
    block_of = dict(zip(names, blocks, strict=True))
    number = {name: i for i, name in enumerate(ordered)}
    bones = tuple(
        _bone(
            source,
            block_of[name],
            -1 if name == ROOT else number[parents[name]],
            unit,
            degrees,
        )
        for name in ordered
    )
    asf = ASF(bones, unit, degrees)
    _warn_of_size(asf, source)
    return asf


def _warn_of_size(asf: ASF, source: MotionFile) -> None:
    r"""Warns of a person who is taller or shorter than people are."""
    if not set(np.hstack(list(ASF_JOINTS.values()))) <= set(asf.joints):
        return
    rest = asf.joint_positions(np.zeros((1, asf.num_channels)))
    height = body_height(to_h36m17(rest, asf.joints, ASF_JOINTS))
    if HEIGHTS[0] <= height < HEIGHTS[1]:
        return
    _, fits = unit_of(height / asf.unit) or ('', 0.0)
    remedy = f": 'length {MM_PER_INCH / fits:.4g}' fits" if fits else ''
    warnings.warn(
        f'{source}: the person is {height:,.0f} mm tall, so that the '
        f"'length' below ':units' seems wrong{remedy}",
        stacklevel=3,
    )


def _bone(
    source: MotionFile, block: Block, parent: int, unit: float, degrees: bool
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
    axis = vector('axis', 3) * RADIAN[degrees]
    check_turn(axis, MAX_AXIS, source, line)
    line, words = block.get('dof', (0, []))
    channels = tuple(word.lower() for word in words)
    if not set(channels) <= set(CHANNELS) or len(set(channels)) < len(words):
        fail(source, line, f'expected distinct channels of {CHANNELS}')
    return Bone(
        name=block['name'][1][0],
        parent=parent,
        offset=tuple(vector('direction', 3) * vector('length', 1) * unit),
        axis=tuple(axis),
        order=order,
        channels=channels,
    )


def read_amc(source: MotionFile, asf: ASF) -> np.ndarray:
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
            another skeleton, with the file and the line. Frames whose numbers
            have gaps are read with a warning.

    Example:
        >>> motion = read_amc('01_01.amc', read_asf('01.asf'))
    """
    columns = asf.columns
    degrees: bool | None = None
    values = array('d')
    frame: list[Any] = []  # None where nothing was read
    frames = line = first = size = 0
    last, gaps = '', list[int]()  # frame number, lines where one is missing

    def finish() -> None:
        if None in frame:
            lost = [n for n, at in columns.items() if None in frame[at]]
            fail(
                source,
                line,
                f'frame {frames} (from line {first}) ends without the '
                f'bones {shown(lost)}: is the file truncated?',
            )
        values.extend(frame)

    for number, words in enumerate(read_lines(source), 1):
        size += sum(map(len, words)) + len(words)
        if not words or words[0].startswith('#'):
            continue
        name = words[0]
        if name.startswith(':'):
            degrees = _said(name, degrees, source, number)
        elif len(words) == 1 and name.isdecimal():
            finish()
            frame = [None] * asf.num_channels
            frames += 1
            first = number
            if last and name.lstrip('0') != str(int(last) + 1):
                gaps.append(number)
            last = name[-MAX_DIGITS:]
        elif name not in columns:
            what = 'an unknown bone'
            if name in asf.joints:
                what = 'a bone without channels'
            fail(source, number, f'{shown(name)} is {what} in this skeleton')
        elif not frames:
            fail(
                source, number, 'expected a frame number before the first bone'
            )
        elif frame[columns[name].start] is not None:
            fail(source, number, f'{shown(name)} appears twice in a frame')
        else:
            frame[columns[name]] = _values(
                words, columns[name], source, number
            )
        line = number
    finish()
    if not frames:
        fail(source, None, 'the clip has no frame')
    if gaps:
        warnings.warn(
            f'{source}, line {gaps[0]}: the number of the frame does not '
            f'follow the one before, at {len(gaps):,} frames: they are read '
            'as if none were missing',
            stacklevel=2,
        )
    check_size(source, len(asf.bones), frames, size)
    motion = np.array(values).reshape(frames, -1)
    angular = np.array([c[0] == 'r' for b in asf.bones for c in b.channels])
    degrees = asf.degrees if degrees is None else degrees
    motion[:, angular] *= RADIAN[degrees]
    motion[:, ~angular] *= asf.unit
    check_turn(motion[:, angular], MAX_TURN, source, None)
    if not degrees:  # the root may turn several times, limbs do not
        angular[columns.get(ROOT, slice(0, 0))] = False
        check_turn(motion[:, angular], MAX_AXIS, source, None)
    return motion


def _values(
    words: list[str], at: slice, source: MotionFile, line: int
) -> list[float]:
    if len(words) - 1 != at.stop - at.start:
        fail(
            source,
            line,
            f'expected {at.stop - at.start} values for {shown(words[0])} '
            f'(got {len(words) - 1})',
        )
    return numbers(words[1:], source, line)


def amc_degrees(source: MotionFile) -> bool | None:
    r"""Whether an Acclaim motion says that its angles are in degrees;
    :obj:`None` if it says nothing.

    Raises:
        ValueError: If it says both :obj:`:DEGREES` and :obj:`:RADIANS`.

    Example:
        >>> amc_degrees('01_01.amc')
        True
    """
    said: bool | None = None
    for number, words in enumerate(read_lines(source), 1):
        if words and words[0].startswith(':'):
            said = _said(words[0], said, source, number)
        elif words and not words[0].startswith('#'):
            break
    return said


def _said(
    word: str, said: bool | None, source: MotionFile, line: int
) -> bool | None:
    degrees = {':DEGREES': True, ':RADIANS': False}.get(word.upper(), said)
    if said not in (None, degrees):
        fail(source, line, "the motion says both ':DEGREES' and ':RADIANS'")
    return degrees
