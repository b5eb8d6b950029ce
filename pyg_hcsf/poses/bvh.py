from __future__ import annotations

from pathlib import Path

import numpy as np

from pyg_hcsf.poses.articulation import (
    Articulation,
    articulate,
    check_clip,
    every_frame,
    upright,
)
from pyg_hcsf.poses.euler import continuous, euler_angles
from pyg_hcsf.poses.sequence import PoseSequence
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.skeleton import get_skeleton

MM = 10.0  # in a unit of the file: it is in centimetres
DECIMALS = 5  # of a centimetre and a degree
END = 0.25  # of the last bone, for the end sites that the format wants
SHORTEST = 10.0  # mm, of an end site
POSITIONS = ('Xposition', 'Yposition', 'Zposition')


def write_bvh(
    path: Path, sequence: PoseSequence, rigid: bool = False
) -> float:
    r"""Writes the poses of a person as a Biovision hierarchy: y up, in
    centimetres, a T-pose at rest, the first frame of the person first and
    gaps between frames filled on straight lines. Joints and rotations are
    those of :func:`~pyg_hcsf.poses.articulation.articulate`.

    Args:
        path (pathlib.Path): The file.
        sequence (PoseSequence): The person; :obj:`fps` must be known.
        rigid (bool, optional): Three channels of rotation for each joint but
            the root, and constant bones, as tools that retarget motion want;
            bones on the same joint turn about joints of their own.
            Otherwise six channels for each, which also say where a joint is
            on its parent, so that each is where it was.
            (default: :obj:`False`)

    Returns:
        The largest distance in millimetres between a joint in the file and
        where it was, but for what is rounded, in the frames that were given.

    Example:
        >>> write_bvh(Path('walk.bvh'), sequence)
        >>> joints = read_bvh('walk.bvh').joint_positions(scale=10.0)
    """
    fps = check_clip(sequence)
    position = every_frame(sequence, upright(sequence))
    skeleton = get_skeleton(sequence.skeleton)
    motion = articulate(position, skeleton, rigid, pivots=rigid)
    lines = ['HIERARCHY']
    orders = [_rotation_order(motion, j) for j in range(len(motion.rest))]
    depth = -1
    for joint in motion.order:
        above = _depth(motion, joint)
        lines += ['  ' * i + '}' for i in range(depth, above - 1, -1)]
        depth = above
        lines += _joint(motion, joint, orders[joint], depth, rigid)
    lines += ['  ' * i + '}' for i in range(depth, -1, -1)]
    lines += ['MOTION', f'Frames: {len(position)}', f'Frame Time: {1 / fps}']
    angles = np.stack(
        [euler_angles(motion.turn[:, j], x) for j, x in enumerate(orders)],
        axis=1,
    )
    angles = np.degrees(continuous(angles))
    columns = []
    for joint in motion.order:
        if not rigid or joint == motion.skeleton.root:
            columns.append(motion.step[:, joint] / MM)
        columns.append(angles[:, joint])
    table = np.concatenate(columns, axis=1).round(DECIMALS) + 0.0
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
        f'{"ROOT" if root else "JOINT"} {motion.skeleton.joints[joint]}',
        '{',
        f'  OFFSET {_numbers(motion.rest[joint])}',
        f'  CHANNELS {len(channels)} {" ".join(channels)}',
    ]
    if joint not in motion.skeleton.parents:
        length = np.linalg.norm(motion.rest[joint])
        if length > 0:
            end = motion.rest[joint] * max(END, SHORTEST / length)
        else:
            end = np.array([0, SHORTEST, 0])
        lines += ['  End Site', '  {', f'    OFFSET {_numbers(end)}', '  }']
    return ['  ' * depth + line for line in lines]


def _numbers(vector: np.ndarray) -> str:
    values = (vector / MM).round(DECIMALS) + 0.0
    return ' '.join(f'{x:.{DECIMALS}f}' for x in values)


def _depth(motion: Articulation, joint: int) -> int:
    depth = 0
    while (joint := motion.skeleton.parents[joint]) >= 0:
        depth += 1
    return depth


def _rotation_order(motion: Articulation, joint: int) -> str:
    r"""The axis that runs along the bones of the joint is the second, as a
    joint hardly twists about it and a right angle there is where the angles
    jump; the root turns upright first and may turn all round.
    """
    if joint == motion.skeleton.root:
        return 'YZX'
    children = np.array(motion.skeleton.parents) == joint
    bones = motion.rest[children].sum(axis=0)
    along = np.abs(bones).argmax() if bones.any() else 1
    return ('ZXY', 'ZYX', 'XZY')[along]
