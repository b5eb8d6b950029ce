import pytest
import roma
import torch

from pyg_hcsf.datasets.synthetic.body import SEGMENTS
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry import project_views
from pyg_hcsf.geometry.root_ray import (
    MAX_COORDINATE,
    SIZE_PER_HEIGHT,
    body_size,
    decode_pose,
    encode_pose,
    guess_camera,
    locate_root,
    look_at_root,
    window_input,
)
from pyg_hcsf.skeleton import H36M17

FOCAL = torch.tensor([1100.0, 1200.0], dtype=torch.float64)
CENTER = torch.tensor([630.0, 350.0], dtype=torch.float64)


@pytest.fixture(scope='module')
def joints():
    pos = motion_clip('S9', 'Walking', 1, 50).pos.transpose(0, 1).double()
    return project_views(pos, 'clip')[1].joints


def project(joints, focal=FOCAL, center=CENTER):
    return joints[..., :2] / joints[..., 2:] * focal + center


def ray_of(joints, focal=FOCAL):
    uv = project(joints, focal)
    return look_at_root(uv, torch.ones_like(uv[..., 0]), focal, CENTER)


def test_pose_and_root_are_recovered(joints):
    ray = ray_of(joints)
    y, size = encode_pose(joints, ray.rotation)
    assert ray.liftable.all()
    torch.testing.assert_close(body_size(y), torch.ones_like(size))
    pose = decode_pose(y, ray.rotation, size)
    root = locate_root(pose, ray)
    torch.testing.assert_close(root[:, None] + pose, joints)


def test_encoded_poses_project_to_the_plane(joints):
    ray = ray_of(joints)
    y, size = encode_pose(joints, ray.rotation)
    # In the frame of the ray, the root is at x = y = 0.
    distance = joints[:, :1].norm(dim=-1) / size[:, None]
    p = y[..., :2] / (y[..., 2] + distance)[..., None]
    torch.testing.assert_close(p, ray.plane)
    assert ray.plane[:, 0].abs().max() < 1e-12


def test_rotations_are_the_smallest(joints):
    rotation = ray_of(joints).rotation
    root = joints[:, 0] / joints[:, 0].norm(dim=-1, keepdim=True)
    ahead = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    torch.testing.assert_close(
        (rotation @ root[..., None]).squeeze(-1), ahead.expand_as(root)
    )
    angle = roma.rotmat_to_rotvec(rotation).norm(dim=-1)
    torch.testing.assert_close(angle, root[:, 2].acos())
    assert angle.min() > 0.01


def test_plane_does_not_depend_on_the_position_in_the_image(joints):
    ray = ray_of(joints)
    centred = ray_of(joints @ ray.rotation.mT)  # root in the middle
    torch.testing.assert_close(centred.plane, ray.plane)


def test_rotated_cameras_rotate_the_plane(joints):
    ray = ray_of(joints)
    rotation = roma.rotvec_to_rotmat(torch.tensor([0.1, -0.2, 0.3]).double())
    rotated = ray_of(joints @ rotation.T)
    torch.testing.assert_close(
        rotated.plane.norm(dim=-1), ray.plane.norm(dim=-1)
    )
    assert not torch.allclose(rotated.plane, ray.plane, atol=1e-3)


def test_plane_does_not_depend_on_focal_length_and_size(joints):
    ray = ray_of(joints)
    torch.testing.assert_close(ray_of(joints, 2 * FOCAL).plane, ray.plane)
    # A person of three times the size at three times the distance.
    torch.testing.assert_close(ray_of(3 * joints).plane, ray.plane)


def test_input_does_not_depend_on_large_distances(joints):
    ahead = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    pose = joints - joints[:, :1]
    near, far = (ray_of(pose + z * 1e6 * ahead) for z in (1, 2))
    x = window_input(near.plane, near.score)
    torch.testing.assert_close(
        window_input(far.plane, far.score), x, atol=1e-2, rtol=0
    )
    torch.testing.assert_close(far.plane, near.plane / 2, atol=1e-5, rtol=0)


def test_mirrored_image_is_mirrored_input(joints):
    flip = torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64)
    ray, mirrored = ray_of(joints), ray_of(joints * flip)
    torch.testing.assert_close(mirrored.plane, ray.plane * flip[:2])
    y = encode_pose(joints, ray.rotation)[0]
    torch.testing.assert_close(
        encode_pose(joints * flip, mirrored.rotation)[0], y * flip
    )


def test_window_has_one_scale(joints):
    ray = ray_of(joints)
    x = window_input(ray.plane[:9], ray.score[:9])
    assert x.shape == (9, 17, 3)
    rms = x[..., :2].square().sum(dim=-1).mean().sqrt()
    torch.testing.assert_close(rms, torch.ones_like(rms))
    ratio = ray.plane[:9, 1:] / x[:, 1:, :2]
    torch.testing.assert_close(ratio, ratio[:1, :1].expand_as(ratio))
    assert (x[..., 2] == 1).all()


@pytest.fixture
def incomplete(joints):
    r"""Rays where joints 5 and 7 are missing, and hips in three frames."""
    uv, score = project(joints), torch.full((50, 17), 0.5).double()
    score[:, 5] = 0
    uv[:, 7] = torch.nan
    score[0, 0] = 0  # no pelvis, but both hips
    score[1, [0, 1]] = 0  # the left hip only
    score[2, [0, 1, 4]] = 0  # no root
    return look_at_root(uv, score, FOCAL, CENTER)


def test_missing_joints_are_zero(incomplete):
    x = window_input(incomplete.plane, incomplete.score)
    assert x.isfinite().all()
    assert (x[:, [5, 7]] == 0).all()
    assert (x[2] == 0).all()


def test_frames_without_a_hip_are_not_liftable(incomplete):
    expected = [True, True, False] + 47 * [True]
    assert incomplete.liftable.tolist() == expected
    pose = decode_pose(
        torch.ones(50, 17, 3).double(), incomplete.rotation, FOCAL[0]
    )
    missing = pose.isnan().flatten(1).any(dim=1)
    assert (~missing).tolist() == expected


def test_root_between_the_hips(incomplete):
    hips = incomplete.plane[0, [1, 4]]
    assert hips.norm(dim=-1).min() > 0.01
    # On opposite sides of the root, on a line through it.
    assert abs(torch.linalg.det(hips)) < 1e-6
    assert (hips[0] * hips[1]).sum() < 0
    assert incomplete.plane[1, 4].abs().max() < 1e-12


def test_root_is_located_without_the_missing_joints(joints, incomplete):
    y, size = encode_pose(joints, incomplete.rotation)
    pose = decode_pose(y, incomplete.rotation, size)
    root = locate_root(pose, incomplete)
    torch.testing.assert_close(root[3:], joints[3:, 0])


def test_nothing_is_infinite():
    uv = torch.zeros(4, 17, 2)
    uv[0] = torch.inf
    uv[1] = 1e30
    uv[2, 1:] = torch.tensor([1e5, 0.0])  # beside the camera
    score = torch.ones(4, 17)
    ray = look_at_root(uv, score, FOCAL, CENTER)
    x = window_input(ray.plane, ray.score)
    assert x.isfinite().all()
    assert x.abs().max() <= MAX_COORDINATE
    assert not ray.liftable[0]
    root = locate_root(torch.ones(4, 17, 3), ray)
    assert root[[0, 2, 3]].isnan().all()  # of the last, all in one point


def test_size_per_height_is_that_of_the_segments():
    one_leg_and_trunk = ('thigh', 'shank', 'lumbar', 'thorax', 'neck', 'head')
    ratio = sum(SEGMENTS[name] for name in one_leg_and_trunk)
    assert ratio == pytest.approx(SIZE_PER_HEIGHT, abs=1e-3)


def test_body_size_is_constant_and_scales():
    pos = motion_clip('S9', 'Sitting', 1, 5).pos.transpose(0, 1)
    size = body_size(pos)
    torch.testing.assert_close(size, size[:1].expand_as(size))
    torch.testing.assert_close(body_size(1.1 * pos), 1.1 * size)


def test_body_size_by_hand():
    (pose,) = motion_clip('S9', 'Sitting', 1, 1).pos.transpose(0, 1)

    def length(*names):
        chain = pose[[H36M17.joints.index(name) for name in names]]
        return float(chain.diff(dim=0).norm(dim=-1).sum())

    right = length('RHip', 'RKnee', 'RFoot')
    left = length('LHip', 'LKnee', 'LFoot')
    trunk = length('Hip', 'Spine', 'Thorax', 'Neck', 'Head')
    expected = (left + right) / 2 + trunk
    assert float(body_size(pose)) == pytest.approx(expected, rel=1e-5)


def test_guessed_camera():
    focal, center = guess_camera((1080, 1920))
    assert focal.tolist() == pytest.approx([2112, 2112])
    assert center.tolist() == [540, 960]
