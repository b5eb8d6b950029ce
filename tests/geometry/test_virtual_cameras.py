import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from pyg_hcsf.geometry.h36m_cameras import human36m_cameras
from pyg_hcsf.geometry.virtual_cameras import (
    CAPTURE_CENTER,
    CAPTURE_RADIUS,
    detector_noise,
    lifting_clips,
    project_views,
)
from pyg_hcsf.skeleton import H36M17

# fmt: off
STANDING = np.array([
    [0, 0, 930], [-130, 0, 930], [-130, 0, 490], [-130, 0, 80],
    [130, 0, 930], [130, 0, 490], [130, 0, 80],
    [0, 0, 1150], [0, 0, 1400], [0, 60, 1500], [0, 30, 1620],
    [150, 0, 1380], [400, 0, 1300], [600, 0, 1350],
    [-150, 0, 1380], [-400, 0, 1300], [-600, 0, 1350],
], dtype=float)
# fmt: on


def walk(seed, num_frames=200, step=60.0):
    rng = np.random.default_rng(seed)
    pos = STANDING + 30 * rng.standard_normal((num_frames, 17, 3))
    path = np.cumsum(step * rng.standard_normal((num_frames, 1, 2)), axis=0)
    pos[..., :2] += path + 10_000
    return torch.from_numpy(pos)


def to_world(view):
    return view.camera.camera_to_world(view.joints)


def test_poses_are_turned_and_moved_only():
    pos = walk(0)
    world = to_world(project_views(pos, 'a')[0])
    before, after = (torch.cdist(x, x) for x in (pos, world))
    assert (before - after).abs().max() < 1e-6
    # Upright, and not mirrored.
    assert (pos[..., 2].diff() - world[..., 2].diff()).abs().max() < 1e-6
    hips = world[:, 4] - world[:, 1]
    up = world[:, 8] - world[:, 0]
    face = world[:, 9] - world[:, 8]
    face[:, 2] = 0
    forward = torch.linalg.cross(up, hips)
    assert ((forward * face).sum(dim=-1) > 0).double().mean() > 0.8


def test_floor_and_volume():
    world = to_world(project_views(walk(1, step=200.0), 'a')[0])
    assert world[..., 2].min().abs() < 1e-6
    root = world[:, 0, :2] - world.new_tensor(CAPTURE_CENTER)
    reach = root.norm(dim=-1)
    assert reach.max() == pytest.approx(CAPTURE_RADIUS)
    assert (reach < CAPTURE_RADIUS - 1).any()


def test_a_path_inside_the_volume_is_kept():
    pos = walk(2, num_frames=20)
    world = to_world(project_views(pos, 'a')[2])
    before, after = pos[:, 0], world[:, 0]
    error = torch.cdist(before, before) - torch.cdist(after, after)
    assert error.abs().max() < 1e-6


def test_people_stay_in_the_images():
    outside = []
    for seed in range(10):
        for camera, _, uv in project_views(walk(seed), f'clip {seed}'):
            size = uv.new_tensor(camera.image_size)
            outside.append(((uv < 0) | (uv > size)).any(dim=-1))
    assert torch.stack(outside).double().mean() < 1e-3


def test_views_agree_with_their_cameras():
    views = project_views(walk(3, 5), 'a', distortion='vp3d')
    assert [v.camera for v in views] == list(human36m_cameras('S1'))
    worlds = torch.stack([to_world(view) for view in views])
    assert (worlds - worlds[:1]).abs().max() < 1e-6
    for camera, joints, keypoints in views:
        assert torch.equal(keypoints, camera.project(joints, 'vp3d'))
    camera = human36m_cameras('S11')[1]
    (view,) = project_views(walk(3, 5), 'a', cameras=[camera])
    assert view.camera is camera


def test_the_same_in_every_process():
    pos = torch.from_numpy(STANDING)[None]
    view = project_views(pos, 'walk', seed=7)[1]
    noisy, confidence = detector_noise(*_noise_args(view), 'walk', 7)
    assert view.joints[0, 3].tolist() == pytest.approx(
        [465.580206, 294.959593, 6165.629759]
    )
    assert noisy[0, 3].tolist() == pytest.approx([597.066362, 563.170809])
    assert float(confidence[0, 3]) == pytest.approx(0.743287)


def test_clip_and_seed_decide_the_turn():
    pos = walk(5, 3)
    first = project_views(pos, 'a', seed=0)[0].joints
    assert torch.equal(first, project_views(pos, 'a', seed=0)[0].joints)
    assert not torch.allclose(first, project_views(pos, 'b', seed=0)[0].joints)
    assert not torch.allclose(first, project_views(pos, 'a', seed=1)[0].joints)


def _noise_args(view):
    return view.keypoints, view.joints, view.camera


@pytest.fixture(scope='module')
def noise():
    view = project_views(walk(6, 4000, step=5.0), 'long')[0]
    noisy, confidence = detector_noise(*_noise_args(view), 'long')
    return view, noisy, confidence


def test_noise_is_a_fraction_of_the_person(noise):
    view, noisy, confidence = noise
    scale = 1145 / view.joints[:, :1, 2]
    error = (noisy - view.keypoints) / scale[..., None]
    seen = confidence > 0
    size = [error[:, i][seen[:, i]].square().mean() ** 0.5 for i in range(17)]
    assert size[13] == pytest.approx(25, rel=0.1)  # wrist
    assert size[10] == pytest.approx(13, rel=0.1)  # head
    pixels = (noisy - view.keypoints).norm(dim=-1)[seen]
    assert 4 < pixels.mean() < 6

    near, far = view.joints.clone(), view.joints.clone()
    far[..., 2] += near[:, :1, 2]
    args = view.camera, 'long'
    other, _ = detector_noise(view.keypoints, far, *args)
    ratio = (noisy - view.keypoints)[seen] / (other - view.keypoints)[seen]
    torch.testing.assert_close(ratio, torch.full_like(ratio, 2.0))


def test_noise_is_correlated_in_time(noise):
    view, noisy, confidence = noise
    error = (noisy - view.keypoints)[:, 10, 0]
    seen = confidence[:, 10] > 0
    error = error * seen
    rho = (error[1:] * error[:-1]).mean() / error.square().mean()
    assert 0.45 < rho < 0.65
    error = error - error.mean()
    assert error.pow(4).mean() / error.square().mean() ** 2 > 3.5  # tails


def test_missed_joints_fall_on_their_parent(noise):
    _, noisy, confidence = noise
    missed = confidence == 0
    assert 0.005 < missed.double().mean() < 0.02
    assert not missed[:, 0].any()
    parent = torch.tensor(H36M17.parents)
    frames, joints = (missed & ~missed[:, parent]).nonzero().unbind(dim=1)
    on = noisy[frames, joints] == noisy[frames, parent[joints]]
    assert len(frames) > 50 and on.all()
    starts = missed[1:] & ~missed[:-1]
    length = missed.sum() / starts.sum()
    assert 3 < length < 5
    assert confidence.min() >= 0 and confidence.max() <= 1


def test_confidence_tells_the_expected_error(noise):
    view, noisy, confidence = noise
    seen = confidence > 0
    error = (noisy - view.keypoints).norm(dim=-1)[seen]
    sure = confidence[seen] > confidence[seen].median()
    assert error[sure].mean() < 0.7 * error[~sure].mean()


def test_lifting_clips():
    motion = Data(
        pos=walk(7, 12).transpose(0, 1).float().contiguous(),
        edge_index=H36M17.edge_index,
        num_nodes=17,
        subject='s',
        action='walk',
        clip='s_walk',
        fps=25.0,
    )
    clips = lifting_clips(motion, seed=3)
    cameras = human36m_cameras('S1')
    assert [clip.camera for clip in clips] == [c.name for c in cameras]
    for clip, camera in zip(clips, cameras, strict=True):
        clip.validate(raise_on_error=True)
        assert clip.x.shape == (17, 12, 2) and clip.x.dtype == torch.float32
        assert clip.y.shape == (17, 12, 3) and clip.y.dtype == torch.float32
        assert clip.is_node_attr('x') and clip.num_nodes == 17
        assert (clip.x - camera.project(clip.y)).abs().max() < 1e-2
        assert clip.focal.tolist() == [list(camera.focal)]
        assert clip.center.tolist() == [list(camera.center)]
        assert clip.image_size.tolist() == [list(camera.image_size)]
        assert clip.image_size.dtype == torch.float64
        assert 'confidence' not in clip
        assert (clip.subject, clip.action, clip.clip, clip.fps) == (
            's', 'walk', 's_walk', 25.0,
        )  # fmt: skip
    noisy = lifting_clips(motion, 'noisy', seed=3)
    assert noisy[0].confidence.shape == (17, 12)
    assert torch.equal(noisy[0].y, clips[0].y)
    assert not torch.equal(noisy[0].x, clips[0].x)
    bent = lifting_clips(motion, distortion='vp3d', seed=3)
    assert not torch.equal(bent[0].x, clips[0].x)


def test_errors():
    view = project_views(walk(8, 2), 'a')[0]
    with pytest.raises(ValueError, match="clip 'a'.*at least one frame"):
        project_views(torch.zeros(0, 17, 3), 'a')
    with pytest.raises(ValueError, match=r'\[T, 17, 3\]'):
        project_views(torch.zeros(2, 16, 3), 'a')
    bad = walk(8, 4)
    bad[2, 5, 1] = float('nan')
    with pytest.raises(ValueError, match='1 joints.* frame 2, joint 5'):
        project_views(bad, 'a')
    with pytest.raises(ValueError, match="'seed'"):
        project_views(walk(8, 2), 'a', seed=-1)
    with pytest.raises(ValueError, match="'keypoints' of shape"):
        detector_noise(view.keypoints[:1], view.joints, view.camera, 'a')
    with pytest.raises(ValueError, match="'gt' or 'noisy'"):
        lifting_clips(Data(), 'cpn')
