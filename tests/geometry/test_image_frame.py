import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pyg_hcsf.geometry.h36m_cameras import human36m_cameras
from pyg_hcsf.geometry.image_frame import (
    LCN_FRAME,
    SRNET_FRAME,
    denormalize_screen,
    normalize_screen,
)


def camera_tensors(camera):
    return (
        torch.tensor([camera.focal], dtype=torch.float64),
        torch.tensor([camera.center], dtype=torch.float64),
        torch.tensor([camera.image_size], dtype=torch.float64),
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 3))
@pytest.mark.parametrize('frame', [LCN_FRAME, SRNET_FRAME])
def test_round_trip_is_exact(frame, seed, number):
    generator = torch.Generator().manual_seed(seed)
    camera = camera_tensors(human36m_cameras('S11')[number])
    y = torch.randn(4, 17, 3, generator=generator, dtype=torch.float64) * 500
    y[..., 2] += 4500
    root_depth = y[:, :1, 2]
    target = frame.encode(y, *camera, root_depth)
    assert (frame.decode(target, *camera, root_depth) - y).abs().max() < 1e-6
    assert target[:, 0, 2].abs().max() == 0


def test_lcn_by_hand():
    focal, center, size = (
        torch.tensor([v], dtype=torch.float64)
        for v in ([1000.0, 1100.0], [520.0, 480.0], [1000.0, 800.0])
    )
    y = torch.tensor([[0.0, 0.0, 4000.0], [800.0, -400.0, 5000.0]]).double()
    out = LCN_FRAME.encode(y, focal, center, size, y[:1, 2])
    ratio = (2000 * 1000 / 4000 + 1) / 2000  # (box + 1) / 2000
    expected = torch.tensor(
        [
            [2 * 520 / 1000 - 1, 2 * 480 / 1000 - 0.8, 0],
            [2 * 680 / 1000 - 1, 2 * 392 / 1000 - 0.8, ratio * 1000 * 2 / 1e3],
        ],
        dtype=torch.float64,
    )
    torch.testing.assert_close(out, expected)


def test_srnet_by_hand():
    focal, center, size = (
        torch.tensor([v], dtype=torch.float64)
        for v in ([1000.0, 1100.0], [512.6, 515.4], [1000.0, 1002.0])
    )
    y = torch.tensor([[0.0, 0.0, 4000.0], [800.0, -400.0, 5000.0]]).double()
    out = SRNET_FRAME.encode(y, focal, center, size, y[:1, 2])
    width, height = 1025, 1030  # int(2 c)
    u, v = 160 + 512.6, -88 + 515.4
    expected = [2 * u / width - 1, 2 * v / width - height / width]
    assert out[1, :2].tolist() == pytest.approx(expected)
    assert float(out[1, 2]) == pytest.approx((0.25 + 1) * 1000 / 1000)


def test_normalize_screen():
    uv = torch.tensor([[0.0, 0.0], [1000.0, 1002.0], [500.0, 501.0]]).double()
    xy = normalize_screen(uv, 1000, 1002)
    expected = [[-1, -1.002], [1, 1.002], [0, 0]]
    torch.testing.assert_close(xy, torch.tensor(expected).double())
    torch.testing.assert_close(denormalize_screen(xy, 1000, 1002), uv)


def test_one_image_size_for_each_clip_of_a_batch():
    uv = torch.rand(2, 17, 2, dtype=torch.float64) * 1000
    size = torch.tensor([[[1000.0, 1002.0]], [[1920.0, 1080.0]]]).double()
    xy = normalize_screen(uv, size[..., 0], size[..., 1])
    torch.testing.assert_close(xy[1], normalize_screen(uv[1], 1920, 1080))
    back = denormalize_screen(xy, size[..., 0], size[..., 1])
    assert (back - uv).abs().max() < 1e-9
