import pytest
import torch

from pyg_hcsf.geometry import View, detector_noise, project_views
from pyg_hcsf.skeleton import H36M17
from tests.geometry.test_virtual_cameras import walk


def disturb(view: View, clip: str, seed: int = 0):
    return detector_noise(view.keypoints, view.joints, view.camera, clip, seed)


@pytest.fixture(scope='module')
def noise():
    view = project_views(walk(6, 4000, step=5.0), 'long')[0]
    noisy, confidence = disturb(view, 'long')
    return view, noisy, confidence


def test_error_on_the_person_has_the_given_deviation(noise):
    view, noisy, confidence = noise
    scale = 1145 / view.joints[:, :1, 2]
    error = (noisy - view.keypoints) / scale[..., None]
    visible = confidence > 0
    wrist = error[:, 13][visible[:, 13]].square().mean().sqrt()
    head = error[:, 10][visible[:, 10]].square().mean().sqrt()
    assert wrist == pytest.approx(25, rel=0.1)
    assert head == pytest.approx(13, rel=0.1)
    pixels = (noisy - view.keypoints).norm(dim=-1)[visible]
    assert 4 < pixels.mean() < 6


def test_error_in_pixels_is_inverse_to_depth(noise):
    view, noisy, confidence = noise
    far = view.joints.clone()
    far[..., 2] += view.joints[:, :1, 2]  # twice the depth of the root
    other, _ = disturb(view._replace(joints=far), 'long')
    visible = confidence > 0
    error, other_error = noisy - view.keypoints, other - view.keypoints
    ratio = error[visible] / other_error[visible]
    torch.testing.assert_close(ratio, torch.full_like(ratio, 2.0))


def test_error_is_correlated_in_time_and_heavy_tailed(noise):
    view, noisy, confidence = noise
    error = (noisy - view.keypoints)[:, 10, 0] * (confidence[:, 10] > 0)
    rho = (error[1:] * error[:-1]).mean() / error.square().mean()
    assert 0.45 < rho < 0.65
    error = error - error.mean()
    assert error.pow(4).mean() / error.square().mean() ** 2 > 3.5


def test_missed_joints_are_put_on_their_parent(noise):
    _, noisy, confidence = noise
    missed = confidence == 0
    assert 0.005 < missed.double().mean() < 0.02
    assert not missed[:, 0].any()
    parent = torch.tensor(H36M17.parents)
    frames, joints = (missed & ~missed[:, parent]).nonzero().unbind(dim=1)
    on_parent = noisy[frames, joints] == noisy[frames, parent[joints]]
    assert len(frames) > 50 and on_parent.all()


def test_joints_are_missed_for_some_frames(noise):
    missed = noise[2] == 0
    starts = missed[1:] & ~missed[:-1]
    assert 3 < missed.sum() / starts.sum() < 5


def test_confidence_is_lower_for_larger_errors(noise):
    view, noisy, confidence = noise
    assert confidence.min() >= 0 and confidence.max() <= 1
    visible = confidence > 0
    error = (noisy - view.keypoints).norm(dim=-1)[visible]
    sure = confidence[visible] > confidence[visible].median()
    assert error[sure].mean() < 0.7 * error[~sure].mean()


def test_wrong_number_of_frames():
    view = project_views(walk(8, 2), 'a')[0]
    with pytest.raises(ValueError, match="'keypoints' of shape"):
        disturb(view._replace(keypoints=view.keypoints[:1]), 'a')
