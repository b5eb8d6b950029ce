from dataclasses import replace

import numpy as np
import pytest

from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry.virtual_cameras import project_views
from pyg_hcsf.keypoints import (
    Keypoints,
    LiveSideSwapFixer,
    Track,
    check_keypoints,
    fix_side_swaps,
)
from pyg_hcsf.skeleton import get_skeleton

CLIP = motion_clip('S9', 'Walking', 1, 60)
SWAP = list(get_skeleton('h36m17').mirrored)


def make(view, wrong=(), missing=0.0):
    """A walk with left and right exchanged in some frames."""
    xy = project_views(CLIP.pos.transpose(0, 1), CLIP.clip)[
        view
    ].keypoints.numpy()
    rng = np.random.default_rng(0)
    xy = xy + rng.normal(size=xy.shape)
    score = rng.uniform(0.5, 1.0, size=xy.shape[:2])
    gone = rng.random(score.shape) < missing
    xy[gone], score[gone] = np.nan, 0.0
    wrong = list(wrong)
    xy[wrong], score[wrong] = xy[wrong][:, SWAP], score[wrong][:, SWAP]
    track = Track('1', np.arange(len(xy)), xy, score)
    return Keypoints('h36m17', (track,), 'test', (1000.0, 1000.0), 25.0)


def check_same(a, b):
    for one, other in zip(a.tracks, b.tracks, strict=True):
        np.testing.assert_array_equal(one.frames, other.frames)
        np.testing.assert_array_equal(one.xy, other.xy)
        np.testing.assert_array_equal(one.score, other.score)


@pytest.mark.parametrize('view', range(4))
@pytest.mark.parametrize('missing', [0.0, 0.3])
@pytest.mark.parametrize(
    'wrong',
    [[], [0], [59], [30], range(10, 30), [5, 7, 9, *range(40, 52)]],
)
def test_frames_are_exchanged_back(view, wrong, missing):
    given = make(view, wrong, missing)
    fixed, count = fix_side_swaps(given)
    assert count == len(wrong)
    check_same(fixed, make(view, missing=missing))
    again, count = fix_side_swaps(fixed)
    assert count == 0
    check_same(again, fixed)


def test_most_frames_are_right():
    """Motion does not show which of the two sides is right."""
    fixed, count = fix_side_swaps(make(0, range(20, 60)))
    assert count == 20
    check_same(fixed, make(0, range(60)))


def test_frames_before_a_gap_do_not_count():
    given = make(0, range(20, 60))
    (track,) = given.tracks
    frames = track.frames + 11 * (track.frames >= 20)
    given = replace(given, tracks=(replace(track, frames=frames),))
    assert fix_side_swaps(given)[1] == 0


def test_the_check_finds_no_swaps_afterwards():
    given = make(1, [*range(8, 20), *range(31, 40)])
    assert [issue.kind for issue in check_keypoints(given)] == ['sides change']
    assert check_keypoints(fix_side_swaps(given)[0]) == []


def test_short_and_empty_tracks():
    (track,) = make(0).tracks
    one = Track('2', *(x[:1] for x in (track.frames, track.xy, track.score)))
    nothing = replace(
        track, xy=np.full_like(track.xy, np.nan), score=0 * track.score
    )
    given = Keypoints('h36m17', (one, nothing), 'test')
    fixed, count = fix_side_swaps(given)
    assert count == 0
    check_same(fixed, given)


def live(keypoints):
    """The joints that a fixer gives as frames come."""
    fixer, (track,) = LiveSideSwapFixer(keypoints.layout), keypoints.tracks
    frames = zip(track.frames, track.xy, track.score, strict=True)
    xy, score = zip(*(fixer.push(*frame) for frame in frames), strict=True)
    track = replace(track, xy=np.stack(xy), score=np.stack(score))
    return replace(keypoints, tracks=(track,))


@pytest.mark.parametrize('view', range(4))
@pytest.mark.parametrize('missing', [0.0, 0.3])
@pytest.mark.parametrize(
    'wrong', [[], [59], range(10, 50), [5, 7, 9, *range(40, 52)]]
)
def test_live_frames_are_exchanged_back(view, wrong, missing):
    given = make(view, wrong, missing)
    check_same(live(given), make(view, missing=missing))


def test_live_forgets_what_was_wrong_at_first():
    (track,) = make(0).tracks
    fixer = LiveSideSwapFixer('h36m17')
    fixer.push(-1, track.xy[0][SWAP], track.score[0])
    frames = [fixer.push(i, track.xy[0], track.score[0]) for i in range(1100)]
    wrong = [not np.array_equal(xy, track.xy[0]) for xy, _ in frames]
    assert wrong[0] and 900 < sum(wrong) < 1100
    assert not wrong[-1]
