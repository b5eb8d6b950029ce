import numpy as np

from pyg_hcsf.lifting.smoothing.bones import bone_lengths, fix_bone_lengths
from pyg_hcsf.skeleton import H36M17

PARENTS = np.array(H36M17.parents)


def lengths(pose):
    return np.linalg.norm(pose - pose[:, np.maximum(PARENTS, 0)], axis=-1)


def test_left_and_right_bones_get_the_same_median_length(walk):
    joints = walk.joints.numpy().astype(float)
    pose = joints - joints[:, :1]
    rng = np.random.default_rng(0)
    length = bone_lengths(pose + rng.normal(0, 5, pose.shape), H36M17)
    assert np.array_equal(length, length[list(H36M17.mirrored)])
    np.testing.assert_allclose(length, lengths(pose)[0], atol=6)


def test_bones_are_constant_and_uncertain_joints_move_most(walk):
    joints = walk.joints.numpy().astype(float)
    pose = joints - joints[:, :1]
    length = bone_lengths(pose, H36M17)
    rng = np.random.default_rng(0)
    error = np.full(17, 20.0)
    wrist = H36M17.joints.index('LWrist')
    error[wrist] = 200.0
    noisy = pose + rng.normal(0, 20, pose.shape)
    noisy[:, wrist] += rng.normal(0, 100, (len(pose), 3))
    noisy -= noisy[:, :1]
    fixed = fix_bone_lengths(noisy, length, error, H36M17)
    assert np.abs(lengths(fixed) - length).max() < 1e-6
    assert np.abs(fixed[:, 0]).max() == 0
    before, after = (
        np.linalg.norm(x - pose, axis=-1).mean(axis=0) for x in (noisy, fixed)
    )
    assert after.mean() < before.mean()
    moved = np.linalg.norm(fixed - noisy, axis=-1).mean(axis=0)
    assert moved[wrist] > 3 * moved[H36M17.joints.index('RWrist')]
    # The certain elbow does not follow its wrist.
    assert after[H36M17.joints.index('LElbow')] < 60


def test_exact_poses_stay(walk):
    joints = walk.joints.numpy().astype(float)
    pose = joints - joints[:, :1]
    length = bone_lengths(pose, H36M17)
    fixed = fix_bone_lengths(pose, length, np.full(17, 30.0), H36M17)
    np.testing.assert_allclose(fixed, pose, atol=2)
