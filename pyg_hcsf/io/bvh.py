from __future__ import annotations

from dataclasses import dataclass

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

CHANNELS = tuple(
    f'{axis}{kind}' for kind in ('position', 'rotation') for axis in 'XYZ'
)
FRAME_TIME = (1e-6, 10.0)  # the range that makes sense, in seconds

# Human3.6M's 17 joints on the rig of the DAZ-friendly release of CMU's motion
# as BVH. Spine, thorax, neck and head are not the same anatomical points as
# Human3.6M's.
DAZ_JOINTS: JointMap = {
    'Hip': ('lThigh', 'rThigh'),
    'RHip': 'rThigh',
    'RKnee': 'rShin',
    'RFoot': 'rFoot',
    'LHip': 'lThigh',
    'LKnee': 'lShin',
    'LFoot': 'lFoot',
    'Spine': 'chest',
    'Thorax': ('lShldr', 'rShldr'),
    'Neck': 'head',
    'Head': ('leftEye', 'rightEye'),
    'LShoulder': 'lShldr',
    'LElbow': 'lForeArm',
    'LWrist': 'lHand',
    'RShoulder': 'rShldr',
    'RElbow': 'rForeArm',
    'RWrist': 'rHand',
}


@dataclass(frozen=True, eq=False)
class BVH:
    r"""A Biovision hierarchy with its motion, see :func:`read_bvh`.

    Args:
        joints (tuple[str, ...]): The names of the joints, parents first; the
            end site of a joint is called :obj:`'<joint>_end'`.
        parents (tuple[int, ...]): The parent of each, :obj:`-1` for a root.
        offsets (numpy.ndarray): From the parent at rest, in the file's unit:
            :obj:`[J, 3]`.
        channels (tuple[tuple[str, ...], ...]): The channels of each joint in
            the order of the file, such as :obj:`'Zrotation'`.
        motion (numpy.ndarray): The values of all channels, angles in degrees:
            :obj:`[T, num_channels]`.
        fps (float): Frames per second, as the header says.
    """

    joints: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: np.ndarray
    channels: tuple[tuple[str, ...], ...]
    motion: np.ndarray
    fps: float

    def joint_positions(
        self, scale: float = 10.0, up: str = 'y'
    ) -> np.ndarray:
        r"""Forward kinematics of the whole clip at once.

        Rotations are applied in the order of the channels, each about an axis
        of the frame that the ones before have turned. Position channels stand
        in the place of the offset, at any joint.

        Args:
            scale (float, optional): Millimetres per unit of the file.
                (default: :obj:`10.0`, for centimetres)
            up (str, optional): The axis that points up in the file,
                :obj:`'y'` or :obj:`'z'`. (default: :obj:`'y'`)

        Returns:
            The joints in millimetres, z up, of shape :obj:`[T, J, 3]`.
        """
        if not scale > 0:
            raise ValueError(f"Expected a positive 'scale' (got {scale})")
        position = np.empty((len(self.motion), len(self.joints), 3))
        turned: list[np.ndarray] = []  # [T, 3, 3] for each joint
        start = 0
        for i, (parent, channels) in enumerate(
            zip(self.parents, self.channels, strict=True)
        ):
            values = self.motion[:, start : start + len(channels)]
            start += len(channels)
            step = np.tile(self.offsets[i], (len(values), 1))
            turning = []
            for j, channel in enumerate(channels):
                if channel.endswith('position'):
                    step[:, 'XYZ'.index(channel[0])] = values[:, j]
                else:
                    turning.append(j)
            turn = np.eye(3)
            if turning:
                order = ''.join(channels[j][0] for j in turning)
                turn = Rotation.from_euler(
                    order, values[:, turning], degrees=True
                ).as_matrix()
            if parent < 0:
                position[:, i] = step
                turned.append(np.broadcast_to(turn, (len(values), 3, 3)))
            else:
                step = np.einsum('tij,tj->ti', turned[parent], step)
                position[:, i] = position[:, parent] + step
                turned.append(turned[parent] @ turn)
        return z_up(position * scale, up)


def read_bvh(source: Source) -> BVH:
    r"""Reads a Biovision hierarchy file.

    Args:
        source (str or pathlib.Path): The :obj:`.bvh` file, possibly within a
            zip archive as :class:`zipfile.Path`.

    Raises:
        ValueError: If it is missing, unreadable or malformed, with the file
            and the line.

    Example:
        >>> bvh = read_bvh('salsa/01.bvh')
        >>> pose = bvh.joint_positions(scale=10.0)  # [T, J, 3]
        >>> pose = to_h36m17(pose, bvh.joints, DAZ_JOINTS)
    """
    lines = read_lines(source)
    joints: list[str] = []
    parents: list[int] = []
    offsets: list[list[float]] = []
    channels: list[tuple[str, ...]] = []
    stack: list[int] = []  # the joints whose braces are open
    pending = False  # a joint was named, its brace is yet to come
    line, words = 0, ['']
    body = iter(enumerate(lines, 1))
    for line, text in body:
        words = text.split() or ['']
        key = words[0].upper()
        if pending and key not in ('{', ''):
            fail(source, line, f"expected '{{' after '{joints[-1]}'")
        if key in ('', 'HIERARCHY'):
            continue
        elif key in ('ROOT', 'JOINT', 'END'):
            if (key == 'ROOT') == bool(stack) or len(words) < 2:
                fail(source, line, f'unexpected {shown(text.strip())}')
            parent = stack[-1] if stack else -1
            end = key == 'END'
            name = f'{joints[parent]}_end' if end else ' '.join(words[1:])
            if name in joints:
                fail(source, line, f"the joint '{name}' is defined twice")
            joints.append(name)
            parents.append(parent)
            offsets.append([])
            channels.append(())
            pending = True
        elif key == '{':
            if not pending:
                fail(source, line, "unbalanced braces: unexpected '{'")
            stack.append(len(joints) - 1)
            pending = False
        elif key == '}':
            if not stack:
                fail(source, line, "unbalanced braces: unexpected '}'")
            joint = stack.pop()
            if not offsets[joint]:
                fail(
                    source, line, f"the joint '{joints[joint]}' has no OFFSET"
                )
        elif key == 'OFFSET' and stack:
            offsets[stack[-1]] = numbers(words[1:], source, line)
            if len(words) != 4:
                fail(
                    source, line, f'expected 3 numbers (got {len(words) - 1})'
                )
        elif key == 'CHANNELS' and stack:
            channels[stack[-1]] = _channels(source, line, words[1:])
        elif key == 'MOTION':
            break
        else:
            fail(source, line, f'unexpected {shown(text.strip())}')
    if stack:
        fail(
            source,
            line,
            f"unbalanced braces: '{joints[stack[-1]]}' is not closed before "
            'the motion',
        )
    if words[0].upper() != 'MOTION' or not joints:
        fail(source, line, 'expected a HIERARCHY with a ROOT, then MOTION')

    frames, rate = -1.0, 0.0
    rows: list[list[float]] = []
    width = sum(map(len, channels))
    for line, text in body:
        words = text.split()
        if not words:
            continue
        if words[0].lower() == 'frames:' and len(words) == 2:
            (frames,) = numbers(words[1:], source, line)
        elif text.lower().startswith('frame time:') and len(words) == 3:
            (rate,) = numbers(words[2:], source, line)
            if not FRAME_TIME[0] <= rate <= FRAME_TIME[1]:
                fail(
                    source,
                    line,
                    'expected a frame time between {:g} and {:g} seconds '
                    '(got {})'.format(*FRAME_TIME, rate),
                )
        else:
            if frames < 0 or rate == 0:
                fail(
                    source, line, "expected 'Frames:' and 'Frame Time:' first"
                )
            if len(words) != width:
                fail(
                    source,
                    line,
                    f'expected {width} values, one per channel (got '
                    f'{len(words)})',
                )
            rows.append(numbers(words, source, line))
    if not rows:
        fail(source, line, 'the clip has no frame')
    if len(rows) != frames:
        fail(
            source,
            line,
            f"'Frames:' announces {frames:g} frames (got {len(rows)})",
        )
    fps = 1 / rate
    return BVH(
        joints=tuple(joints),
        parents=tuple(parents),
        offsets=np.array(offsets),
        channels=tuple(channels),
        motion=np.array(rows),
        fps=float(round(fps)) if abs(fps - round(fps)) < 0.01 else fps,
    )


def _channels(source: Source, line: int, words: list[str]) -> tuple[str, ...]:
    known = {name.lower(): name for name in CHANNELS}
    names = [known.get(word.lower(), '') for word in words[1:]]
    if (
        not all(names)
        or len(set(names)) < len(names)
        or words[:1] != [str(len(names))]
    ):
        fail(
            source,
            line,
            f'expected a count and as many distinct channels of {CHANNELS} '
            f'(got {shown(" ".join(words))})',
        )
    return tuple(names)
