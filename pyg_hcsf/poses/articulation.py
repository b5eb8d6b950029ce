r"""Joint positions to joint rotations on a rest pose, as animations need."""

from math import pi, remainder
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from pyg_hcsf.poses.rest_pose import rest_directions
from pyg_hcsf.poses.sequence import PoseSequence
from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import Skeleton

MAX_FRAMES = 2**18  # of a clip, gaps included: an hour at 60 Hz
PRIOR = 1e-6  # weight of the parent's rotation in the fit of a joint's
RELAX = 0.1  # share of the added twist that is removed in each frame
# From PoseSequence.axes to y up: half a turn about x, and a quarter.
Y_UP = {
    'camera': np.diag([1.0, -1.0, -1.0]),
    'world': np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
}


class Articulation(NamedTuple):
    r"""A motion as a rest pose with joint rotations (:func:`articulate`).

    Args:
        skeleton (Skeleton): The joints.
        order (tuple[int, ...]): The joints in depth-first order.
        rest (numpy.ndarray): Offset of each joint from its parent in the rest
            pose, zero for the root: :obj:`[N, 3]`.
        translation (numpy.ndarray): Offset of each joint from its parent, in
            the parent's rotated axes: :obj:`[T, N, 3]`.
        rotation (numpy.ndarray): Rotation of each joint relative to its
            parent: :obj:`[T, N, 3, 3]`.
    """

    skeleton: Skeleton
    order: tuple[int, ...]
    rest: np.ndarray
    translation: np.ndarray
    rotation: np.ndarray

    def positions(self) -> np.ndarray:
        r"""Joint positions by forward kinematics: :obj:`[T, N, 3]`."""
        position = self.translation.copy()
        world = self.rotation.copy()
        for joint in self.order[1:]:
            parent = self.skeleton.parents[joint]
            position[:, joint] = position[:, parent] + _apply(
                world[:, parent], self.translation[:, joint]
            )
            world[:, joint] = world[:, parent] @ self.rotation[:, joint]
        return position

    def deviation(self, position: np.ndarray) -> np.ndarray:
        r"""The largest distance of a joint from its given position
        :obj:`[T, N, 3]` (without pivots) in each frame: :obj:`[T]`.
        """
        joints = self.positions()[:, : position.shape[1]]
        return np.linalg.norm(joints - position, axis=2).max(axis=1)


def articulate(
    position: np.ndarray,
    skeleton: Skeleton,
    rigid: bool = False,
    pivots: bool = False,
) -> Articulation:
    r"""Converts joint positions to joint rotations.

    The rest pose is a T-pose with the median length of each bone. If the
    skeleton has joints of unknown names, the rest pose has the bone
    directions of the first frame instead. Each joint is rotated so that its
    children come as close as possible to their positions, in the
    least-squares sense (:func:`nearest_rotation`). A joint with one child
    does not twist against its parent (:func:`remove_twist`), and a bone of
    zero length follows its parent.

    Args:
        position (numpy.ndarray): The joints, y up: :obj:`[T, N, 3]`.
        skeleton (Skeleton): Their names and parents.
        rigid (bool, optional): If set to :obj:`True`, bones keep their rest
            length, so that joints are only near their given positions. Each
            rotation is fitted from where the joint has come to, so that
            errors do not add up along a limb. Otherwise bones change their
            length and positions are exact. (default: :obj:`False`)
        pivots (bool, optional): If set to :obj:`True`, a joint with several
            children gets one extra joint at its place for each of them, such
            as :obj:`'Thorax_Neck'`, so that the bones rotate independently.
            Extra joints are appended behind the others.
            (default: :obj:`False`)

    Example:
        >>> motion = articulate(position, get_skeleton('h36m17'))
        >>> motion.positions()  # equal to position
    """
    direction = _rest_directions(position[0], skeleton)
    child_of: dict[int, int] = {}  # pivot -> the joint that it rotates
    if pivots:
        skeleton, child_of = _with_pivots(skeleton)
        copies = [skeleton.parents[pivot] for pivot in child_of]
        position = np.concatenate([position, position[:, copies]], axis=1)
        direction = np.concatenate([direction, np.zeros((len(copies), 3))])
    parents = np.array(skeleton.parents)
    bone = position - position[:, np.maximum(parents, 0)]
    length = np.median(np.linalg.norm(bone, axis=2), axis=0)
    rest = direction * length[:, None]

    order = _depth_first(skeleton)
    translation = np.empty_like(position)
    placed = position.copy()  # positions after the rotations so far
    rotation = np.empty((*position.shape, 3))
    world = np.empty_like(rotation)
    for joint in order:
        parent = parents[joint]
        prior = world[:, parent] if parent >= 0 else np.eye(3)
        inverse = np.swapaxes(prior, -1, -2)
        translation[:, joint] = position[:, joint]
        if parent >= 0:
            offset = position[:, joint] - placed[:, parent]
            translation[:, joint] = (
                rest[joint] if rigid else _apply(inverse, offset)
            )
            placed[:, joint] = placed[:, parent] + _apply(
                prior, translation[:, joint]
            )
        children = np.flatnonzero(parents == joint).tolist()
        targets = [child_of.get(i, i) for i in children]
        # Least-squares rotation from the children's rest offsets to where they
        # are now [T, children, 3]; each weighs with its rest length.
        toward = position[:, targets] - placed[:, [joint]]
        scale = np.linalg.norm(toward, axis=2) @ length[targets]
        fit = np.einsum('tci,cj->tij', toward, rest[targets])
        fit /= np.where(scale > 0, scale, 1.0)[:, None, None]
        local = inverse @ nearest_rotation(fit + PRIOR * prior)
        if len(targets) == 1:
            local = remove_twist(local, direction[targets[0]])
        rotation[:, joint] = local
        world[:, joint] = prior @ local
    return Articulation(skeleton, order, rest, translation, rotation)


def nearest_rotation(matrix: np.ndarray) -> np.ndarray:
    r"""The rotations (never reflections) that are nearest to matrices
    :obj:`[*, 3, 3]`. For a sum of outer products :math:`\sum \mathbf{t}_i
    \mathbf{s}_i^\top` it is the least-squares rotation of the vectors
    :math:`\mathbf{s}_i` to :math:`\mathbf{t}_i` (Kabsch).
    """
    # A negative determinant would be a reflection: the axis of the smallest
    # singular value, which costs least, is turned over.
    u, _, vt = np.linalg.svd(matrix)
    u[..., -1] *= np.sign(np.linalg.det(u @ vt))[..., None]
    return u @ vt


def remove_twist(rotation: np.ndarray, axis: np.ndarray) -> np.ndarray:
    r"""Adds twists about a unit vector :obj:`[3]` so that consecutive
    rotations :obj:`[T, 3, 3]` do not twist against each other.

    The shortest rotation to a direction spins where that direction passes
    the opposite of the axis, as at a fully bent elbow; the result does not.
    A tenth of the added twist is removed in each frame, so that it decays.
    """
    # The twist part of the change from frame to frame (swing-twist
    # decomposition): twice the angle of the quaternion along the axis. The
    # first frame is its own predecessor: older SciPy takes no empty array.
    before = np.concatenate([rotation[:1], rotation[:-1]])
    change = np.swapaxes(before, 1, 2) @ rotation
    quaternion = Rotation.from_matrix(change).as_quat()
    spin = 2 * np.arctan2(quaternion[:, :3] @ axis, quaternion[:, 3])
    twist = [0.0]
    for angle in spin[1:].tolist():
        twist.append((1 - RELAX) * remainder(twist[-1] - angle, 2 * pi))
    vectors = np.array(twist)[:, None] * axis
    return rotation @ Rotation.from_rotvec(vectors).as_matrix()


def to_y_up(sequence: PoseSequence) -> np.ndarray:
    r"""The joints of a sequence with y up and z towards the viewer, in
    millimetres: :obj:`[T, N, 3]`.
    """
    require_fps(sequence)
    return sequence.position @ Y_UP[sequence.axes].T


def fill_gaps(sequence: PoseSequence, position: np.ndarray) -> np.ndarray:
    r"""Interpolates joints :obj:`[T, N, 3]` linearly at missing frames."""
    frames = sequence.frames - sequence.frames[0]
    every = np.arange(int(frames[-1]) + 1)
    before = np.searchsorted(frames, every, 'right') - 1
    after = np.minimum(before + 1, len(frames) - 1)
    span = np.maximum(frames[after] - frames[before], 1)
    weight = ((every - frames[before]) / span)[:, None, None]
    return position[before] * (1 - weight) + position[after] * weight


def require_fps(sequence: PoseSequence) -> float:
    r"""Frames per second of a sequence that is exported as an animation;
    raises a :class:`ValueError` if unknown, or if the clip is too long.
    """
    person = f'person {shown(sequence.name)}'
    if sequence.fps is None:
        raise ValueError(
            f"Expected the 'fps' of {person} to be known, for the speed of "
            'the motion (got None): set it, as in '
            'dataclasses.replace(sequence, fps=25)'
        )
    frames = int(sequence.frames[-1]) - int(sequence.frames[0]) + 1
    if frames > MAX_FRAMES:
        raise ValueError(
            f"Expected the 'frames' of {person} to span at most {MAX_FRAMES} "
            f'(got {frames}): write the parts before and after the gap apart, '
            'or as .json'
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
    child_of = {}
    for joint, parent in skeleton.bones:
        if skeleton.parents.count(parent) > 1:  # siblings share the parent
            parents[joint] = len(names)
            child_of[len(names)] = joint
            names.append(f'{names[parent]}_{names[joint]}')
            parents.append(parent)
    extended = Skeleton(
        name=f'{skeleton.name} with pivots',
        joints=tuple(names),
        parents=tuple(parents),
        left=skeleton.left,
        right=skeleton.right,
    )
    return extended, child_of


def _depth_first(skeleton: Skeleton) -> tuple[int, ...]:
    order, stack = [], [skeleton.root]
    while stack:
        order.append(joint := stack.pop())
        children = [i for i, p in enumerate(skeleton.parents) if p == joint]
        stack += reversed(children)
    return tuple(order)
