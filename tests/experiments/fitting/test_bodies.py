import numpy as np
import pytest
import torch

from experiments.fitting.bodies import likelihood, log_lengths, posterior
from experiments.fitting.rig_motion import (
    asf_motion,
    legs,
    skeleton_files,
    straight,
    upright,
)
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry.bodies import vary_proportions
from pyg_hcsf.geometry.bodies.frames import JOINT
from pyg_hcsf.geometry.bodies.table import BONES
from tests.paths import DATA


def test_a_prior_counts_as_people():
    people = np.random.default_rng(0).normal(size=(13, 3))
    prior = np.diag([1.0, 2.0, 3.0])
    assert np.allclose(posterior(people, prior, 0), np.cov(people.T))
    assert np.allclose(posterior(people, prior, 1e9), prior)
    half = (np.cov(people.T) + prior) / 2
    assert np.allclose(posterior(people, prior, 12), half)


def test_the_covariance_that_people_have_is_the_likeliest():
    people = np.random.default_rng(0).normal(0, 0.05, (40, 3))
    scores = [
        likelihood(people, spread**2 * np.eye(3), 1e9)
        for spread in (0.02, 0.05, 0.12)
    ]
    assert np.argmax(scores) == 1


def test_lengths_are_over_the_size_of_the_body():
    pos = motion_clip('S1', 'Walking', 1, 20).pos.transpose(0, 1)
    mean, ratio = log_lengths(pos)
    assert torch.allclose(log_lengths(3 * pos)[0], mean, atol=1e-4)
    assert mean.shape == ratio.shape == (len(pos), len(BONES))
    other = vary_proportions(
        pos[:, None], 0.1, torch.Generator().manual_seed(0)
    )
    # Both sides get the same factors.
    assert torch.allclose(log_lengths(other[:, 0])[1], ratio, atol=1e-4)


def test_the_straight_body_does_not_depend_on_the_direction():
    pos = motion_clip('S1', 'Walking', 1, 20).pos.transpose(0, 1)
    turned = pos[..., [1, 0, 2]] * pos.new_tensor([-1.0, 1.0, 1.0])
    assert torch.allclose(straight(pos), straight(turned + 50), atol=1e-3)
    assert float(straight(pos)[JOINT['LFoot'], 2]) == pytest.approx(
        -1, abs=0.02
    )


def test_forearms_of_cmu_end_before_the_wrist():
    if not (DATA / 'cmu').is_dir():
        pytest.skip('PYG_HCSF_DATA has no cmu')
    asf, clips = skeleton_files(DATA, 1)
    rest, motion = asf_motion(asf, clips[:1])
    at = {name: rest[number] for name, number in JOINT.items()}
    forearm = (at['LElbow'] - at['LWrist']).norm() / legs(rest[None])[0]
    assert 0.2 < float(forearm) < 0.25  # 0.30 in people
    assert 0 < len(upright(motion)) <= len(motion)
