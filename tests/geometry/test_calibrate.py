from dataclasses import replace

import pytest
import torch

from pyg_hcsf.geometry import Camera, fit_pinhole, fit_scale
from pyg_hcsf.geometry.calibrate import refine_pinhole

CAMERA = Camera('a', 2048, 2048, (1497.7, 1490.1), (1024.7, 1051.4))


def people(num_frames=20):
    root = 400 * torch.randn(num_frames, 1, 3).double()
    root += torch.tensor([0.0, 0.0, 4000.0])
    relative = 300 * torch.randn(num_frames, 17, 3).double()
    relative -= relative[:, :1].clone()
    return root, relative


@pytest.mark.parametrize('scale', [0.8, 1.0, 1.3])
def test_camera_and_size_are_found(scale):
    """From poses of another size whose roots are where they were."""
    root, relative = people()
    uv = CAMERA.project(root + relative)
    focal, center = fit_pinhole(root[:, 0], uv[:, 0])
    assert focal.tolist() == pytest.approx(CAMERA.focal)
    assert center.tolist() == pytest.approx(CAMERA.center)
    found = fit_scale(root, relative / scale, uv, focal, center)
    assert float(found) == pytest.approx(scale)


def test_noise_is_averaged():
    root, relative = people(500)
    uv = CAMERA.project(root + relative)
    uv += torch.randn_like(uv)
    focal, center = fit_pinhole(
        (root + relative).flatten(0, 1), uv.flatten(0, 1)
    )
    assert focal.tolist() == pytest.approx(CAMERA.focal, rel=2e-3)
    scale = fit_scale(root, relative / 1.2, uv, focal, center)
    assert float(scale) == pytest.approx(1.2, rel=2e-3)


def test_one_direction_is_not_enough():
    root = (
        torch.tensor([[1.0, 2.0, 3.0]]).double() * torch.arange(1, 9)[:, None]
    )
    with pytest.raises(ValueError, match='8 points in one.*focal length'):
        fit_pinhole(root, torch.ones(8, 2).double())


@pytest.fixture
def points():
    root, relative = people(50)
    return (root + relative).flatten(0, 1)


#: Within 1 % and 6 pixels of the true camera.
LISTED = replace(CAMERA, focal=(1503.7, 1484.1), center=(1020.0, 1055.0))


def test_a_listed_camera_is_refined(points):
    uv = CAMERA.project(points)
    with pytest.warns(UserWarning, match=r'of TS1 are \d.*1497.70, 1490.10'):
        found = refine_pinhole(LISTED, points, uv, 'TS1')
    assert found.focal == pytest.approx(CAMERA.focal)
    assert found.center == pytest.approx(CAMERA.center)


@pytest.mark.parametrize('shift', [1.0, 7.0, 100.0])
def test_a_listed_camera_is_kept_for_small_and_large_errors(points, shift):
    uv = CAMERA.project(points) + shift
    assert refine_pinhole(CAMERA, points, uv, 'TS1') is CAMERA


def test_a_listed_camera_is_kept_if_another_is_no_better(points):
    uv = CAMERA.project(points)
    noisy = uv + 5 * torch.randn_like(uv)
    assert refine_pinhole(LISTED, points, noisy, 'TS1') is LISTED


def test_a_listed_camera_is_kept_without_several_directions(points):
    one = points[:1].expand(9, -1)
    uv = CAMERA.project(one) + 5
    assert refine_pinhole(CAMERA, one, uv, 'TS1') is CAMERA
