import numpy as np
import pytest
import torch

from pyg_hcsf.geometry.root_ray import RootRay
from pyg_hcsf.lifting import LifterInfo
from pyg_hcsf.lifting.windows import (
    JUMP,
    WindowPlan,
    frame_stride_of,
    offsets_of,
    window_rows,
)

INFO = LifterInfo('h36m17', dict(in_channels=3, frames=9))


def observe_at(*x):
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


def test_plan_of_a_video_at_twice_the_frame_rate_of_the_training():
    plan = WindowPlan(INFO, fps=50)
    assert plan.frame_stride == 2 and plan.delay == 8
    assert plan.offsets == [-8, -6, -4, -2, 0, 2, 4, 6, 8]


def test_plan_of_a_video_whose_frame_rate_is_not_known():
    info = LifterInfo('h36m17', dict(in_channels=3, frames=9), fps=25 / 3)
    plan = WindowPlan(info)
    assert plan.fps == 25 and plan.max_gap == 10
    assert plan.offsets == [-12, -9, -6, -3, 0, 3, 6, 9, 12]


def test_segments_start_after_gaps():
    plan = WindowPlan(INFO)
    frames = torch.tensor([3, 4, 14, 25, 26])
    observed = observe_at(0.0, 0.01, 0.02, 0.03, 0.04)
    assert plan.max_gap == 10
    starts = plan.segment_starts(frames, observed).tolist()
    assert starts == [True, False, False, True, False]
    nobody = RootRay._make(value[:0] for value in observed)
    assert plan.segment_starts(frames[:0], nobody).tolist() == []


def test_segments_start_after_jumps():
    frames = torch.tensor([3, 4, 14, 15, 16])
    jump = 1.1 * JUMP * 0.05  # too far for one frame, but not for ten
    observed = observe_at(0.0, jump, 2 * jump, 2 * jump, 0.0)
    starts = WindowPlan(INFO).segment_starts(frames, observed).tolist()
    assert starts == [True, True, False, False, True]


def test_missing_frames_repeat_the_one_before_within_a_segment():
    frames = np.array([3, 4, 6, 7, 8])
    starts = np.array([True, False, False, True, False])
    out = window_rows(frames, [-2, -1, 0, 1], starts)
    assert frames[out].tolist() == [
        [3, 3, 3, 4],
        [3, 3, 4, 4],
        [4, 4, 6, 6],
        [7, 7, 7, 8],
        [7, 7, 8, 8],
    ]


def test_windows_of_one_segment():
    frames = np.array([4, 5, 7])
    out = window_rows(frames, [-1, 0, 1])
    assert frames[out].tolist() == [[4, 4, 5], [4, 5, 5], [5, 7, 7]]
