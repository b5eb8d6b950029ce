from dataclasses import replace

import numpy as np
import pytest

from pyg_hcsf.datasets.synthetic.body import LIMITS, SEX, clamp, make_body
from tests.datasets.synthetic.clips import ARMS, CHILD, LEGS, PARENT, bend


def test_bodies_differ_and_are_human():
    bodies = {s: make_body(s) for s in SEX}
    assert len({b.stature for b in bodies.values()}) == len(SEX)
    for body in bodies.values():
        assert 1480 < body.stature < 1900
        assert 0.45 < (body.thigh + body.shank).mean() / body.stature < 0.53
        for name in ('hip', 'thigh', 'shank', 'upper_arm', 'forearm'):
            left, right = getattr(body, name)
            assert 0.0 < abs(left / right - 1.0) < 0.015
    assert make_body('S9', seed=1).stature != bodies['S9'].stature


def bone_lengths(pos):
    return np.linalg.norm(pos[:, CHILD] - pos[:, PARENT], axis=-1)


def test_bones_keep_their_length(clips):
    for pos in clips.values():
        assert np.ptp(bone_lengths(pos), axis=0).max() < 1e-3


@pytest.mark.parametrize(
    'joint, name, side',
    [
        (2, 'thigh', 1),
        (5, 'thigh', 0),
        (6, 'shank', 0),
        (12, 'upper_arm', 0),
        (16, 'forearm', 1),
    ],
)
def test_bones_have_the_length_of_the_body(clips, joint, name, side):
    for (subject, *_), pos in clips.items():
        bone = bone_lengths(pos[:1])[0, CHILD.tolist().index(joint)]
        length = getattr(make_body(subject), name)[side]
        assert bone == pytest.approx(length, abs=1e-3)


def excess(pose):
    """The largest excess of any angle over its limit, in degrees."""
    inside = clamp(pose)
    return max(
        np.rad2deg(np.abs(getattr(pose, k) - getattr(inside, k)).max())
        for k in ('spine', 'clavicle', 'arm', 'leg')
    )


def test_no_frame_violates_a_joint_limit(poses):
    assert max(excess(pose) for pose in poses.values()) < 1e-6


@pytest.fixture
def broken(poses):
    """A knee that is bent backwards, and an arm far behind the back."""
    pose = poses['S9', 'Walking', 1]
    leg, arm = pose.leg.copy(), pose.arm.copy()
    leg[3, 1, 3] = np.deg2rad(-20.0)
    arm[3, 0, :2] = np.deg2rad([-120.0, 0.0])
    return replace(pose, leg=leg), replace(pose, arm=arm)


def test_excess_over_the_limits(broken):
    knee, arm = broken
    assert excess(knee) == pytest.approx(20.0)
    assert excess(arm) == pytest.approx(60.0)


def test_clamped_poses_are_within_the_limits(broken):
    knee, arm = broken
    assert excess(clamp(replace(knee, arm=arm.arm))) < 1e-9


def test_clamping_keeps_what_is_within_the_limits(poses):
    pose = poses['S9', 'Walking', 1]
    np.testing.assert_allclose(clamp(pose).arm, pose.arm, atol=1e-12)


@pytest.mark.parametrize('limb, joints', [('leg', LEGS), ('arm', ARMS)])
def test_hinges_do_not_bend_too_far(clips, limb, joints):
    largest = LIMITS[limb][-1][1]
    for pos in clips.values():
        assert (
            max(bend(pos, *hinge).max() for hinge in joints) < largest + 0.01
        )


def test_knees_bend_forwards(clips, poses):
    """Ahead of the line from hip to ankle, in the axes of the pelvis and with
    the thigh rotated about itself as its limits allow.
    """
    for key, pos in clips.items():
        lateral = poses[key].pelvis[:, :, 1]
        for hip, knee, ankle in LEGS:
            line = pos[:, ankle] - pos[:, hip]
            thigh = pos[:, knee] - pos[:, hip]
            along = (thigh * line).sum(-1) / (line**2).sum(-1)
            ahead = thigh - along[:, None] * line
            front = np.cross(lateral, -thigh)
            bent = bend(pos, hip, knee, ankle) > 15.0
            assert ((ahead * front).sum(-1)[bent] > 0.0).all(), key
