from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pyg_hcsf.geometry.camera import Camera
from pyg_hcsf.geometry.h36m_cameras import human36m_cameras

SUBJECTS = ('S1', 'S5', 'S6', 'S7', 'S8', 'S9', 'S11')


def camera_of(focal=(1.0, 1.0), center=(0.0, 0.0), **options) -> Camera:
    return Camera('a', 1000, 1000, focal, center, **options)


#: One with all terms of distortion, to project (0.5, 1, 1): its r^2 is 1.25.
DISTORTED = camera_of(
    focal=(1000.0, 2000.0),
    center=(500.0, 400.0),
    radial=(0.1, 0.2, 0.4),
    tangential=(0.01, 0.03),
)
POINT = torch.tensor([500.0, 1000.0, 1000.0], dtype=torch.float64)
RADIAL = 1 + 0.1 * 1.25 + 0.2 * 1.25**2 + 0.4 * 1.25**3


def random_camera(seed: int) -> tuple[Camera, torch.Generator]:
    generator = torch.Generator().manual_seed(seed)
    q = torch.randn(4, generator=generator, dtype=torch.float64)
    t = torch.randn(3, generator=generator, dtype=torch.float64) * 5000
    camera = Camera(
        'random',
        1920,
        1080,
        (1683.5, 1671.9),
        (939.9, 560.2),
        orientation=tuple(q.tolist()),
        translation=tuple(t.tolist()),
    )
    return camera, generator


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31))
def test_round_trips_are_exact(seed):
    camera, generator = random_camera(seed)
    x = torch.randn(2, 5, 17, 3, generator=generator, dtype=torch.float64)
    x = x * 3000
    back = camera.camera_to_world(camera.world_to_camera(x))
    assert (back - x).abs().max() < 1e-6

    x[..., 2] = x[..., 2].abs() + 100
    back = camera.back_project(camera.project(x), x[..., 2])
    assert (back - x).abs().max() < 1e-6


def test_world_to_camera_by_hand():
    # A quarter turn about z: the camera's x axis is the world's y axis.
    s = 0.5**0.5
    camera = camera_of(
        orientation=(s, 0.0, 0.0, s),
        translation=(10.0, 20.0, 30.0),
    )
    x = torch.tensor([10.0, 21.0, 30.0], dtype=torch.float64)
    expected = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
    torch.testing.assert_close(camera.world_to_camera(x), expected)


def test_pinhole_by_hand():
    assert DISTORTED.project(POINT).tolist() == [1000.0, 2400.0]


@pytest.mark.parametrize(
    'distortion, qx, qy', [('vp3d', 0.01, 0.03), ('m17', 0.03, 0.01)]
)
def test_human36m_distortion_by_hand(distortion, qx, qy):
    gain = RADIAL + qx * 0.5 + qy * 1.0
    expected = [
        1000 * (0.5 * gain + qx * 1.25) + 500,
        2000 * (1.0 * gain + qy * 1.25) + 400,
    ]
    found = DISTORTED.project(POINT, distortion)
    assert found.tolist() == pytest.approx(expected)


def test_opencv_distortion_by_hand():
    # x' = x radial + 2 p1 x y + p2 (r2 + 2 x^2), and likewise y'
    u = 0.5 * RADIAL + 2 * 0.01 * 0.5 + 0.03 * (1.25 + 2 * 0.25)
    v = 1.0 * RADIAL + 0.01 * (1.25 + 2 * 1.0) + 2 * 0.03 * 0.5
    expected = [1000 * u + 500, 2000 * v + 400]
    found = DISTORTED.project(POINT, 'opencv')
    assert found.tolist() == pytest.approx(expected)


@pytest.mark.parametrize('distortion', ['opencv', 'm17', 'vp3d'])
@pytest.mark.parametrize('k1', [-0.3, 0.0, 0.25])
def test_undistort_inverts(distortion, k1):
    camera = camera_of(
        focal=(1400.0, 1390.0),
        center=(950.0, 530.0),
        radial=(k1, 0.1, -0.02),
        tangential=(0.002, -0.003),
    )
    line = torch.linspace(-0.7, 0.7, 29, dtype=torch.float64)
    xy = torch.cartesian_prod(line, 0.6 * line)
    x = torch.cat([xy, torch.ones_like(xy[:, :1])], dim=1) * 3000
    uv = camera.project(x, distortion)
    assert (uv - camera.project(x)).abs().max() > 3
    found = camera.undistort(uv, distortion)
    torch.testing.assert_close(found, camera.project(x), rtol=0, atol=1e-6)
    near = camera.undistort(uv.float(), distortion)
    assert near.dtype == torch.float32
    assert (near - camera.project(x)).abs().max() < 0.02


#: Its distorted radius r (1 - 0.3 r^2) is largest at r = 1.05, with 0.70.
BARREL = camera_of((900.0, 900.0), (500.0, 500.0), radial=(-0.3, 0.0, 0.0))


def test_undistort_is_nan_where_there_is_no_solution():
    uv = torch.tensor([[500.0, 500.0], [500.0, 1100.0], [500.0, 1200.0]])
    found = BARREL.undistort(uv)
    assert found[0].tolist() == [500.0, 500.0]
    assert found[1].isfinite().all()
    assert found[2].isnan().all()
    assert BARREL.undistort(uv * torch.nan).isnan().all()
    assert BARREL.undistort(uv[:0]).shape == (0, 2)


def test_undistort_finds_the_inner_solution():
    x = torch.tensor([[0, 1.04, 1], [0, 1.5, 1]], dtype=torch.float64)
    found = BARREL.undistort(BARREL.project(x, 'opencv'))
    torch.testing.assert_close(found[0], BARREL.project(x[0]))
    assert found[1, 1] < BARREL.project(x[0])[1]


def test_only_vp3d_clamps():
    camera = human36m_cameras('S1')[0]
    far = torch.tensor([3000.0, -400.0, 1000.0])
    clamped = torch.tensor([1000.0, -400.0, 1000.0])
    torch.testing.assert_close(
        camera.project(far, 'vp3d'), camera.project(clamped, 'vp3d')
    )
    gap = camera.project(far, 'm17') - camera.project(clamped, 'm17')
    assert gap.abs().max() > 100


def test_distortion_of_the_human36m_cameras():
    # In the capture volume, |x| and |y| are below 0.4.
    line = torch.linspace(-0.4, 0.4, 81, dtype=torch.float64)
    xy = torch.cartesian_prod(line, line)
    x = torch.cat([xy, torch.ones_like(xy[:, :1])], dim=1) * 4500
    worst = []
    for camera in human36m_cameras('S1'):
        pinhole, vp3d, m17 = (
            camera.project(x, d) for d in (None, 'vp3d', 'm17')
        )
        gap = (pinhole - vp3d).norm(dim=-1)
        assert 7 < gap.mean() < 8
        assert 26 < gap.max() < 28.5
        order = (vp3d - m17).norm(dim=-1)
        assert 0.1 < order.mean() < 0.65
        worst.append(float(order.mean()))
    assert worst.index(max(worst)) == 2  # camera 58860488


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_dtype_and_leading_dimensions_are_kept(dtype):
    camera = human36m_cameras('S9')[1]
    x = torch.zeros(2, 3, 17, 3, dtype=dtype)
    cam = camera.world_to_camera(x)
    uv = camera.project(cam, 'vp3d')
    assert cam.dtype == uv.dtype == dtype
    assert uv.shape == (2, 3, 17, 2)
    assert camera.back_project(uv, cam[..., 2]).dtype == dtype


@pytest.mark.parametrize('subject', SUBJECTS)
def test_human36m_cameras_look_at_the_middle(subject):
    cameras = human36m_cameras(subject)
    names = ['54138969', '55011271', '58860488', '60457274']
    assert [camera.name for camera in cameras] == names
    assert [camera.height for camera in cameras] == [1002, 1000, 1000, 1002]
    middle = torch.tensor([[0.0, 300.0, z] for z in (0.0, 900.0, 1800.0)])
    quadrants = set()
    for camera in cameras:
        q = torch.tensor(camera.orientation, dtype=torch.float64)
        assert abs(q.norm() - 1) < 1e-6
        rotation = camera.rotation
        assert torch.det(rotation) == pytest.approx(1.0)
        x = camera.world_to_camera(middle)
        assert ((x[:, 2] > 3500) & (x[:, 2] < 6500)).all()
        uv = camera.project(x)
        assert ((uv > 50) & (uv < 950)).all()
        assert (uv[:, 1].diff() < 0).all()  # up in the world is up
        quadrants.add(tuple(t > 0 for t in camera.translation[:2]))
    assert len(quadrants) == 4


def test_unknown_subject():
    with pytest.raises(ValueError, match='S2'):
        human36m_cameras('S2')


def test_unknown_distortion():
    with pytest.raises(ValueError, match="one of .*'vp3d'.*'fisheye'"):
        camera_of().project(torch.ones(3), 'fisheye')


@pytest.mark.parametrize(
    'points, message',
    [
        ([[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]], '1 points with depth <= 0'),
        ([[1.0, 2.0]], r'\[\.\.\., 3\]'),
        ([[1, 2, 3]], 'floating point'),
    ],
)
def test_wrong_points(points, message):
    with pytest.raises(ValueError, match=message):
        camera_of().project(torch.tensor(points))


@pytest.mark.parametrize(
    'name, options',
    [
        ("'width' and 'height'", {'width': 0}),
        ("'focal'", {'focal': (0.0, 1.0)}),
        ("'orientation'", {'orientation': (0.0, 0.0, 0.0, 0.0)}),
    ],
)
def test_wrong_parameters_of_cameras(name, options):
    with pytest.raises(ValueError, match=name):
        replace(camera_of(), **options)
