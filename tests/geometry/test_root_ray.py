import pytest
import roma
import torch

from pyg_hcsf.datasets.synthetic.body import SEGMENTS
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
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
from pyg_hcsf.geometry.virtual_cameras import project_views
from pyg_hcsf.skeleton import H36M17

FOCAL = torch.tensor([1100.0, 1200.0], dtype=torch.float64)
CENTER = torch.tensor([630.0, 350.0], dtype=torch.float64)


@pytest.fixture(scope='module')
def joints():
    pos = motion_clip('S9', 'Walking', 1, 50).pos.transpose(0, 1).double()
    return project_views(pos, 'clip')[1].joints


def project(joints, focal=FOCAL, center=CENTER):
    return joints[..., :2] / joints[..., 2:] * focal + center


def see(joints, focal=FOCAL):
    uv = project(joints, focal)
    return look_at_root(uv, torch.ones_like(uv[..., 0]), focal, CENTER)


def test_there_and_back(joints):
    seen = see(joints)
    y, size = encode_pose(joints, seen.rotation)
    assert seen.liftable.all()
    torch.testing.assert_close(body_size(y), torch.ones_like(size))
    pose = decode_pose(y, seen.rotation, size)
    root = locate_root(pose, seen)
    torch.testing.assert_close(root[:, None] + pose, joints)
    # In the axes of the ray, joints lie where they are seen, all on a line
    # through the root that has x = y = 0.
    away = joints[:, :1].norm(dim=-1) / size[:, None]
    p = y[..., :2] / (y[..., 2] + away)[..., None]
    torch.testing.assert_close(p, seen.plane)
    assert seen.plane[:, 0].abs().max() < 1e-12


def test_rotations_are_the_smallest(joints):
    rotation = see(joints).rotation
    root = joints[:, 0] / joints[:, 0].norm(dim=-1, keepdim=True)
    ahead = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    torch.testing.assert_close(
        (rotation @ root[..., None]).squeeze(-1), ahead.expand_as(root)
    )
    angle = roma.rotmat_to_rotvec(rotation).norm(dim=-1)
    torch.testing.assert_close(angle, root[:, 2].acos())
    assert angle.min() > 0.01


def test_turned_camera_sees_the_same(joints):
    seen = see(joints)
    # Turned until the root is in the middle of the image:
    middle = see(joints @ seen.rotation.mT)
    torch.testing.assert_close(middle.plane, seen.plane)
    # Turned in any way, it sees the same but for a turn in the image:
    turn = roma.rotvec_to_rotmat(torch.tensor([0.1, -0.2, 0.3]).double())
    turned = see(joints @ turn.T)
    torch.testing.assert_close(
        turned.plane.norm(dim=-1), seen.plane.norm(dim=-1)
    )
    assert not torch.allclose(turned.plane, seen.plane, atol=1e-3)


def test_focal_and_distance_do_not_show(joints):
    seen = see(joints)
    longer = see(joints, 2 * FOCAL)  # the same camera, zoomed
    torch.testing.assert_close(longer.plane, seen.plane)
    # A larger person in the same proportion farther away:
    torch.testing.assert_close(see(3 * joints).plane, seen.plane)
    # From far away, distance changes but the scale:
    ahead = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    pose = joints - joints[:, :1]
    near, far = (see(pose + z * 1e6 * ahead) for z in (1, 2))
    x = window_input(near.plane, near.score)
    torch.testing.assert_close(
        window_input(far.plane, far.score), x, atol=1e-2, rtol=0
    )
    torch.testing.assert_close(far.plane, near.plane / 2, atol=1e-5, rtol=0)


def test_mirrored_image_is_mirrored_input(joints):
    flip = torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64)
    seen, mirrored = see(joints), see(joints * flip)
    torch.testing.assert_close(mirrored.plane, seen.plane * flip[:2])
    y = encode_pose(joints, seen.rotation)[0]
    torch.testing.assert_close(
        encode_pose(joints * flip, mirrored.rotation)[0], y * flip
    )


def test_window_has_one_scale(joints):
    seen = see(joints)
    x = window_input(seen.plane[:9], seen.score[:9])
    assert x.shape == (9, 17, 3)
    rms = x[..., :2].square().sum(dim=-1).mean().sqrt()
    torch.testing.assert_close(rms, torch.ones_like(rms))
    ratio = seen.plane[:9, 1:] / x[:, 1:, :2]
    torch.testing.assert_close(ratio, ratio[:1, :1].expand_as(ratio))
    assert (x[..., 2] == 1).all()


def test_missing_joints_and_hips(joints):
    uv, score = project(joints), torch.full((50, 17), 0.5).double()
    score[:, 5] = 0
    uv[:, 7] = torch.nan
    score[0, 0] = 0  # no pelvis, but hips
    score[1, [0, 1]] = 0  # one hip
    score[2, [0, 1, 4]] = 0
    seen = look_at_root(uv, score, FOCAL, CENTER)
    x = window_input(seen.plane, seen.score)
    assert x.isfinite().all()
    assert (x[:, [5, 7]] == 0).all()
    assert seen.liftable.tolist() == [True, True, False] + 47 * [True]
    assert (x[2] == 0).all()
    hips = seen.plane[0, [1, 4]]
    assert hips.norm(dim=-1).min() > 0.01
    # Between the hips, on the line that joins them:
    assert abs(torch.linalg.det(hips)) < 1e-6
    assert (hips[0] * hips[1]).sum() < 0
    assert seen.plane[1, 4].abs().max() < 1e-12
    pose = decode_pose(torch.ones(50, 17, 3).double(), seen.rotation, FOCAL[0])
    assert pose.isnan().flatten(1).any(dim=1).tolist() == (
        [False, False, True] + 47 * [False]
    )
    # The rest of the joints tell where the root is:
    y, size = encode_pose(joints, seen.rotation)
    root = locate_root(decode_pose(y, seen.rotation, size), seen)
    torch.testing.assert_close(root[3:], joints[3:, 0])


def test_nothing_is_infinite():
    uv = torch.zeros(4, 17, 2)
    uv[0] = torch.inf
    uv[1] = 1e30
    uv[2, 1:] = torch.tensor([1e5, 0.0])  # beside the camera
    score = torch.ones(4, 17)
    seen = look_at_root(uv, score, FOCAL, CENTER)
    x = window_input(seen.plane, seen.score)
    assert x.isfinite().all()
    assert x.abs().max() <= MAX_COORDINATE
    assert not seen.liftable[0]
    root = locate_root(torch.ones(4, 17, 3), seen)
    assert root[[0, 2, 3]].isnan().all()  # of the last, all in one point


def test_size_is_in_proportion_to_height():
    one_leg_and_trunk = ('thigh', 'shank', 'lumbar', 'thorax', 'neck', 'head')
    ratio = sum(SEGMENTS[name] for name in one_leg_and_trunk)
    assert ratio == pytest.approx(SIZE_PER_HEIGHT, abs=1e-3)
    pos = motion_clip('S9', 'Sitting', 1, 5).pos.transpose(0, 1)
    size = body_size(pos)
    torch.testing.assert_close(size, size[:1].expand_as(size))
    by_hand = 0.5 * sum(
        (pos[0, H36M17.joints.index(a)] - pos[0, H36M17.joints.index(b)])
        .norm()
        .item()
        for a, b in (
            *(('RHip', 'RKnee'), ('RKnee', 'RFoot'), ('LHip', 'LKnee')),
            *(('LKnee', 'LFoot'), *2 * (('Hip', 'Spine'),)),
            *2 * (('Spine', 'Thorax'), ('Thorax', 'Neck'), ('Neck', 'Head')),
        )
    )
    assert size[0].item() == pytest.approx(by_hand, rel=1e-5)
    torch.testing.assert_close(body_size(1.1 * pos), 1.1 * size)


def test_camera_that_is_guessed():
    focal, center = guess_camera((1080, 1920))
    assert focal.tolist() == pytest.approx([2112, 2112])
    assert center.tolist() == [540, 960]
