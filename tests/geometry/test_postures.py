"""Postures between and around recorded ones."""

import pytest
import torch

from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry.bodies import bend_joints, mix_legs
from pyg_hcsf.skeleton import H36M17
from tests.scale import deviation

PARENTS = [max(parent, 0) for parent in H36M17.parents]
LEGS = [2, 3, 5, 6]
REST = [joint for joint in range(17) if joint not in LEGS]


@pytest.fixture
def windows():
    clips = [
        motion_clip('S1', action, 1, 40, 0).pos.transpose(0, 1)
        for action in ('Walking', 'SittingDown')
    ]
    pos = torch.cat([clip.unfold(0, 5, 5).movedim(-1, 1) for clip in clips])
    return pos.double()


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def lengths(pos):
    return (pos - pos[..., PARENTS, :]).norm(dim=-1)


def angle(a, b):
    cosine = (a * b).sum(-1) / (a.norm(dim=-1) * b.norm(dim=-1))
    return cosine.clamp(-1, 1).acos().rad2deg()


def test_bending_keeps_bones_and_motion(windows, generator):
    out = bend_joints(windows, 12.0, generator)
    assert deviation(lengths(out), lengths(windows)) < 1e-6
    assert torch.equal(out[..., [0, 1, 4], :], windows[..., [0, 1, 4], :])
    # The rotation is constant: angles between frames are kept.
    thigh, before = (p[..., 2, :] - p[..., 1, :] for p in (out, windows))
    turned = angle(thigh[:, 0], thigh[:, 4])
    assert deviation(turned, angle(before[:, 0], before[:, 4])) < 1e-4


def test_bending_is_as_large_as_asked(windows, generator):
    many = windows[:1].expand(4000, -1, -1, -1)
    out = bend_joints(many, 10.0, generator)
    thigh, before = (p[:, 0, 2] - p[:, 0, 1] for p in (out, many))
    moved = angle(thigh, before)
    chosen = moved > 1e-3
    assert abs(float(chosen.double().mean()) - 0.5) < 0.04
    # About a random axis, two thirds of the squared angle show.
    size = float(moved[chosen].square().mean().sqrt())
    assert 6.0 < size < 10.0
    assert torch.equal(bend_joints(many, 0.0, generator), many)


def test_legs_of_others(windows, generator):
    out = mix_legs(windows, 1.0, generator)
    assert torch.equal(out[..., REST, :], windows[..., REST, :])
    moved = (out - windows)[..., LEGS, :].norm(dim=-1).amax(dim=(1, 2))
    assert float((moved > 10).double().mean()) > 0.7

    # Each has the legs of one of the windows: all knees bend as theirs do.
    def knees(pos):
        return angle(
            pos[..., 1, :] - pos[..., 2, :], pos[..., 3, :] - pos[..., 2, :]
        )

    distance = (knees(out)[:, None] - knees(windows)[None]).abs().amax(-1)
    assert float(distance.amin(dim=1).max()) < 1e-3
    assert torch.equal(mix_legs(windows, 0.0, generator), windows)


def test_legs_follow_the_pelvis(windows, generator):
    # A body that is turned as a whole gives and gets the same legs.
    turn = torch.tensor([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    turned = windows @ turn.double()
    first = mix_legs(windows, 1.0, generator.manual_seed(1)) @ turn.double()
    again = mix_legs(turned, 1.0, generator.manual_seed(1))
    assert deviation(again, first) < 1e-9
