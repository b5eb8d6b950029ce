import numpy as np
import pytest
import torch

from pyg_hcsf.metrics import auc, pck, pck_by_group
from pyg_hcsf.skeleton import get_skeleton


def shifted(*errors):
    r"""One frame whose joints are off by so many millimetres along x."""
    gt = torch.zeros(1, 17, 3).double()
    pred = gt.clone()
    pred[0, :, 0] = torch.tensor(errors, dtype=torch.float64)
    return pred, gt


def shifted_but(right):
    r"""Joints that are 200 mm off, except for those listed."""
    return shifted(*[0.0 if i in right else 200.0 for i in range(17)])


def test_pck_is_strict():
    pred, gt = shifted(*[150.0] * 17)
    assert float(pck(pred, gt)) == 0
    assert float(pck(pred, gt, threshold=150.001)) == 100


@pytest.mark.parametrize(
    'right, official, srnet',
    [
        ((0, 7, 9), 0, 300 / 17),  # pelvis, spine and head do not count
        ((8, 10), 200 / 14, 200 / 17),  # thorax and head top do
    ],
)
def test_joints_of_the_variants(right, official, srnet):
    pred, gt = shifted_but(right)
    assert float(pck(pred, gt)) == pytest.approx(official)
    assert float(pck(pred, gt, variant='srnet')) == pytest.approx(srnet)


@pytest.mark.parametrize(
    'error, official, graphmlp',
    [
        (0.0, 30 / 31, 149 / 150),
        (50.0, 20 / 31, 99 / 150),  # below 55, ..., 150, not below 50
    ],
)
def test_thresholds_of_auc(error, official, graphmlp):
    pred, gt = shifted(*[error] * 17)
    assert float(auc(pred, gt)) == pytest.approx(100 * official)
    found = float(auc(pred, gt, 'graphmlp'))
    assert found == pytest.approx(100 * graphmlp)


def test_auc_of_a_root_that_is_right():
    pred, gt = shifted_but((0,))
    assert float(auc(pred, gt)) == 0
    expected = 100 * 30 / 31 / 17
    assert float(auc(pred, gt, 'srnet')) == pytest.approx(expected)


# mpii_evaluate_errors.m as it is described, step by step, with joints counted
# from 1: head, neck, shoulders, elbows, wrists, hips, knees and ankles.
GROUPS = [[1], [2], [3, 6], [4, 7], [5, 8], [9, 12], [10, 13], [11, 14]]
SYNONYMS = {
    'HeadTop': 'Head',
    'Neck': 'Thorax',
    'Head': 'Neck',
    'Pelvis': 'Hip',
    'LAnkle': 'LFoot',
    'RAnkle': 'RFoot',
}
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
    chosen = [joint - 1 for group in GROUPS for joint in group]
    errors_of = errors[:, chosen]
    curve = [
        100 * (errors_of < threshold).sum() / errors_of.size
        for threshold in range(0, 151, 5)
    ]
    return curve[-1], sum(curve) / len(curve), errors.mean()


NAMES = ['Outdoor', 'GS', 'GS', 'noGS', 'GS', 'noGS', 'Outdoor', 'GS']


@pytest.fixture
def poses():
    torch.manual_seed(0)
    gt = torch.randn(8, 17, 3).double() * 300
    pred = gt + 100 * torch.randn(8, 17, 3).double()
    return pred - pred[:, :1], gt - gt[:, :1]


def test_pelvis_of_the_official_joints():
    assert H36M_OF_MPII[15 - 1] == 0 and len(set(H36M_OF_MPII)) == 17


def test_groups_have_the_official_results(poses):
    pred, gt = poses
    order = ('GS', 'noGS', 'Outdoor', 'Moon')
    table = pck_by_group(pred, gt, NAMES, order=order)
    assert list(table) == ['GS', 'noGS', 'Outdoor', 'All']
    assert [row['frames'] for row in table.values()] == [4, 2, 2, 8]
    assert 10 < table['All']['pck'] < 90
    for name, row in table.items():
        rows = [i for i, n in enumerate(NAMES) if name in (n, 'All')]
        expected = official(pred[rows].numpy(), gt[rows].numpy())
        found = row['pck'], row['auc'], row['mpjpe']
        assert found == pytest.approx(expected)
    assert float(auc(pred, gt)) == pytest.approx(table['All']['auc'])


def test_groups_of_other_variants_in_order_of_appearance(poses):
    table = pck_by_group(*poses, NAMES, 'graphmlp')
    assert list(table)[0] == 'Outdoor'
    expected = float(auc(*poses, 'graphmlp'))
    assert table['All']['auc'] == pytest.approx(expected)


def test_one_group_for_each_frame(poses):
    with pytest.raises(ValueError, match='each of 8 frames .*got 7'):
        pck_by_group(*poses, NAMES[:7])


def test_wrong_variants_and_joints(poses):
    pred, gt = poses
    with pytest.raises(ValueError, match="'variant'.*'official'.*'mmpose'"):
        auc(pred, gt, 'mmpose')
    with pytest.raises(ValueError, match='17 joints .* order .*got 16'):
        pck(pred[:, 1:], gt[:, 1:])
