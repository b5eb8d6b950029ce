"""The example of the README, with the weights that come with the package."""

from dataclasses import replace

import numpy as np
import pytest

from examples import make_walk
from pyg_hcsf.keypoints import check_keypoints, read_keypoints
from pyg_hcsf.lifting import Lifter, LiveLifter
from tests.paths import REPO

SIZE = (1920, 1080)


@pytest.fixture(scope='module')
def keypoints():
    return read_keypoints(REPO / 'examples' / 'walk_coco17.json')


@pytest.fixture(scope='module')
def truth():
    return make_walk.walk().joints.numpy()


def test_lifts_without_options(keypoints, truth):
    assert not check_keypoints(keypoints)
    (person,) = Lifter().lift(keypoints)
    error = np.linalg.norm(person.pose - (truth - truth[:, :1]), axis=-1)
    assert error.mean() < 55  # mm, at 1700 mm for 1742
    # The expected error is about the error, overall and by joint.
    expected = person.uncertainty
    assert 0.7 < expected[:, 1:].mean() / error[:, 1:].mean() < 1.6
    by_joint = np.corrcoef(expected[:, 1:].mean(0), error[:, 1:].mean(0))
    assert by_joint[0, 1] > 0.3


def test_known_height_and_focal_length_improve_the_result(keypoints, truth):
    lifter = Lifter(height=1742.0, focal=1750.0, image_size=SIZE)
    (person,) = lifter.lift(keypoints, axes='camera')
    assert np.linalg.norm(person.root - truth[:, 0], axis=-1).mean() < 250
    (person,) = lifter.lift(keypoints, axes='world')
    assert 'standing bodies' in person.note
    heads = person.position[:, 10, 2]
    assert heads.min() > 1450 and heads.max() < 1900


def test_live_poses_are_the_same(keypoints):
    lifter = Lifter('single', image_size=SIZE, smooth=False)
    live = LiveLifter(lifter)
    track = keypoints.tracks[0]
    poses = []
    for row in zip(track.frames, track.xy, track.score, strict=True):
        poses += live.push(*row)
    (person,) = lifter.lift(replace(keypoints, image_size=SIZE))
    found = np.stack([pose.pose for pose in poses])
    np.testing.assert_allclose(found / 1000, person.pose / 1000, atol=1e-5)
