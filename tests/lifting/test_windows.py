import pytest
import torch

from pyg_hcsf.geometry.root_ray import RootRay
from pyg_hcsf.lifting.windows import (
    JUMP,
    offsets_of,
    patience_of,
    starts,
    stride_of,
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
    'fps, stride', [(1, 1), (15, 1), (24, 1), (30, 1), (50, 2), (60, 2)]
)
def test_stride(fps, stride):
    assert stride_of(fps, 25) == stride
    assert stride_of(2 * fps, 50) == stride


def test_offsets():
    assert offsets_of(1, 0, 5) == [0]
    assert offsets_of(9, 8, 2) == [-16, -14, -12, -10, -8, -6, -4, -2, 0]
    assert offsets_of(3, 1, 1) == [-1, 0, 1]


def test_windows_start_after_gaps_and_jumps():
    frames = torch.tensor([3, 4, 14, 25, 26])
    seen = seen_at(0.0, 0.01, 0.02, 0.03, 0.04)
    assert patience_of(25) == 10
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
