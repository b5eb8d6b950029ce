from __future__ import annotations

from math import pi, remainder
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from pyg_hcsf.poses.rest_pose import rest_directions
from pyg_hcsf.poses.sequence import PoseSequence
from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import Skeleton

LIMIT = 2**18  # frames of a clip, those in gaps too: an hour at 60 Hz
PRIOR = 1e-6  # of the parent's turn, next to the directions of bones
RELAX = 0.1  # of a twist that is taken back from one frame to the next
# From axes to x, y up, z: half a turn about x, and a quarter.
Y_UP = {
    'camera': np.diag([1.0, -1.0, -1.0]),
    'world': np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
}


class Articulation(NamedTuple):
    r"""A motion as a rest pose whose joints turn, see :func:`articulate`.

    Args:
        skeleton (Skeleton): The joints.
        order (tuple[int, ...]): The joints, each behind its parent and with
            all that hangs on it together.
        rest (numpy.ndarray): Each joint from its parent in the rest pose,
            zero for the root: :obj:`[N, 3]`.
        step (numpy.ndarray): Each joint from its parent, in the axes that the
            parent has turned: :obj:`[T, N, 3]`.
        turn (numpy.ndarray): Rotations relative to the parent's:
            :obj:`[T, N, 3, 3]`.
    """

    skeleton: Skeleton
    order: tuple[int, ...]
    rest: np.ndarray
    step: np.ndarray
    turn: np.ndarray

    def positions(self) -> np.ndarray:
        r"""Forward kinematics: the joints, :obj:`[T, N, 3]`."""
        position = self.step.copy()
        world = self.turn.copy()
        for joint in self.order[1:]:
            parent = self.skeleton.parents[joint]
            position[:, joint] = position[:, parent] + _apply(
                world[:, parent], self.step[:, joint]
            )
            world[:, joint] = world[:, parent] @ self.turn[:, joint]
        return position

    def deviation(self, position: np.ndarray) -> np.ndarray:
        r"""How far the joint that is furthest from where it should be is:
        :obj:`[T]`.

        Args:
            position (numpy.ndarray): Where joints should be, without those
                that were added: :obj:`[T, N, 3]`.
        """
        joints = self.positions()[:, : position.shape[1]]
        return np.linalg.norm(joints - position, axis=2).max(axis=1)


def articulate(
    position: np.ndarray,
    skeleton: Skeleton,
    rigid: bool = False,
    pivots: bool = False,
) -> Articulation:
    r"""Turns positions of joints into rotations of joints.

    The rest pose is a T-pose with the median length of each bone; that of a
    skeleton with joints of unknown names has the directions of the first
    frame. A joint turns so that its children come as close as may be to where
    they should be (:func:`nearest_rotation`). Beyond that, a joint with one
    child does not twist against its parent, see :func:`calm_twist`, and a
    bone without length follows its parent.

    Args:
        position (numpy.ndarray): The joints, y up: :obj:`[T, N, 3]`.
        skeleton (Skeleton): Their names and parents.
        rigid (bool, optional): Keep the length and place of each bone on its
            parent as in the rest pose: joints are then only near where they
            were, and bones point from where their joint has come to where
            its child should be, so that errors do not add up along a limb.
            Otherwise joints are there exactly. (default: :obj:`False`)
        pivots (bool, optional): For bones on the same joint to turn one by
            one, as the neck and the shoulders do, give joints with several
            children one more joint for each, in the same place, such as
            :obj:`'Thorax_Neck'`; they are numbered behind the others.
            (default: :obj:`False`)

    Example:
        >>> motion = articulate(position, get_skeleton('h36m17'))
        >>> motion.positions()  # equal to position
    """
    direction = _rest_directions(position[0], skeleton)
    hanging: dict[int, int] = {}  # what hangs on a pivot
    if pivots:
        skeleton, hanging = _with_pivots(skeleton)
        places = [skeleton.parents[pivot] for pivot in hanging]
        position = np.concatenate([position, position[:, places]], axis=1)
        still = np.zeros((len(hanging), 3))
        direction = np.concatenate([direction, still])
    parents = np.array(skeleton.parents)
    bone = position - position[:, np.maximum(parents, 0)]
    length = np.median(np.linalg.norm(bone, axis=2), axis=0)
    rest = direction * length[:, None]

    order = _depth_first(skeleton)
    step = np.empty_like(position)
    placed = position.copy()
    turn = np.empty((*position.shape, 3))
    world = np.empty_like(turn)
    for joint in order:
        parent = parents[joint]
        prior = world[:, parent] if parent >= 0 else np.eye(3)
        back = np.swapaxes(prior, -1, -2)
        step[:, joint] = position[:, joint]
        if parent >= 0:
            away = position[:, joint] - placed[:, parent]
            step[:, joint] = rest[joint] if rigid else _apply(back, away)
            placed[:, joint] = placed[:, parent] + _apply(
                prior, step[:, joint]
            )
        children = np.flatnonzero(parents == joint).tolist()
        aims = [hanging.get(i, i) for i in children]
        toward = position[:, aims] - placed[:, [joint]]
        scale = np.linalg.norm(toward, axis=2) @ length[aims]
        fit = np.einsum('tci,cj->tij', toward, rest[aims])
        fit /= np.where(scale > 0, scale, 1.0)[:, None, None]
        turn[:, joint] = back @ nearest_rotation(fit + PRIOR * prior)
        if len(aims) == 1:
            turn[:, joint] = calm_twist(turn[:, joint], direction[aims[0]])
        world[:, joint] = prior @ turn[:, joint]
    return Articulation(skeleton, order, rest, step, turn)


def nearest_rotation(matrix: np.ndarray) -> np.ndarray:
    r"""The rotations nearest to matrices, never reflections: of the sum of
    outer products of where vectors go and where they come from, the rotation
    that takes them there best in the least-squares sense.

    Args:
        matrix (numpy.ndarray): Of shape :obj:`[*, 3, 3]`.
    """
    u, _, vt = np.linalg.svd(matrix)
    u[..., -1] *= np.sign(np.linalg.det(u @ vt))[..., None]
    return u @ vt


def calm_twist(turn: np.ndarray, axis: np.ndarray) -> np.ndarray:
    r"""Adds twists about an axis, after which the rotations follow each other
    without one, but for a tenth of what was added so far, which is taken back.

    The shortest rotation to a direction spins where it passes by the opposite
    of the axis, as a bent elbow does; this one does not.

    Args:
        turn (numpy.ndarray): Rotations without a twist: :obj:`[T, 3, 3]`.
        axis (numpy.ndarray): A unit vector.
    """
    change = np.swapaxes(turn[:-1], 1, 2) @ turn[1:]
    quaternion = Rotation.from_matrix(change).as_quat()
    spin = 2 * np.arctan2(quaternion[:, :3] @ axis, quaternion[:, 3])
    twist = [0.0]
    for angle in spin.tolist():
        twist.append((1 - RELAX) * remainder(twist[-1] - angle, 2 * pi))
    vectors = np.array(twist)[:, None] * axis
    return turn @ Rotation.from_rotvec(vectors).as_matrix()


def upright(sequence: PoseSequence) -> np.ndarray:
    r"""The joints of a sequence with y up and z towards the viewer, in
    millimetres: :obj:`[T, N, 3]`.
    """
    check_clip(sequence)
    return sequence.position @ Y_UP[sequence.axes].T


def every_frame(sequence: PoseSequence, position: np.ndarray) -> np.ndarray:
    r"""Fills gaps between frames on straight lines, for a constant rate.

    Args:
        sequence (PoseSequence): Whose frames they are.
        position (numpy.ndarray): The joints, :obj:`[T, N, 3]`.
    """
    frames = sequence.frames - sequence.frames[0]
    every = np.arange(int(frames[-1]) + 1)
    before = np.searchsorted(frames, every, 'right') - 1
    after = np.minimum(before + 1, len(frames) - 1)
    span = np.maximum(frames[after] - frames[before], 1)
    weight = ((every - frames[before]) / span)[:, None, None]
    return position[before] * (1 - weight) + position[after] * weight


def check_clip(sequence: PoseSequence) -> float:
    r"""Frames per second of a sequence that is to become a clip.

    Raises:
        ValueError: If they are not known, or the clip is too long.
    """
    who = f'person {shown(sequence.name)}'
    if sequence.fps is None:
        raise ValueError(
            f"Expected the 'fps' of {who} to be known, for the speed of the "
            'motion (got None): set it, as in dataclasses.replace(sequence, '
            'fps=25)'
        )
    frames = int(sequence.frames[-1]) - int(sequence.frames[0]) + 1
    if frames > LIMIT:
        raise ValueError(
            f"Expected the 'frames' of {who} to span at most {LIMIT} (got "
            f'{frames}): write the parts before and after the gap apart, or '
            '.json'
        )
    return float(sequence.fps)


def _apply(rotation: np.ndarray, vector: np.ndarray) -> np.ndarray:
    return np.einsum('tij,tj->ti', rotation, vector)


def _rest_directions(first: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    direction = rest_directions(skeleton)
    if direction is None:
        direction = first - first[np.maximum(skeleton.parents, 0)]
        length = np.linalg.norm(direction, axis=1, keepdims=True)
        np.divide(direction, length, out=direction, where=length > 0)
    return direction


def _with_pivots(skeleton: Skeleton) -> tuple[Skeleton, dict[int, int]]:
    names, parents = list(skeleton.joints), list(skeleton.parents)
    hanging = {}
    for joint, parent in skeleton.bones:
        if skeleton.parents.count(parent) > 1:
            parents[joint] = len(names)
            hanging[len(names)] = joint
            names.append(f'{names[parent]}_{names[joint]}')
            parents.append(parent)
    more = Skeleton(
        name=f'{skeleton.name} with pivots',
        joints=tuple(names),
        parents=tuple(parents),
        left=skeleton.left,
        right=skeleton.right,
    )
    return more, hanging


def _depth_first(skeleton: Skeleton) -> tuple[int, ...]:
    order, stack = [], [skeleton.root]
    while stack:
        order.append(joint := stack.pop())
        children = [i for i, p in enumerate(skeleton.parents) if p == joint]
        stack += reversed(children)
    return tuple(order)
