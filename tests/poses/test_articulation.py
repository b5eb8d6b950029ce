from dataclasses import replace

import numpy as np
import pytest
import roma
import torch
from scipy.spatial.transform import Rotation

from pyg_hcsf.poses.articulation import (
    articulate,
    fill_gaps,
    remove_twist,
    to_y_up,
)
from pyg_hcsf.poses.euler import euler_angles, unwrap_euler
from pyg_hcsf.poses.rest_pose import rest_directions
from pyg_hcsf.skeleton import Skeleton, available_skeletons, get_skeleton

H36M17 = get_skeleton('h36m17')
ORDERS = ('XYZ', 'XZY', 'YXZ', 'YZX', 'ZXY', 'ZYX')


def compose(angles, order):
    return Rotation.from_euler(order, angles).as_matrix()


def standing(num_frames=1):
    """A T-pose with bones of 100 mm."""
    position = np.zeros((num_frames, 17, 3))
    for joint, parent in H36M17.bones:
        step = 100 * rest_directions(H36M17)[joint]
        position[:, joint] = position[:, parent] + step
    return position


def angle(rotation):
    cosine = (np.trace(rotation, axis1=-2, axis2=-1) - 1) / 2
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


@pytest.mark.parametrize('name', available_skeletons())
def test_every_skeleton_has_a_rest_pose(name):
    skeleton = get_skeleton(name)
    length = np.linalg.norm(rest_directions(skeleton), axis=1)
    expected = np.ones(skeleton.num_joints)
    expected[skeleton.root] = 0
    np.testing.assert_allclose(length, expected)


def test_rest_pose_is_a_t_pose():
    direction = dict(zip(H36M17.joints, rest_directions(H36M17), strict=True))
    for joint, expected in {
        'LElbow': (1, 0, 0),
        'RWrist': (-1, 0, 0),
        'LKnee': (0, -1, 0),
        'RFoot': (0, -1, 0),
        'Thorax': (0, 1, 0),
        'RHip': (-1, 0, 0),
    }.items():
        np.testing.assert_allclose(direction[joint], expected)
    ntu = get_skeleton('ntu25')
    foot = rest_directions(ntu)[ntu.joints.index('LFoot')]
    assert foot[2] > 0.8  # with an ankle, it points to the front


@pytest.mark.parametrize('pivots', [False, True])
@pytest.mark.parametrize('name', available_skeletons())
def test_forward_kinematics_of_any_pose(name, pivots):
    skeleton = get_skeleton(name)
    rng = np.random.default_rng(0)
    position = rng.normal(0, 300, (20, skeleton.num_joints, 3))
    motion = articulate(position, skeleton, pivots=pivots)
    assert motion.deviation(position).max() < 1e-6
    np.testing.assert_allclose(
        np.linalg.det(motion.rotation), np.ones(motion.rotation.shape[:2])
    )


def test_joints_at_rest_do_not_turn():
    for pivots in (False, True):
        motion = articulate(standing(), H36M17, pivots=pivots)
        np.testing.assert_allclose(angle(motion.rotation), 0, atol=1e-4)


def test_bent_limbs_turn_as_they_should():
    position = standing()
    joints = H36M17.joints
    elbow, wrist = joints.index('LElbow'), joints.index('LWrist')
    position[0, wrist] = position[0, elbow] + [0, 0, 100]  # to the front
    knee, foot = joints.index('RKnee'), joints.index('RFoot')
    position[0, foot] = position[0, knee] + [0, 0, -100]  # to the back
    turn = articulate(position, H36M17).rotation[0]
    expected = np.tile(np.eye(3), (17, 1, 1))
    expected[elbow] = compose(np.radians(-90), 'Y')
    expected[knee] = compose(np.radians(90), 'X')
    np.testing.assert_allclose(turn, expected, atol=1e-5)


def test_whole_body_turns_at_the_root():
    rotation = roma.random_rotmat(5, dtype=torch.float64).numpy()
    position = np.einsum('tij,tnj->tni', rotation, standing(5))
    motion = articulate(position, H36M17)
    np.testing.assert_allclose(motion.rotation[:, 0], rotation, atol=1e-5)
    np.testing.assert_allclose(angle(motion.rotation[:, 1:]), 0, atol=1e-3)


def test_straight_line_and_points():
    """Joints on a line or in a point have rotations all the same."""
    line = np.linspace(0, 1, 17)[:, None] * [0, 700, 0]
    for frame in (line, np.zeros((17, 3)), -line):
        position = np.stack([frame, frame])
        motion = articulate(position, H36M17)
        assert motion.deviation(position).max() < 1e-9
        np.testing.assert_allclose(np.linalg.det(motion.rotation), 1)
        np.testing.assert_allclose(
            motion.rotation[0], motion.rotation[1], atol=1e-9
        )


def test_bone_without_length_follows_its_parent():
    position = standing(3)
    hand = H36M17.joints.index('LWrist')
    position[1, hand] = position[1, hand - 1]
    motion = articulate(position, H36M17, rigid=True, pivots=True)
    np.testing.assert_allclose(angle(motion.rotation), 0, atol=1e-4)
    np.testing.assert_allclose(motion.deviation(position), [0, 100, 0])


def test_unknown_joints_rest_as_in_the_first_frame():
    tail = Skeleton('cat', ('Body', 'Tail', 'Tip'), (-1, 0, 1), (), ())
    position = np.array([[[0, 0, 0], [0, 0, -3], [0, 4, -3]]] * 2, float)
    position[1, 2] = [4, 0, -3]
    motion = articulate(position, tail)
    np.testing.assert_allclose(motion.rest, [[0, 0, 0], [0, 0, -3], [0, 4, 0]])
    np.testing.assert_allclose(angle(motion.rotation[0]), 0, atol=1e-4)
    np.testing.assert_allclose(
        angle(motion.rotation[1]), [0, 90, 0], atol=1e-3
    )


def test_rigid_bones_are_exact_where_lengths_are_constant(clips):
    for clip in clips:
        position = clip * [1, -1, -1]
        motion = articulate(position, H36M17, rigid=True, pivots=True)
        assert motion.deviation(position).max() < 1e-2
        assert (motion.translation[:, 1:] == motion.rest[1:]).all()


def test_rotations_follow_each_other(clips):
    for clip in clips:
        position = clip * [1, -1, -1]
        turn = articulate(position, H36M17).rotation
        change = np.swapaxes(turn[:-1], 2, 3) @ turn[1:]
        assert angle(change).max() < 45


def test_twist_is_calm_at_the_back_of_the_axis():
    """The shortest rotation spins round where it passes by; not this one."""
    axis = np.array([1.0, 0, 0])
    past = np.tan(np.radians(np.arange(-40, 41, 4)))
    target = np.stack([-1 + 0 * past, past, 0.02 + 0 * past], axis=1)
    target /= np.linalg.norm(target, axis=1, keepdims=True)
    normal = np.cross(axis, target)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    vectors = np.arccos(target[:, :1]) * normal
    turn = Rotation.from_rotvec(vectors).as_matrix()
    calm = remove_twist(turn, axis)
    np.testing.assert_allclose(calm @ axis, target, atol=1e-12)

    def step(rotation):
        return angle(np.swapaxes(rotation[:-1], 1, 2) @ rotation[1:]).max()

    assert step(turn) > 140
    assert step(calm) < 25
    # And what was added goes away once the joint rests.
    rest = np.concatenate([turn, turn[-1:].repeat(100, axis=0)])
    last = remove_twist(rest, axis)[-1]
    np.testing.assert_allclose(last, turn[-1], atol=1e-3)


@pytest.mark.parametrize('order', ORDERS)
def test_euler_angles(order):
    rotation = roma.random_rotmat(200, dtype=torch.float64).numpy()
    angles = euler_angles(rotation, order)
    np.testing.assert_allclose(compose(angles, order), rotation, atol=1e-9)
    near = unwrap_euler(angles[:, None])[:, 0]
    np.testing.assert_allclose(compose(near, order), rotation, atol=1e-9)
    jump = np.abs(np.diff(near, axis=0)).sum(axis=1)
    assert (jump <= np.abs(np.diff(angles, axis=0)).sum(axis=1) + 4).all()


@pytest.mark.parametrize('order', ORDERS)
@pytest.mark.parametrize('right', [90, -90])
def test_gimbal_lock(order, right):
    angles = np.radians([[20, 50, 30], [25, right, 40], [30, right, 10]])
    out = euler_angles(compose(angles, order), order)
    rotation = compose(angles, order)
    np.testing.assert_allclose(compose(out, order), rotation, atol=1e-6)
    np.testing.assert_allclose(out[1:, 2], out[0, 2])  # the third stays
    first = euler_angles(rotation[1:], order)
    np.testing.assert_allclose(compose(first, order), rotation[1:], atol=1e-6)


def test_angles_do_not_jump():
    turns = np.radians(np.arange(0, 1080, 15))
    angles = np.stack([turns, 0.8 * np.sin(turns), 0 * turns], axis=1)
    rotation = compose(angles, 'ZXY')
    out = unwrap_euler(euler_angles(rotation, 'ZXY')[:, None])[:, 0]
    np.testing.assert_allclose(out, angles, atol=1e-9)
    # The second angle goes past a right angle without a flip.
    angles = np.radians([[10, a, 20] for a in range(0, 180, 8)])
    out = unwrap_euler(euler_angles(compose(angles, 'ZXY'), 'ZXY')[:, None])
    np.testing.assert_allclose(out[:, 0], angles, atol=1e-6)


def test_gaps_are_filled(lifted):
    sequence = lifted(frames=[7, 8, 11])
    position = to_y_up(sequence)
    filled = fill_gaps(sequence, position)
    np.testing.assert_allclose(filled[[0, 1, 4]], position)
    expected = (2 * position[1] + position[2]) / 3
    np.testing.assert_allclose(filled[2], expected)
    single = replace(
        lifted(frames=[7]), frames=np.array([7], np.uint8), root=None
    )
    np.testing.assert_allclose(
        fill_gaps(single, to_y_up(single)), to_y_up(single)
    )


def test_axes(lifted):
    """The same motion, whatever the axes."""
    camera, world = lifted(), lifted(axes='world')
    # x to the right, y up, z towards the viewer
    expected = camera.position * [1, -1, -1]
    np.testing.assert_allclose(to_y_up(camera), expected)
    np.testing.assert_allclose(
        to_y_up(world), world.position[..., [0, 2, 1]] * [1, 1, -1]
    )


def test_clips_are_checked(lifted):
    with pytest.raises(ValueError, match="'fps' of person 'anna'"):
        to_y_up(lifted(fps=None))
    with pytest.raises(ValueError, match='at most 262144 .*got 10000001'):
        to_y_up(lifted(frames=[0, 10**7]))
