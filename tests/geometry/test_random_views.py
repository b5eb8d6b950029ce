import math
from dataclasses import replace

import pytest
import torch

from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry import human36m_cameras
from pyg_hcsf.geometry.random_views import (
    PLAIN_VIEWS,
    ViewRanges,
    random_views,
    studio_views,
)
from pyg_hcsf.skeleton import H36M17

HIP, HEAD = 0, 10


@pytest.fixture(scope='module')
def windows():
    pos = motion_clip('S1', 'Walking', 1, 400).pos.transpose(0, 1)
    return pos.unfold(0, 9, 1).movedim(-1, 1)  # [B, 9, 17, 3]


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def views_of(windows, generator, ranges=None):
    root = windows[:, -1, HIP]
    return random_views(windows, root, ranges or PLAIN_VIEWS, generator)


def test_bodies_stay_rigid(windows, generator):
    joints = views_of(windows, generator).joints
    assert joints.shape == windows.shape

    def distances(x):
        x = x.double().flatten(1, 2)
        return torch.cdist(x, x)

    # Over time too: the camera does not move in a window.
    close = torch.allclose(distances(joints), distances(windows), atol=0.5)
    assert close


def test_people_are_in_front_and_mostly_in_the_image(windows, generator):
    views = views_of(windows, generator)
    assert (views.joints[..., 2] > 500).all()
    uv, size = views.keypoints, views.image_size[..., None, :]
    inside = ((uv >= 0) & (uv < size)).all(dim=-1)
    assert 0.85 < inside.float().mean() < 0.999  # some are cut off
    offset = (uv[:, -1, HIP] / views.image_size[:, 0] - 0.5).abs()
    assert offset.amax() < 0.26 and offset.amax() > 0.2


def test_ranges_are_kept_and_used(windows, generator):
    views = views_of(windows, generator)
    ratio = views.focal[:, 0, 0] / views.image_size[:, 0].amax(dim=1)
    assert 0.8 <= ratio.min() < 0.85 and 1.8 < ratio.max() <= 2.001
    assert len(views.image_size.unique(dim=0)) == 3
    distance = views.joints[:, -1, HIP].norm(dim=-1)
    assert distance.min() > 1900 and distance.max() < 8600
    tall = 1700 * views.focal[:, 0, 0] / distance / views.image_size[:, 0, 1]
    assert tall.max() < 1.25


def test_people_stand_upright_in_the_image(windows, generator):
    flat = replace(PLAIN_VIEWS, height=(900.0, 1000.0), roll=0.0)
    views = views_of(windows, generator, flat)
    up = views.joints[:, -1, HIP] - views.joints[:, -1, HEAD]
    assert (up[:, 1] > 0).all()  # y is down
    seen = views.keypoints[:, -1, HIP] - views.keypoints[:, -1, HEAD]
    assert (seen[:, 1] > 0).all()


def test_steep_cameras_look_down(windows, generator):
    steep = replace(
        PLAIN_VIEWS,
        focal=(0.8, 0.8),
        distance=(2000.0, 2000.0),
        height=(6000.0, 6000.0),
        off_center=0.0,
        roll=0.0,
    )
    down = views_of(windows, generator, steep).joints
    spine = down[:, -1, HEAD] - down[:, -1, HIP]
    tilt = torch.atan2(-spine[:, 2], -spine[:, 1])  # the head is nearer
    expected = math.atan2(6000 - 950, 2000)
    assert abs(float(tilt.median()) - expected) < 0.3


def test_people_are_seen_from_all_sides(windows, generator):
    joints = views_of(windows, generator).joints[:, -1]
    left, right = (H36M17.joints.index(n) for n in ('LHip', 'RHip'))
    across = joints[:, left] - joints[:, right]
    side = torch.atan2(across[:, 2], across[:, 0])
    counts = torch.histc(side, 4, -math.pi, math.pi)
    assert counts.min() > 0.15 * len(side)


def test_same_generator_same_views(windows):
    first, second = (
        views_of(windows, torch.Generator().manual_seed(3), ViewRanges())
        for _ in range(2)
    )
    assert all(map(torch.equal, first, second))
    other = views_of(windows, torch.Generator().manual_seed(4))
    assert not torch.equal(first.joints, other.joints)


def test_studio_views_are_those_of_the_cameras(windows, generator):
    cameras = human36m_cameras()
    views = studio_views(windows, windows[:, -1, HIP], cameras, generator)
    focals = {round(camera.focal[0], 2) for camera in cameras}
    assert {round(float(f), 2) for f in views.focal[:, 0, 0]} == focals
    for joints, focal, uv in zip(
        views.joints, views.focal, views.keypoints, strict=True
    ):
        camera = min(
            cameras, key=lambda c: abs(c.focal[0] - float(focal[0, 0]))
        )
        assert torch.allclose(camera.project(joints), uv, atol=0.1)
    inside = (views.keypoints > 0) & (views.keypoints < 1002)
    assert inside.float().mean() > 0.97


def test_behind_the_camera_there_is_no_keypoint(windows, generator):
    views = views_of(windows, generator)
    behind = views._replace(joints=-views.joints)
    assert behind.keypoints.isnan().all()


def test_lenses_of_phones_and_webcams(windows, generator):
    views = views_of(windows, generator, ViewRanges())
    ratio = views.focal[:, 0, 0] / views.image_size[:, 0].amax(dim=1)
    assert 0.45 <= ratio.min() < 0.5 and 2 < ratio.max() <= 3.001
    assert not ((ratio > 0.501) & (ratio < 0.699)).any()
    phones = float(((ratio > 0.69) & (ratio < 0.85)).float().mean())
    assert 0.4 < phones < 0.6  # and some webcams
    uv, size = views.keypoints, views.image_size[..., None, :]
    inside = ((uv >= 0) & (uv < size)).all(dim=-1).float().mean()
    assert 0.8 < inside < 0.97  # more are cut off


def test_lens_distortion(windows, generator):
    ranges = replace(PLAIN_VIEWS, radial=(-0.1, -0.1))
    views = views_of(windows, generator, ranges)
    plain = views._replace(radial=None).keypoints
    half = views.image_size.amax(dim=-1)[..., None] / 2
    middle = views.center[..., None, :]
    off, bent = ((x - middle) for x in (plain, views.keypoints))
    share = off.norm(dim=-1) / half  # of half the longer side
    ratio = bent.norm(dim=-1) / off.norm(dim=-1)
    seen = share < 1.5
    expected = (1 - 0.1 * share.square())[seen]
    assert torch.allclose(ratio[seen], expected, atol=1e-3)
    far = share.square() > 1.01 / 0.3  # 1 + 3 k r^2 is negative
    assert ratio[far].isnan().all()
    assert views_of(windows, generator).radial is None
