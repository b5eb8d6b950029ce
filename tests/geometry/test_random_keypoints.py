from dataclasses import replace

import pytest
import torch

from pyg_hcsf.geometry import DetectorNoise
from pyg_hcsf.geometry.random_keypoints import (
    NO_ERRORS,
    KeypointNoise,
    disturb_keypoints,
    noise_joints,
)
from pyg_hcsf.skeleton import H36M17, get_skeleton
from tests.scale import deviation

COCO17 = get_skeleton('coco17')
CONSTANT = replace(NO_ERRORS, strength=(1.0, 1.0))
DEPTH, FOCAL = 4000.0, 1000.0


def disturb(noise, skeleton=H36M17, size=2000, frames=9, joints=None, seed=0):
    if joints is None:
        joints = torch.zeros(size, frames, 17, 3)
        joints[..., 2] = DEPTH
    size = torch.full((len(joints), 1, 2), 2000.0)
    uv = joints[..., :2] / joints[..., 2:] * FOCAL + 1000
    focal = torch.full((len(joints), 1, 2), FOCAL)
    generator = torch.Generator().manual_seed(seed)
    out, score = disturb_keypoints(
        uv, joints, focal, size, skeleton, noise, generator
    )
    return out - uv, score


@pytest.mark.parametrize('skeleton', [H36M17, COCO17])
def test_without_errors_nothing_changes(skeleton):
    error, score = disturb(NO_ERRORS, skeleton)
    assert (error == 0).all() and (score == 1).all()


def test_size_of_the_error():
    error, score = disturb(CONSTANT)
    on_person = error * DEPTH / FOCAL  # mm
    sigma = torch.tensor(DetectorNoise().sigma)
    assert torch.allclose(
        on_person.square().mean(dim=(0, 1, 3)).sqrt(), sigma, rtol=0.1
    )
    heavy, low = disturb(replace(NO_ERRORS, strength=(2.5, 2.5)))
    assert deviation(heavy, 2.5 * error) < 1e-5
    assert (low < score).all() and (low > 0).all()


def test_error_is_correlated_over_time():
    error, _ = disturb(CONSTANT)
    both = torch.stack([error[:, :-1].flatten(), error[:, 1:].flatten()])
    rho = DetectorNoise().correlation
    assert abs(float(torch.corrcoef(both)[0, 1]) - rho) < 0.05
    far = torch.stack([error[:, 0].flatten(), error[:, -1].flatten()])
    assert abs(float(torch.corrcoef(far)[0, 1])) < 0.05


def test_coco_has_the_noise_of_corresponding_joints():
    error, _ = disturb(CONSTANT, COCO17)
    size = error.square().mean(dim=(0, 1, 3)).sqrt() * DEPTH / FOCAL
    sigma = dict(zip(H36M17.joints, DetectorNoise().sigma, strict=True))
    got = dict(zip(COCO17.joints, size.tolist(), strict=True))
    assert got['LWrist'] == pytest.approx(sigma['LWrist'], rel=0.1)
    assert got['RAnkle'] == pytest.approx(sigma['RFoot'], rel=0.1)
    assert got['LEye'] == pytest.approx(sigma['Neck'], rel=0.1)


def test_outliers_do_not_change_the_confidence():
    usual, expected = disturb(CONSTANT)
    wild = replace(CONSTANT, outlier_rate=0.1)
    error, score = disturb(wild)
    times = (error / usual).flatten()
    share = ((times - wild.outlier).abs() < 1e-2).float().mean()
    assert abs(float(share) - 0.1) < 0.01
    assert torch.equal(score, expected)


def test_occluded_joints_are_neighbours():
    _, score = disturb(
        replace(NO_ERRORS, occlusion_rate=1.0, occlusion_hops=1)
    )
    missed = score == 0
    # Once missed, until the end of the window.
    assert (missed[:, 1:] >= missed[:, :-1]).all()
    assert missed[:, -1].any(dim=-1).float().mean() > 0.9
    knee, hip, head = (
        missed[:, -1, H36M17.joints.index(n)]
        for n in ('RKnee', 'RHip', 'Head')
    )
    assert hip[knee].float().mean() > 0.3
    assert not head[knee].any()


@pytest.mark.parametrize('skeleton', [H36M17, COCO17])
def test_there_is_always_a_hip_in_the_last_frame(skeleton):
    rough = replace(KeypointNoise(), drop_rate=0.9)
    _, score = disturb(rough, skeleton)
    hips = [i for i, n in enumerate(skeleton.joints) if n.endswith('Hip')]
    assert (score[:, -1, hips] > 0).any(dim=-1).all()


def test_lost_frames_repeat_the_previous_one():
    error, _ = disturb(CONSTANT)
    repeated, _ = disturb(replace(CONSTANT, lost_rate=0.5))
    same = (repeated == error).flatten(2).all(dim=-1)
    assert same[:, 0].all() and same[:, -1].all()
    assert 0.4 < float(same[:, 1:-1].float().mean()) < 0.6
    before = (repeated[:, 1:] == repeated[:, :-1]).flatten(2).all(dim=-1)
    assert torch.equal(before, ~same[:, 1:])


def test_outside_of_the_image_and_behind_the_camera_is_missed():
    joints = torch.zeros(4, 1, 17, 3)
    joints[..., 2] = DEPTH
    joints[:, :, 16, 0] = 2 * DEPTH
    joints[:, :, 13, 2] = -DEPTH
    uv = joints[..., :2] / joints[..., 2:] * FOCAL + 1000
    uv[:, :, 13] = torch.nan
    size = torch.full((4, 1, 2), 2000.0)
    focal = torch.full((4, 1, 2), FOCAL)
    _, score = disturb_keypoints(
        uv,
        joints,
        focal,
        size,
        H36M17,
        NO_ERRORS,
        torch.Generator().manual_seed(0),
    )
    missed = (score == 0).nonzero()[:, 2].unique()
    assert missed.tolist() == [13, 16]


def test_faces_that_look_away_are_missed():
    joints = torch.zeros(1000, 1, 17, 3)
    joints[..., 2] = DEPTH
    joints[:500, :, 0, 2] += 100  # the nose is behind the ears
    joints[500:, :, 0, 2] -= 100
    _, score = disturb(
        replace(NO_ERRORS, back_rate=1.0), COCO17, joints=joints
    )
    assert (score[:500, :, :3] == 0).all() and (score[:500, :, 3:] == 1).all()
    assert (score[500:] == 1).all()


def test_some_formats_have_no_confidence():
    _, score = disturb(replace(CONSTANT, unscored_rate=0.5))
    ones = (score == 1).all(dim=-1).all(dim=-1)
    assert abs(float(ones.float().mean()) - 0.5) < 0.05


def test_faces_are_detected_as_necks():
    joints = noise_joints(get_skeleton('coco17'))
    assert [H36M17.joints[j] for j in joints[4:7]] == [
        'Neck', 'LShoulder', 'RShoulder',
    ]  # fmt: skip
    assert H36M17.joints[joints[16]] == 'RFoot'
    halpe = noise_joints(get_skeleton('halpe26'))
    assert halpe[:17] == joints
    assert [H36M17.joints[j] for j in halpe[20:22]] == ['LFoot', 'RFoot']


def moving(size=2000, frames=9):
    """Joints far from each other."""
    joints = torch.zeros(size, frames, 17, 3)
    joints[..., 0] = torch.arange(17) * 50.0 - 400
    joints[..., 2] = DEPTH
    return joints


def found_at(error, joints):
    """The joint where each was found: ``[B, T, 17]``."""
    uv = joints[..., :2] / joints[..., 2:] * FOCAL
    place = (uv + error)[..., 0].unsqueeze(-1)
    return (place - uv[:, :, None, :, 0]).abs().argmin(dim=-1)


@pytest.mark.parametrize('skeleton', [H36M17, COCO17])
def test_sides_are_exchanged_in_spells(skeleton):
    noise = replace(NO_ERRORS, swap_rate=0.2, spell=3.0)
    joints = moving()
    error, score = disturb(noise, skeleton, joints=joints)
    found = found_at(error, joints)
    assert (score == 1).all()
    index = skeleton.joints.index
    knee, wrist = (found[..., index(n)] for n in ('LKnee', 'LWrist'))
    legs, arms = knee == index('RKnee'), wrist == index('RWrist')
    assert abs(float(legs.float().mean()) - 0.2 * 0.85) < 0.03
    assert float((legs & arms).float().mean()) > 0.1
    assert (legs & ~arms).any() and (arms & ~legs).any()
    # A spell ends with one third.
    ends = legs[:, :-1] & ~legs[:, 1:]
    rate = float(ends.sum() / legs[:, :-1].sum())
    assert abs(rate - 1 / 3) < 0.08


def test_limbs_are_put_where_others_are():
    joints = moving()
    noise = replace(NO_ERRORS, limb_rate=0.1)
    error, _ = disturb(noise, joints=joints)
    found = found_at(error, joints)
    left, right = (H36M17.joints.index(n) for n in ('LFoot', 'RFoot'))
    both = (found[..., left] == right) & (found[..., right] == right)
    assert abs(float(both.float().mean()) - 0.1) < 0.05
    short = found[..., left] == H36M17.joints.index('LKnee')
    assert abs(float(short.float().mean()) - 0.1) < 0.05


def test_bias_is_constant_in_a_window():
    error, _ = disturb(replace(CONSTANT, bias=1000.0))
    constant = error.mean(dim=1, keepdim=True)
    spread = float(constant.std()) * DEPTH / FOCAL
    assert spread == pytest.approx(1000, rel=0.05)
    assert float((error - constant).std()) < 0.05 * float(constant.std())


def test_joints_are_missing_in_spells():
    _, score = disturb(replace(NO_ERRORS, gap_rate=0.1, spell=4.0))
    missing = score[..., 1:] == 0  # never the hip
    assert abs(float(missing.float().mean()) - 0.1) < 0.01
    ends = missing[:, :-1] & ~missing[:, 1:]
    assert abs(float(ends.sum() / missing[:, :-1].sum()) - 0.25) < 0.03
    assert (score[..., 0] == 1).all()


def test_confidence_says_as_much_as_that_of_detectors():
    """A rank correlation of -0.1 to -0.3 with the size of the error."""
    noise = replace(CONSTANT, strength=(0.7, 0.7), score_spread=0.8)
    error, plain = disturb(noise)
    size = error.norm(dim=-1)

    def ranks(x):
        return x.flatten().argsort().argsort().double()

    both = torch.stack([ranks(size), ranks(plain)])
    assert -0.3 < float(torch.corrcoef(both)[0, 1]) < -0.1
    _, low = disturb(replace(noise, score_power=(2.0, 2.0)))
    _, high = disturb(replace(noise, score_power=(0.05, 0.05)))
    assert deviation(low, plain**2) < 1e-4
    assert deviation(high, plain**0.05) < 1e-4
    assert 0.5 < float(low.median()) < 0.8 and float(high.median()) > 0.97


def test_defaults_are_finite_where_seen():
    error, score = disturb(KeypointNoise(), COCO17, joints=moving())
    assert error[score > 0].isfinite().all()
    assert ((score >= 0) & (score <= 1)).all()
