import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from pyg_hcsf.geometry.h36m_cameras import human36m_cameras
from pyg_hcsf.geometry.keypoint_noise import detector_noise
from pyg_hcsf.geometry.virtual_cameras import (
    CAPTURE_CENTER,
    CAPTURE_RADIUS,
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


def test_poses_are_only_rotated_and_moved():
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


def test_results_are_the_same_in_every_process():
    pos = torch.from_numpy(STANDING)[None]
    view = project_views(pos, 'walk', seed=7)[1]
    noisy, confidence = detector_noise(
        view.keypoints, view.joints, view.camera, 'walk', seed=7
    )
    assert view.joints[0, 3].tolist() == pytest.approx(
        [465.580206, 294.959593, 6165.629759]
    )
    assert noisy[0, 3].tolist() == pytest.approx([597.066362, 563.170809])
    assert float(confidence[0, 3]) == pytest.approx(0.743287)


def test_rotation_depends_on_clip_and_seed():
    pos = walk(5, 3)
    first = project_views(pos, 'a', seed=0)[0].joints
    assert torch.equal(first, project_views(pos, 'a', seed=0)[0].joints)
    assert not torch.allclose(first, project_views(pos, 'b', seed=0)[0].joints)
    assert not torch.allclose(first, project_views(pos, 'a', seed=1)[0].joints)


@pytest.fixture(scope='module')
def motion():
    return Data(
        pos=walk(7, 12).transpose(0, 1).float().contiguous(),
        edge_index=H36M17.edge_index,
        num_nodes=17,
        subject='s',
        action='walk',
        clip='s_walk',
        fps=25.0,
    )


def test_lifting_clips_have_joints_and_their_projections(motion):
    clips = lifting_clips(motion, seed=3)
    for clip, camera in zip(clips, human36m_cameras('S1'), strict=True):
        clip.validate(raise_on_error=True)
        assert clip.x.shape == (17, 12, 2) and clip.x.dtype == torch.float32
        assert clip.y.shape == (17, 12, 3) and clip.y.dtype == torch.float32
        assert clip.is_node_attr('x') and clip.num_nodes == 17
        assert (clip.x - camera.project(clip.y)).abs().max() < 1e-2
        assert 'confidence' not in clip


def test_lifting_clips_have_metadata_and_intrinsics(motion):
    clips = lifting_clips(motion, seed=3)
    for clip, camera in zip(clips, human36m_cameras('S1'), strict=True):
        assert clip.camera == camera.name
        assert clip.focal.tolist() == [list(camera.focal)]
        assert clip.center.tolist() == [list(camera.center)]
        assert clip.image_size.tolist() == [list(camera.image_size)]
        assert clip.image_size.dtype == torch.float64
        assert (clip.subject, clip.action) == ('s', 'walk')
        assert (clip.clip, clip.fps) == ('s_walk', 25.0)


def test_options_of_lifting_clips_change_the_keypoints(motion):
    exact, noisy, distorted = (
        lifting_clips(motion, seed=3, **options)[0]
        for options in ({}, {'keypoints': 'noisy'}, {'distortion': 'vp3d'})
    )
    assert noisy.confidence.shape == (17, 12)
    assert torch.equal(noisy.y, exact.y)
    assert not torch.equal(noisy.x, exact.x)
    assert not torch.equal(distorted.x, exact.x)
    with pytest.raises(ValueError, match="one of .'gt', 'noisy'"):
        lifting_clips(motion, 'cpn')


@pytest.mark.parametrize(
    'shape, message',
    [
        ((0, 17, 3), "clip 'a'.*at least one frame"),
        ((2, 16, 3), r'\[T, 17, 3\]'),
    ],
)
def test_wrong_shapes(shape, message):
    with pytest.raises(ValueError, match=message):
        project_views(torch.zeros(shape), 'a')


def test_joints_that_are_not_finite():
    pos = walk(8, 4)
    pos[2, 5, 1] = float('nan')
    with pytest.raises(ValueError, match=r'1 of 68 joints.*\[2, 5\]'):
        project_views(pos, 'a')


def test_negative_seed():
    with pytest.raises(ValueError, match="'seed'"):
        project_views(walk(8, 2), 'a', seed=-1)
