import pytest
import torch

from pyg_hcsf.metrics import acceleration, bone_spread, foot_sliding


def test_acceleration_of_a_parabola():
    t = torch.arange(10.0).double()
    path = torch.stack([3 * t**2, 4 * t**2, 7 * t], dim=-1)
    # The second difference of a t^2 is 2 a: [6, 8, 0] is 10 long.
    assert float(acceleration(path)) == pytest.approx(10)
    joints = torch.stack([path, 0 * path], dim=1)
    assert float(acceleration(joints)) == pytest.approx(5)
    assert acceleration(path[:2]).isnan()


def test_bone_spread():
    pose = torch.zeros(2, 3, 3).double()
    pose[:, 1, 0] = torch.tensor([100.0, 110.0])  # a bone of 105 +- 5
    pose[:, 2] = pose[:, 1] + torch.tensor([0.0, 50.0, 0.0])
    assert float(bone_spread(pose, (-1, 0, 1))) == pytest.approx(2.5)
    with pytest.raises(ValueError, match="'parents'"):
        bone_spread(pose, (-1, 0))


def test_foot_sliding_counts_steps_in_which_the_true_foot_stands():
    gt = torch.zeros(4, 2, 3).double()
    gt[:, 1, 0] = torch.tensor([0.0, 0.0, 100.0, 200.0])  # stands, then walks
    pred = torch.zeros(4, 2, 3).double()
    pred[:, 0, 2] = torch.tensor([0.0, 1.0, 2.0, 3.0])
    pred[:, 1, 0] = torch.tensor([0.0, 5.0, 500.0, 900.0])
    # Four steps of standing feet: three of 1 mm and one of 5 mm.
    assert float(foot_sliding(pred, gt, fps=10.0)) == pytest.approx(20)
    assert foot_sliding(pred[2:, 1:], gt[2:, 1:], fps=10.0).isnan()
