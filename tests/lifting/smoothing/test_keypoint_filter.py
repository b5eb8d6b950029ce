import numpy as np
import pytest

from pyg_hcsf.keypoints import Track
from pyg_hcsf.lifting.smoothing.keypoint_filter import (
    fill_scores,
    outlier_weight,
    smooth_track,
)
from pyg_hcsf.lifting.smoothing.networks import load_smoother


def test_outliers_weigh_less():
    t = np.arange(100.0)
    rng = np.random.default_rng(0)
    xy = np.stack([3 * t, 100 + t], axis=-1)[:, None]
    true = xy.copy()
    xy = xy + rng.standard_normal(xy.shape)
    xy[50, 0] += 60
    seen = np.ones((100, 1), bool)
    weight = outlier_weight(xy, seen, 25.0)[:, 0]
    assert weight[50] < 0.1
    assert np.delete(weight, range(45, 56)).min() > 0.5
    track = Track('1', np.arange(100), xy, np.ones((100, 1)))
    smooth = smooth_track(track, 25.0, load_smoother().keypoints)
    assert np.abs(smooth.xy - true)[48:53].max() < 3


def test_fast_motion_is_no_outlier():
    t = np.arange(250) / 25
    rng = np.random.default_rng(0)
    xy = rng.standard_normal((250, 1, 2))
    xy[100:150, 0, 0] += 6 * np.sin(2 * np.pi * 6 * t[:50])  # for 2 s
    weight = outlier_weight(xy, np.ones((250, 1), bool), 25.0)[:, 0]
    assert weight[115:135].min() > 0.3


@pytest.mark.parametrize('fps', [25.0, 50.0])
def test_joints_are_filled_for_up_to_two_fifths_of_a_second(fps):
    limit = round(0.4 * fps)
    score = np.ones((200, 1))
    score[20 : 20 + limit] = 0
    score[100 : 101 + limit] = 0
    track = Track('1', np.arange(200), np.full((200, 1, 2), 7.0), score)
    smooth = smooth_track(track, fps, load_smoother().keypoints)
    assert (smooth.score[20 : 20 + limit] == 0.5).all()
    missing = np.isnan(smooth.xy[:, 0, 0])
    assert np.flatnonzero(missing).tolist() == [*range(100, 101 + limit)]
    np.testing.assert_allclose(smooth.xy[~missing], 7)


def test_scores_of_gaps():
    score = np.array([[0.0, 0.8, 0.0, 0.0, 0.4, 0, 0, 0, 0, 0, 0.6, 0]]).T
    filled = fill_scores(score, 3)[:, 0]
    np.testing.assert_allclose(filled[1:5], [0.8, 1 / 3, 4 / 15, 0.4])
    assert not filled[[0, 5, 6, 7, 8, 9, 11]].any()
