r"""Writes one person's poses as a Biovision hierarchy (BVH)."""

import re
from pathlib import Path

import numpy as np

from pyg_hcsf.poses.articulation import (
    Articulation,
    articulate,
    fill_gaps,
    require_fps,
    to_y_up,
)
from pyg_hcsf.poses.euler import euler_angles, unwrap_euler
from pyg_hcsf.poses.sequence import PoseSequence
from pyg_hcsf.safe_io.atomic_write import atomic_write

MM_PER_UNIT = 10.0  # the file is in centimetres
DECIMALS = 5  # of centimetres and degrees
END_SHARE = 0.25  # length of an end site as a share of the last bone
MIN_END_MM = 10.0  # least length of an end site
POSITIONS = ('Xposition', 'Yposition', 'Zposition')


def write_bvh(
    path: Path, sequence: PoseSequence, rigid: bool = False
) -> float:
    r"""Writes the poses of a person as BVH: y up, in centimetres, with a
    T-pose at rest. The file begins with the first frame of the person;
    missing frames are interpolated linearly.

    If :obj:`rigid`, only the root has position channels and bones are of
    constant length, as retargeting tools need; bones that share a joint get
    a pivot joint each. Otherwise each joint has six channels, and joint
    positions are exact.

    Returns:
        The largest distance in millimetres of a joint from its given
        position in the given frames, without rounding.
    """
    fps = require_fps(sequence)
    position = fill_gaps(sequence, to_y_up(sequence))
    motion = articulate(position, sequence.skeleton, rigid, pivots=rigid)
    orders = [_rotation_order(motion, j) for j in range(len(motion.rest))]
    lines = ['HIERARCHY']
    depth = -1
    for joint in motion.order:
        # Closes the braces of all joints that this one is not below.
        parent_depth = _depth(motion, joint)
        lines += ['  ' * i + '}' for i in range(depth, parent_depth - 1, -1)]
        depth = parent_depth
        lines += _joint(motion, joint, orders[joint], depth, rigid)
    lines += ['  ' * i + '}' for i in range(depth, -1, -1)]
    lines += ['MOTION', f'Frames: {len(position)}', f'Frame Time: {1 / fps}']
    angles = [
        euler_angles(motion.rotation[:, j], x) for j, x in enumerate(orders)
    ]
    degrees = np.degrees(unwrap_euler(np.stack(angles, axis=1)))
    columns = []
    for joint in motion.order:
        if not rigid or joint == motion.skeleton.root:
            columns.append(motion.translation[:, joint] / MM_PER_UNIT)
        columns.append(degrees[:, joint])
    table = np.concatenate(columns, axis=1).round(DECIMALS) + 0.0  # no -0
    with atomic_write(path) as part, part.open('w', newline='\n') as file:
        file.write('\n'.join(lines) + '\n')
        np.savetxt(file, table, f'%.{DECIMALS}f')
    given = sequence.frames - sequence.frames[0]
    return float(motion.deviation(position)[given].max())


def _joint(
    motion: Articulation, joint: int, order: str, depth: int, rigid: bool
) -> list[str]:
    root = joint == motion.skeleton.root
    channels = [f'{axis}rotation' for axis in order]
    if root or not rigid:
        channels = [*POSITIONS, *channels]
    lines = [
        f'{"ROOT" if root else "JOINT"} {_name(motion, joint)}',
        '{',
        f'  OFFSET {_numbers(motion.rest[joint])}',
        f'  CHANNELS {len(channels)} {" ".join(channels)}',
    ]
    if joint not in motion.skeleton.parents:
        length = np.linalg.norm(motion.rest[joint])
        end = np.array([0, MIN_END_MM, 0])  # up, below a bone of no length
        if length > 0:
            end = motion.rest[joint] * max(END_SHARE, MIN_END_MM / length)
        lines += ['  End Site', '  {', f'    OFFSET {_numbers(end)}', '  }']
    return ['  ' * depth + line for line in lines]


def _name(motion: Articulation, joint: int) -> str:
    r"""The name of a joint without white space and braces, which a hierarchy
    has no way to quote; with its number if another joint would have it, too.
    """
    names = [re.sub(r'[\s{}]', '_', name) for name in motion.skeleton.joints]
    name = names[joint]
    return name if names.count(name) == 1 else f'{name}_{joint}'


def _numbers(vector: np.ndarray) -> str:
    values = (vector / MM_PER_UNIT).round(DECIMALS) + 0.0
    return ' '.join(f'{x:.{DECIMALS}f}' for x in values)


def _depth(motion: Articulation, joint: int) -> int:
    depth = 0
    while (joint := motion.skeleton.parents[joint]) >= 0:
        depth += 1
    return depth


def _rotation_order(motion: Articulation, joint: int) -> str:
    r"""The Euler order of a joint. The second angle is about the axis along
    the bones: joints hardly twist about it, so that it stays off the gimbal
    lock at 90 degrees. The root yaws first, as it may turn all round.
    """
    if joint == motion.skeleton.root:
        return 'YZX'
    children = np.array(motion.skeleton.parents) == joint
    bones = motion.rest[children].sum(axis=0)
    along = np.abs(bones).argmax() if bones.any() else 1
    return ('ZXY', 'ZYX', 'XZY')[along]
