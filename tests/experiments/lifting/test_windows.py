"""Windows of motion, and batches in which each person has a share."""

from collections import Counter

import pytest
import torch
from torch_geometric.data import Data

from experiments.lifting.windows import MotionWindows, WindowLoader


def clip(subject, frames, first):
    number = torch.arange(first, first + frames, dtype=torch.float)
    pos = number.view(1, -1, 1).expand(17, -1, 3)
    return Data(pos=pos, subject=subject)


def numbers(windows):
    return windows[..., 0, 0].tolist()


def test_windows_repeat_the_ends_of_their_clip():
    clips = [clip('CMU01', 10, 0), clip('CMU02', 4, 100)]
    windows = MotionWindows(clips, frames=3, spacing=3, target=1)
    rows = torch.tensor([0, 5, 9, 10, 13])
    assert numbers(windows.take(rows)) == [
        [0, 0, 3],
        [2, 5, 8],
        [6, 9, 9],
        [100, 100, 103],
        [100, 103, 103],
    ]
    last = MotionWindows(clips, frames=3, spacing=1, target=2)
    assert numbers(last.take(torch.tensor([1, 11]))) == [
        [0, 0, 1],
        [100, 100, 101],
    ]


@pytest.mark.parametrize(
    ('balance', 'expected'), [(0.0, 0.5), (0.5, 2 / 3), (1.0, 0.8)]
)
def test_shares_of_people(balance, expected):
    clips = [clip('CMU01', 40, 0), clip('CMU02', 20, 0), clip('S1', 30, 0)]
    clips.append(clip('CMU01', 40, 0))
    share = MotionWindows(clips, 1, 1, 0).shares(balance, synthetic=0.25)
    assert float(share.sum()) == pytest.approx(1.0)
    assert float(share[60:90].sum()) == pytest.approx(0.25)  # of S1
    first = float(share[:40].sum() + share[90:].sum())
    assert first / 0.75 == pytest.approx(expected)
    assert float(share[:40].std()) == 0.0


def test_one_kind_of_motion_has_all_shares():
    windows = MotionWindows([clip('S1', 5, 0), clip('S5', 5, 0)], 1, 1, 0)
    share = windows.shares(0.5, synthetic=0.1)
    assert float(share.sum()) == pytest.approx(1.0)


def test_frames_are_drawn_as_often_as_they_should():
    clips = [clip('CMU01', 90, 0), clip('CMU02', 10, 1000)]
    windows = MotionWindows(clips, 1, 1, 0)
    loader = WindowLoader(windows, windows.shares(0.0, 0.0), 50, seed=0)
    counts = Counter[bool]()
    for epoch in range(20):
        loader.set_epoch(epoch)
        for batch in loader:
            counts.update((batch[:, 0, 0, 0] >= 1000).tolist())
    assert counts.total() == 20 * 2 * 50
    assert counts[True] / counts.total() == pytest.approx(0.5, abs=0.04)


def test_processes_share_a_batch():
    windows = MotionWindows([clip('CMU01', 64, 0)], 1, 1, 0)
    share = windows.shares(0.5, 0.0)
    parts = [WindowLoader(windows, share, 8, 0, rank, 2) for rank in (0, 1)]
    first, second = (next(iter(part)) for part in parts)
    assert len(first) == len(second) == 4
    assert numbers(first) != numbers(second)
    assert numbers(next(iter(parts[0]))) == numbers(first)
