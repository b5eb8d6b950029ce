import pytest
import torch

from pyg_hcsf.geometry.root_ray import RootRay
from pyg_hcsf.lifting.windows import (
    JUMP,
    frame_stride_of,
    max_gap_of,
    offsets_of,
    starts,
    windows,
)


def seen_at(*x):
    """A person of unit size about roots at these places."""
    root = torch.tensor([[a, 0.0, 1.0] for a in x]).double()
    rotation = torch.eye(3).double().repeat(len(x), 1, 1)
    rotation[:, 2] = root / root.norm(dim=-1, keepdim=True)
    plane = torch.full((len(x), 17, 2), 0.05 / 2**0.5).double()
    return RootRay(plane, torch.ones(len(x), 17).double(), rotation)


@pytest.mark.parametrize(
    'fps, frame_stride',
    [(1, 0.04), (15, 0.6), (25, 1), (30, 1), (40, 1.6), (50, 2), (60, 2)],
)
def test_pace(fps, frame_stride):
    assert frame_stride_of(fps, 25) == frame_stride
    assert frame_stride_of(2 * fps, 50) == frame_stride


@pytest.mark.parametrize('fps', [1, 8, 15, 24, 29.97, 40, 59.94, 120, 240])
def test_a_window_is_as_long_as_in_the_training(fps):
    """Half a frame of the video off at most, or shorter by a third."""
    first = -offsets_of(9, 8, frame_stride_of(fps, 25))[0] / fps
    assert 0.66 * 8 / 25 - 0.5 / fps <= first <= 8 / 25 + 0.5 / fps


def test_offsets():
    assert offsets_of(1, 0, 5) == [0]
    assert offsets_of(9, 8, 2) == [-16, -14, -12, -10, -8, -6, -4, -2, 0]
    assert offsets_of(3, 1, 1) == [-1, 0, 1]
    assert offsets_of(9, 8, 0.4) == [-3, -3, -2, -2, -2, -1, -1, 0, 0]


def test_windows_start_after_gaps_and_jumps():
    frames = torch.tensor([3, 4, 14, 25, 26])
    seen = seen_at(0.0, 0.01, 0.02, 0.03, 0.04)
    assert max_gap_of(25) == 10
    assert starts(frames, seen, 10).tolist() == [True, 0, 0, True, 0]
    jump = 1.1 * JUMP * 0.05  # of one frame; it is none over ten
    seen = seen_at(0.0, jump, 2 * jump, 2 * jump, 0.0)
    found = starts(frames, seen, 100).tolist()
    assert found == [True, True, False, False, True]
    nobody = RootRay(*(value[:0] for value in seen))
    assert starts(frames[:0], nobody, 10).tolist() == []


def test_windows_hold_what_is_missing():
    frames = torch.tensor([3, 4, 6, 7, 8])
    begin = torch.tensor([True, False, False, True, False])
    out = windows(frames, begin, [-2, -1, 0, 1])
    assert frames[out].tolist() == [
        [3, 3, 3, 4],
        [3, 3, 4, 4],
        [4, 4, 6, 6],
        [7, 7, 7, 8],
        [7, 7, 8, 8],
    ]
