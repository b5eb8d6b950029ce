import math

import numpy as np
import pytest
import torch

from pyg_hcsf.metrics import (
    auc,
    hard_pose_statistics,
    joint_errors,
    mpjpe,
    mpjve,
    n_mpjpe,
    pa_mpjpe,
    pck,
)


@pytest.fixture
def poses():
    torch.manual_seed(0)
    gt = torch.randn(8, 17, 3).double() * 300
    return gt + 40 * torch.randn(8, 17, 3).double(), gt


def umeyama(p, g):
    r"""Arun's and Umeyama's method with SVD, one pose, in numpy."""
    p0, g0 = p - p.mean(0), g - g.mean(0)
    u, s, vt = np.linalg.svd(p0.T @ g0)
    sign = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    scale = (s * sign).sum() / (p0**2).sum()
    return scale * p0 @ (u * sign) @ vt + g.mean(0)


def test_mpjpe(poses):
    pred, gt = poses
    expected = np.linalg.norm(pred.numpy() - gt.numpy(), axis=-1)
    np.testing.assert_allclose(joint_errors(pred, gt), expected)
    assert float(mpjpe(pred, gt)) == pytest.approx(expected.mean())
    per_frame = mpjpe(pred, gt, per_frame=True)
    np.testing.assert_allclose(per_frame, expected.mean(axis=1))
    offset = torch.tensor([3.0, 4.0, 0.0])
    assert float(mpjpe(gt + offset, gt)) == pytest.approx(5)


def test_pa_mpjpe_equals_numpy(poses):
    pred, gt = poses
    pred[3] *= torch.tensor([-1.0, 1.0, 1.0])  # one is mirrored
    expected = [
        np.linalg.norm(umeyama(p, g) - g, axis=-1).mean()
        for p, g in zip(pred.numpy(), gt.numpy(), strict=True)
    ]
    np.testing.assert_allclose(pa_mpjpe(pred, gt, per_frame=True), expected)
    assert float(pa_mpjpe(pred, gt)) == pytest.approx(np.mean(expected))
    error = pa_mpjpe(pred.float(), gt.float(), per_frame=True)
    np.testing.assert_allclose(error, expected, rtol=1e-4)
    assert expected[3] > 3 * np.mean(expected[:3])


def test_pa_mpjpe_of_degenerate_poses(poses):
    _, gt = poses
    spread = (gt - gt.mean(dim=1, keepdim=True)).norm(dim=-1).mean()
    point = torch.full_like(gt, 0.1)
    assert float(pa_mpjpe(point, gt)) == pytest.approx(float(spread))
    assert float(pa_mpjpe(gt, point)) == pytest.approx(0, abs=1e-9)


def test_n_mpjpe(poses):
    pred, gt = poses
    scale = torch.rand(8, 1, 1).double() + 0.5
    assert float(n_mpjpe(scale * gt, gt)) == pytest.approx(0, abs=1e-9)
    first = n_mpjpe(pred, gt, per_frame=True)
    torch.testing.assert_close(n_mpjpe(scale * pred, gt, True), first)
    s = (gt[0] * pred[0]).sum() / (pred[0] ** 2).sum()
    by_hand = (s * pred[0] - gt[0]).norm(dim=-1).mean()
    torch.testing.assert_close(first[0], by_hand)
    size = gt.norm(dim=-1).mean()
    torch.testing.assert_close(n_mpjpe(torch.zeros_like(gt), gt), size)


CLIPS = torch.tensor([0, 0, 0, 1, 1])


@pytest.fixture
def moving():
    pred = torch.zeros(5, 17, 3)
    pred[:, :, 0] = torch.tensor([0.0, 1.0, 3.0, 500.0, 504.0])[:, None]
    return pred


def test_mpjve_does_not_cross_clips(moving):
    error = mpjve(moving, torch.zeros_like(moving), CLIPS)
    assert float(error) == pytest.approx((1 + 2 + 4) / 3)


def test_mpjve_ignores_constant_offsets(moving):
    zero = torch.zeros_like(moving)
    assert float(mpjve(zero + 100, zero, CLIPS)) == 0
    error = mpjve(moving + 7, moving, CLIPS)
    assert float(error) == pytest.approx(0, abs=1e-4)


def test_mpjve_needs_two_frames_of_a_clip(moving):
    with pytest.raises(ValueError, match='two frames in a row'):
        mpjve(moving, moving, torch.arange(5))
    with pytest.raises(ValueError, match=r"'clip_ids' of shape \[5\]"):
        mpjve(moving, moving, CLIPS[:-1])


def test_hard_pose_statistics_by_hand():
    errors = torch.arange(1.0, 101.0)[torch.randperm(100)]
    stats = hard_pose_statistics(errors)
    assert stats['above_60'] == 40 and stats['above_40'] == 60
    assert stats['below_30'] == 29
    assert stats['worst_5'] == stats['curve'][5] == 98
    assert list(stats['curve']) == [50, 45, 40, 35, 30, 25, 20, 15, 10, 5]
    assert stats['curve'][50] == 75.5


def test_hard_poses_are_at_least_one_frame():
    few = hard_pose_statistics(torch.tensor([10.0, 70.0, 30.0]))
    assert few['worst_5'] == 70 and few['curve'][50] == 50


def test_wrong_errors_of_hard_poses():
    with pytest.raises(ValueError, match='one per frame'):
        hard_pose_statistics(torch.ones(3, 17))
    with pytest.raises(ValueError, match='1 of 2 values that are not'):
        hard_pose_statistics(torch.tensor([1.0, math.nan]))


@pytest.mark.parametrize('metric', [joint_errors, mpjpe, pa_mpjpe, pck, auc])
def test_wrong_poses(metric, poses):
    pred, gt = poses
    with pytest.raises(ValueError, match=r'\[8, 17, 3\] and \[8, 1, 3\]'):
        metric(pred, gt[:, :1])
    with pytest.raises(ValueError, match=r'one shape \[F, N, 3\]'):
        metric(pred[0], gt[0])
    with pytest.raises(ValueError, match='at least one frame'):
        metric(pred[:0], gt[:0])
    pred[6, 2] = math.nan
    with pytest.raises(ValueError, match=r"'pred'.*1 of 136 joints.*\[6, 2\]"):
        metric(pred, gt)
