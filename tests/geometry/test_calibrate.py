import pytest
import torch

from pyg_hcsf.geometry import Camera, fit_pinhole, fit_scale

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
