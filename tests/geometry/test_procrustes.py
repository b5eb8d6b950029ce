import pytest
import roma
import torch

from pyg_hcsf.geometry.procrustes import similarity_align


@pytest.fixture
def pose():
    torch.manual_seed(0)
    return torch.randn(6, 17, 3).double() * 300


def test_undoes_a_similarity(pose):
    rotation = roma.random_rotmat(6, dtype=torch.float64)
    pred = 0.4 * pose @ rotation.mT + 1000 * torch.randn(6, 1, 3).double()
    assert (similarity_align(pred, pose) - pose).abs().max() < 1e-6


def test_is_the_optimum(pose):
    pred = pose + 50 * torch.randn(6, 17, 3).double()
    aligned = similarity_align(pred, pose)
    best = (aligned - pose).square().sum(dim=(-2, -1))
    for _ in range(20):
        rotation = roma.rotvec_to_rotmat(0.01 * torch.randn(6, 3).double())
        scale = 1 + 0.01 * torch.randn(6, 1, 1).double()
        other = scale * aligned @ rotation.mT
        other = other + torch.randn(6, 1, 3).double()
        assert ((other - pose).square().sum(dim=(-2, -1)) >= best).all()


def test_does_not_reflect(pose):
    mirrored = pose * torch.tensor([-1.0, 1.0, 1.0])
    error = (similarity_align(mirrored, pose) - pose).norm(dim=-1)
    assert (error.mean(dim=-1) > 100).all()


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_points_are_moved_to_the_center(pose, dtype):
    pose = pose.to(dtype) + 4000
    point = torch.randn(6, 1, 3, dtype=dtype).expand(6, 17, 3) * 5000
    center = pose.mean(dim=-2, keepdim=True).expand_as(pose)
    torch.testing.assert_close(similarity_align(point, pose), center)
    zero = torch.zeros_like(pose)
    torch.testing.assert_close(similarity_align(zero, pose), center)
    torch.testing.assert_close(similarity_align(pose, point), point)
    torch.testing.assert_close(similarity_align(point, zero), zero)


def test_tiny_poses_are_not_points(pose):
    """Joints that differ by more than rounding have a rotation and scale."""
    tiny = 5000 + 3e-12 * pose
    assert (tiny[..., 0].std(dim=-1) < 3e-9).all()
    error = (similarity_align(tiny, pose) - pose).norm(dim=-1)
    assert error.max() < 10  # mm, where one point would have about 500


def test_one_point_among_poses_leaves_the_others_alone(pose):
    pred = pose + 10
    pred[2] = 7.0
    aligned = similarity_align(pred, pose)
    keep = [0, 1, 3, 4, 5]
    assert (aligned[keep] - pose[keep]).abs().max() < 1e-6
    assert torch.isfinite(aligned).all()
