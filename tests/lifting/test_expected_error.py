"""The expected error of a joint."""

import pytest
import torch

from pyg_hcsf.lifting.expected_error import (
    UNIT,
    expected_error,
    lifting_loss,
)


def test_zero_is_the_unit():
    assert torch.equal(
        expected_error(torch.zeros(2, 17, 4)).unique(), (torch.tensor([UNIT]))
    )


def test_loss_is_least_at_the_mean_error():
    generator = torch.Generator().manual_seed(0)
    y = torch.randn((4000, 1, 3), generator=generator).double() / 20
    mean = float(y.norm(dim=-1).mean())
    out = torch.zeros(4000, 1, 4, dtype=torch.double)
    losses = {}
    for factor in (0.5, 0.8, 0.95, 1.0, 1.05, 1.25, 2.0):
        ratio = factor * mean / UNIT
        out[..., 3] = (ratio - 1 / ratio) / 100
        torch.testing.assert_close(
            expected_error(out).mean(), torch.tensor(factor * mean).double()
        )
        losses[factor] = float(lifting_loss(out, y))
    assert min(losses, key=losses.__getitem__) == 1.0


@pytest.mark.parametrize('start', [-1.0, 0.0, 5.0])
def test_no_start_is_too_far_off(start):
    out = torch.full((1, 1, 4), start, requires_grad=True)
    lifting_loss(out, torch.full((1, 1, 3), 0.05)).backward()
    assert out.grad is not None and float(out.grad[..., 3].abs()) > 1e-6


def test_joints_of_large_errors_count_no_less():
    out = torch.zeros(1, 2, 4)
    out[0, 0, 3] = 0.02  # the first is expected to be wrong
    out.requires_grad_()
    lifting_loss(out, torch.full((1, 2, 3), 0.1)).backward()
    assert out.grad is not None
    first, second = out.grad[0, :, :3]
    assert torch.equal(first, second)


def test_three_channels_have_no_expected_error():
    y = torch.rand(5, 17, 3)
    loss = lifting_loss(torch.zeros(5, 17, 3), y)
    torch.testing.assert_close(loss, y.norm(dim=-1).mean())
