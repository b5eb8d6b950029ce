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
    pck_by_group,
)
from pyg_hcsf.skeleton import get_skeleton


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


def test_mpjve_does_not_cross_clips():
    gt = torch.zeros(5, 17, 3)
    pred = torch.zeros(5, 17, 3)
    pred[:, :, 0] = torch.tensor([0.0, 1.0, 3.0, 500.0, 504.0])[:, None]
    clips = torch.tensor([0, 0, 0, 1, 1])
    assert float(mpjve(pred, gt, clips)) == pytest.approx((1 + 2 + 4) / 3)
    # A constant offset, and the same motion, cost nothing.
    assert float(mpjve(gt + 100, gt, clips)) == 0
    assert float(mpjve(pred + 7, pred, clips)) == pytest.approx(0, abs=1e-4)
    with pytest.raises(ValueError, match='two frames in a row'):
        mpjve(pred, gt, torch.arange(5))
    with pytest.raises(ValueError, match=r"'clip_ids' of shape \[5\]"):
        mpjve(pred, gt, clips[:-1])


def shifted(*errors):
    r"""One frame whose joints are off by so many millimetres along x."""
    gt = torch.zeros(1, 17, 3).double()
    pred = gt.clone()
    pred[0, :, 0] = torch.tensor(errors, dtype=torch.float64)
    return pred, gt


def test_pck_is_strict_and_official_by_default():
    pred, gt = shifted(*[150.0] * 17)
    assert float(pck(pred, gt)) == 0
    assert float(pck(pred, gt, threshold=150.001)) == 100
    # Pelvis, spine and head (0, 7, 9) do not count; thorax and head top do.
    errors = [200.0] * 17
    for joint in (0, 7, 9):
        errors[joint] = 0.0
    pred, gt = shifted(*errors)
    assert float(pck(pred, gt)) == 0
    assert float(pck(pred, gt, variant='srnet')) == pytest.approx(300 / 17)
    for joint in (8, 10):
        errors[joint] = 0.0
    pred, gt = shifted(*errors)
    assert float(pck(pred, gt)) == pytest.approx(200 / 14)


def test_auc():
    pred, gt = shifted(*[0.0] * 17)
    assert float(auc(pred, gt)) == pytest.approx(100 * 30 / 31)
    assert float(auc(pred, gt, 'graphmlp')) == pytest.approx(100 * 149 / 150)
    # Below 55, ..., 150, not below 50: 20 of 31 thresholds.
    pred, gt = shifted(*[50.0] * 17)
    assert float(auc(pred, gt)) == pytest.approx(100 * 20 / 31)
    assert float(auc(pred, gt, 'graphmlp')) == pytest.approx(100 * 99 / 150)
    errors = [200.0] * 17
    errors[0] = 0.0
    pred, gt = shifted(*errors)
    assert float(auc(pred, gt)) == 0
    expected = 100 * 30 / 31 / 17
    assert float(auc(pred, gt, 'srnet')) == pytest.approx(expected)


# The description of mpii_evaluate_errors.m, step by step and in its own
# numbers from 1: errors per sequence, the groups of joints, and the curve.
GROUPS = {
    **{'Head': [1], 'Neck': [2], 'Shou': [3, 6], 'Elbow': [4, 7]},
    **{'Wrist': [5, 8], 'Hip': [9, 12], 'Knee': [10, 13], 'Ankle': [11, 14]},
}
SYNONYMS = {'HeadTop': 'Head', 'Neck': 'Thorax', 'Head': 'Neck'}
SYNONYMS |= {'Pelvis': 'Hip', 'LAnkle': 'LFoot', 'RAnkle': 'RFoot'}
H36M_OF_MPII = [
    get_skeleton('h36m17').joints.index(SYNONYMS.get(name, name))
    for name in get_skeleton('mpi_inf_3dhp17').joints
]


def official(pred, gt):
    pred, gt = (array[:, H36M_OF_MPII] for array in (pred, gt))
    errors = np.zeros((len(pred), 17))
    for frame in range(len(pred)):
        truth = gt[frame] - gt[frame, 15 - 1]  # the pelvis
        guess = pred[frame] - pred[frame, 15 - 1]
        errors[frame] = np.sqrt(((guess - truth) ** 2).sum(axis=1))
    chosen = [joint - 1 for group in GROUPS.values() for joint in group]
    errors_of = errors[:, chosen]
    curve = [
        100 * (errors_of < threshold).sum() / errors_of.size
        for threshold in range(0, 151, 5)
    ]
    return curve[-1], sum(curve) / len(curve), errors.mean()


def test_pck_is_the_official_one(poses):
    pred, gt = poses
    pred = gt + 100 * torch.randn(8, 17, 3).double()
    pred, gt = pred - pred[:, :1], gt - gt[:, :1]
    names = ['Outdoor', 'GS', 'GS', 'noGS', 'GS', 'noGS', 'Outdoor', 'GS']
    order = ('GS', 'noGS', 'Outdoor', 'Moon')
    table = pck_by_group(pred, gt, names, order=order)
    assert list(table) == ['GS', 'noGS', 'Outdoor', 'All']
    assert [row['frames'] for row in table.values()] == [4, 2, 2, 8]
    assert 10 < table['All']['pck'] < 90
    for name, row in table.items():
        rows = [i for i, n in enumerate(names) if name in (n, 'All')]
        expected = official(pred[rows].numpy(), gt[rows].numpy())
        found = row['pck'], row['auc'], row['mpjpe']
        assert found == pytest.approx(expected)
    assert H36M_OF_MPII[15 - 1] == 0 and len(set(H36M_OF_MPII)) == 17
    assert float(auc(pred, gt)) == pytest.approx(table['All']['auc'])
    other = pck_by_group(pred, gt, names, 'graphmlp')
    assert list(other)[0] == 'Outdoor'
    expected = float(auc(pred, gt, 'graphmlp'))
    assert other['All']['auc'] == pytest.approx(expected)
    with pytest.raises(ValueError, match='each of 8 frames .*got 7'):
        pck_by_group(pred, gt, names[:7])


def test_hard_pose_statistics():
    errors = torch.arange(1.0, 101.0)[torch.randperm(100)]
    stats = hard_pose_statistics(errors)
    assert stats['above_60'] == 40 and stats['above_40'] == 60
    assert stats['below_30'] == 29
    assert stats['worst_5'] == stats['curve'][5] == 98
    assert list(stats['curve']) == [50, 45, 40, 35, 30, 25, 20, 15, 10, 5]
    assert stats['curve'][50] == 75.5
    few = hard_pose_statistics(torch.tensor([10.0, 70.0, 30.0]))
    assert few['worst_5'] == 70 and few['curve'][50] == 50
    with pytest.raises(ValueError, match='one per frame'):
        hard_pose_statistics(torch.ones(3, 17))
    with pytest.raises(ValueError, match='1 values that are not'):
        hard_pose_statistics(torch.tensor([1.0, math.nan]))


@pytest.mark.parametrize('metric', [joint_errors, mpjpe, pa_mpjpe, pck, auc])
def test_errors(metric, poses):
    pred, gt = poses
    with pytest.raises(ValueError, match=r'\[8, 17, 3\] and \[8, 1, 3\]'):
        metric(pred, gt[:, :1])
    with pytest.raises(ValueError, match=r'one shape \[F, N, 3\]'):
        metric(pred[0], gt[0])
    with pytest.raises(ValueError, match='at least one frame'):
        metric(pred[:0], gt[:0])
    pred[6, 2] = math.nan
    with pytest.raises(ValueError, match="'pred'.*1 joints.*6, joint 2"):
        metric(pred, gt)


def test_errors_of_pck(poses):
    pred, gt = poses
    with pytest.raises(ValueError, match="'variant'.*'official'.*'mmpose'"):
        auc(pred, gt, 'mmpose')
    with pytest.raises(ValueError, match='17 joints .* order .*got 16'):
        pck(pred[:, 1:], gt[:, 1:])
