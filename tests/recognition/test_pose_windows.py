import numpy as np
import torch

from pyg_hcsf.recognition.pose_windows import loop_short


def stepping(frames, period=20, speed=30.0):
    """A body that swings its joints and moves on: [T, 17, 3]."""
    t = torch.arange(frames).double()
    phase = 2 * np.pi * t / period
    swing = torch.stack([phase.sin(), phase.cos(), (2 * phase).sin()], -1)
    size = torch.linspace(0, 300, 17).double()[None, :, None]
    path = torch.stack([speed * t, 0 * t, 900 + 40 * phase.sin()], -1)
    return size * swing[:, None] + path[:, None]


def test_periodic_motion_is_continued():
    short = stepping(30)
    out = loop_short(short, 70)
    expected = stepping(70)
    scale = float(expected.abs().max())
    torch.testing.assert_close(out[:30], expected[:30], rtol=0, atol=0)
    assert float((out - expected).abs().max()) < 1e-9 * scale


def test_other_lengths():
    long = stepping(50)
    assert loop_short(long, 50) is long and loop_short(long, 20) is long
    for count in (1, 2, 12, 13):
        out = loop_short(stepping(count), 48)
        assert out.shape == (48, 17, 3) and out.isfinite().all()
        torch.testing.assert_close(out[:count], stepping(count))
